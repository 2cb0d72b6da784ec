import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomOrder, trainingProblem } from "../../test/helpers/kernels.ts";
import { gatherRows } from "../model/encode.ts";
import { longestRow } from "./cell-parts.ts";
import { createReferenceEngine } from "./reference/engine.ts";
import type { CellPart, CellTransform, Engine, TrainerOptions } from "./types.ts";
import { createWasmEngine } from "./wasm/engine.ts";

const BATCH = 8;
const N = 40;
const shape = { nGenes: 30, hiddenSizes: [8, 6], nClasses: [2, 4], coordDims: [2] };
/** What it does depends on the number of the cell and of the step. */
const cellTransform: CellTransform = (values, start, end, row, step) => {
  for (let e = start; e < end; e++) values[e] = values[e] * (1 + row + (step ?? 0));
};

/** The cells of `order` in parts of `sizes` cells, each with rows of its own in another order. */
async function* partsOf(
  { data }: TrainerOptions,
  order: Uint32Array,
  sizes: readonly number[],
): AsyncGenerator<CellPart> {
  let start = 0;
  for (const size of sizes) {
    const rows = order.slice(start, start + size);
    start += size;
    yield {
      x: gatherRows(data.x, rows.toReversed()),
      at: Uint32Array.from(rows, (_, i) => rows.length - 1 - i),
    };
  }
}

describe.each([
  ["reference", async () => createReferenceEngine()],
  ["wasm", () => createWasmEngine({ numThreads: 2 })],
] as const)("%s engine", (_, start) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await start();
  });
  afterAll(() => engine.dispose());

  test.each([true, false])("values that come in parts give the same bits, binary %s", async (binary) => {
    const problem = {
      ...trainingProblem(3, shape, N, { binary }),
      batchSize: BATCH,
      cellTransform: binary ? null : cellTransform,
    };
    const outside = { nRows: N, nCols: 30, hasValues: !binary, longestRow: longestRow(problem.data.x) };
    const orders = [1, 2].map((seed) => randomOrder(seed, N, N));
    const val = Uint32Array.of(3, 4, 9, 17, 21, 30, 31, 32, 38);
    const [whole, inParts] = [
      await engine.createTrainer(problem),
      await engine.createTrainer({ ...problem, data: { ...problem.data, x: outside } }),
    ];
    for (const [e, order] of orders.entries()) {
      const sizes = e === 0 ? [16, 8, 16] : [40];
      const done: number[] = [];
      const losses = await inParts.runEpoch(order, {
        learningRate: 1e-2,
        parts: partsOf(problem, order, sizes),
        onBatch: (cells) => done.push(cells),
      });
      expect(losses).toEqual(await whole.runEpoch(order, { learningRate: 1e-2 }));
      expect(done).toEqual([8, 16, 24, 32, 40]);
      const held = { x: gatherRows(problem.data.x, val), at: Uint32Array.from(val.keys()) };
      expect(await inParts.evaluate(val, held)).toEqual(await whole.evaluate(val));
    }
    expect(inParts.weights()).toEqual(whole.weights());
    whole.dispose();
    inParts.dispose();
  });

  test("parts that do not fit are refused before they reach the kernels", async () => {
    const problem = { ...trainingProblem(3, shape, N, { binary: true }), batchSize: BATCH };
    const order = randomOrder(1, N, N);
    const longest = longestRow(problem.data.x);
    const epoch = async (sizes: readonly number[], longestOf: number) => {
      const x = { nRows: N, nCols: 30, hasValues: false, longestRow: longestOf };
      const trainer = await engine.createTrainer({ ...problem, data: { ...problem.data, x } });
      const parts = partsOf(problem, order, sizes);
      await trainer.runEpoch(order, { learningRate: 1e-2, parts }).finally(() => trainer.dispose());
    };
    await expect(epoch([16, 24], longest - 1)).rejects.toMatchObject({ code: "BUG" });
    await expect(epoch([12, 28], longest)).rejects.toMatchObject({ code: "BUG" });
    await expect(epoch([16, 8], longest)).rejects.toMatchObject({ code: "BUG" });
  });
});
