/** A stop is heard in every phase of long work, and what is stopped can be done again. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  type AnnData,
  buildModel,
  explainQuery,
  openAnnData,
  type PredictionResult,
  predict,
  type SyncFile,
  simulateH5ad,
  TrainedModel,
  type WorkOptions,
} from "./index.ts";

const SIZES = { nReference: 250, nQuery: 150, nGenes: 200 };
const OPTIONS = {
  labelColumns: ["lineage", "state"],
  hiddenSizes: [16],
  numEpochs: 3,
  numThreads: 1,
} as const;
const PREDICTING = { knnCorrection: "all", keepCoords: true, numThreads: 1 } as const;

vi.setConfig({ testTimeout: 180_000 });

// Each look at the clock is half a second after the last: every pause is due, however fast the machine is.
let clock = 0;
beforeEach(() => {
  vi.spyOn(performance, "now").mockImplementation(() => (clock += 500));
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A signal that counts looks at it by the module that looks, and is set at look number `stopAt`. */
function watchedSignal(stopAt = Number.POSITIVE_INFINITY) {
  const looks = new Map<string, number>();
  let n = 0;
  const signal = new Proxy(new AbortController().signal, {
    get(target, key) {
      if (key !== "aborted") return Reflect.get(target, key, target);
      if (Number.isFinite(stopAt)) return ++n >= stopAt;
      const frames = (new Error().stack ?? "").matchAll(/src\/([\w/-]+)\.ts/g);
      for (const [, module] of frames) {
        if (module === "core/progress" || module.startsWith("api/")) continue;
        looks.set(module, (looks.get(module) ?? 0) + 1);
        break;
      }
      n++;
      return false;
    },
  });
  return { signal, looks, count: () => n };
}

const open = async (part: "reference" | "query"): Promise<AnnData> =>
  openAnnData(await simulateH5ad(part, SIZES));

function memoryFile(): SyncFile {
  let held = new Uint8Array(0);
  const resize = (size: number): void => {
    const next = new Uint8Array(size);
    next.set(held.subarray(0, size));
    held = next;
  };
  return {
    read(into, { at }) {
      const part = held.subarray(at, at + into.length);
      into.set(part);
      return part.length;
    },
    write(from, { at }) {
      if (at + from.length > held.length) resize(at + from.length);
      held.set(from, at);
      return from.length;
    },
    truncate: resize,
    getSize: () => held.length,
    flush: () => undefined,
  };
}

/** Fails for a module that looked fewer times than this. */
function expectLooks(looks: ReadonlyMap<string, number>, least: Readonly<Record<string, number>>): void {
  const tooFew = Object.entries(least).filter(([module, n]) => (looks.get(module) ?? 0) < n);
  expect(tooFew.map(([module, n]) => `${module}: ${looks.get(module) ?? 0} of ${n}`)).toEqual([]);
}

/** Runs `work` to its end, then stops it at its first look, at its last one and at some between. */
async function expectStops(work: (options: WorkOptions) => Promise<unknown>): Promise<Map<string, number>> {
  const whole = watchedSignal();
  await work(whole);
  for (const share of [0, 0.5, 1]) {
    const stopped = watchedSignal(Math.max(1, Math.round(share * whole.count())));
    await expect(work(stopped)).rejects.toMatchObject({ code: "ABORTED" });
  }
  return whole.looks;
}

let model: TrainedModel;
let query: AnnData;
let result: PredictionResult;

test("training stops while it reads, checks, learns, finds genes, calibrates and fits components", async () => {
  const reference = await open("reference");
  const looks = await expectStops(async (work) => {
    model = await buildModel(reference, OPTIONS, work);
  });
  const { nReference } = SIZES;
  expectLooks(looks, {
    "anndata/read/rows": 2,
    "kernels/wasm/trainer": 3,
    "model/calibrate": 10,
    "model/components/class-distances": 6,
    "model/components/principal-components": nReference / 64,
    "model/components/projection": nReference / 64,
    "model/components/symmetric-eigen": 40,
    "model/genes/class-sums": 4,
    // Once for each cell that the network is differentiated at.
    "model/genes/evidence": 100,
  });
});

test("the linear views stop, too", async () => {
  const reference = await open("reference");
  const options = { ...OPTIONS, preset: null, hiddenSizes: [16], linearViews: true };
  const watched = watchedSignal();
  await buildModel(reference, options, watched);
  expectLooks(watched.looks, {
    "model/linear/fit-views": 4,
    "model/linear/view-values": 4,
    "model/linear/view-scores": 1,
    "model/linear/confidence-ladder": 16,
  });
});

test("annotating stops while it reads, predicts, asks the neighbours and measures distances", async () => {
  query = await open("query");
  const looks = await expectStops(async (work) => {
    result = await predict(model, query, PREDICTING, work);
  });
  expectLooks(looks, {
    "anndata/read/rows": 1,
    "predict/forward": 1,
    "predict/neighbours": 1,
    "model/components/class-distances": 6,
    "predict/decide-cells": OPTIONS.labelColumns.length,
  });
});

test("explaining stops, and saving stops between two columns and leaves an empty file", async () => {
  expectLooks(await expectStops((work) => explainQuery(model, query, result, {}, work)), {
    "model/genes/class-sums": 2,
  });
  const files: SyncFile[] = [];
  const looks = await expectStops((work) => {
    files.push(memoryFile());
    return result.toAnnDataFile(query, files[files.length - 1], {}, work);
  });
  expectLooks(looks, { "core/sync-file": 1, "anndata/write/append": 16 });
  expect(files.map((file) => file.getSize() > 0)).toEqual([true, false, false, false]);
});

test("tables stop between two columns, and the same bytes come with pauses and without", async () => {
  const looks = await expectStops((work) => result.toParquetBytes("full", work));
  const nColumns = result.toDataFrame("full").columns.length;
  expectLooks(looks, { "output/to-parquet": nColumns });
});

test("a model stops while it is written, zipped, opened and asked for its reference", async () => {
  const files = new Map<string, Uint8Array>();
  const written = await expectStops(async (work) => {
    for (const [name, bytes] of await model.toFiles("model.pth", {}, work)) files.set(name, bytes);
  });
  expectLooks(written, { "core/checksums": files.size - 1, "formats/pickle/emit": 2 });
  let zip = new Uint8Array();
  const zipped = await expectStops(async (work) => {
    zip = await model.toZip("model.pth", work);
  });
  expectLooks(zipped, { "artifacts/zipped-bundle": files.size });
  for (const given of [files, zip]) {
    const opened = await expectStops((work) => TrainedModel.load(given as typeof files, work));
    expectLooks(opened, { "core/checksums": files.size - 2, "formats/pickle/parse": 1 });
  }
  const { data } = await TrainedModel.load(files);
  const asked = watchedSignal(1);
  await expect(data.reference(asked.signal)).rejects.toMatchObject({ code: "ABORTED" });
  const whole = watchedSignal();
  // Stopped work is done again, and who waits for the same reference is not stopped with it.
  const [stopped, kept] = await Promise.allSettled([
    data.reference(watchedSignal(2).signal),
    data.reference(whole.signal),
  ]);
  expect([stopped.status, kept.status]).toEqual(["rejected", "fulfilled"]);
  expect(kept).toMatchObject({ value: await model.data.reference() });
});

test("simulating stops between blocks of cells", async () => {
  const sizes = { ...SIZES, nReference: 2000, nGenes: 1000 };
  const looks = await expectStops((work) => simulateH5ad("reference", sizes, work));
  expectLooks(looks, { "demo/simulated-anndata": 7 });
});

test("an approximate search stops while its lists are made and asked", async () => {
  const near = { ...PREDICTING, knnIndexMode: "approximate" } as const;
  const looks = await expectStops((work) => predict(model, query, near, work));
  // Its lists are the square root of the cells: 15 are made, and the cells that ask search some of them.
  expectLooks(looks, { "predict/approximate": 2 * Math.floor(Math.sqrt(SIZES.nReference)) });
});
