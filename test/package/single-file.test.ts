/** The program as one file, without its package: it writes what the package's writes, and holds all that it needs. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ready } from "h5wasm/node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tinyAtlas, writeH5ad } from "../e2e/make-h5ad.ts";
import { program as ofPackage, type Run, runCli } from "../e2e/run-cli.ts";
import { root } from "./install.ts";

let folder = "";
let file = "";
beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "atlasmtl-single-")));
  execFileSync(process.execPath, [join(root, "scripts/single-file.mjs")], { stdio: "pipe" });
  file = join(folder, "elsewhere.mjs");
  copyFileSync(join(root, "build/atlasmtl.mjs"), file);
  await writeH5ad(join(folder, "ref.h5ad"), tinyAtlas(60));
  await writeH5ad(join(folder, "query.h5ad"), tinyAtlas(20, 4, 9));
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(program: string, cwd: string, ...words: string[]): Promise<Run> {
  const ended = await runCli(words, { cwd, launcher: [process.execPath, program] });
  expect(ended.code, ended.stderr).toBe(0);
  return ended;
}

/** SHA-256 of what a program makes in a folder of its own: a model, and the predictions of the package's model. */
async function digests(program: string, name: string): Promise<readonly (readonly [string, string])[]> {
  const out = join(folder, name);
  mkdirSync(out);
  const labels = ["--labels", "lineage", "cell_type", "--umap-key", "X_umap"];
  await run(
    program,
    out,
    "train",
    "--adata",
    "../ref.h5ad",
    "--out",
    "m.pth",
    ...labels,
    "--num-epochs",
    "2",
  );
  for (const result of ["p.csv", "p.parquet", "p.arrow"])
    await run(
      program,
      out,
      "predict",
      "--model",
      "../package/m.pth",
      "--adata",
      "../query.h5ad",
      "--out",
      result,
    );
  // These have times in them.
  const isTimed = (each: string): boolean => /manifest\.json$|_metadata\.pkl$/.test(each);
  return readdirSync(out)
    .filter((each) => !isTimed(each))
    .sort()
    .map((each) => [
      each,
      createHash("sha256")
        .update(readFileSync(join(out, each)))
        .digest("hex"),
    ]);
}

test("the model and the predictions have the bytes of the package's", { timeout: 120_000 }, async () => {
  const expected = await digests(ofPackage, "package");
  expect(expected.map(([name]) => name)).toEqual(
    expect.arrayContaining(["m.pth", "p.csv", "p.parquet", "p.arrow"]),
  );
  expect(await digests(file, "single")).toEqual(expected);
});

test("it runs again what it recorded, and knows its own code", { timeout: 120_000 }, async () => {
  const { stderr } = await run(file, join(folder, "single"), "reproduce", "train_run_manifest.json");
  expect(stderr).not.toMatch(/another version of the code/);
  const manifest = JSON.parse(readFileSync(join(folder, "single/train_run_manifest.json"), "utf8"));
  const hash = createHash("sha256");
  const bytes = readFileSync(file);
  hash.update(`atlasmtl.mjs\0${bytes.length}\0`).update(bytes);
  expect(JSON.stringify(manifest)).toContain(hash.digest("hex"));
});

test("it reads data that need a filter, and leaves none behind", async () => {
  const h5 = await ready;
  h5.insert_plugin_search_path(join(root, "dist/hdf5-filters"), 0);
  await writeH5ad(join(folder, "zstd.h5ad"), tinyAtlas(20, 4, 9), { filter: 32015, settings: [3] });
  const temporary = join(folder, "temporary");
  mkdirSync(temporary);
  const words = ["predict", "--model", "single/m.pth", "--adata", "zstd.h5ad", "--out", "zstd.csv"];
  const launcher = ["env", `TMPDIR=${temporary}`, process.execPath, file];
  const { code, stderr } = await runCli(words, { cwd: folder, launcher });
  expect(code, stderr).toBe(0);
  expect(readFileSync(join(folder, "zstd.csv"))).toEqual(readFileSync(join(folder, "single/p.csv")));
  expect(readdirSync(temporary)).toEqual([]);
  // Without a place for the filters, the error names it.
  const nowhere = ["env", `TMPDIR=${join(folder, "absent")}`, process.execPath, file];
  const failed = await runCli([...words.slice(0, -1), "other.csv"], { cwd: folder, launcher: nowhere });
  expect(failed.stderr).toMatch(/^error: .*\nwhere: .*absent.*\nfix: /);
  expect([3, 5]).toContain(failed.code);
});

test("it runs no code of a folder above it", async () => {
  const marker = join(folder, "was-run");
  for (const name of ["", "-gnu", "-musl"]) {
    const planted = join(folder, "node_modules/@atlasmtl", `${process.platform}-${process.arch}${name}`);
    mkdirSync(planted, { recursive: true });
    writeFileSync(join(planted, "index.js"), `require("fs").writeFileSync(${JSON.stringify(marker)}, "");`);
  }
  const { stdout } = await run(file, folder, "doctor", "--json");
  expect(JSON.parse(stdout)).toBeTypeOf("object");
  expect(existsSync(marker)).toBe(false);
});

test("every licence is in it", () => {
  const text = readFileSync(file, "utf8");
  for (const name of readdirSync(join(root, "licences"), { recursive: true }).map(String))
    if (name.endsWith(".txt")) {
      const licence = readFileSync(join(root, "licences", name), "utf8")
        .trim()
        .split("\n");
      expect(text, name).toContain(licence.map((line) => `// ${line}`.trimEnd()).join("\n"));
    }
});
