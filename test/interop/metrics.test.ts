import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { randomBelow, randomUniform, streamKey } from "../../src/core/rng.ts";
import { classMetrics, confusionOf } from "../../src/evaluate/confusion.ts";
import { scoreCoordinates } from "../../src/evaluate/coordinates.ts";
import { scoreLabels } from "../../src/evaluate/metrics.ts";
import { labels } from "../helpers/labels.ts";

interface Case {
  readonly truth: string[];
  readonly predicted: string[];
  readonly confidence: number[];
}

/** Random labels over `nClasses`, some Unknown, one class missing from the truth and one from the prediction. */
function makeCase(seed: number, nCells: number, nClasses: number): Case {
  const key = streamKey(seed, "metrics-interop");
  const cells = Array.from({ length: nCells }, (_, i) => {
    const truth = `type ${randomBelow(key, 4 * i, nClasses)}`;
    const dice = randomUniform(key, 4 * i + 1);
    const other = `type ${randomBelow(key, 4 * i + 2, nClasses) + 1}`;
    const predicted = dice < 0.1 ? "Unknown" : dice < 0.7 ? truth : other;
    // Every fifth confidence sits on a bin edge, where the closed side matters.
    const draw = randomUniform(key, 4 * i + 3);
    const confidence = i % 5 === 0 ? Math.max(1, Math.floor(draw * 15)) * (1 / 15) : draw * 0.999 + 0.001;
    return { truth, predicted, confidence };
  });
  return {
    truth: cells.map((c) => c.truth),
    predicted: cells.map((c) => c.predicted),
    confidence: cells.map((c) => c.confidence),
  };
}

/** One label, one cell, nothing covered, all right, all wrong, equal confidences, confidences of 0 and 1. */
const DEGENERATE: readonly Case[] = [
  { truth: ["A"], predicted: ["A"], confidence: [1] },
  { truth: ["A"], predicted: ["B"], confidence: [1e-9] },
  { truth: ["A", "B"], predicted: ["Unknown", "Unknown"], confidence: [0.5, 0.5] },
  { truth: ["A", "A", "A"], predicted: ["A", "A", "A"], confidence: [1, 1, 1] },
  { truth: ["A", "B", "C"], predicted: ["B", "C", "A"], confidence: [0.4, 0.4, 0.4] },
  { truth: ["A", "B", "A", "B"], predicted: ["A", "A", "Unknown", "Z"], confidence: [0.5, 0.5, 0.5, 0.5] },
];

const cases = [
  ...DEGENERATE,
  makeCase(1, 2000, 12),
  makeCase(2, 500, 2),
  makeCase(3, 60, 40),
  makeCase(4, 7, 3),
  ...Array.from({ length: 20 }, (_, i) => makeCase(10 + i, 5 + 11 * i, 2 + i)),
];

/** Random coordinates; predictions are the truth with noise, and of the last case unrelated to it. */
const coords = [21, 60, 300, 100].map((n, c) => {
  const key = streamKey(c, "coordinates-interop");
  const width = [1, 2, 10, 3][c];
  const at = (i: number, d: number, side: number) => randomUniform(key, (i * width + d) * 2 + side);
  const rows = (value: (i: number, d: number) => number) =>
    Array.from({ length: n }, (_, i) => Array.from({ length: width }, (_, d) => Math.fround(value(i, d))));
  return {
    truth: rows((i, d) => at(i, d, 0)),
    predicted: rows((i, d) => (c === 3 ? 0 : at(i, d, 0)) + 0.2 * at(i, d, 1)),
  };
});

interface Oracle {
  readonly cases: readonly {
    readonly scores: Readonly<Record<string, number>>;
    readonly classes: Readonly<Record<string, Readonly<Record<string, number>>>>;
    readonly labels: readonly string[];
    readonly confusion: readonly number[];
  }[];
  readonly coords: readonly Readonly<Record<string, number>>[];
}

const script = fileURLToPath(new URL("metrics_oracle.py", import.meta.url));
const oracle: Oracle = JSON.parse(
  execFileSync(process.env.PYTHON ?? "/usr/bin/python3", [script], {
    input: JSON.stringify({ cases, coords }),
    encoding: "utf8",
    maxBuffer: 1 << 26,
  }),
);

function expectAgreement(got: object, expected: Readonly<Record<string, number>>, where: string): void {
  const values = new Map<string, unknown>(Object.entries(got));
  for (const [name, value] of Object.entries(expected))
    expect(Math.abs(Number(values.get(name)) - value), `${where}, ${name}`).toBeLessThan(1e-9);
}

test("label metrics agree with scikit-learn to 1e-9, on random and degenerate inputs", () => {
  expect(oracle.cases).toHaveLength(cases.length);
  for (const [i, { truth, predicted, confidence }] of cases.entries())
    expectAgreement(
      scoreLabels(labels(truth), labels(predicted), confidence),
      oracle.cases[i].scores,
      `case ${i}`,
    );
});

test("confusion and class scores agree with scikit-learn to 1e-9", () => {
  for (const [i, { truth, predicted }] of cases.entries()) {
    const { classes, labels: names, confusion: counts } = oracle.cases[i];
    const confusion = confusionOf(labels(truth), labels(predicted));
    expect(confusion.labels).toEqual(names);
    expect([...confusion.counts]).toEqual(counts);
    for (const { label, precision, ...rest } of classMetrics(confusion)) {
      if (rest.support === 0) continue;
      // scikit-learn is told to give 0 for a label that was never predicted; here it is not measured.
      const measured = Number.isNaN(precision) ? 0 : precision;
      expectAgreement({ ...rest, precision: measured }, classes[label], `case ${i}, ${label}`);
    }
  }
});

test("coordinate metrics agree with scikit-learn to 1e-9", async () => {
  const matrix = (rows: readonly (readonly number[])[]) => ({
    nRows: rows.length,
    nCols: rows[0].length,
    data: Float32Array.from(rows.flat()),
  });
  for (const [i, { truth, predicted }] of coords.entries())
    expectAgreement(
      await scoreCoordinates(matrix(truth), matrix(predicted)),
      oracle.coords[i],
      `coordinates ${i}`,
    );
});
