// The packages that npm installs with this one, from the lock file.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** Name, version and folder of every package that a user gets, in the order of their names. */
export function runtimePackages() {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const found = new Map();
  const add = (name, from) => {
    const folder = nearest(packages, name, from);
    if (found.has(folder)) return;
    found.set(folder, { name, version: packages[folder].version, folder: join(root, folder) });
    for (const next of Object.keys(packages[folder].dependencies ?? {})) add(next, `${folder}/`);
  };
  for (const name of Object.keys(packages[""].dependencies)) add(name, "");
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
