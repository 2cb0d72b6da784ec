/** Config files and hierarchy rules that mean harm: a typed error or plain data, and nothing else. */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readConfig } from "../../src/cli/options/config-file.ts";
import { TRAIN_FLAGS } from "../../src/cli/options/options.ts";
import { readYaml } from "../../src/cli/options/yaml.ts";
import { isAtlasmtlError } from "../../src/errors.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-yaml-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "read";
  } catch (error) {
    if (!isAtlasmtlError(error) || error.code === "BUG") throw error;
    expect(error.where).toBeTruthy();
    return error.code;
  }
}

const bomb = `a: &a [x, x, x, x, x, x, x, x, x]\n${"bcdefghi"
  .split("")
  .map((name, i) => `${name}: &${name} [${new Array(9).fill(`*${"abcdefghi"[i]}`).join(", ")}]`)
  .join("\n")}`;

test.each<[string, string, string]>([
  ["nested lists", "[".repeat(100_000), "LIMIT"],
  ["nested lists that end", `${"[".repeat(50_000)}${"]".repeat(50_000)}`, "LIMIT"],
  ["nested mappings", "{a: ".repeat(50_000), "LIMIT"],
  ["nested blocks", Array.from({ length: 1000 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"), "BAD_FORMAT"],
  ["entries in entries", "- ".repeat(400_000), "LIMIT"],
  ["keys in keys", "? ".repeat(400_000), "LIMIT"],
  ["four hundred nested lists", `${"[".repeat(400)}${"]".repeat(400)}`, "read"],
  ["nine levels of nine aliases each", bomb, "BAD_FORMAT"],
  ["an alias of itself", "a: &a [*a]", "BAD_FORMAT"],
  ["an alias of nothing", "a: *b", "BAD_FORMAT"],
  ["a function of a tag", "!!js/function 'function () {}'", "read"],
  ["an object of Python", "!!python/object/apply:os.system ['touch canary']", "read"],
  ["several documents", "a: 1\n---\nb: 2", "BAD_FORMAT"],
  ["a key twice", "a: 1\na: 2", "BAD_FORMAT"],
  ["control characters", "a: \u0001\u0002", "read"],
  ["tabs", "a:\n\t- b", "BAD_FORMAT"],
])("%s", async (_name, text, expected) => {
  const path = join(folder, "config.yaml");
  await writeFile(path, text);
  expect(await codeOf(readYaml(path))).toBe(expected);
  expect(await codeOf(readConfig(path, TRAIN_FLAGS))).not.toBe("read");
});

test("keys like an object's own are unknown settings, and change nothing", async () => {
  const path = join(folder, "config.yaml");
  for (const key of ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"]) {
    await writeFile(path, `${key}: {polluted: 1}\n`);
    expect(await codeOf(readConfig(path, TRAIN_FLAGS))).toBe("USAGE");
    expect((await readYaml(path)) instanceof Map).toBe(true);
    expect("polluted" in {}).toBe(false);
  }
});

test("files without an end are refused", async () => {
  const large = join(folder, "large.yaml");
  await writeFile(large, "");
  await truncate(large, 2 ** 33);
  expect(await codeOf(readYaml(large))).toBe("LIMIT");
  const pipe = join(folder, "pipe.yaml");
  execFileSync("mkfifo", [pipe]);
  expect(await codeOf(readYaml(pipe))).toBe("NOT_FOUND");
  const device = join(folder, "device.yaml");
  await symlink("/dev/zero", device);
  expect(await codeOf(readYaml(device))).toBe("NOT_FOUND");
});
