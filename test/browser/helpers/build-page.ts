/** Builds the package as npm would ship it, and the test page from it. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Copies the built package; returns its folder, which holds `package.json` and `dist`. */
export function buildPackage(): string {
  if (!existsSync(join(root, "dist"))) throw new Error("dist is missing: run `npm run build` first");
  const folder = mkdtempSync(join(tmpdir(), "atlasmtl-package-"));
  cpSync(join(root, "package.json"), join(folder, "package.json"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  cpSync(join(root, "dist"), join(folder, "dist"), { recursive: true });
  return folder;
}

/** Bundles the test page with the package in `packageFolder`; returns the folder to serve. */
export const buildPage = (packageFolder: string): Promise<string> =>
  buildSite(join(root, "test/browser/page"), packageFolder);

/** Bundles the page in `folder` as `vite build` does without a setting, with the package among its modules. */
export async function buildByDefaults(folder: string, packageFolder: string): Promise<string> {
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(packageFolder, join(folder, "node_modules/atlasmtl"));
  await build({ configFile: false, root: folder, logLevel: "error" });
  return join(folder, "dist");
}

/** Bundles the page in `folder`, which imports `atlasmtl`; returns the folder to serve. */
export async function buildSite(folder: string, packageFolder: string): Promise<string> {
  const outDir = join(packageFolder, "site");
  // The test page names the façade's source, for its types; what runs is the built package.
  const find = /^atlasmtl$|^.*\/src\/api\/index\.ts$/;
  await build({
    configFile: false,
    root: folder,
    logLevel: "error",
    resolve: { alias: [{ find, replacement: join(packageFolder, "dist/api/index.js") }] },
    worker: { format: "es" },
    build: { outDir, target: "es2022", modulePreload: { polyfill: false } },
  });
  return outDir;
}
