/** The package as a user gets it: packed, then installed by npm into a folder of its own, without a network. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));
if (!existsSync(join(root, "dist"))) throw new Error("dist is missing: run `npm run build` first");

/** A package of `node_modules` that is installed with this one. */
interface RuntimePackage {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
}

/** Packs what was built and installs it with its dependencies; returns the folder of the user's project. */
export async function installPackage(): Promise<string> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "atlasmtl-consumer-")));
  const tarball = pack(folder);
  const { runtimePackages } = await import(pathToFileURL(join(root, "scripts/runtime-packages.mjs")).href);
  // Offline, npm takes the dependencies from where they lie; what of them it installs, and how often, it decides itself.
  const packages = (runtimePackages() as RuntimePackage[]).map(({ name, folder }) => [
    name,
    `file:${folder}`,
  ]);
  const dependencies = { ...Object.fromEntries(packages), atlasmtl: `file:${tarball}` };
  const project = { name: "consumer", version: "1.0.0", private: true, type: "module", dependencies };
  writeFileSync(join(folder, "package.json"), JSON.stringify(project));
  npm(folder, "install", "--offline", "--install-links", "--ignore-scripts", "--no-audit", "--no-fund");
  return folder;
}

function pack(folder: string): string {
  const target = join(folder, "packed");
  mkdirSync(target);
  const said = npm(root, "pack", "--json", "--ignore-scripts", "--pack-destination", target);
  const [{ filename }] = JSON.parse(said) as readonly { readonly filename: string }[];
  return join(target, filename);
}

function npm(cwd: string, ...words: string[]): string {
  return execFileSync("npm", [...words, "--silent"], {
    cwd,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
}
