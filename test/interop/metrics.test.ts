import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { randomBelow, randomUniform, streamKey } from "../../src/core/rng.ts";
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

test("label metrics agree with scikit-learn to 1e-9", () => {
  const cases = [makeCase(1, 2000, 12), makeCase(2, 500, 2), makeCase(3, 60, 40), makeCase(4, 7, 3)];
  const oracle = fileURLToPath(new URL("metrics_oracle.py", import.meta.url));
  const output = execFileSync("/usr/bin/python3", [oracle], {
    input: JSON.stringify({ cases }),
    encoding: "utf8",
  });
  const expected: Record<string, number>[] = JSON.parse(output);
  expect(expected).toHaveLength(cases.length);
  for (const [i, { truth, predicted, confidence }] of cases.entries()) {
    const metrics = new Map<string, number>(
      Object.entries(scoreLabels(labels(truth), labels(predicted), confidence)),
    );
    for (const [name, value] of Object.entries(expected[i]!))
      expect(Math.abs(metrics.get(name)! - value), `case ${i}, ${name}`).toBeLessThan(1e-9);
  }
});
