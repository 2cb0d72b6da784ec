/** The same command gives the same bytes, whenever it is given. */
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tinyAtlas, writeH5ad } from "./make-h5ad.ts";
import { runCli } from "./run-cli.ts";

let folder = "";
const run = async (...words: string[]): Promise<void> => {
  const ended = await runCli(words, { cwd: folder });
  expect(ended.code, ended.stderr).toBe(0);
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-same-"));
  await writeH5ad(join(folder, "ref.h5ad"), tinyAtlas(60));
  await writeH5ad(join(folder, "query.h5ad"), tinyAtlas(20, 4, 9));
  const words = ["--labels", "cell_type", "--hidden-sizes", "8", "--num-epochs", "1"];
  await run("train", "--adata", "ref.h5ad", "--out", "m/m.pth", ...words);
  await run("predict", "--model", "m/m.pth", "--adata", "query.h5ad", "--out", "query.zarr");
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** SHA-256 of every output by name, as the record has them, and of the report as it is. */
async function predicted(name: string, query: string): Promise<Record<string, string>> {
  await run(
    ...["predict", "--model", "m/m.pth", "--adata", query, "--out", `${name}/${name}`],
    ...["--report", `${name}/report.html`, "--write-mode", "full", "--include-coords"],
  );
  const { outputs } = JSON.parse(await readFile(join(folder, name, "predict_run_manifest.json"), "utf8"));
  const report = await readFile(join(folder, name, "report.html"));
  return {
    ...Object.fromEntries(outputs.map((file: { path: string; sha256: string }) => [file.path, file.sha256])),
    html: createHash("sha256").update(report).digest("hex"),
  };
}

/** HDF5 keeps times in seconds. */
const untilNextSecond = (): Promise<void> => wait(1000 - (Date.now() % 1000) + 20);

test.each([
  ["p.csv", "query.h5ad"],
  ["p.csv.gz", "query.h5ad"],
  ["p.parquet", "query.h5ad"],
  ["p.arrow", "query.h5ad"],
  ["p.h5ad", "query.h5ad"],
  ["converted.h5ad", "query.zarr"],
  ["p.zarr", "query.h5ad"],
])("%s from %s and its report, twice", async (name, query) => {
  const first = await predicted(name, query);
  expect(Object.keys(first)).toEqual([name, "report.html", "html"]);
  await untilNextSecond();
  expect(await predicted(name, query)).toEqual(first);
});
