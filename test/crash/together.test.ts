/**
 * Processes that write into one folder at the same moment: every result keeps its record.
 * `ATLASMTL_ROUNDS=40` tries more often.
 */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tinyAtlas, writeH5ad } from "../e2e/make-h5ad.ts";
import { cliIn } from "../e2e/run-cli.ts";

const rounds = Number(process.env.ATLASMTL_ROUNDS ?? 3);

let root = "";
const { run, ok } = cliIn(() => root);
const TRAIN = [
  "train",
  "--adata",
  "ref.h5ad",
  "--labels",
  "cell_type",
  "--hidden-sizes",
  "8",
  "--num-epochs",
];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "atlasmtl-together-"));
  await writeH5ad(join(root, "ref.h5ad"), tinyAtlas(60));
  await writeH5ad(join(root, "query.h5ad"), tinyAtlas(50, 4, 2));
  await ok(...TRAIN, "1", "--out", "m/m.pth");
}, 60_000);
afterAll(() => rm(root, { recursive: true, force: true }));

const PREDICT = ["predict", "--model", "m/m.pth", "--adata"];
const openset = (out: string): string[] => [
  ...["openset", "--model", "m/m.pth", "--adata", "query.h5ad", "--label-column", "cell_type"],
  ...["--out", out],
];

test.each([
  [
    "predict",
    "predict_run_manifest.json",
    ["a.csv", "b.h5ad", "c.zarr", "d.parquet"],
    (out: string) => [...PREDICT, "query.h5ad", "--out", out],
  ],
  [
    "predict of one name in several formats",
    "predict_run_manifest.json",
    ["a.csv", "a.csv.gz", "a.h5ad"],
    (out: string) => [...PREDICT, "query.h5ad", "--out", out],
  ],
  [
    "train",
    "train_run_manifest.json",
    ["a.pth", "b.pth", "c.pth"],
    (out: string) => [...TRAIN, "1", "--out", out],
  ],
  ["openset", "openset_run_manifest.json", ["a.json", "b.json", "c.json"], openset],
])(`%s, ${rounds} times`, { timeout: 60_000 + rounds * 30_000 }, async (_what, plain, names, words) => {
  for (let round = 0; round < rounds; round++) {
    await rm(join(root, "out"), { recursive: true, force: true });
    const runs = await Promise.all(names.map((name) => run(...words(`out/${name}`))));
    for (const { code, stderr } of runs) expect(code, stderr).toBe(0);
    const files = await readdir(join(root, "out"));
    expect(files.filter((name) => name.startsWith("."))).toEqual([]);
    const records = files.filter((name) => name.endsWith(plain));
    expect(records).toContain(plain);
    const recorded = await Promise.all(
      records.map(async (name) => {
        const { outputs } = JSON.parse(await readFile(join(root, "out", name), "utf8"));
        return outputs
          .map((file: { path: string }) => file.path)
          .filter((path: string) => names.includes(path));
      }),
    );
    expect(recorded.flat().sort()).toEqual([...names].sort());
    const { stdout, stderr } = await ok("verify", "out");
    expect(stdout + stderr).not.toMatch(/NO RECORD|CHANGED|MISSING/);
  }
});
