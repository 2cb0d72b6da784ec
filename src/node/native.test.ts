import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { NATIVE_VERSION } from "./generated.ts";
import { firstOf } from "./native.ts";

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
