// The packages whose code this one carries, from the lock file.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** The packages that `src` imports. `scripts/bundle.mjs` joins them, and what they need, to the chunks of `dist`. */
export const CARRIED = [
  "@noble/hashes",
  "@uwdata/flechette",
  "cli-progress",
  "commander",
  "fflate",
  "h5wasm",
  "hyparquet-writer",
  "valibot",
  "yaml",
  "zarrita",
];

/** Packages of `@zarrita/storage` for stores that are not used here; nothing of them is in the chunks. */
const LEFT_OUT = ["reference-spec-reader", "unzipit"];

/** The package that a module is of; null for one of atlasmtl. */
export function packageOf(module) {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(module.replaceAll("\\", "/"))?.[1] ?? null;
}

/** A package that names a file, or none, for its licence. */
const LICENCES = new Map([["h5wasm", "NIST licence; HDF5 licence"]]);

/** The licence of a package as its `package.json` names it. */
export function licenceOf({ name, folder }) {
  return LICENCES.get(name) ?? JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).license;
}

/**
 * Name, version, digest and folder of every package that is carried, the folders of what it needs, and whether
 * atlasmtl itself imports it, in the order of their names.
 */
export function runtimePackages() {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const found = new Map();
  const add = (name, from) => {
    const at = nearest(packages, name, from);
    const folder = join(root, at);
    if (found.has(folder)) return;
    const { version, integrity, dependencies: needed = {} } = packages[at];
    const names = Object.keys(needed).filter((each) => !LEFT_OUT.includes(each));
    const dependencies = names.map((next) => join(root, nearest(packages, next, `${at}/`)));
    found.set(folder, { name, version, integrity, folder, dependencies, isDirect: from === "" });
    for (const next of names) add(next, `${at}/`);
  };
  for (const name of CARRIED) add(name, "");
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Where a package finds another: in its own `node_modules`, or in one above. */
function nearest(packages, name, from) {
  for (let at = from; ; at = at.slice(0, at.lastIndexOf("node_modules/"))) {
    const folder = `${at}node_modules/${name}`;
    if (packages[folder] !== undefined) return folder;
    if (at === "") throw new Error(`${name} is not in package-lock.json: run "npm install"`);
  }
}
