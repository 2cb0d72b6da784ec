import { expect, test } from "vitest";
import { csr, toRows } from "../../../test/helpers/predict-fixtures.ts";
import { log } from "../../core/math.ts";
import { randomUniform } from "../../core/rng.ts";
import { fitLinearViews } from "./fit-views.ts";
import { rankRows } from "./ranks.ts";
import type { LinearView, LinearViews } from "./types.ts";
import { averageProbabilities, createViewScorer } from "./view-scores.ts";
import { viewValues } from "./view-values.ts";

/** Mean rank of each non-zero value among the non-zero ones, over their number, by comparing all pairs. */
function ranksByPairs(row: readonly number[]): number[] {
  const expressed = row.filter((value) => value !== 0);
  return row.map((value) => {
    if (value === 0) return 0;
    const below = expressed.filter((other) => other < value).length;
    const equal = expressed.filter((other) => other === value).length;
    return (below + (equal + 1) / 2) / expressed.length;
  });
}

test.each([
  ["counts", (u: number) => Math.floor(5 * u)],
  ["decimals", (u: number) => (u < 0.3 ? 0 : Math.fround(Math.round(20 * u) / 7))],
  ["large counts", (u: number) => Math.floor(700 * u)],
  ["negative values", (u: number) => Math.round(10 * u) - 5],
])("ranks of %s are those of a comparison of all pairs", (_, make) => {
  const rows = Array.from({ length: 20 }, (_, r) =>
    Array.from({ length: 30 }, (_, g) => make(randomUniform(4, 30 * r + g))),
  );
  toRows(rankRows(csr(rows))).forEach((row, r) => {
    ranksByPairs(rows[r]).forEach((rank, g) => {
      expect(row[g]).toBeCloseTo(rank, 6);
    });
  });
});

test("ranks do not depend on depth or on a logarithm, and a stored zero is a zero", () => {
  const rows = [[0, 3, 1, 8, 1]];
  const plain = toRows(rankRows(csr(rows)));
  expect(toRows(rankRows(csr(rows.map((row) => row.map((value) => log(1 + 7 * value))))))).toEqual(plain);
  const stored = csr(rows);
  const withZero = { ...stored, indptr: Uint32Array.of(0, 5), indices: Uint16Array.of(0, 1, 2, 3, 4) };
  expect(toRows(rankRows({ ...withZero, data: Float32Array.of(0, 3, 1, 8, 1) }))).toEqual(plain);
});

test("counts of fewer genes are normalised to what these genes are of all counts", () => {
  const whole = viewValues(csr([[10, 30, 60]]), "log", "log1p_cp10k", 1).data;
  const part = viewValues(csr([[10, 30, 0]]), "log", "log1p_cp10k", 0.4).data;
  expect([...part!]).toEqual([...whole!].slice(0, 2));
  expect(viewValues(csr([[1.5, 0.5]]), "log", "as_they_are", 0.4).data).toEqual(Float32Array.of(1.5, 0.5));
});

const GENES = 40;
const CLASSES = ["a", "b", "c"];

/** Counts of cells of three types, each with ten genes of its own. */
function cells(types: readonly number[], seed: number) {
  return csr(
    types.map((type, r) =>
      Array.from({ length: GENES }, (_, g) => {
        const mean = g >= 10 * type && g < 10 * type + 10 ? 9 : 2;
        return Math.floor(2 * mean * randomUniform(seed, r * GENES + g));
      }),
    ),
  );
}

const types = Array.from({ length: 240 }, (_, i) => i % 3);
const labels = [{ column: "type", classes: CLASSES, codes: Int32Array.from(types) }];
const all = Uint32Array.from(types, (_, row) => row);
const fitted = () => fitLinearViews(cells(types, 1), labels, all, { values: "log1p_cp10k", key: 3 });

function best(scores: Float32Array): number[] {
  return Array.from({ length: scores.length / 3 }, (_, r) => {
    const row = [...scores.subarray(3 * r, 3 * r + 3)];
    return row.indexOf(Math.max(...row));
  });
}

test("both views tell new cells of the types apart, also when half of the genes are missing", async () => {
  const views = await fitted();
  expect(views.map(({ input }) => input)).toEqual(["log", "ranks"]);
  const query = cells(types, 2);
  const measured = Uint8Array.from({ length: GENES }, (_, g) => g % 2);
  const half = csr(toRows(query).map((row) => row.map((value, g) => (measured[g] === 1 ? value : 0))));
  for (const view of views) {
    const right = (scores: Float32Array) =>
      best(scores).filter((k, r) => k === types[r]).length / types.length;
    expect(
      right(createViewScorer(view, null)(viewValues(query, view.input, "log1p_cp10k", 1))),
    ).toBeGreaterThan(0.98);
    const few = createViewScorer(view, measured)(viewValues(half, view.input, "log1p_cp10k", 0.5));
    expect(right(few)).toBeGreaterThan(0.9);
  }
});

test("a view scores one query after another as if each were the first", async () => {
  const [view] = await fitted();
  const query = cells(types, 2);
  const sets = [3, 2, 3].map((n) => Uint8Array.from({ length: GENES }, (_, g) => (g % n === 0 ? 0 : 1)));
  for (const measured of [...sets, null, sets[0]]) {
    const half = csr(toRows(query).map((row) => row.map((value, g) => (measured?.[g] === 0 ? 0 : value))));
    expect(createViewScorer(view, measured)(half)).toEqual(createViewScorer({ ...view }, measured)(half));
  }
});

/** Solves A x = b by elimination with pivots. */
function solve(a: number[][], b: number[]): number[] {
  const n = b.length;
  const rows = a.map((row, i) => [...row, b[i]]);
  for (let c = 0; c < n; c++) {
    const pivot = rows
      .slice(c)
      .reduce((at, row, i) => (Math.abs(row[c]) > Math.abs(rows[at][c]) ? c + i : at), c);
    [rows[c], rows[pivot]] = [rows[pivot], rows[c]];
    for (let r = 0; r < n; r++) {
      if (r === c) continue;
      const factor = rows[r][c] / rows[c][c];
      for (let k = c; k <= n; k++) rows[r][k] -= factor * rows[c][k];
    }
  }
  return rows.map((row, i) => row[n] / row[i]);
}

test("a missing gene counts with the value that the components expect of it", async () => {
  const [view] = await fitted();
  const { components, scaling, heads } = view;
  const { nComponents: width, loadings, variances, noise } = components;
  const measured = Uint8Array.from({ length: GENES }, (_, g) => (g % 3 === 0 ? 0 : 1));
  const genes = [...measured.keys()];
  const [present, missing] = [genes.filter((g) => measured[g] === 1), genes.filter((g) => measured[g] === 0)];
  const values = Float32Array.from(genes, (g) => (measured[g] === 1 ? 0.5 + randomUniform(8, g) : 0));
  // Scaled, centred values; the posterior mean of the scores; what they make of the missing genes.
  const z = genes.map((g) => Math.min(values[g] * scaling.scale[g], scaling.cap[g]) - scaling.centre[g]);
  const v = (g: number, i: number) => loadings[g * width + i];
  const gram = Array.from({ length: width }, (_, i) =>
    Array.from({ length: width }, (_, j) =>
      present.reduce((sum, g) => sum + v(g, i) * v(g, j), i === j ? noise / variances[i] : 0),
    ),
  );
  const scores = solve(
    gram,
    Array.from({ length: width }, (_, i) => present.reduce((sum, g) => sum + v(g, i) * z[g], 0)),
  );
  for (const g of missing) z[g] = scores.reduce((sum, score, i) => sum + v(g, i) * score, 0);
  const expected = CLASSES.map((_, k) =>
    genes.reduce((sum, g) => sum + z[g] * heads[0].weights[3 * g + k], heads[0].intercepts[k]),
  );
  const got = createViewScorer(view, measured)(csr([[...values]]));
  expected.forEach((score, k) => {
    expect(got[k]).toBeCloseTo(score, 4);
  });
});

const softmax = (logits: readonly number[], temperature: number): number[] => {
  const powers = logits.map((z) => Math.exp(z / temperature));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
};

test("the softmax of averaged logits is the mean of the probabilities of network and views, each at its temperature", () => {
  const head = (column: string, nClasses: number, temperature: number) => ({
    column,
    weights: new Float32Array(0),
    intercepts: new Float32Array(nClasses),
    temperature,
  });
  const view = (first: number, second: number) =>
    ({ heads: [head("coarse", 2, first), head("fine", 3, second)] }) as unknown as LinearView;
  const linear = {
    networkTemperatures: [2, 0.7],
    views: [view(1, 0.5), view(1.5, 0.4)],
  } as unknown as LinearViews;
  const random = (n: number, seed: number) =>
    Float32Array.from({ length: n }, (_, i) => 6 * randomUniform(seed, i) - 3);
  const nRows = 7;
  const logits = [random(2 * nRows, 1), random(3 * nRows, 2)];
  const [before, scores] = [logits.map((own) => own.slice()), [random(5 * nRows, 3), random(5 * nRows, 4)]];
  averageProbabilities(logits, scores, linear);
  for (let r = 0; r < nRows; r++)
    [2, 3].forEach((n, j) => {
      const at = (all: Float32Array, from: number) => [...all.subarray(from, from + n)];
      const members = [
        softmax(at(before[j], n * r), linear.networkTemperatures[j]),
        ...linear.views.map(({ heads }, v) => softmax(at(scores[v], 5 * r + 2 * j), heads[j].temperature)),
      ];
      softmax(at(logits[j], n * r), 1).forEach((p, k) => {
        expect(p).toBeCloseTo(members.reduce((sum, member) => sum + member[k], 0) / 3, 5);
      });
    });
});

test("a view has no more components than a third of its cells, and none can be fitted on constant values", async () => {
  const [view] = await fitLinearViews(
    cells(types.slice(0, 30), 1),
    [{ ...labels[0], codes: labels[0].codes.slice(0, 30) }],
    all.slice(0, 30),
    { values: "log1p_cp10k", key: 3 },
  );
  expect(view.components.nComponents).toBeLessThanOrEqual(10);
  const flat = csr(Array.from({ length: 30 }, () => [1, 1, 1]));
  const none = await fitLinearViews(
    flat,
    [{ ...labels[0], codes: labels[0].codes.slice(0, 30) }],
    all.slice(0, 30),
    { values: "log1p_cp10k", key: 3 },
  );
  expect(none).toEqual([]);
});
