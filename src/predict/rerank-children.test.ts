import { expect, test } from "vitest";
import { dense, identityModel, memoryQuery, referenceLabels } from "../../test/helpers/predict-fixtures.ts";
import { emitReranker } from "../artifacts/refinement.ts";
import { type ConfigValue, toPlain } from "../core/config.ts";
import { createReferenceEngine } from "../kernels/reference/engine.ts";
import type { Reranker } from "../model/reranker.ts";
import { fitReranker } from "./fit-reranker.ts";
import { parseHierarchyRules } from "./hierarchy-rules.ts";
import type { PredictOptions } from "./options.ts";
import { predict } from "./predict.ts";

// Genes are logits: group is the larger of g0 and g1, kind the largest of g0, g1 and g2.
const genes = ["g0", "g1", "g2"];
const rows = [
  [5, 1, 0],
  [6, 2, 0],
  [5, 1, 4],
  [6, 2, 5],
  [0, 5, 1],
  [4, 3, 3],
];
const work = { engine: createReferenceEngine() };
const childToParent = new Map([
  ["a1", "a"],
  ["a2", "a"],
  ["b1", "b"],
]);
/** Of group a, cells with much of g2 are truly a2, whatever the network says. */
const truth = {
  parent: referenceLabels(["a", "a", "a", "a", "b", "a"]),
  child: referenceLabels(["a1", "a1", "a2", "a2", "b1", null]),
};
// The children of a are a1 and a2, whose logits are g0 and g1: make g1 tell them apart.
const cells = rows.map(([g0, g1, g2]) => [g0, g2 > 3 ? g1 + 2.5 : g1, g2]);
const query = () => memoryQuery(cells, genes);
const refit = (parents = ["a", "b"]) =>
  fitReranker(
    identityModel(null),
    query(),
    { parentLevel: "group", childLevel: "kind", parents, childToParent, truth },
    {},
    work,
  );
const apply = (reranker: Reranker, options: PredictOptions = {}) =>
  predict(
    identityModel(null),
    query(),
    {
      ...options,
      refinementConfig: {
        method: "parent_conditioned_reranker",
        artifactPath: emitReranker(reranker),
      },
    },
    work,
  );
const rules = (b1: string) =>
  parseHierarchyRules({ kind: { parent_col: "group", child_to_parent: { a1: "a", a2: "a", b1 } } });

test("a reranker has the legal children that were seen, and none of them is a constant", async () => {
  const reranker = await refit();
  expect(reranker.parents.map(({ parent, children, nCells }) => [parent, children, nCells])).toEqual([
    ["a", ["a1", "a2"], 4],
    ["b", ["b1"], 1],
  ]);
  expect(reranker.parents.map(({ regression }) => regression === null)).toEqual([false, true]);
});

test("cells of a refined parent get its children's probabilities, others keep theirs", async () => {
  const base = await predict(identityModel(null), query(), {}, work);
  const refined = await apply(await refit());
  const names = ({ labels }: typeof base) => {
    const { codes, categories } = labels[1].raw;
    return [...codes].map((code) => categories[code]);
  };
  expect(names(base).slice(2, 4)).toEqual(["a1", "a1"]);
  expect(names(refined).slice(0, 5)).toEqual(["a1", "a1", "a2", "a2", "b1"]);
  // Two children share the probability: the margin is what is left of it.
  for (const i of [0, 1, 2, 3])
    expect(refined.labels[1].margin[i]).toBeCloseTo(2 * refined.labels[1].conf[i] - 1, 5);
  expect([refined.labels[1].conf[4], refined.labels[1].margin[4]]).toEqual([1, 1]);
  expect(refined.labels[0]).toEqual(base.labels[0]);
  expect(toPlain(refined.metadata.get("refinement")!)).toEqual({
    method: "parent_conditioned_reranker",
    artifact_path: null,
    applied: true,
    fallback_reason: null,
    parent_level: "group",
    child_level: "kind",
    hotspot_parents: ["a", "b"],
    n_cells_refined: 6,
  });
});

test("prediction sets of refined cells are of the refined probabilities, and a warning voids their promise", async () => {
  const thresholds = new Map<string, ConfigValue>([["thresholds", [0.5]]]);
  const conformal = new Map<string, ConfigValue>([
    ["coverages", [0.5]],
    ["columns", new Map(["group", "kind"].map((column) => [column, thresholds]))],
  ]);
  const trainConfig = new Map([["calibration", new Map([["conformal", conformal]])]]);
  const run = (options: PredictOptions) =>
    predict({ ...identityModel(null), trainConfig }, query(), { predictionSets: 0.5, ...options }, work);
  const artifactPath = emitReranker(await refit());
  const refined = await run({ refinementConfig: { method: "parent_conditioned_reranker", artifactPath } });
  const { raw, sets } = refined.labels[1];
  expect([...sets!.codes].map((code) => sets!.members[code])).toEqual([...raw.codes].map((code) => [code]));
  expect(refined.warnings.map(({ message }) => message)).toEqual([expect.stringContaining("refined cells")]);
  expect((await run({})).warnings).toEqual([]);
});

test("temperatures do not touch refined probabilities", async () => {
  const reranker = await refit();
  const model = identityModel(null);
  const calibrated = {
    ...model,
    trainConfig: new Map([["calibration", new Map([["temperatures", new Map([["kind", 3]])]])]]),
  };
  const config = { method: "parent_conditioned_reranker", artifactPath: emitReranker(reranker) } as const;
  const hot = await predict(calibrated, query(), { refinementConfig: config }, work);
  const plain = await apply(reranker);
  hot.labels[1].conf.forEach((p, i) => {
    expect(p).toBeCloseTo(plain.labels[1].conf[i], 6);
  });
});

test.each([
  ["child_class_mismatch", { childClasses: ["a1", "a2", "b2"] }, {}],
  ["child_class_mismatch", { childLevel: "type" }, {}],
  ["hierarchy_child_to_parent_hash_mismatch", {}, { hierarchyRules: rules("a"), enforceHierarchy: false }],
] as const)("%s keeps the base result and says so", async (reason, change, options) => {
  const base = await predict(identityModel(null), query(), options, work);
  const reranker = await refit(["a"]);
  const { childClasses } = { ...reranker, ...change };
  const parents = childClasses.some((name) => name === "b1") ? reranker.parents : [];
  const kept = await apply({ ...reranker, ...change, parents }, options);
  expect(kept.labels).toEqual(base.labels);
  expect(toPlain(kept.metadata.get("refinement")!)).toMatchObject({
    applied: false,
    fallback_reason: reason,
    n_cells_refined: 0,
  });
  expect(kept.warnings.some(({ message }) => message.includes(reason))).toBe(true);
});

test("rules that are those of the fit do not stand in the way", async () => {
  const kept = await apply(await refit(), { hierarchyRules: rules("b"), enforceHierarchy: true });
  expect(toPlain(kept.metadata.get("refinement")!)).toMatchObject({ applied: true });
});

test("a parent that the model does not predict is refused", async () => {
  const reranker = await refit(["a"]);
  const stranger = { ...reranker, parents: [{ ...reranker.parents[0], parent: "z" }] };
  await expect(apply(stranger)).rejects.toMatchObject({ code: "MISMATCH" });
  await expect(refit(["z"])).rejects.toMatchObject({ code: "BAD_DATA" });
});

test.each([
  { method: "other" },
  { method: "auto_parent_conditioned_reranker" },
  { method: "parent_conditioned_reranker", artifactPath: "" },
])("settings %o are refused before any work", async (config) => {
  const options = { refinementConfig: config } as unknown as PredictOptions;
  await expect(predict(identityModel(null), query(), options, work)).rejects.toMatchObject({ code: "USAGE" });
});

test("the fit does not depend on the batch size", async () => {
  const one = await refit();
  const other = await fitReranker(
    identityModel({ coords: new Map([["X_ref_latent_internal", dense(cells)]]), labels: new Map() }),
    query(),
    { parentLevel: "group", childLevel: "kind", parents: ["a", "b"], childToParent, truth },
    { batchSize: 2 },
    work,
  );
  expect(emitReranker(other)).toEqual(emitReranker(one));
});
