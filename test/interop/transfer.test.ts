/** Columns of the reference that are carried over by neighbours, beside scikit-learn; and as Python reads them from a bundle. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { saveModel } from "../../src/artifacts/save.ts";
import { randomUniform } from "../../src/core/rng.ts";
import { createReferenceEngine } from "../../src/kernels/reference/engine.ts";
import { predict } from "../../src/predict/predict.ts";
import { dense, identityModel, memoryQuery, referenceLabels } from "../helpers/predict-fixtures.ts";
import { PYTHON, runPython } from "../helpers/python.ts";
import { smallModel } from "../helpers/small-model.ts";

const script = fileURLToPath(new URL("transfer.py", import.meta.url));
const checker = fileURLToPath(new URL("check_bundle.py", import.meta.url));
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "atlasmtl-transfer-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const cells = (seed: number, n: number) =>
  Array.from({ length: n }, (_, i) => [0, 1, 2].map((d) => Math.fround(5 * randomUniform(seed, 3 * i + d))));
const [reference, query] = [cells(1, 200), cells(2, 50)];
const numbers = reference.map(([x]) => Math.round(20 * x));
const labels = reference.map(([, y]) => (y < 2 ? "gut" : y < 3 ? "lung" : "skin"));

test.each([
  ["majority", "uniform"],
  ["distance_weighted", "distance"],
] as const)("%s neighbours carry over what scikit-learn's do", async (knnVoteMode, weights) => {
  const genes = ["g0", "g1", "g2"];
  const none = referenceLabels(reference.map(() => "a"));
  const model = identityModel({
    coords: new Map([["X_ref_latent_internal", dense(reference)]]),
    labels: new Map(["group", "kind"].map((column) => [column, none])),
    columns: new Map([
      ["age", { kind: "number", values: Float64Array.from(numbers) }],
      ["tissue", { kind: "label", ...referenceLabels(labels) }],
    ]),
  });
  const options = { transfer: ["age", "tissue"], knnK: 7, knnVoteMode } as const;
  const engine = createReferenceEngine();
  const { transferred } = await predict(model, memoryQuery(query, genes), options, { engine });
  const [age, tissue] = transferred!.columns;
  if (age.kind !== "number" || tissue.kind !== "label") throw new Error("the kinds differ");
  const file = join(folder, `${weights}.json`);
  writeFileSync(file, JSON.stringify({ reference, query, numbers, labels, k: 7, weights }));
  const theirs = JSON.parse(runPython(PYTHON, script, "neighbours", file));
  query.forEach((_, i) => {
    expect(age.mean[i]).toBeCloseTo(theirs.mean[i], 3);
    expect(age.spread[i]).toBeCloseTo(theirs.spread[i], 2);
    expect(transferred!.distance[i]).toBeCloseTo(theirs.distance[i], 5);
    const shares: number[] = theirs.shares[i];
    const label = tissue.labels.categories[tissue.labels.codes[i]];
    expect(tissue.share[i]).toBeCloseTo(Math.max(...shares), 4);
    expect(shares[theirs.classes.indexOf(label)]).toBeCloseTo(Math.max(...shares), 6);
  });
});

test.each(["external", "full"] as const)(
  "Python reads the columns of %s storage, and the rest as before",
  async (referenceStorage) => {
    const bare = smallModel({ referenceStorage });
    const { coords, labels } = await bare.reference();
    // The checker takes a cell without a label for a finding.
    const whole = [...labels].map(
      ([column, own]) => [column, { ...own, codes: own.codes.map(Math.abs) }] as const,
    );
    const kept = {
      coords,
      labels: new Map(whole),
      columns: new Map([
        ["age", { kind: "number", values: Float64Array.of(1.5, Number.NaN, -3, 7) } as const],
        ["tissue", { kind: "label", ...referenceLabels(["gut", null, "lung", "gut"]) } as const],
      ]),
    };
    await saveModel({ ...bare, reference: async () => kept }, join(folder, referenceStorage, "model.pth"));
    const manifest = join(folder, referenceStorage, "model_manifest.json");
    expect(JSON.parse(runPython(PYTHON, script, "columns", manifest))).toEqual({
      age: { dtype: "float64", values: [1.5, null, -3, 7] },
      tissue: { dtype: "object", values: ["gut", null, "lung", "gut"] },
    });
    expect(runPython(PYTHON, checker, manifest)).toContain("0 findings");
  },
);
