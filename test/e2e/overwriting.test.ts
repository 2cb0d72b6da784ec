/** What a command writes over: modes, links, its own inputs, and the records of other runs. */
import { createHash } from "node:crypto";
import {
  chmod,
  cp,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openAnnData, predict as predictCells, TrainedModel } from "../../src/api/index.ts";
import { tinyAtlas, writeH5ad } from "./make-h5ad.ts";
import { expectFailure, listing, type Run, runCli } from "./run-cli.ts";

let folder = "";
const run = (...words: string[]): Promise<Run> => runCli(words, { cwd: folder });
const at = (path: string): string => join(folder, path);
const sha256 = async (path: string): Promise<string> =>
  createHash("sha256")
    .update(await readFile(at(path)))
    .digest("hex");
const modeOf = async (path: string): Promise<number> => (await stat(at(path))).mode & 0o777;
const predict = (out: string, ...more: string[]): Promise<Run> =>
  run("predict", "--model", "m/m.pth", "--adata", "query.h5ad", "--out", out, ...more);
const ok = async (running: Promise<Run>): Promise<Run> => {
  const ended = await running;
  expect(ended.code, ended.stderr).toBe(0);
  return ended;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-over-"));
  await writeH5ad(at("ref.h5ad"), tinyAtlas(60));
  await writeH5ad(at("query.h5ad"), tinyAtlas(20, 4, 9));
  const words = ["--labels", "cell_type", "--hidden-sizes", "8", "--num-epochs", "1"];
  await ok(run("train", "--adata", "ref.h5ad", "--out", "m/m.pth", ...words));
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each(["p.csv", "p.h5ad", "p.zarr"])(
  "a result that is written over, %s, keeps its mode bits",
  async (name) => {
    const out = `modes-${name}/${name}`;
    await ok(predict(out));
    const mode = name.endsWith(".zarr") ? 0o700 : 0o600;
    await chmod(at(out), mode);
    await chmod(at(`modes-${name}/predict_run_manifest.json`), 0o640);
    await ok(predict(out));
    expect(await modeOf(out)).toBe(mode);
    expect(await modeOf(`modes-${name}/predict_run_manifest.json`)).toBe(0o640);
  },
);

test("a query that only its owner may read has a result that only its owner may read", async () => {
  await cp(at("query.h5ad"), at("private.h5ad"));
  await chmod(at("private.h5ad"), 0o600);
  await ok(run("predict", "--model", "m/m.pth", "--adata", "private.h5ad", "--out", "private/p.h5ad"));
  expect(await modeOf("private/p.h5ad")).toBe(0o600);
});

test.each(["p.csv", "p.h5ad"])(
  "a symbolic link stays, and the file that it leads to is written, %s",
  async (name) => {
    await mkdir(at(`links-${name}/elsewhere`), { recursive: true });
    await writeFile(at(`links-${name}/elsewhere/real`), "old");
    await symlink(`elsewhere/real`, at(`links-${name}/${name}`));
    await ok(predict(`links-${name}/${name}`));
    expect((await lstat(at(`links-${name}/${name}`))).isSymbolicLink()).toBe(true);
    expect((await stat(at(`links-${name}/elsewhere/real`))).size).toBeGreaterThan(100);
    expect(await listing(at(`links-${name}/elsewhere`))).toEqual(["real"]);
    await ok(run("verify", `links-${name}/predict_run_manifest.json`));
  },
);

test("symbolic links in a circle are refused, as output and as input, and stay", async () => {
  await mkdir(at("circle"));
  await symlink("b.csv", at("circle/a.csv"));
  await symlink("a.csv", at("circle/b.csv"));
  expectFailure(await predict("circle/a.csv"), 5, /cannot write the file: .*circle/, /a\.csv/);
  expect(await listing(at("circle"))).toEqual(["a.csv", "b.csv"]);
  expect((await lstat(at("circle/a.csv"))).isSymbolicLink()).toBe(true);
  expectFailure(await run("verify", "circle/a.csv"), 5, /cannot read the file: .*circle/, /a\.csv/);
});

test("an output that is read is refused: the same path, through a link, as a hard link, inside a store", async () => {
  await mkdir(at("in"));
  await cp(at("query.h5ad"), at("in/q.h5ad"));
  await symlink("q.h5ad", at("in/link.h5ad"));
  await symlink("in", at("in-by-link"));
  await link(at("in/q.h5ad"), at("in/hard.h5ad"));
  const before = await sha256("in/q.h5ad");
  for (const out of ["in/q.h5ad", "./in/../in/q.h5ad", "in/link.h5ad", "in-by-link/q.h5ad", "in/hard.h5ad"]) {
    const refused = await run("predict", "--model", "m/m.pth", "--adata", "in/q.h5ad", "--out", out);
    expectFailure(refused, 2, /output is read/, /in/);
    expect(refused.stderr).toContain("--in-place");
  }
  const html = ["--out", "in/p.csv", "--report", "in/q.h5ad"];
  expectFailure(
    await run("predict", "--model", "m/m.pth", "--adata", "in/q.h5ad", ...html),
    2,
    /output is read/,
  );
  const twice = ["--out", "in/p.csv", "--report", "in/p.csv"];
  expectFailure(
    await run("predict", "--model", "m/m.pth", "--adata", "in/q.h5ad", ...twice),
    2,
    /two outputs/,
  );
  expect(await sha256("in/q.h5ad")).toBe(before);
  expect(await listing(at("in"))).toEqual(["hard.h5ad", "link.h5ad", "q.h5ad"]);
  await ok(run("predict", "--model", "m/m.pth", "--adata", "in/q.h5ad", "--out", "stores/q.zarr"));
  const inside = ["--adata", "stores/q.zarr", "--out", "stores/q.zarr/p.csv"];
  expectFailure(await run("predict", "--model", "m/m.pth", ...inside), 2, /output is read/);
});

test("every other command refuses to write over what it reads", async () => {
  await mkdir(at("others"));
  await cp(at("ref.h5ad"), at("others/r.h5ad"));
  const adata = ["--adata", "others/r.h5ad"];
  const preprocess = await run("preprocess", "reference", ...adata, "--out", "others/r.h5ad");
  expectFailure(preprocess, 2, /output is read/);
  const again = ["--init-model", "m/m.pth", "--out", "m/m.pth", "--labels", "cell_type", "--num-epochs", "1"];
  expectFailure(await run("train", ...adata, "--hidden-sizes", "8", ...again), 2, /output is read/);
  await symlink("r.h5ad", at("others/r.json"));
  const words = ["--model", "m/m.pth", ...adata, "--label-column", "cell_type", "--out", "others/r.json"];
  expectFailure(await run("openset", ...words), 2, /output is read/);
  const scored = ["--predictions", "others/r.h5ad", "--truth", "others/r.h5ad", "--labels", "cell_type"];
  expectFailure(await run("evaluate", ...scored, "--report", "others/r.h5ad"), 2, /output is read/);
  expect(await sha256("others/r.h5ad")).toBe(await sha256("ref.h5ad"));
});

test("with --in-place the query is replaced, and verify knows that its run did it", async () => {
  for (const [name, made] of [
    ["q.h5ad", null],
    ["q.zarr", "place/q.h5ad"],
  ] as const) {
    await mkdir(at("place"), { recursive: true });
    if (made === null) await cp(at("query.h5ad"), at("place/q.h5ad"));
    else await ok(run("predict", "--model", "m/m.pth", "--adata", "query.h5ad", "--out", `place/${name}`));
    const words = [
      "--adata",
      `place/${name}`,
      "--out",
      `place/${name}`,
      "--in-place",
      "--write-mode",
      "full",
    ];
    await ok(run("predict", "--model", "m/m.pth", ...words));
    const adata = await openAnnData(at(`place/${name}`));
    expect(adata.obs.columns).toContain("pred_cell_type_raw");
    await adata.close();
  }
  const verified = await ok(run("verify", "place"));
  expect(verified.stdout).toMatch(/REPLACED.*q\.h5ad/);
  expect(verified.stdout).toMatch(/REPLACED.*q\.zarr/);
  expect(verified.stdout).not.toMatch(/CHANGED/);
  // A table would replace the counts by labels, which is never meant.
  await writeFile(at("place/t.csv"), "cell,g0\na,1\n");
  const table = ["--adata", "place/t.csv", "--out", "place/t.csv", "--in-place"];
  const refused = await run("predict", "--model", "m/m.pth", ...table);
  expectFailure(refused, 2, /output is read/);
  expect(refused.stderr).not.toContain("--in-place");
});

test("the library refuses, too", async () => {
  await cp(at("query.h5ad"), at("lib.h5ad"));
  const before = await sha256("lib.h5ad");
  const adata = await openAnnData(at("lib.h5ad"));
  try {
    const result = await predictCells(await TrainedModel.load(at("m/m.pth")), adata);
    const usage = { code: "USAGE", message: expect.stringContaining("output is read") };
    await expect(result.toAnnData(adata, at("lib.h5ad"))).rejects.toMatchObject(usage);
    await expect(result.toCsv(at("lib.h5ad"))).rejects.toMatchObject(usage);
    await expect(result.toParquet(at("m/m.pth"))).rejects.toMatchObject(usage);
    expect(await sha256("lib.h5ad")).toBe(before);
    await result.toAnnData(adata, at("lib.h5ad"), { inPlace: true });
    expect(await sha256("lib.h5ad")).not.toBe(before);
  } finally {
    await adata.close();
  }
});

test("results that share a folder keep a record each; verify names a result without one", async () => {
  for (const name of ["a.csv", "b.csv.gz", "b.parquet", "c.zarr"]) await ok(predict(`shared/${name}`));
  const records = [
    "b.parquet.predict_run_manifest.json",
    "b.predict_run_manifest.json",
    "c.predict_run_manifest.json",
    "predict_run_manifest.json",
  ];
  const manifests = async (): Promise<string[]> =>
    (await listing(at("shared"))).filter((name) => name.endsWith("manifest.json"));
  expect(await manifests()).toEqual(records);
  const outOf = async (name: string) => JSON.parse(await readFile(at(`shared/${name}`), "utf8")).out;
  expect(await Promise.all(records.map(outOf))).toEqual([
    "shared/b.parquet",
    "shared/b.csv.gz",
    "shared/c.zarr",
    "shared/a.csv",
  ]);
  // Again: every run finds its own record.
  for (const name of ["b.csv.gz", "a.csv"]) await ok(predict(`shared/${name}`, "--write-mode", "full"));
  expect(await manifests()).toEqual(records);
  await ok(run("verify", "shared"));
  expect((await ok(run("report", "shared/b.predict_run_manifest.json", "--out", "r.html"))).code).toBe(0);
  expectFailure(await run("report", "shared/b.parquet"), 2, /expected a run/);

  await writeFile(at("shared/stray.csv"), "obs_name,pred_cell_type\n");
  const verified = await ok(run("verify", "shared"));
  expect(verified.stdout).toMatch(/NO RECORD.*stray\.csv/);
  expect(verified.stderr).toContain("no run manifest records 1 result: ");
  // A record whose result is gone gives its name to the next run.
  await rm(at("shared/a.csv"));
  await ok(predict("shared/d.csv"));
  expect(await outOf("predict_run_manifest.json")).toBe("shared/d.csv");
});

test("models that share a folder keep a record each, and load", async () => {
  const words = ["--adata", "ref.h5ad", "--labels", "cell_type", "--hidden-sizes", "8", "--num-epochs", "1"];
  for (const name of ["one", "two"]) await ok(run("train", ...words, "--out", `models/${name}.pth`));
  const records = (await listing(at("models"))).filter((name) => name.includes("train_run"));
  expect(records).toEqual(["train_run_manifest.json", "two.train_run_manifest.json"]);
  await ok(run("verify", "models"));
  await ok(run("predict", "--model", "models/two.pth", "--adata", "query.h5ad", "--out", "models/out/p.csv"));
});
