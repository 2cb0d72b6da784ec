/** The bundle that a page would load: free of Node, small at first, and the check that holds this. */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildPackage } from "./helpers/build-page.ts";

const script = fileURLToPath(new URL("../../scripts/check-browser-bundle.mjs", import.meta.url));

let folder: string;
beforeAll(() => {
  folder = buildPackage();
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const check = () => spawnSync(process.execPath, [script, folder], { encoding: "utf8" });

test("the package bundles for browsers without node: modules, HDF5 and Parquet on first use", () => {
  const { status, stdout, stderr } = check();
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/hdf5_hl-\S+: \d+ bytes, \d+ gzipped, on first use/);
  for (const part of ["to-parquet", "read-parquet"])
    expect(stdout).toMatch(new RegExp(`${part}-\\S+: \\d+ bytes, \\d+ gzipped, on first use`));
  expect(stdout).toMatch(/ 0 findings\n$/);
  console.log(stdout.trimEnd());
});

test.each([
  ["a node: module", 'export { readFileSync } from "node:fs";', "for Node only"],
  ["a node: module on first use", 'export const fs = () => import("node:fs/promises");', "for Node only"],
  ["the command line", 'import "../bin/main.js";', "for Node only"],
  ["HDF5 at once", 'export { ready } from "#h5wasm";', "h5wasm loads at once"],
  [
    "Parquet at once",
    'export { toParquet } from "../chunks/to-parquet.js";',
    "hyparquet-writer loads at once",
  ],
])("a bundle with %s is refused", (_, line, finding) => {
  const entry = join(folder, "dist/api/index.js");
  const original = readFileSync(entry, "utf8");
  writeFileSync(entry, `${original}\n${line}\n`);
  try {
    const { status, stderr } = check();
    expect(stderr).toContain(finding);
    expect(status).toBe(1);
  } finally {
    writeFileSync(entry, original);
  }
});

test("without a build the check says what to run", () => {
  rmSync(join(folder, "dist"), { recursive: true });
  const { status, stderr } = check();
  expect([status, stderr]).toEqual([2, expect.stringContaining("npm run build")]);
});
