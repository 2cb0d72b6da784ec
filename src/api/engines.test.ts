/** What users get of each engine: the model file and the table of a prediction. */
import { expect, test } from "vitest";
import { memoryAnnData } from "../../test/helpers/memory-anndata.ts";
import { describeNative, nativeWidths } from "../../test/helpers/native.ts";
import { base } from "../../test/helpers/train-runs.ts";
import { joinBytes } from "../core/bytes.ts";
import type { EngineChoice } from "../schema/engines.ts";
import { buildModel } from "./build-model.ts";
import { predict } from "./predict.ts";

/** The bytes of `model.pth` and of the full table, coordinates and neighbours' votes included. */
async function made(engine: EngineChoice, numThreads: number) {
  const options = { numEpochs: 3, hiddenSizes: [16, 8], batchSize: 32, engine, numThreads };
  const labels = { labelColumns: ["fine"], coordTargets: { umap: "X_umap" } };
  const model = await buildModel(memoryAnnData(base), { ...options, ...labels });
  const result = await predict(model, memoryAnnData(base), { knnCorrection: "all", engine, numThreads });
  const file = (await model.toFiles()).get("model.pth")!;
  const table = joinBytes([...result.toCsvPieces("full")]);
  return {
    ran: [model.engine, result.engine],
    model: Buffer.from(joinBytes([file].flat())).toString("base64"),
    table: new TextDecoder().decode(table),
  };
}

test("the reference engine labels cells as WebAssembly does", async () => {
  const [plain, wasm] = [await made("reference", 1), await made("wasm", 1)];
  expect([...plain.ran, ...wasm.ran]).toEqual(["reference", "reference", "wasm", "wasm"]);
  const labels = ({ table }: typeof plain) => table.split("\n").map((line) => line.split(",").slice(0, 2));
  expect(labels(plain)).toEqual(labels(wasm));
});

describeNative("the native engine writes the files of WebAssembly", () => {
  test("any width, 1, 2 and 8 threads", async () => {
    const { ran: _, ...expected } = await made("wasm", 1);
    for (const width of nativeWidths())
      for (const numThreads of [1, 2, 8]) {
        process.env.ATLASMTL_NATIVE_WIDTH = String(width);
        try {
          const { ran, ...files } = await made("native", numThreads);
          expect(ran).toEqual(["native", "native"]);
          expect(files).toEqual(expected);
        } finally {
          delete process.env.ATLASMTL_NATIVE_WIDTH;
        }
      }
  });
});
