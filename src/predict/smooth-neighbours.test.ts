/** Probabilities smoothed over the nearest cells of the query. */
import { expect, test } from "vitest";
import { randomNumbers } from "../../test/helpers/gradients.ts";
import { identityModel, memoryQuery } from "../../test/helpers/predict-fixtures.ts";
import { createEngine } from "../kernels/engine.ts";
import { createReferenceEngine } from "../kernels/reference/engine.ts";
import type { PredictOptions } from "./options.ts";
import { predict } from "./predict.ts";
import type { Predictions } from "./types.ts";

const GENES = ["g0", "g1", "g2"];
const N = 40;
/** Two clusters far apart, whose cells differ a little. */
const draws = randomNumbers(5, N * 3, 0, 1);
const cluster = (cell: number): number => (cell % 3 === 0 ? 1 : 0);
const ROWS = Array.from({ length: N }, (_, i) =>
  [0, 1, 2].map((g) => (g === (cluster(i) === 0 ? 0 : 2) ? 2 : 0.5) + 0.2 * draws[3 * i + g]),
);
const run = (options: PredictOptions, rows = ROWS) =>
  predict(
    identityModel(null),
    memoryQuery(rows, GENES),
    { probabilities: "all", ...options },
    {
      engine: createReferenceEngine(),
    },
  );
/** By label column, class and cell. */
const tablesOf = ({ probabilities }: Predictions) =>
  probabilities!.map(({ columns }) =>
    columns.map((each) => (each.kind === "score" ? each.values : new Float32Array())),
  );

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;

test("are half a cell's own and half the mean of its nearest, and labels and scores follow", async () => {
  const plain = tablesOf(await run({}));
  for (const [which, k] of [
    [0, N - Math.ceil(N / 3) - 1],
    [1, Math.ceil(N / 3) - 1],
  ]) {
    const smoothed = await run({ consensus: "neighbours", consensusK: k });
    tablesOf(smoothed).forEach((columns, h) => {
      const { raw, conf, margin, second, secondConf } = smoothed.labels[h];
      for (let i = 0; i < N; i++) {
        if (cluster(i) !== which) continue;
        const others = ROWS.flatMap((_, j) => (j !== i && cluster(j) === which ? [j] : []));
        expect(others).toHaveLength(k);
        const expected = plain[h].map((own) => 0.5 * own[i] + 0.5 * mean(others.map((j) => own[j])));
        expected.forEach((p, c) => {
          expect(columns[c][i]).toBeCloseTo(p, 6);
        });
        const sorted = [...expected].sort((a, b) => b - a);
        expect(expected[raw.codes[i]]).toBe(sorted[0]);
        expect(conf[i]).toBeCloseTo(sorted[0], 6);
        expect(margin[i]).toBeCloseTo(sorted[0] - sorted[1], 6);
        expect(expected[second!.codes[i]]).toBe(sorted[1]);
        expect(secondConf![i]).toBeCloseTo(sorted[1], 6);
      }
    });
    expect(smoothed.metadata.get("consensus")).toBe("neighbours");
    expect(smoothed.metadata.get("consensus_k")).toBe(k);
  }
});

test("of all other cells and full weight are their mean; of none the model's own", async () => {
  const plain = tablesOf(await run({}));
  const all = tablesOf(await run({ consensus: "neighbours", consensusK: 999, consensusWeight: 1 }));
  const none = tablesOf(await run({ consensus: "neighbours", consensusWeight: 0 }));
  plain.forEach((columns, h) => {
    columns.forEach((own, c) => {
      expect(none[h][c]).toEqual(own);
      ROWS.forEach((_, i) => {
        const others = [...own].filter((_, j) => j !== i);
        expect(all[h][c][i]).toBeCloseTo(mean(others), 6);
      });
    });
  });
});

test("are the same in blocks of any size and with any number of threads", async () => {
  const options = { consensus: "neighbours", consensusK: 4, consensusBy: null } as const;
  const whole = await run(options);
  const parts = await run({ ...options, batchSize: 7 });
  expect(parts.labels).toEqual(whole.labels);
  const found: Predictions[] = [];
  for (const numThreads of [1, 2]) {
    const engine = await createEngine({ numThreads });
    try {
      found.push(
        await predict(
          identityModel(null),
          memoryQuery(ROWS, GENES),
          { ...options, probabilities: "all" },
          { engine },
        ),
      );
    } finally {
      engine.dispose();
    }
  }
  expect(found[1].labels).toEqual(found[0].labels);
  expect(found[1].probabilities).toEqual(found[0].probabilities);
});

test("coherent levels stay coherent, and make cells Unknown by what they became", async () => {
  const hierarchyRules = new Map([
    [
      "kind",
      {
        parentColumn: "group",
        childToParent: new Map([
          ["a1", "a"],
          ["a2", "a"],
          ["b1", "b"],
        ]),
      },
    ],
  ]);
  const { labels, ...rest } = await run({
    consensus: "neighbours",
    consensusK: N - 1,
    consensusWeight: 1,
    coherentProbabilities: true,
    hierarchyRules,
    confidenceLow: 0.9,
  });
  const [group, kind] = tablesOf({ labels, ...rest });
  for (let i = 0; i < N; i++) {
    expect(group[0][i]).toBeCloseTo(kind[0][i] + kind[1][i], 6);
    expect(labels[1].isUnknown[i]).toBe(labels[1].conf[i] < Math.fround(0.9) ? 1 : 0);
  }
  expect(labels[1].isUnknown.every((flag) => flag === 1)).toBe(true);
});

test("need some cells", async () => {
  const few = await run({ consensus: "neighbours" }, ROWS.slice(0, 9));
  expect(few.warnings.map(({ message }) => message)).toContainEqual(expect.stringContaining("too few cells"));
  expect(tablesOf(few)).toEqual(tablesOf(await run({}, ROWS.slice(0, 9))));
  await expect(run({ consensus: "neighbours", consensusK: 0 })).rejects.toMatchObject({ code: "USAGE" });
});
