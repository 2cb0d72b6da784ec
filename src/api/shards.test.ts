/** A query in parts: shards, on their own, and their merging, equal to one run. */
import { createHash } from "node:crypto";
import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type AnnData,
  buildModel,
  mergeShards,
  openAnnData,
  type PredictionResult,
  predict,
  predictShard,
  simulateH5ad,
  TrainedModel,
  toPlain,
} from "./index.ts";

type Options = Parameters<typeof predict>[2];
const N = 2100; // more than are kept in memory, and no multiple of a batch
let folder: string;
let model: TrainedModel;
let other: TrainedModel;
let query: AnnData;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "shards-"));
  const reference = await openAnnData(await simulateH5ad("reference", { nReference: 400, nGenes: 200 }));
  const training = {
    labelColumns: ["lineage", "type"],
    keepColumns: ["donor"],
    coordTargets: null,
    hiddenSizes: [16],
    numEpochs: 2,
    numThreads: 1,
  } as const;
  await (await buildModel(reference, training)).save(join(folder, "model.pth"));
  model = await TrainedModel.load(join(folder, "model.pth"));
  await (await buildModel(reference, { ...training, randomState: 7 })).save(
    join(folder, "other", "model.pth"),
  );
  other = await TrainedModel.load(join(folder, "other", "model.pth"));
  await writeFile(join(folder, "query.h5ad"), await simulateH5ad("query", { nQuery: N, nGenes: 200 }));
  query = await openAnnData(join(folder, "query.h5ad"));
}, 120_000);

afterAll(async () => {
  await query?.close();
  await rm(folder, { recursive: true, force: true });
});

async function shards(
  name: string,
  of: number,
  options: Options,
  adata = query,
  by = model,
): Promise<string[]> {
  const paths = Array.from({ length: of }, (_, i) => join(folder, `${name}-${i + 1}.shard`));
  for (const [i, path] of paths.entries())
    await predictShard(by, adata, { index: i + 1, of }, path, { numThreads: 1, ...options });
  return paths;
}

/** Everything that results are made of; the cost of a run is its own. */
async function digests(result: PredictionResult): Promise<Record<string, unknown>> {
  const { metadata, ...data } = result.data;
  const facts = toPlain(metadata) as Record<string, unknown>;
  delete facts.prediction_runtime;
  const hash = (pieces: Iterable<Uint8Array>) => {
    const sha = createHash("sha256");
    for (const piece of pieces) sha.update(piece);
    return sha.digest("hex");
  };
  return {
    facts,
    notes: data.notes,
    warnings: data.warnings,
    csv: hash(result.toCsvPieces("full")),
    parquet: hash([await result.toParquetBytes("full")]),
    arrow: hash([await result.toArrowBytes("full")]),
    h5ad: hash([await result.toAnnDataBytes(query, { mode: "full", includeCoords: data.coords.size > 0 })]),
    report: hash([new TextEncoder().encode(await result.toReport(query, model))]),
  };
}

const CASES: Record<string, Options> = {
  "by default": {},
  "with all that labels have": {
    keepCoords: true,
    knnCorrection: "all",
    transfer: ["donor"],
    probabilities: "all",
    predictionSets: 0.9,
    consensusBy: "donor",
    coherentProbabilities: true,
    deepestLabel: true,
    batchSize: 700,
  },
  "adapted to the query, with Unknown by an open set": {
    adapt: true,
    probabilities: "top=2",
    targetAccuracy: 0.9,
    opensetMethod: "prototype",
    opensetThreshold: 2,
    hierarchyRules: "derive",
    enforceHierarchy: true,
    keepCoords: false,
  },
};

test.each(Object.keys(CASES))(
  "merged shards are one run %s, in any order and number",
  async (name) => {
    const options = CASES[name];
    const whole = await digests(await predict(model, query, { numThreads: 1, ...options }));
    for (const of of options?.adapt ? [2] : [1, 5]) {
      const paths = await shards(`case-${of}`, of, options);
      const merged = await mergeShards(model, query, paths.reverse(), { numThreads: 1, ...options });
      expect(await digests(merged)).toEqual(whole);
    }
  },
  120_000,
);

test("a shard that is there is not computed again, and a damaged one is", async () => {
  const path = join(folder, "again-1.shard");
  const run = (options: Options = {}) =>
    predictShard(model, query, { index: 2, of: 9 }, path, {
      numThreads: 1,
      knnCorrection: "off",
      ...options,
    });
  expect((await run()).isNew).toBe(true);
  const { mtimeMs } = await stat(path);
  const bytes = await readFile(path);
  expect((await run({ batchSize: 100 })).isNew).toBe(false);
  expect((await stat(path)).mtimeMs).toBe(mtimeMs);
  for (const damaged of [bytes.subarray(0, 2000), Buffer.from(bytes).fill(9, 3000, 3100)]) {
    await writeFile(path, damaged);
    expect((await run()).isNew).toBe(true);
    expect(await readFile(path)).toEqual(bytes);
  }
  expect((await run({ confidenceHigh: 0.8 })).isNew).toBe(true);
});

test("a shard is the same where names of cells were left unread, and merging finds a cell of another name", async () => {
  const off = { knnCorrection: "off", numThreads: 1 } as const;
  const name = query.obs.index[100]; // not of the cells that every shard looks at
  const bytes = await readFile(join(folder, "query.h5ad"));
  const renamed = join(folder, "renamed.h5ad");
  const at = bytes.indexOf(name);
  await writeFile(renamed, Buffer.concat([bytes.subarray(0, at), Buffer.from("z"), bytes.subarray(at + 1)]));
  const paths = { eager: await shards("eager", 3, off), lazy: [] as string[] };
  for (const file of [join(folder, "query.h5ad"), renamed]) {
    const adata = await openAnnData(file, { lazyCellNames: true });
    expect(() => adata.obs.index).toThrow("the index was left unread");
    paths.lazy = await shards("lazy", 3, off, adata);
    await adata.close();
    const same = await Promise.all(
      paths.lazy.map(async (path, i) => (await readFile(path)).equals(await readFile(paths.eager[i]))),
    );
    expect(same).toEqual([file !== renamed, true, true]);
  }
  await expect(mergeShards(model, query, paths.lazy, off)).rejects.toMatchObject({
    code: "MISMATCH",
    message: "it is a shard of another query",
    where: paths.lazy[0],
  });
});

test("more shards than cells are empty ones", async () => {
  const few = await openAnnData(await simulateH5ad("query", { nQuery: 10, nGenes: 200 }));
  const paths = await shards("few", 12, {}, few);
  const merged = await mergeShards(model, few, paths, { numThreads: 1 });
  const whole = await predict(model, few, { numThreads: 1 });
  expect(merged.data.labels).toEqual(whole.data.labels);
});

test("merging names shards that are missing, there twice, or of something else", async () => {
  const off = { knnCorrection: "off", numThreads: 1 } as const;
  const own = await shards("own", 3, off);
  const merge = (paths: readonly string[], options: Options = off, by = model) =>
    mergeShards(by, query, paths, options);
  await expect(merge([own[1]])).rejects.toMatchObject({
    code: "MISMATCH",
    message: "of 3 shards these are missing: 1, 3",
  });
  const copy = join(folder, "copy.shard");
  await copyFile(own[0], copy);
  await expect(merge([...own, copy])).rejects.toMatchObject({ code: "MISMATCH", where: copy });
  const two = await shards("two", 2, off);
  await expect(merge([own[0], own[1], two[1]])).rejects.toMatchObject({ code: "MISMATCH", where: two[1] });
  const foreign = join(folder, "own-3.shard");
  await expect(merge(own, { ...off, knnK: 7 })).rejects.toMatchObject({
    message: "it was made with another knnK: 15, expected 7",
  });
  await expect(merge(own, off, other)).rejects.toMatchObject({
    message: "it was made with another model.pth",
  });
  const changed = await openAnnData(await simulateH5ad("query", { nQuery: N, nGenes: 200, seed: 9 }));
  await predictShard(model, changed, { index: 3, of: 3 }, foreign, off);
  await expect(merge(own)).rejects.toMatchObject({
    message: "it is a shard of another query",
    where: foreign,
  });
  await expect(merge([join(folder, "query.h5ad")])).rejects.toMatchObject({
    code: "BAD_FORMAT",
    message: "this is no shard of a prediction",
  });
  await expect(merge([join(folder, "nothing.shard")])).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("what needs all cells at once has no shards", async () => {
  const path = join(folder, "never.shard");
  const run = (shard: { index: number; of: number }, options: Options = {}) =>
    predictShard(model, query, shard, path, { numThreads: 1, ...options });
  await expect(run({ index: 1, of: 2 }, { consensus: "neighbours" })).rejects.toMatchObject({
    code: "USAGE",
  });
  for (const shard of [
    { index: 0, of: 2 },
    { index: 3, of: 2 },
    { index: 1.5, of: 2 },
    { index: 1, of: 0 },
  ])
    await expect(run(shard)).rejects.toMatchObject({ code: "USAGE" });
  await expect(stat(path)).rejects.toThrow();
});
