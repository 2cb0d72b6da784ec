/** The package as a user gets it: packed, then installed by npm into a folder of its own, without a network. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));
if (!existsSync(join(root, "dist"))) throw new Error("dist is missing: run `npm run build` first");

/** Packs what was built and installs it, with an empty cache; returns the folder of the user's project. */
export function installPackage(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "atlasmtl-consumer-")));
  const dependencies = { atlasmtl: `file:${pack(folder)}` };
  const project = { name: "consumer", version: "1.0.0", private: true, type: "module", dependencies };
  writeFileSync(join(folder, "package.json"), JSON.stringify(project));
  npm(folder, "install", "--offline", "--cache", join(folder, "cache"), "--no-audit", "--no-fund");
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

/** The npm packages whose code is in `dist`, by the paths that the bundler puts above modules; it spares some chunks of one. */
export function carriedPackages(dist: string): readonly string[] {
  const names = new Set<string>();
  for (const name of readdirSync(dist, { recursive: true }).map(String)) {
    if (/(?:^|[/\\])h5wasm$/.test(name)) names.add("h5wasm");
    if (!name.endsWith(".js")) continue;
    const text = readFileSync(join(dist, name), "utf8");
    for (const [, found] of text.matchAll(/^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)\//gm)) names.add(found);
  }
  return [...names].sort();
}
