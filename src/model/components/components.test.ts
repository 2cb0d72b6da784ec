import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Csr } from "../../core/csr.ts";
import { NO_PAUSE } from "../../core/progress.ts";
import { randomUniform } from "../../core/rng.ts";
import { createWasmEngine } from "../../kernels/wasm/engine.ts";
import { choleskyFactor, solveCholesky } from "./cholesky.ts";
import { fitClassDistances } from "./class-distances.ts";
import { fitComponentSpace } from "./fit-space.ts";
import { fitGeneScaling, scaledValues } from "./gene-scaling.ts";
import { matrixProducts } from "./matrix-products.ts";
import { createValuesCheck } from "./matrix-values.ts";
import { principalComponents } from "./principal-components.ts";
import { createProjection, projectRows } from "./projection.ts";
import { queryDistances } from "./query-distances.ts";
import { chooseCells, createRowCollector } from "./sample-cells.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";

/** Made once with numpy: log counts of 40 cells, eigenvectors of their covariance, posterior means by inversion. */
const oracle = JSON.parse(
  readFileSync(new URL("../../../test/fixtures/components.json", import.meta.url), "utf8"),
) as {
  readonly x: number[][];
  readonly variances: number[];
  readonly loadings: number[][];
  readonly noise: number;
  readonly measured: number[];
  readonly scores: number[][];
  readonly posterior: number[][];
};

function sparse(rows: readonly (readonly number[])[]): Csr & { readonly data: Float32Array } {
  const entries = rows.map((row) =>
    row.flatMap((value, gene) => (value === 0 ? [] : [[gene, value] as const])),
  );
  const indptr = new Uint32Array(rows.length + 1);
  entries.forEach((row, r) => {
    indptr[r + 1] = indptr[r] + row.length;
  });
  return {
    nRows: rows.length,
    nCols: rows[0].length,
    indptr,
    indices: Uint16Array.from(entries.flat(), ([gene]) => gene),
    data: Float32Array.from(entries.flat(), ([, value]) => value),
  };
}

function expectClose(got: ArrayLike<number>, expected: readonly number[], digits = 4): void {
  expect(got).toHaveLength(expected.length);
  expected.forEach((value, i) => {
    expect(got[i]).toBeCloseTo(value, digits);
  });
}

test("components of a sparse matrix are those of the dense covariance", async () => {
  const x = sparse(oracle.x);
  const scaling = fitGeneScaling(x, { sdFloor: 0.3, clip: 2 });
  const found = await principalComponents(scaledValues(x, scaling), scaling.centre, 4, { key: 1 });
  expect(found.nComponents).toBe(4);
  expectClose(found.variances, oracle.variances);
  expectClose(found.loadings, oracle.loadings.flat());
  expect(found.noise).toBeCloseTo(oracle.noise, 5);
  for (const [measured, expected] of [
    [null, oracle.scores],
    [Uint8Array.from(oracle.measured), oracle.posterior],
  ] as const) {
    const scores = { nRows: 40, nCols: 4, data: new Float32Array(160) };
    projectRows(x, scaling, createProjection(found, scaling, measured), scores, 0);
    expectClose(scores.data.subarray(0, 20), expected.flat(), 3);
  }
});

test("products on the kernels of any number of threads are those without them", async () => {
  const rows = Array.from({ length: 70 }, (_, r) =>
    Array.from({ length: 90 }, (_, g) => Math.max(0, randomUniform(6, 90 * r + g) - 0.5)),
  );
  const x = sparse(rows);
  const centre = Float32Array.from({ length: 90 }, (_, g) => rows.reduce((sum, row) => sum + row[g], 0) / 70);
  const [width, columns] = [
    5,
    (n: number) => Float64Array.from({ length: 5 * n }, (_, i) => randomUniform(7, i) - 0.5),
  ];
  const plain = matrixProducts(x, centre, width, {});
  const kernels: Float64Array[][] = [];
  for (const numThreads of [1, 3]) {
    const engine = await createWasmEngine({ numThreads });
    const own = matrixProducts(x, centre, width, { engine });
    kernels.push([await own.times(columns(90)), await own.timesTransposed(columns(70))]);
    engine.dispose();
  }
  expect(kernels[1]).toEqual(kernels[0]);
  expectClose(kernels[0][0], [...(await plain.times(columns(90)))], 5);
  expectClose(kernels[0][1], [...(await plain.timesTransposed(columns(70)))], 5);
  // By hand: row 2, column 1.
  const sum = rows[2].reduce((total, value, g) => total + (value - centre[g]) * columns(90)[5 * g + 1], 0);
  expect((await plain.times(columns(90)))[11]).toBeCloseTo(sum, 6);
});

test("a matrix of lower rank has as many components as its rank", async () => {
  const rows = Array.from({ length: 30 }, (_, r) => {
    const [a, b] = [1 + (r % 3), 1 + (r % 5)];
    return [a, 2 * a, b, 3 * b, 0];
  });
  const x = sparse(rows);
  const scaling = fitGeneScaling(x, { sdFloor: 0.01, clip: 100 });
  const found = await principalComponents(scaledValues(x, scaling), scaling.centre, 4, { key: 1 });
  expect(found.nComponents).toBe(2);
});

test("eigenvectors and Cholesky solutions satisfy their equations", async () => {
  const n = 7;
  const root = Float64Array.from({ length: n * n }, (_, i) => randomUniform(3, i) - 0.5);
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) for (let k = 0; k < n; k++) a[i * n + j] += root[i * n + k] * root[j * n + k];
  const { values, vectors } = await symmetricEigen(a, n, NO_PAUSE);
  expect([...values]).toEqual([...values].sort((p, q) => q - p));
  for (let k = 0; k < n; k++)
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += a[i * n + j] * vectors[j * n + k];
      expect(sum).toBeCloseTo(values[k] * vectors[i * n + k], 10);
    }
  const x = Float64Array.from({ length: n }, (_, i) => i + 1);
  const b = Array.from({ length: n }, (_, i) => x.reduce((sum, value, j) => sum + a[i * n + j] * value, 0));
  const solved = Float64Array.from(b);
  solveCholesky(choleskyFactor(a, n), n, solved);
  expectClose(solved, [...x], 6);
});

test("values are told by what they are", () => {
  const kind = (values: readonly number[]) => {
    const check = createValuesCheck();
    check.add(Float32Array.from(values), values.length);
    return check.verdict();
  };
  expect(kind([1, 2, 7])).toBe("log1p_cp10k");
  expect(kind([0.7, 1.4, 3.2])).toBe("as_they_are");
  expect(kind([1, 1, 1])).toBeNull();
  expect(kind([-1, 2, 3])).toBeNull();
  expect(kind([0.5, 2000.5])).toBeNull();
  expect(kind([Number.NaN, 2.5])).toBeNull();
  expect(kind([])).toBeNull();
});

test("a sample keeps all cells of a small class, and collects rows across blocks", () => {
  const codes = Int32Array.from({ length: 5000 }, (_, i) => (i % 500 === 0 ? 1 : 0));
  const rows = chooseCells(codes, 9, 1000);
  expect(rows.filter((row) => codes[row] === 1)).toHaveLength(10);
  expect(Math.abs(rows.length - 1000)).toBeLessThan(20);
  expect([...rows]).toEqual([...rows].sort((a, b) => a - b));
  const x = sparse([
    [1, 0, 2],
    [0, 3, 0],
    [0, 0, 4],
  ]);
  const collector = createRowCollector(Uint32Array.of(0, 2), 3);
  const part = (start: number, end: number): Csr => ({
    ...x,
    nRows: end - start,
    indptr: x.indptr.slice(start, end + 1).map((at) => at - x.indptr[start]),
    indices: x.indices.subarray(x.indptr[start], x.indptr[end]),
    data: x.data.subarray(x.indptr[start], x.indptr[end]),
  });
  collector.add({ firstRow: 0, csr: part(0, 2) });
  collector.add({ firstRow: 2, csr: part(2, 3) });
  const { indptr, indices, data } = collector.finish();
  expect([[...indptr], [...indices], [...data]]).toEqual([
    [0, 2, 3],
    [0, 2, 2],
    [1, 2, 4],
  ]);
});

test("a class without cells has no mean", () => {
  const scores = { nRows: 4, nCols: 1, data: Float32Array.of(1, 3, 10, 12) };
  const { means } = fitClassDistances(scores, Int32Array.of(0, 0, 2, 2), 3, Uint32Array.of(0, 1, 2, 3));
  expect([...means]).toEqual([2, Number.NaN, 11]);
});

const N_TYPES = 4;
const N_GENES = 60;

/** Cells of types 0 to 4 (4 is foreign), each with ten genes of its own; `factor` scales the odd genes. */
function cells(types: readonly number[], seed: number, factor = 1): Csr & { readonly data: Float32Array } {
  const rows = types.map((type, r) =>
    Array.from({ length: N_GENES }, (_, g) => {
      const mean = (g >= 10 * type && g < 10 * type + 10 ? 14 : 3) * (g % 2 === 1 ? factor : 1);
      return Math.floor(mean * (0.6 + 0.8 * randomUniform(seed, r * N_GENES + g)));
    }),
  );
  return sparse(rows);
}

const knownTypes = (n: number) => Array.from({ length: n }, (_, i) => i % N_TYPES);

async function space() {
  const types = knownTypes(600);
  const labels = { column: "type", classes: ["a", "b", "c", "d"], codes: Int32Array.from(types) };
  const found = await fitComponentSpace(cells(types, 1), [labels], { values: "log1p_cp10k", key: 5 });
  if (found === null) throw new Error("no space");
  return found;
}

async function unlike(
  types: readonly number[],
  factor = 1,
): Promise<{ readonly known: number; readonly novel: number }> {
  const own = await space();
  const x = cells(types, 77, factor);
  const { createQueryComponents } = await import("../../predict/query-components.ts");
  const genes = Int32Array.from({ length: N_GENES }, (_, g) => g);
  const components = createQueryComponents(
    own,
    { queryGenes: [], toModel: genes, nGenes: N_GENES, nMatched: N_GENES, nMissing: 0 },
    x.nRows,
    "counts",
  );
  components.add(x, 0);
  const [{ percentiles }] = (await queryDistances(components.finish()!.scores, own, "common")).columns;
  const share = (isNovel: boolean): number => {
    const own = [...percentiles].filter((_, i) => (types[i] === N_TYPES) === isNovel);
    return own.filter((value) => value >= 0.95).length / Math.max(1, own.length);
  };
  return { known: share(false), novel: share(true) };
}

test("held-out and query cells of known types are near, cells of another type far", async () => {
  const { known, novel } = await unlike([...knownTypes(200), ...Array.from({ length: 50 }, () => N_TYPES)]);
  expect(known).toBeLessThan(0.12);
  expect(novel).toBeGreaterThan(0.95);
});

test("a shift of every cell of the query is no reason to be unlike the reference", async () => {
  const { known, novel } = await unlike(
    [...knownTypes(200), ...Array.from({ length: 50 }, () => N_TYPES)],
    1.6,
  );
  expect(known).toBeLessThan(0.15);
  expect(novel).toBeGreaterThan(0.95);
});

test("a query whose cells are mostly of another type is not moved into the reference", async () => {
  const { known, novel } = await unlike([...knownTypes(80), ...Array.from({ length: 240 }, () => N_TYPES)]);
  expect(known).toBeLessThan(0.15);
  expect(novel).toBeGreaterThan(0.9);
});

test("a few cells are compared as they are", async () => {
  const { known, novel } = await unlike([...knownTypes(20), N_TYPES, N_TYPES, N_TYPES]);
  expect(known).toBeLessThan(0.25);
  expect(novel).toBe(1);
});
