/** Reports on many samples, by one engine. */
import { expect, test } from "vitest";
import { buildModel, createAnnData, createPredictEngine, predict, studyReport } from "./index.ts";

function cells(n: number, seed: number) {
  const data = new Float32Array(n * 8).map((_, i) =>
    i % 8 < 4 === (Math.floor(i / 8) + seed) % 2 < 1 ? 3 : i % 3,
  );
  return createAnnData({
    X: { nRows: n, nCols: 8, data },
    obs: {
      index: Array.from({ length: n }, (_, i) => `c${seed}-${i}`),
      columns: {
        type: Array.from({ length: n }, (_, i) => ((i + seed) % 2 === 0 ? "A" : "B")),
        donor: Array.from({ length: n }, (_, i) => `D${i % 3}`),
      },
    },
    var: { index: Array.from({ length: 8 }, (_, i) => `G${i}`) },
  });
}

test("predictions that share an engine are those of engines of their own, whatever the model before", async () => {
  const options = { labelColumns: ["type"], preset: "original", numEpochs: 3, coordTargets: null } as const;
  const models = [
    await buildModel(await cells(40, 0), options),
    await buildModel(await cells(40, 1), { ...options, randomState: 7 }),
  ];
  const shared = await createPredictEngine({ numThreads: 1 });
  try {
    for (const seed of [2, 3, 4])
      for (const model of models) {
        const query = await cells(21 + seed, seed);
        const [one, two] = [await predict(model, query, {}, { shared }), await predict(model, query)];
        expect(one.data.labels).toEqual(two.data.labels);
      }
  } finally {
    shared.dispose();
  }
});

test("a study's report names its samples, their labels and batches, and escapes what files say", async () => {
  const model = await buildModel(await cells(60, 0), {
    labelColumns: ["type"],
    preset: "original",
    numEpochs: 3,
  });
  const samples = [];
  for (const seed of [1, 2]) {
    const query = await cells(60, seed);
    const summary = await (await predict(model, query, { unknown: "off" })).summariseSample(query, "donor");
    expect(summary.nCells).toBe(60);
    expect([...summary.labels[0].counts.values()].reduce((sum, n) => sum + n, 0)).toBe(60);
    expect(summary.batches.map(({ batch, nCells }) => [batch, nCells])).toEqual([
      ["D0", 20],
      ["D1", 20],
      ["D2", 20],
    ]);
    samples.push({ name: `S${seed} <b>`, query: "x.h5ad", summary });
  }
  const html = await studyReport(
    [...samples, { name: "bad", query: "bad.h5ad", summary: null, error: "no dataset" }],
    {
      batchName: "donor",
    },
  );
  expect(html).toContain("S1 &lt;b&gt;");
  expect(html).not.toContain("<b>S1");
  expect(html).toContain("120 cells of 2 samples annotated");
  expect(html).toContain("no dataset");
  expect(html).toContain("40 cells".replace("40 cells", "of 40"));
  await expect(
    (await predict(model, await cells(6, 1))).summariseSample(await cells(6, 1), "plate"),
  ).rejects.toMatchObject({
    code: "NOT_FOUND",
  });
});
