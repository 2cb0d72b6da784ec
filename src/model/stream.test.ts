/** Training whose cells are read from the matrix in every epoch (docs/specification/2-training.md#streaming). */
import { expect, test } from "vitest";
import { strings } from "../../test/helpers/memory-anndata.ts";
import { base, counts, engine, fine, N, N_GENES } from "../../test/helpers/train-runs.ts";
import { tensorsOf } from "../../test/helpers/training-fixtures.ts";
import { createAnnData } from "../anndata/containers/in-memory.ts";
import type { AnnData, Matrix } from "../anndata/types.ts";
import { toPlain } from "../core/config.ts";
import { createWasmEngine } from "../kernels/wasm/engine.ts";
import type { TrainOptions } from "./options.ts";
import { train } from "./train.ts";

const data = await createAnnData({
  X: counts(),
  obs: {
    index: fine.map((_, i) => `cell-${i}`),
    columns: new Map([...Object.entries(base.obs), ["age", strings(fine.map((_, i) => `${i % 7}`))]]),
  },
  var: { index: Array.from({ length: N_GENES }, (_, g) => `gene-${g}`) },
  obsm: base.obsm!,
});
const options: TrainOptions = {
  labelColumns: ["coarse", "fine"],
  hiddenSizes: [12, 6],
  numEpochs: 12,
  batchSize: 16,
  learningRate: 0.02,
  stream: true,
  streamBuffer: 64,
};
const run = (extra: Partial<TrainOptions> = {}, adata: AnnData = data, using = engine) =>
  train(adata, { ...options, ...extra }, { engine: using });
const configOf = async (of: ReturnType<typeof run>) =>
  toPlain((await of).model.trainConfig) as Readonly<Record<string, unknown>>;

test("cells that all fit into the buffer are those in memory, bit for bit", async () => {
  const whole = await run({ stream: false, streamBuffer: null });
  const buffered = await run({ streamBuffer: N });
  expect(tensorsOf(buffered.model.weights)).toEqual(tensorsOf(whole.model.weights));
  expect(buffered.model.linear).toEqual(whole.model.linear);
  expect(buffered.model.trainConfig.has("streaming")).toBe(false);
});

test("streamed cells teach the same, and the record says how they were taken", async () => {
  const { model } = await run();
  const inference = await engine.createInference(model.shape, model.weights);
  const { logits } = await inference.run({ ...counts(), data: null });
  const wrong = fine.filter((name, r) => {
    const row = [...logits[1].subarray(3 * r, 3 * r + 3)];
    return model.labelHeads[1].classes[row.indexOf(Math.max(...row))] !== name;
  });
  expect(wrong.length).toBeLessThan(3);
  expect((await model.reference()).coords.get("X_ref_latent_internal")!.nRows).toBe(N);
  expect(await configOf(run())).toMatchObject({
    stream: true,
    stream_buffer: 64,
    streaming: { buffer_cells: 64, block_cells: 1, label_gene_cells: N },
  });
});

test("everything beside the network is that of cells in memory: the sample holds all of so few", async () => {
  // Without epochs that differ: a network that does not learn.
  const still = { learningRate: 1e-30, valFraction: 0.2 };
  const [whole, streamed] = [await run({ ...still, stream: false, streamBuffer: null }), await run(still)];
  expect(tensorsOf(streamed.model.weights)).toEqual(tensorsOf(whole.model.weights));
  expect(streamed.model.linear).toEqual(whole.model.linear);
  expect(streamed.model.space).toEqual(whole.model.space);
  expect(streamed.model.labelGenes).toEqual(whole.model.labelGenes);
  expect(await streamed.model.reference()).toEqual(await whole.model.reference());
});

test.each<[string, Partial<TrainOptions>]>([
  ["validation and class-balanced sampling", { classBalancedSampling: { labelColumn: "fine" } }],
  [
    "thinned counts of an ensemble",
    { preset: "best", ensembleSize: 2, countThinning: 0.5, linearViews: false },
  ],
  [
    "values, coordinates, domains and topology",
    {
      inputTransform: "float",
      coordTargets: { latent: "X_latent" },
      domainKey: "donor",
      domainLossWeight: 0.1,
      topologyLossWeight: 0.1,
    },
  ],
])("the bits are the same with any number of threads: %s", async (_, extra) => {
  const bits: unknown[] = [];
  for (const numThreads of [1, 3]) {
    const threads = await createWasmEngine({ numThreads });
    const { model } = await run({ numEpochs: 3, ...extra }, data, threads);
    bits.push([tensorsOf(model.weights), await model.reference()]);
    threads.dispose();
  }
  expect(bits[0]).toEqual(bits[1]);
});

test("rows that cannot be read by themselves are refused, with what to do", async () => {
  const matrix = async (): Promise<Matrix> => ({ ...(await data.matrix()), storage: "csc" });
  await expect(run({}, { ...data, matrix })).rejects.toMatchObject({
    code: "UNSUPPORTED",
    where: "memory › X",
    hint: expect.stringContaining("tocsr"),
  });
});

test.each([
  [
    "a gene more in a row",
    (m: Csr0) => ({ ...m, indices: allGenes(m), indptr: Uint32Array.of(0, N_GENES), data: ones() }),
  ],
  ["a negative value", (m: Csr0) => ({ ...m, data: m.data!.map(() => -1) })],
])("a file that changes in the middle of an epoch is an error that says so: %s", async (_, change) => {
  const stored = await data.matrix();
  let nReads = 0;
  const matrix: Matrix = {
    ...stored,
    async *rows(asked) {
      nReads++;
      for await (const block of stored.rows(asked))
        yield nReads < 40 || block.csr.nRows !== 1 ? block : { ...block, csr: change(block.csr) };
    },
  };
  await expect(run({}, { ...data, matrix: async () => matrix })).rejects.toMatchObject({
    code: "BAD_DATA",
    where: "X",
  });
  expect(nReads).toBeGreaterThanOrEqual(40);
});

type Csr0 = ReturnType<typeof counts>;
const allGenes = (m: Csr0) => (m.indices.constructor as Uint16ArrayConstructor).from(Array(N_GENES).keys());
const ones = () => new Float32Array(N_GENES).fill(1);

test("a reference of more cells than are kept keeps an even share of each class, with all that belongs to a cell", async () => {
  const kept = { referenceCells: 60, keepColumns: ["age"], knnReferenceObsmKey: "X_latent" };
  // A class has at least 50 cells, so that a sample of three classes of 30 keeps all; one of 150 does not.
  const whole = await run({
    stream: null,
    streamBuffer: null,
    keepColumns: ["age"],
    knnReferenceObsmKey: "X_latent",
    labelColumns: ["coarse"],
  });
  const { model, notes, seeds } = await run({
    stream: null,
    streamBuffer: null,
    ...kept,
    labelColumns: ["coarse"],
  });
  expect(tensorsOf(model.weights)).toEqual(tensorsOf(whole.model.weights));
  const [some, all] = [await model.reference(), await whole.model.reference()];
  const n = some.coords.get("X_ref_latent_internal")!.nRows;
  expect(n).toBe(80);
  expect(seeds).toHaveProperty("reference_cells");
  expect(whole.seeds).not.toHaveProperty("reference_cells");
  expect(notes.map(({ message }) => String(message)).join()).toContain("80 of the 90");
  expect(toPlain(model.trainConfig)).toMatchObject({ reference_cells: 60, reference_kept: 80 });
  // Each kept cell is a cell of the reference with its own latent values, coordinates, label and column.
  const cellOf = (of: typeof all, i: number) => [
    ...[...of.coords.values()].map(({ nCols, data: values }) => [
      ...values.subarray(i * nCols, (i + 1) * nCols),
    ]),
    ...[...of.labels.values()].map(({ codes }) => codes[i]),
    ...[...of.columns!.values()].map((column) =>
      column.kind === "label" ? column.codes[i] : column.values[i],
    ),
  ];
  const texts = new Set(Array.from({ length: N }, (_, i) => JSON.stringify(cellOf(all, i))));
  const own = Array.from({ length: n }, (_, i) => JSON.stringify(cellOf(some, i)));
  expect(own.every((text) => texts.has(text))).toBe(true);
  expect(new Set(own).size).toBe(n);
});
