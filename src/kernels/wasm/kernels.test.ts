/** Each kernel alone against a plain float64 oracle, at sizes that are awkward for lanes, pairs and panels. */
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { uniform } from "../../../test/helpers/kernels.ts";
import { exp } from "../../core/math.ts";
import { dropoutThreshold, hash32 } from "../../core/rng.ts";
import { planScratch } from "./layout.ts";
import { type Arena, compactTable, createArena, createPlan } from "./memory.ts";
import { compileKernels, type KernelExports } from "./module.ts";
import { BATCH, LAYER, NETWORK, OPTIMIZER, type RecordOf, SCRATCH, writeRecord } from "./structs.ts";

/** The exports that only tests call. */
interface SingleKernels extends KernelExports {
  multiply(
    matrix: number,
    init: number,
    initStride: number,
    starts: number,
    ends: number,
    indices: number,
    values: number,
    first: number,
    last: number,
    out: number,
  ): void;
  relu(panel: number, first: number, last: number): void;
  reluDropout(
    panel: number,
    first: number,
    last: number,
    counter: number,
    stride: number,
    threshold: number,
    scale: number,
  ): void;
  mask(panel: number, active: number, first: number, last: number, scale: number): void;
  adam(w: number, m: number, v: number, g: number, bytes: number, optimizer: number): void;
  compactRows(
    panels: number,
    capacity: number,
    width: number,
    first: number,
    last: number,
    scratch: number,
    table: number,
  ): void;
  compactColumns(
    panels: number,
    panel: number,
    nRows: number,
    capacity: number,
    scratch: number,
    table: number,
  ): void;
  compactDense(
    source: number,
    dim: number,
    first: number,
    last: number,
    scratch: number,
    table: number,
  ): void;
  transposeGenes(network: number, batch: number, first: number, last: number, scratch: number): void;
  transposePanel(layer: number, panel: number): void;
  updateBias(layer: number, nRows: number, capacity: number, optimizer: number, scratch: number): void;
}

let module: WebAssembly.Module;
let kernels: SingleKernels;
let arena: Arena;
beforeAll(async () => {
  module = await compileKernels(false);
});
beforeEach(async () => {
  arena = createArena(new WebAssembly.Memory({ initial: 1, maximum: 65536 }));
  const instance = await WebAssembly.instantiate(module, { env: { memory: arena.memory } });
  kernels = instance.exports as unknown as SingleKernels;
});

/** Puts numbers into the arena and returns their address. */
function put(values: Float32Array | Uint32Array | Uint8Array): number {
  const { address } = arena.allocate(values.byteLength, "a test");
  arena.views().u8.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), address);
  return address;
}
const floats = (address: number, n: number) => arena.views().f32.slice(address / 4, address / 4 + n);
const words = (address: number, n: number) => arena.views().u32.slice(address / 4, address / 4 + n);

function scratch(rows: number, width: number, maxUpdateRows: number): Record<string, number> {
  const plan = createPlan();
  const planned = planScratch(plan, {
    numThreads: 1,
    capacity: rows,
    maxWidth: width,
    chunkRows: Math.max(rows, 1),
    maxUpdateRows,
  });
  const region = arena.allocate(plan.bytes, "scratch");
  planned.write(arena.views(), region.address);
  const record = region.address + planned.records;
  const fields = words(record, SCRATCH.length);
  return { record, ...Object.fromEntries(SCRATCH.map((field, i) => [field, fields[i]])) };
}

/** The lists that a compaction or transposition left, as [label, value] pairs. */
function lists(
  starts: number,
  ends: number,
  labels: number,
  values: number,
  n: number,
): [number, number][][] {
  const { u32, f32 } = arena.views();
  return Array.from({ length: n }, (_, i) => {
    const list: [number, number][] = [];
    for (let p = u32[starts / 4 + i]; p < u32[ends / 4 + i]; p++)
      list.push([u32[labels / 4 + p], f32[values / 4 + p]]);
    return list;
  });
}

describe.each([true, false])("multiply, binary %s", (binary) => {
  test.each([0, 1, 2, 3, 4, 5, 8, 63])("rows of up to %i entries", (longest) => {
    const draw = uniform(longest, "multiply", -1, 1);
    const nRows = 7;
    const nMatrix = 64;
    const matrix = Float32Array.from({ length: nMatrix * 16 }, draw);
    const init = Float32Array.from({ length: nRows * 16 }, draw);
    const bounds = new Uint32Array(nRows + 1);
    for (let r = 0; r < nRows; r++) bounds[r + 1] = bounds[r] + Math.round((longest * (r % 4)) / 3);
    const n = bounds[nRows];
    const indices = Uint32Array.from({ length: n }, (_, i) => (i * 29) % nMatrix);
    const values = Float32Array.from({ length: n }, draw);
    const out = put(new Float32Array(nRows * 16).fill(9));
    const at = put(bounds);
    kernels.multiply(
      put(matrix),
      put(init),
      64,
      at,
      at + 4,
      put(indices),
      binary ? 0 : put(values),
      1,
      nRows,
      out,
    );
    const actual = floats(out, nRows * 16);
    for (let r = 0; r < nRows; r++)
      for (let j = 0; j < 16; j++) {
        let sum = init[r * 16 + j];
        for (let p = bounds[r]; p < bounds[r + 1]; p++)
          sum += (binary ? 1 : values[p]) * matrix[indices[p] * 16 + j];
        expect(actual[r * 16 + j]).toBeCloseTo(r === 0 ? 9 : sum, 5);
      }
  });
});

test("a bias is the same for every row, and sums may continue in place", () => {
  const matrix = put(Float32Array.from({ length: 32 }, (_, i) => i));
  const bias = put(new Float32Array(16).fill(100));
  const bounds = put(Uint32Array.of(0, 1, 2));
  const indices = put(Uint32Array.of(0, 1));
  const out = put(new Float32Array(32));
  kernels.multiply(matrix, bias, 0, bounds, bounds + 4, indices, 0, 0, 2, out);
  expect([floats(out, 32)[3], floats(out, 32)[16 + 3]]).toEqual([103, 119]);
  kernels.multiply(matrix, out, 64, bounds, bounds + 4, indices, 0, 0, 2, out);
  expect([floats(out, 32)[3], floats(out, 32)[16 + 3]]).toEqual([106, 138]);
});

test("ReLU keeps NaN; dropout keeps the units that core/rng.ts keeps; the mask is its derivative", () => {
  const draw = uniform(4, "relu", -1, 1);
  const values = Float32Array.from({ length: 5 * 16 }, draw);
  values[20] = Number.NaN;
  const plain = put(values);
  kernels.relu(plain, 1, 5);
  floats(plain, 80).forEach((value, i) => {
    expect(value).toBe(i < 16 || values[i] > 0 || Number.isNaN(values[i]) ? values[i] : 0);
  });
  values[20] = 1;
  const dropped = put(values);
  const scale = Math.fround(1 / 0.7);
  kernels.reluDropout(dropped, 0, 5, 1234567 + 32, 37, dropoutThreshold(0.3), scale);
  const kept = floats(dropped, 80);
  kept.forEach((value, i) => {
    const draws = hash32((1234567 + Math.floor(i / 16) * 37 + 32 + (i % 16)) | 0);
    expect(value).toBe(draws >= dropoutThreshold(0.3) && values[i] > 0 ? Math.fround(values[i] * scale) : 0);
  });
  const gradient = put(new Float32Array(80).fill(3));
  kernels.mask(gradient, dropped, 0, 5, scale);
  floats(gradient, 80).forEach((value, i) => {
    expect(value).toBe(kept[i] > 0 ? Math.fround(3 * scale) : 0);
  });
});

test("exp is within two units in the last place, log within 2e-7 of its value or of 1", () => {
  const xs = Float32Array.from({ length: 4000 }, (_, i) => -87 + (i * 87.5) / 4000);
  const at = put(xs);
  kernels.expArray(at, xs.length);
  floats(at, xs.length).forEach((value, i) => {
    const expected = exp(xs[i]);
    expect(Math.abs(value - expected) / expected).toBeLessThan(2 * 2 ** -23);
  });
  for (let x = 1; x < 5000; x *= 1.0137) {
    const expected = Math.log(Math.fround(x));
    expect(Math.abs(kernels.log1(x) - expected)).toBeLessThan(2e-7 * Math.max(1, expected));
  }
});

test.each([1, 2, 3, 4, 5, 7, 8, 90])("cross-entropy of %i classes", (n) => {
  const draw = uniform(n, "ce", -6, 6);
  for (const label of new Set([0, n - 1, Math.floor(n / 2)])) {
    const logits = Float32Array.from({ length: n }, draw);
    const grad = put(new Float32Array(n + 4).fill(5));
    const loss = kernels.crossEntropy(put(logits), grad, n, label, 0.25);
    const top = Math.max(...logits);
    const sum = logits.reduce((total, x) => total + Math.exp(x - top), 0);
    expect(loss).toBeCloseTo(Math.log(sum) + top - logits[label], 5);
    const actual = floats(grad, n + 4);
    for (let j = 0; j < n; j++)
      expect(actual[j]).toBeCloseTo(0.25 * (Math.exp(logits[j] - top) / sum - (j === label ? 1 : 0)), 6);
    expect([...actual.slice(n)]).toEqual([5, 5, 5, 5]);
  }
});

test("cross-entropy of extreme logits stays finite, and NaN shows", () => {
  const grad = put(new Float32Array(4));
  expect(kernels.crossEntropy(put(Float32Array.of(1e30, -1e30, 0)), grad, 3, 0, 1)).toBe(0);
  expect(kernels.crossEntropy(put(Float32Array.of(500, -500, 0)), grad, 3, 1, 1)).toBe(1000);
  expect(kernels.crossEntropy(put(Float32Array.of(0, Number.NaN, 1, 2, 3)), grad, 3, 1, 1)).toBeNaN();
});

test("Huber on both sides of its knees", () => {
  const predicted = Float32Array.of(0, 0.5, 1, 3, -0.25, -1, -8);
  const grad = put(new Float32Array(7));
  const sum = kernels.huber(put(predicted), put(new Float32Array(7)), grad, 7, 2);
  expect(sum).toBeCloseTo(0 + 0.125 + 0.5 + 2.5 + 0.03125 + 0.5 + 7.5, 6);
  expect([...floats(grad, 7)]).toEqual([0, 1, 2, 2, -0.5, -2, -2]);
});

test.each([
  ["adamw", 0, 1 - 1e-3 * 0.01],
  ["adam", 0.01, 1],
])("%s over several steps", (_, l2, decay) => {
  const draw = uniform(3, "adam", -1, 1);
  const n = 20;
  const w = Float32Array.from({ length: n }, draw);
  const expected = { w: Float64Array.from(w), m: new Float64Array(n), v: new Float64Array(n) };
  const [wAt, mAt, vAt] = [put(w), put(new Float32Array(n)), put(new Float32Array(n))];
  const optimizer = put(new Float32Array(OPTIMIZER.length));
  for (let step = 1; step <= 5; step++) {
    const g = Float32Array.from({ length: n }, (_x, i) => (i === 3 ? 0 : draw()));
    const stepSize = 1e-3 / (1 - 0.9 ** step);
    const rootScale = 1 / Math.sqrt(1 - 0.999 ** step);
    const constants = { beta1: 0.9, oneMinusBeta1: 1 - 0.9, beta2: 0.999, oneMinusBeta2: 1 - 0.999 };
    writeRecord(arena.views(), optimizer, OPTIMIZER, {
      ...constants,
      eps: 1e-8,
      l2,
      decay,
      stepSize,
      rootScale,
    });
    kernels.adam(wAt, mAt, vAt, put(g), n * 4, optimizer);
    for (let i = 0; i < n; i++) {
      const gradient = g[i] + l2 * expected.w[i];
      expected.m[i] = 0.9 * expected.m[i] + 0.1 * gradient;
      expected.v[i] = 0.999 * expected.v[i] + 0.001 * gradient * gradient;
      const root = Math.sqrt(expected.v[i]) * rootScale + 1e-8;
      expected.w[i] = decay * expected.w[i] - (stepSize * expected.m[i]) / root;
    }
  }
  floats(wAt, n).forEach((value, i) => {
    expect(Math.abs(value - expected.w[i])).toBeLessThan(3e-7);
  });
});

test.each([1, 3, 4, 5, 11])("lists of rows and of columns, %i rows", (nRows) => {
  const width = 48;
  const capacity = 12;
  const draw = uniform(nRows, "compact", -1, 1);
  const panels = new Float32Array(width * capacity);
  const element = (r: number, c: number) => panels[(Math.floor(c / 16) * capacity + r) * 16 + (c % 16)];
  // Rows beyond the batch hold what an earlier batch left.
  for (let i = 0; i < panels.length; i++) panels[i] = draw() > 0.2 ? draw() : 0;
  const at = put(panels);
  const table = put(compactTable());
  const room = scratch(capacity, width, 16);
  kernels.compactRows(at, capacity, width, 0, nRows, room.record, table);
  const rows = lists(room.rowStarts, room.rowEnds, room.rowIndices, room.rowValues, nRows);
  rows.forEach((list, r) => {
    const expected = Array.from({ length: width }, (_, c) => [c, element(r, c)]).filter(([, x]) => x !== 0);
    expect(list).toEqual(expected);
  });
  kernels.compactColumns(at, 2, nRows, capacity, room.record, table);
  const columns = lists(room.columnStarts, room.columnEnds, room.columnRows, room.columnValues, 16);
  columns.forEach((list, u) => {
    const expected = Array.from({ length: nRows }, (_, r) => [r, element(r, 32 + u)]).filter(
      ([, x]) => x !== 0,
    );
    expect(list).toEqual(expected);
  });
});

test.each([1, 3, 4, 7, 9])("lists of dense rows of width %i", (dim) => {
  const source = Float32Array.from({ length: 3 * dim }, (_, i) => (i % 3 === 1 ? 0 : i + 1));
  const room = scratch(3, dim, 0);
  kernels.compactDense(put(source), dim, 0, 3, room.record, put(compactTable()));
  const rows = lists(room.rowStarts, room.rowEnds, room.rowIndices, room.rowValues, 3);
  rows.forEach((list, r) => {
    const expected = Array.from({ length: dim }, (_, d) => [d, source[r * dim + d]]).filter(
      ([, x]) => x !== 0,
    );
    expect(list).toEqual(expected);
  });
});

test.each([
  [0, 10],
  [3, 4],
  [5, 5],
  [0, 1],
  [9, 10],
])("genes %i to %i of a batch, transposed", (first, last) => {
  const rows = [[0, 3, 9], [], [3], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [4, 5]];
  const indices = Uint32Array.from(rows.flat());
  const values = Float32Array.from(indices, (gene, p) => gene + p / 100);
  const bounds = rows.map((_, r) => rows.slice(0, r).flat().length);
  const batch = put(new Uint32Array(BATCH.length));
  writeRecord(arena.views(), batch, BATCH, {
    nRows: rows.length,
    bounds: put(Uint32Array.from([...bounds, ...bounds.map((start, r) => start + rows[r].length)])),
    nTiles: 1,
    indices: put(indices),
    values: put(values),
    labels: 0,
    labelScales: 0,
    targets: 0,
    coordScales: 0,
  });
  const room = scratch(rows.length, 16, 16);
  const [geneStarts, geneEnds] = [put(new Uint32Array(10)), put(new Uint32Array(10))];
  const [geneRows, geneValues] = [
    put(new Uint32Array(indices.length)),
    put(new Float32Array(indices.length)),
  ];
  const unused = Object.fromEntries(NETWORK.map((field) => [field, 0])) as RecordOf<typeof NETWORK>;
  const network = put(new Uint32Array(NETWORK.length));
  writeRecord(arena.views(), network, NETWORK, { ...unused, geneStarts, geneEnds, geneRows, geneValues });
  kernels.transposeGenes(network, batch, first, last, room.record);
  const columns = lists(geneStarts + 4 * first, geneEnds + 4 * first, geneRows, geneValues, last - first);
  const before = rows.flat().filter((gene) => gene < first).length;
  if (last > first) expect(words(geneStarts, 10)[first]).toBe(before);
  columns.forEach((list, i) => {
    const expected = rows.flatMap((row, r) => {
      const p = row.indexOf(first + i);
      return p < 0 ? [] : [[r, values[bounds[r] + p]]];
    });
    expect(list).toEqual(expected);
  });
});

test("a panel transposed, and a bias updated by column sums", () => {
  const nIn = 32;
  const width = 48;
  const weight = Float32Array.from({ length: nIn * width }, (_, i) => i);
  const layer = put(new Uint32Array(LAYER.length));
  const capacity = 3;
  const grad = Float32Array.from({ length: capacity * width }, (_, i) => (i % 5) - 2);
  const [transposed, bias] = [put(new Float32Array(nIn * width)), put(new Float32Array(width))];
  const fields = { nIn, nOut: width, width, weight: put(weight), weightM: 0, weightV: 0, transposed, bias };
  const [biasM, biasV] = [put(new Float32Array(width)), put(new Float32Array(width))];
  writeRecord(arena.views(), layer, LAYER, {
    ...fields,
    biasM,
    biasV,
    activation: 0,
    grad: put(grad),
    dropoutKey: 0,
  });
  kernels.transposePanel(layer, 1);
  const actual = floats(transposed, nIn * width);
  for (let n = 0; n < width; n++)
    for (let u = 0; u < 16; u++)
      expect(actual[(width + n) * 16 + u]).toBe(weight[(Math.floor(n / 16) * nIn + 16 + u) * 16 + (n % 16)]);
  expect(actual.slice(0, width * 16).every((value) => value === 0)).toBe(true);

  const optimizer = put(new Float32Array(OPTIMIZER.length));
  const constants = { beta1: 0, oneMinusBeta1: 1, beta2: 0, oneMinusBeta2: 0, eps: 1, l2: 0 };
  writeRecord(arena.views(), optimizer, OPTIMIZER, { ...constants, decay: 1, stepSize: 1, rootScale: 1 });
  const room = scratch(capacity, width, 16);
  kernels.updateBias(layer, 2, capacity, optimizer, room.record);
  floats(bias, width).forEach((value, c) => {
    const at = Math.floor(c / 16) * capacity * 16 + (c % 16);
    expect(value + grad[at] + grad[at + 16]).toBe(0);
  });
});
