import fc from "fast-check";
import { expect, test } from "vitest";
import { randomNumbers } from "../../../test/helpers/gradients.ts";
import type { Csr } from "../../core/csr.ts";
import { linearBackwardWeights, linearForward } from "./linear.ts";
import {
  batchColumns,
  biasGradient,
  fromSparseLinear,
  geneGradient,
  sparseForward,
  toSparseLinear,
} from "./sparse-linear.ts";

const cases = fc.record({
  seed: fc.nat(),
  nRows: fc.integer({ min: 1, max: 6 }),
  nGenes: fc.integer({ min: 1, max: 8 }),
  width: fc.integer({ min: 1, max: 7 }),
  density: fc.constantFrom(0, 0.3, 1),
  binary: fc.boolean(),
});

interface Case {
  readonly x: Csr;
  readonly dense: Float64Array;
}

function matrixOf(seed: number, nRows: number, nCols: number, density: number, binary: boolean): Case {
  const draws = randomNumbers(seed, nRows * nCols, 0, 1);
  const dense = draws.map((u) => (u < density ? (binary ? 1 : Math.fround(u + 0.5)) : 0));
  const indptr = [0];
  const indices: number[] = [];
  for (let r = 0; r < nRows; r++) {
    for (let c = 0; c < nCols; c++) if (dense[r * nCols + c] !== 0) indices.push(c);
    indptr.push(indices.length);
  }
  const data = binary ? null : Float32Array.from(dense.filter((value) => value !== 0));
  return {
    x: { nRows, nCols, indptr: Uint32Array.from(indptr), indices: Uint16Array.from(indices), data },
    dense,
  };
}

test("the sparse layer agrees with the dense one, forward and backward, with rows repeated and empty", () => {
  fc.assert(
    fc.property(cases, ({ seed, nRows, nGenes, width, density, binary }) => {
      const { x, dense } = matrixOf(seed, nRows, nGenes, density, binary);
      const weight = Float32Array.from(randomNumbers(seed + 1, nGenes * width));
      const linear = {
        nIn: nGenes,
        nOut: width,
        weight,
        bias: Float32Array.from(randomNumbers(seed + 2, width)),
      };
      const rows = Uint32Array.from([nRows - 1, 0, nRows - 1]);
      const picked = Float64Array.from(
        [...rows].flatMap((r) => [...dense.subarray(r * nGenes, (r + 1) * nGenes)]),
      );
      const layer = toSparseLinear(linear);
      expect(fromSparseLinear(layer)).toEqual(linear);

      const [out, expected] = [new Float64Array(3 * width), new Float64Array(3 * width)];
      sparseForward(x, rows, layer, out);
      linearForward(picked, 3, linear, expected);
      out.forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i], 10);
      });

      const dOut = randomNumbers(seed + 3, 3 * width);
      const dWeight = new Float64Array(weight.length);
      const dBias = new Float64Array(width);
      linearBackwardWeights(picked, dOut, 3, linear, dWeight, dBias);
      const columns = batchColumns(x, rows);
      const gradient = new Float64Array(width);
      for (let gene = 0; gene < nGenes; gene++) {
        geneGradient(columns, gene, dOut, gradient);
        for (let h = 0; h < width; h++) expect(gradient[h]).toBeCloseTo(dWeight[h * nGenes + gene], 10);
      }
      biasGradient(dOut, 3, gradient);
      for (let h = 0; h < width; h++) expect(gradient[h]).toBeCloseTo(dBias[h], 10);
    }),
    { numRuns: 60 },
  );
});

test("16-bit and 32-bit gene indices give the same bits", () => {
  const { x } = matrixOf(3, 5, 8, 0.4, false);
  const wide: Csr = { ...x, indices: Uint32Array.from(x.indices) };
  const weight = Float32Array.from(randomNumbers(1, 8 * 6));
  const layer = toSparseLinear({ nIn: 8, nOut: 6, weight, bias: new Float32Array(6) });
  const rows = Uint32Array.of(4, 1, 0);
  const [a, b] = [new Float64Array(18), new Float64Array(18)];
  sparseForward(x, rows, layer, a);
  sparseForward(wide, rows, layer, b);
  expect(a).toEqual(b);
  expect(batchColumns(x, rows)).toEqual(batchColumns(wide, rows));
});
