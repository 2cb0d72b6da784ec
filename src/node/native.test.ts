import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { NATIVE_VERSION } from "./generated.ts";
import { firstOf, placesFor } from "./native.ts";

const folder = mkdtempSync(join(tmpdir(), "atlasmtl-native-"));
afterAll(() => rmSync(folder, { recursive: true }));
const module = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

test("kernels of another version, and what is no addon, are passed over", () => {
  const older = module("older.cjs", 'exports.version = "0.0.1-000000000000";');
  const broken = module("broken.node", "not a library");
  const fitting = module("fitting.cjs", `exports.version = ${JSON.stringify(NATIVE_VERSION)};`);
  const absent = join(folder, "absent.node");
  expect(firstOf([absent, older, broken])).toBeNull();
  expect(firstOf([absent, broken, older, fitting])).toMatchObject({ version: NATIVE_VERSION });
});

test("kernels are looked for in the clone or the package, and beside it, but in no folder above", () => {
  const within = (root: string) => {
    const places = placesFor(resolve(root, "dist/node/platform.js"));
    return [...new Set(places.map((path) => path.slice(0, path.search(/@atlasmtl|native/) - 1)))];
  };
  const [clone, packages] = [resolve("/shared/me/clone"), resolve("/shared/me/node_modules")];
  expect(within(clone)).toEqual([clone, join(clone, "node_modules")]);
  const own = join(packages, "atlasmtl");
  expect(within(own)).toEqual([own, join(own, "node_modules"), packages]);
  // Where the program is one file, or part of another program, nothing is known of the folders around.
  expect(placesFor(resolve("/shared/me/tools/atlasmtl.mjs"))).toEqual([]);
});
