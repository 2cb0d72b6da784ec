/** Fitting a refinement, its files, and predicting with them, through the entry. */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { dense, identityModel } from "../../test/helpers/predict-fixtures.ts";
import type { Linear } from "../kernels/types.ts";
import {
  type AnnData,
  createAnnData,
  fitRefinement,
  type PredictOptions,
  predict,
  saveRefinement,
  TrainedModel,
} from "./index.ts";
import { readRefinement } from "./refinement-file.ts";

const GENES = ["g0", "g1", "g2", "g3"];
/** Logits that are single genes of the latent space, which is the expression. */
const pick = (genes: readonly number[]): Linear => ({
  nIn: GENES.length,
  nOut: genes.length,
  weight: Float32Array.from(genes.flatMap((gene) => GENES.map((_, g) => (g === gene ? 1 : 0)))),
  bias: new Float32Array(genes.length),
});
/** g0 and g3 tell the groups apart; of group a it says a1 by g1 and a2 by g2. */
function model(): TrainedModel {
  const data = identityModel(null, GENES);
  return new TrainedModel({
    ...data,
    weights: { ...data.weights, labelHeads: [pick([0, 3]), pick([1, 2, 3])] },
  });
}
/** Cells of a1, which the model takes for a2 as their g2 is above their g1; of a2; and of b1. */
const PROFILES = { a1: [5, 2, 3, 0], a2: [5, 0, 3, 0], b1: [0, 0, 0, 6] } as const;
const KINDS = Array.from({ length: 90 }, (_, i) => (["a1", "a2", "b1"] as const)[i % 3]);
const cells = (columns: Readonly<Record<string, readonly string[]>> = LABELS): Promise<AnnData> =>
  createAnnData({
    X: dense(KINDS.map((kind, i) => PROFILES[kind].map((value) => (value === 0 ? 0 : value + (i % 5) / 50)))),
    obs: { index: KINDS.map((_, i) => `c${i}`), columns },
    var: { index: GENES },
  });
const LABELS = { group: KINDS.map((kind) => kind[0]), kind: KINDS };
const OPTIONS = { predict: { numThreads: 1 } } as const;

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-refine-"));
});
afterEach(() => rm(folder, { recursive: true }));

const kindsOf = async (adata: AnnData, options?: PredictOptions) => {
  const { data } = await predict(model(), adata, { numThreads: 1, ...options });
  const { final } = data.labels[1];
  return Array.from(final.codes, (code) => final.categories[code]);
};

test("the parent whose children are mistaken for each other is found, and its children are told apart", async () => {
  const adata = await cells();
  expect(await kindsOf(adata)).toEqual(KINDS.map((kind) => (kind === "a1" ? "a2" : kind)));
  const fitted = await fitRefinement(model(), adata, OPTIONS);
  expect(fitted.hotspots.chosen.map(({ parent }) => parent)).toEqual(["a"]);
  expect(fitted.record.enabled).toBe(fitted.advice.activate);

  await saveRefinement(at("re.pkl"), fitted, (files) => [
    { path: at("names.txt"), bytes: [new TextEncoder().encode(files.map(({ path }) => path).join("\n"))] },
  ]);
  expect((await readdir(folder)).sort()).toEqual(["names.txt", "re.json", "re.pkl", "re_plan.json"]);
  const { config } = await readRefinement(at("re.pkl"));
  expect(await kindsOf(adata, { refinementConfig: config })).toEqual(KINDS);
});

test("given parents are refined whatever the advice", async () => {
  const { record, reranker } = await fitRefinement(model(), await cells(), { ...OPTIONS, parents: ["a"] });
  expect([record.enabled, record.note]).toEqual([true, "The parents were given."]);
  expect(reranker.parents.map(({ parent }) => parent)).toEqual(["a"]);
});

test("refinement needs two label columns, the coarser first, and rules between them", async () => {
  const adata = await cells();
  const { data } = model();
  const one = new TrainedModel({
    ...data,
    labelHeads: data.labelHeads.slice(1),
    weights: { ...data.weights, labelHeads: data.weights.labelHeads.slice(1) },
  });
  await expect(fitRefinement(one, adata)).rejects.toMatchObject({
    code: "USAGE",
    message: "refinement needs two label columns, the model has kind",
  });
  await expect(
    fitRefinement(model(), adata, { parentLevel: "kind", childLevel: "group" }),
  ).rejects.toMatchObject({
    code: "USAGE",
    message: expect.stringMatching(/^parentLevel is "kind" and childLevel "group", expected the coarser/),
    hint: "choose two of group, kind, which go from coarse to fine",
  });
  await expect(fitRefinement(model(), adata, { hierarchyRules: new Map() })).rejects.toMatchObject({
    code: "USAGE",
    message: "the hierarchyRules do not lead from kind to group",
  });
  await expect(fitRefinement(model(), await cells({ group: LABELS.group }))).rejects.toMatchObject({
    code: "NOT_FOUND",
    message: expect.stringContaining("kind"),
  });
});

const PLAN = { enabled: true, artifact_path: "re.pkl", note: "" };
test.each([
  ["re.pkl", "artifact", ["re.pkl"]],
  ["re_plan.json", "plan", ["re_plan.json", "re.pkl"]],
  ["off_plan.json", "plan", ["off_plan.json"]],
  ["by-artifact.json", "artifact", ["by-artifact.json", "re.pkl"]],
  ["by-plan.json", "plan", ["by-plan.json", "re_plan.json", "re.pkl"]],
])("%s names its refinement and every file of it, relative to its folder", async (name, by, files) => {
  const contents = {
    "re_plan.json": PLAN,
    "off_plan.json": { enabled: false, note: "not needed" },
    "by-artifact.json": { method: "parent_conditioned_reranker", artifact_path: "re.pkl" },
    "by-plan.json": { method: "auto_parent_conditioned_reranker", plan_path: "re_plan.json" },
  };
  for (const [file, content] of Object.entries(contents)) await writeFile(at(file), JSON.stringify(content));
  const named = await readRefinement(at(name));
  expect(named.files).toEqual(files.map(at));
  expect(named.config).toMatchObject(
    by === "artifact"
      ? { method: "parent_conditioned_reranker", artifactPath: at("re.pkl") }
      : { method: "auto_parent_conditioned_reranker" },
  );
});

test.each([
  ["{}", "the file names no refinement: method is missing"],
  ['{"method": "other"}', 'the file names no refinement: method is "other"'],
])("a file that names none is a wrong call: %s", async (text, message) => {
  await writeFile(at("no.json"), text);
  await expect(readRefinement(at("no.json"))).rejects.toMatchObject({
    code: "USAGE",
    message,
    where: at("no.json"),
    hint: expect.stringContaining("parent_conditioned_reranker"),
  });
});
