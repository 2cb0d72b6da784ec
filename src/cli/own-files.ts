/**
 * Where the program's own files lie. In the single file (`scripts/single-file.mjs`), `scripts/single-file/own-files.mjs` takes
 * the place of this module.
 * @module
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the package, beside which `dist` and `src` lie. */
const root = fileURLToPath(new URL("../../", import.meta.url));

/** The folder that is a git checkout when the program runs from one; null if it cannot be. */
export const checkoutFolder: string | null = root;

/** What Node runs as `atlasmtl`. */
export const programFile = join(root, "dist/bin/main.js");

/** The modules that the package ships, by their names in it. */
export function ownModules(): readonly { readonly name: string; readonly path: string }[] {
  const folder = join(root, "dist");
  return readdirSync(folder, { recursive: true })
    .map((name) => String(name).replaceAll("\\", "/"))
    .filter((name) => name.endsWith(".js"))
    .map((name) => ({ name, path: join(folder, name) }));
}
