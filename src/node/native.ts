/** Finds the native kernels: of a package for this machine, or built beside the sources. @module */
import { createRequire } from "node:module";
import { arch, platform as osName } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { NativeAddon } from "../core/native.ts";
import { NATIVE_VERSION } from "./generated.ts";

let found: NativeAddon | null | undefined;

/** The native kernels of this version of the program; null where there are none that can be loaded. */
export function findNative(): { readonly addon: NativeAddon; readonly width: number } | null {
  if (found === undefined) found = firstOf(placesFor(fileURLToPath(import.meta.url)));
  // For measurements and tests.
  const width = Number(process.env.ATLASMTL_NATIVE_WIDTH ?? 0);
  return found === null ? null : { addon: found, width };
}

/**
 * Where kernels of the program may lie whose file is `module`: in its clone, in its package, and beside that. Nowhere else, since
 * what is loaded is run: Node would look in `node_modules` of all folders above, where others may write. None where this
 * module is part of another file, such as the program as one file.
 */
export function placesFor(module: string): readonly string[] {
  const [outer, inner] = [basename(dirname(dirname(module))), basename(dirname(module))];
  if (inner !== "node" || !["dist", "build", "src"].includes(outer)) return [];
  const root = dirname(dirname(dirname(module)));
  const machine = `${osName()}-${arch()}`;
  // Linux has two C libraries, and only one of the packages loads.
  const names = osName() === "linux" ? [`${machine}-gnu`, `${machine}-musl`] : [machine];
  const folders = [join(root, "node_modules"), dirname(root)];
  return [
    join(root, "native", "build", `${machine}.node`),
    ...folders
      .filter((folder) => basename(folder) === "node_modules")
      .flatMap((folder) => names.map((name) => join(folder, "@atlasmtl", name))),
  ];
}

/** The first of these modules that is there and of this version; null if none is. */
export function firstOf(paths: readonly string[]): NativeAddon | null {
  const load = createRequire(import.meta.url);
  for (const path of paths) {
    try {
      const addon = load(path) as NativeAddon;
      if (addon.version === NATIVE_VERSION) return addon;
    } catch {
      // Not installed, or of another machine: the next one, or WebAssembly.
    }
  }
  return null;
}
