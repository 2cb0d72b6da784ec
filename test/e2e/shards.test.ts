/** A query in shards, from the command line: the files of one run. */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tinyAtlas, writeH5ad } from "./make-h5ad.ts";
import { expectFailure, runCli } from "./run-cli.ts";

let folder = "";
const run = (place: string, ...words: string[]) => runCli(words, { cwd: join(folder, place) });
const ok = async (place: string, ...words: string[]): Promise<string> => {
  const ended = await run(place, ...words);
  expect(ended.code, ended.stderr).toBe(0);
  return ended.stderr;
};
const PREDICT = ["predict", "--model", "m/m.pth", "--adata", "query.h5ad"];
const shard = (place: string, text: string, ...more: string[]) =>
  run(place, ...PREDICT, "--out", `parts/${text.replace("/", "-of-")}.shard`, "--shard", text, ...more);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-shards-"));
  await writeH5ad(join(folder, "ref.h5ad"), tinyAtlas(60));
  await writeH5ad(join(folder, "query.h5ad"), tinyAtlas(70, 4, 9));
  await ok(
    "",
    "train",
    "--adata",
    "ref.h5ad",
    "--out",
    "m/m.pth",
    "--labels",
    "cell_type",
    "--num-epochs",
    "1",
  );
  for (const place of ["whole", "parts"]) {
    await mkdir(join(folder, place));
    for (const name of ["query.h5ad", "m"]) await symlink(join(folder, name), join(folder, place, name));
  }
  const made = await Promise.all(
    ["1/2", "2/2"].map((text) => shard("parts", text, "--knn-k", "7", "--include-coords")),
  );
  for (const { code, stderr } of made) expect(code, stderr).toBe(0);
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** SHA-256 of every file, and the run manifest without times and costs. */
async function written(place: string, out: string): Promise<Record<string, unknown>> {
  const files: Record<string, unknown> = {};
  for (const entry of await readdir(join(folder, place, out), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = await readFile(join(entry.parentPath, entry.name));
    const name = join(entry.parentPath, entry.name).slice(join(folder, place).length);
    files[name] = createHash("sha256").update(bytes).digest("hex");
    if (!entry.name.endsWith("run_manifest.json")) continue;
    const {
      started_at: _start,
      finished_at: _end,
      prediction_metadata: about,
      ...record
    } = JSON.parse(bytes.toString());
    const { prediction_runtime: _cost, ...metadata } = about;
    files[name] = { ...record, metadata };
  }
  return files;
}

test.each(["h5ad", "zarr", "csv", "csv.gz", "parquet", "arrow"])(
  "merged %s, report and record are those of one run",
  async (ending) => {
    const out = `out-${ending}`;
    const coords = ["h5ad", "zarr"].includes(ending) ? ["--include-coords"] : [];
    const result = [...coords, "--write-mode", "full", "--report", `${out}/report.html`];
    await ok("whole", ...PREDICT, "--out", `${out}/r.${ending}`, "--knn-k", "7", ...result);
    await ok("parts", "merge", "parts/*.shard", "--out", `${out}/r.${ending}`, ...result);
    const expected = await written("whole", out);
    expect(Object.keys(expected).length).toBeGreaterThan(2);
    expect(await written("parts", out)).toEqual(expected);
  },
);

test("a shard that is there is not computed again", async () => {
  const again = await shard("parts", "1/2", "--knn-k", "7", "--include-coords");
  expect(again.stderr).toContain("there  parts/1-of-2.shard");
  expect(await readdir(join(folder, "parts/parts"))).toEqual(["1-of-2.shard", "2-of-2.shard"]);
});

test("wrong calls end with their exit codes and write nothing", async () => {
  expectFailure(await shard("parts", "3/2"), 2, /3 of 2, expected 1 to 2/);
  expectFailure(await shard("parts", "two"), 2, /expected a number of so many/);
  expectFailure(await shard("parts", "1/3", "--report", "r.html"), 2, /--report is about the result/);
  expectFailure(await shard("parts", "1/3", "--consensus", "neighbours"), 2, /--consensus neighbours/);
  expectFailure(
    await run("parts", ...PREDICT, "--out", "a.h5ad", "--shard", "1/2"),
    2,
    /with --shard the name ends in \.shard/,
  );
  const one = await run("parts", "merge", "parts/1-of-2.shard", "--out", "a.h5ad");
  expectFailure(one, 3, /of 2 shards this one is missing: 2/);
  expectFailure(await run("parts", "merge", "query.h5ad", "--out", "a.h5ad"), 4, /no shard of a prediction/);
  expect((await readdir(join(folder, "parts"))).sort()).not.toContain("a.h5ad");
});
