/** The files that a flag names. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { inputFiles } from "./input-files.ts";

let folder = "";
const at = (path: string): string => join(folder, path);
const found = async (...words: string[]): Promise<string[]> =>
  (await inputFiles(words)).map((path) => path.slice(folder.length + 1));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "atlasmtl-inputs-"));
  for (const path of ["b.h5ad", "a.h5ad", "x[1].h5ad", "S1/outs/m.h5", "S2/outs/m.h5", ".hidden.h5ad"]) {
    mkdirSync(join(at(path), ".."), { recursive: true });
    writeFileSync(at(path), "");
  }
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a glob gives the files that it matches by name, none that are hidden, each once", async () => {
  expect(await found(at("?.h5ad"), at("a.h5ad"))).toEqual(["a.h5ad", "b.h5ad"]);
  expect(await found(at("S*/outs/*.h5"))).toEqual(["S1/outs/m.h5", "S2/outs/m.h5"]);
  expect(await found(at("**/m.h5"))).toEqual(["S1/outs/m.h5", "S2/outs/m.h5"]);
  expect(await found(at("S[!1]/**/*.h5"))).toEqual(["S2/outs/m.h5"]);
});

test("a file whose name has the signs of a glob is that file, and a path that is not there stays", async () => {
  expect(await found(at("x[1].h5ad"), at("none.h5ad"))).toEqual(["x[1].h5ad", "none.h5ad"]);
});

test("a list gives a file or a glob on each line", async () => {
  writeFileSync(at("list.txt"), `# samples\n${at("b.h5ad")}\r\n\n${at("S*/outs/*.h5")}\n`);
  expect(await found(`@${at("list.txt")}`)).toEqual(["b.h5ad", "S1/outs/m.h5", "S2/outs/m.h5"]);
});

test("a glob that matches nothing, an empty list and a missing list are wrong calls", async () => {
  writeFileSync(at("empty.txt"), "\n# nothing\n");
  await expect(inputFiles([at("*.loom")])).rejects.toThrow(/no file matches/);
  await expect(inputFiles([`@${at("empty.txt")}`])).rejects.toThrow(/names no file/);
  await expect(inputFiles([`@${at("none.txt")}`])).rejects.toMatchObject({ subject: "usage" });
});
