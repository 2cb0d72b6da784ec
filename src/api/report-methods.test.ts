/** The paragraph of a report for the methods of a paper: true to the settings of the run. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { dense, identityModel } from "../../test/helpers/predict-fixtures.ts";
import { createAnnData, type PredictOptions, predict, TrainedModel } from "./index.ts";

const GENES = ["g0", "g1", "g2"];
const X = [
  [9, 1, 0],
  [9, 0, 0],
  [0, 9, 0],
  [3, 9, 0],
];

async function paragraph(options: PredictOptions, genes = GENES, modelName?: string): Promise<string> {
  const model = new TrainedModel(identityModel(null, GENES));
  const adata = await createAnnData({
    X: dense(X),
    obs: {
      index: X.map((_, i) => `c${i}`),
      columns: { cluster: ["x", "x", "y", "y"] },
    },
    var: { index: genes },
  });
  const result = await predict(model, adata, { numThreads: 1, ...options });
  const files = [
    { role: "input", path: "data/query.h5ad", sizeBytes: 5, sha256: "ab12" },
    { role: "output", path: "labels.csv", sizeBytes: 5, sha256: "cd34" },
  ];
  const shown = { files, ...(modelName && { modelName, referenceName: "atlas.h5ad" }) };
  const [, text] = /<p data-copied>(.*?)<\/p>/s.exec(await result.toReport(adata, model, shown))!;
  expect(await result.toMethodsText(adata, model, shown)).toBe(text);
  return text;
}

test("it tells the cells, the program, how to cite it, the model, its genes, and the checksums of what was read", async () => {
  const text = await paragraph({}, GENES, "runs/blood/model.pth");
  expect(text).toMatch(/^The 4 cells \(3 genes\) of .* were annotated with atlasmtl \d/);
  expect(text).toContain("the model blood/model.pth");
  expect(text).toContain(
    "The model, trained on atlas.h5ad, predicts group (2 labels) and kind (3 labels) from 3 genes",
  );
  expect(await paragraph({})).toContain(
    "The model predicts group (2 labels) and kind (3 labels) from 3 genes",
  );
  expect(text).toContain("The query had all of these genes");
  expect(text).toContain("SHA-256 of what was read: query.h5ad ab12.");
  expect(text).not.toContain("cd34");
  const citation = await readFile(new URL("../../CITATION.cff", import.meta.url), "utf8");
  const field = (pattern: RegExp): string => pattern.exec(citation)![1];
  expect(text).toContain(
    `(${field(/- name: (.*)/)}, atlasmtl ${field(/^version: (.*)/m)}, ${field(/repository-code: https:\/\/(.*)/)})`,
  );
  expect(await paragraph({}, ["g0", "g1", "other"])).toContain(
    "The query had 2 of these genes; the others counted as zero",
  );
});

test("each decision is told as it was made, and one that was not made is not told", async () => {
  const plain = await paragraph({});
  expect(plain).toContain("which was not calibrated");
  expect(plain).toContain("Nearest reference cells were not asked.");
  expect(plain).toContain("A cell is Unknown where its confidence is below 0.4, or where it has no counts");
  expect(plain).not.toMatch(/smoothed|Heterogeneous|prediction sets|could be given|neighbours agree/);
  const set = await paragraph({
    confidenceLow: 0.15,
    consensus: "neighbours",
    consensusK: 2,
    consensusWeight: 0.25,
    consensusBy: "cluster",
    minProp: 0.6,
    onlyLabels: ["kind:a1", "kind:b1"],
    coherentProbabilities: false,
  });
  expect(set).toContain("below 0.15");
  expect(set).toContain("a share of 0.25 is the mean of the 2 nearest cells of the query");
  expect(set).toContain(
    "Each group of cluster has the label with the largest mean probability; where less than 0.6",
  );
  expect(set).toContain("only kind:a1 and kind:b1 and what lies under and above them could be given");
  expect(await paragraph({ unknown: "off" })).toContain("No cell was left Unknown.");
});
