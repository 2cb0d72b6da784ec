/** Finds the native kernels: of a package for this machine, or built beside the sources. @module */
import { createRequire } from "node:module";
import { arch, platform as osName } from "node:os";
import { fileURLToPath } from "node:url";
import type { NativeAddon } from "../core/native.ts";
import { NATIVE_VERSION } from "./generated.ts";

let found: NativeAddon | null | undefined;

/** The native kernels of this version of the program; null where there are none that can be loaded. */
export function findNative(): { readonly addon: NativeAddon; readonly width: number } | null {
  if (found === undefined) found = firstOf(places());
  // For measurements and tests.
  const width = Number(process.env.ATLASMTL_NATIVE_WIDTH ?? 0);
  return found === null ? null : { addon: found, width };
}

/** Names for `require`. Linux has two C libraries, and only one of the packages loads. */
function places(): readonly string[] {
  const machine = `${osName()}-${arch()}`;
  const variants = osName() === "linux" ? [`${machine}-gnu`, `${machine}-musl`] : [machine];
  const built = fileURLToPath(new URL(`../../native/build/${machine}.node`, import.meta.url));
  return [built, ...variants.map((name) => `@atlasmtl/${name}`)];
}

/** The first of these modules that is there and of this version; null if none is. */
export function firstOf(names: readonly string[]): NativeAddon | null {
  const load = createRequire(import.meta.url);
  for (const name of names) {
    try {
      const addon = load(name) as NativeAddon;
      if (addon.version === NATIVE_VERSION) return addon;
    } catch {
      // Not installed, or of another machine: the next one, or WebAssembly.
    }
  }
  return null;
}
