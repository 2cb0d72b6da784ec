import fc from "fast-check";
import { expect, test } from "vitest";
import { dense, identityModel, memoryQuery, referenceLabels } from "../../test/helpers/predict-fixtures.ts";
import { toPlain } from "../core/config.ts";
import type { DenseMatrix } from "../core/dense.ts";
import { createReferenceEngine } from "../kernels/reference/engine.ts";
import type { Engine } from "../kernels/types.ts";
import type { Reference } from "../model/types.ts";
import { UNKNOWN_REASONS } from "../schema/prediction.ts";
import { deriveHierarchyRules } from "./hierarchy-rules.ts";
import type { PredictOptions } from "./options.ts";
import { predict } from "./predict.ts";
import type { PredictedLabels } from "./types.ts";

const genes = ["g0", "g1", "g2"];
const names = ({ codes, categories }: PredictedLabels): string[] =>
  [...codes].map((code) => categories[code]);

const points = [
  [5, 0, 0],
  [4, 1, 0],
  [0, 5, 0],
  [1, 4, 0],
  [0, 0, 5],
  [0, 1, 4],
];
const reference: Reference = {
  coords: new Map([
    ["X_ref_latent_internal", dense(points)],
    ["X_ref_umap", dense(points.map(([x, y]) => [2 * x + 10, 4 * y + 20]))],
    ["X_ref_scvi", dense(points.map(([x]) => [x]))],
  ]),
  labels: new Map([
    ["group", referenceLabels(["a", "a", "b", "b", "b", "b"])],
    ["kind", referenceLabels(["a1", "a1", "a2", "a2", "b1", "b1"])],
  ]),
};
const model = identityModel(reference);

/** The reference engine, counting what is asked of it and what is given back. */
function watchedEngine(): Engine & { readonly searched: number[]; open: number } {
  const engine = createReferenceEngine();
  const watched = {
    ...engine,
    searched: [] as number[],
    open: 0,
    async createInference(...args: Parameters<Engine["createInference"]>) {
      const inference = await engine.createInference(...args);
      watched.open++;
      return {
        run: inference.run,
        dispose: () => {
          watched.open--;
        },
      };
    },
    async createKnnIndex(matrix: DenseMatrix) {
      const index = await engine.createKnnIndex(matrix);
      watched.open++;
      return {
        search: (queries: DenseMatrix, k: number) => {
          watched.searched.push(queries.nRows);
          return index.search(queries, k);
        },
        dispose: () => {
          watched.open--;
        },
      };
    },
  };
  return watched;
}

const run = (rows: readonly (readonly number[])[], options: PredictOptions = {}, engine = watchedEngine()) =>
  predict(model, memoryQuery(rows, genes), options, { engine });

const sure = [9, 0, 0];
const torn = [2, 2.05, 0];
const cells = fc.array(fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 3, maxLength: 3 }), {
  maxLength: 9,
});

test("without KNN the labels are the network's, and Unknown where confidence is very low", async () => {
  const { labels, obsNames } = await run([sure, torn, [0, 0, 9]], { confidenceLow: 0.52 });
  expect(obsNames).toEqual(["cell-0", "cell-1", "cell-2"]);
  const [group, kind] = labels;
  expect(names(group.raw)).toEqual(["a", "b", "a"]);
  expect(names(group.final)).toEqual(["a", "Unknown", "Unknown"]);
  expect([...group.isUnknown]).toEqual([0, 1, 1]);
  expect(names(kind.final)).toEqual(["a1", "Unknown", "b1"]);
  expect(group.conf[0]).toBeCloseTo(1 / (1 + Math.exp(-9)), 6);
  expect([...group.usedKnn, ...group.isLowKnnConf]).toEqual([0, 0, 0, 0, 0, 0]);
  expect([...group.knnVoteFrac]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
});

test("genes are matched by name, whatever their order", async () => {
  const query = memoryQuery([[7, 1, 9, 0]], ["extra", "g2", "g0", "g1"]);
  const { labels, metadata } = await predict(model, query, {}, { engine: createReferenceEngine() });
  expect(names(labels[1].raw)).toEqual(["a1"]);
  expect(toPlain(metadata)).toMatchObject({ layer: "X", n_genes_matched: 3, n_genes_missing: 0 });
});

test("results do not depend on the batch size", async () => {
  await fc.assert(
    fc.asyncProperty(cells, fc.integer({ min: 1, max: 5 }), async (rows, batchSize) => {
      const options = { knnCorrection: "low_conf_only", knnK: 3 } as const;
      const whole = await run(rows, options);
      const pieces = await run(rows, { ...options, batchSize });
      expect(pieces.labels).toEqual(whole.labels);
      expect(pieces.coords).toEqual(whole.coords);
    }),
    { numRuns: 30 },
  );
});

test("KNN over all cells votes as a brute-force search would", async () => {
  await fc.assert(
    fc.asyncProperty(cells, fc.integer({ min: 1, max: 9 }), async (rows, knnK) => {
      const { labels } = await run(rows, { knnCorrection: "all", knnK });
      const k = Math.min(knnK, points.length);
      rows.forEach((row, i) => {
        const nearest = points
          .map((point, p) => ({ p, d: point.reduce((sum, x, j) => sum + (x - row[j]) ** 2, 0) }))
          .sort((a, b) => a.d - b.d || a.p - b.p)
          .slice(0, k);
        for (const { column, knn, knnVoteFrac } of labels) {
          const all = reference.labels.get(column);
          const votes = nearest.map(({ p }) => all?.categories[all.codes[p]] ?? "");
          const count = (label: string) => votes.filter((vote) => vote === label).length;
          const winner = [...votes].sort((a, b) => count(b) - count(a) || (a < b ? 1 : -1))[0];
          expect(names(knn)[i]).toBe(winner);
          expect(knnVoteFrac[i]).toBe(Math.fround(count(winner) / k));
        }
      });
    }),
    { numRuns: 40 },
  );
});

test.each([
  ["full", "majority"],
  ["full", "distance_weighted"],
  ["prototypes", "majority"],
  ["prototypes", "distance_weighted"],
] as const)(
  "low_conf_only (%s, %s) is `all` on cells of low confidence and the network elsewhere",
  async (mode, vote) => {
    const options = { knnReferenceMode: mode, knnVoteMode: vote, knnK: 3 };
    await fc.assert(
      fc.asyncProperty(cells, async (rows) => {
        const all = await run(rows, { ...options, knnCorrection: "all" });
        const low = await run(rows, { ...options, knnCorrection: "low_conf_only" });
        low.labels.forEach((column, c) => {
          const expected = all.labels[c];
          expect(column.usedKnn).toEqual(column.isLowConf);
          rows.forEach((_, i) => {
            const asked = column.isLowConf[i] === 1;
            expect(names(column.knn)[i]).toBe(names(asked ? expected.knn : expected.raw)[i]);
            expect(column.knnVoteFrac[i]).toBe(asked ? expected.knnVoteFrac[i] : Number.NaN);
          });
        });
      }),
      { numRuns: 20 },
    );
  },
);

test("one search serves all columns and covers only the cells that some column is unsure of", async () => {
  const engine = watchedEngine();
  const onlyKindUnsure = [3, 0, 2.9];
  const { labels } = await run(
    [sure, torn, onlyKindUnsure, sure],
    { knnCorrection: "low_conf_only" },
    engine,
  );
  expect(engine.searched).toEqual([2]);
  expect([...labels[0].usedKnn]).toEqual([0, 1, 0, 0]);
  expect([...labels[1].usedKnn]).toEqual([0, 1, 1, 0]);
  expect(engine.open).toBe(0);
});

test("a corrected cell is Unknown when network and vote are both unsure", async () => {
  const { labels } = await run([torn], { knnCorrection: "low_conf_only", knnK: 4 });
  expect(names(labels[0].knn)).toEqual(["b"]);
  expect(labels[0].knnVoteFrac[0]).toBe(0.5);
  expect([labels[0].isLowKnnConf[0], labels[0].isUnknown[0]]).toEqual([1, 1]);
  expect(names(labels[0].final)).toEqual(["Unknown"]);
});

test("a second opinion is the vote of low_conf_only beside the model's own label", async () => {
  const rows = [sure, torn];
  const opinion = await run(rows, { knnCorrection: "second_opinion", knnK: 4 });
  const decided = await run(rows, { knnCorrection: "low_conf_only", knnK: 4 });
  opinion.labels.forEach((column, c) => {
    expect(names(column.knn)).toEqual(names(decided.labels[c].knn));
    expect(column.knnVoteFrac).toEqual(decided.labels[c].knnVoteFrac);
    expect(names(column.final)).toEqual(names(column.raw));
    expect([...column.usedKnn, ...column.isUnknown]).toEqual([0, 0, 0, 0]);
  });
  expect(names(decided.labels[0].final)).toEqual(["a", "Unknown"]);
});

test("a share that equals knnConfLow is not low, and a distance that equals the threshold is not outside", async () => {
  const many: Reference = {
    coords: new Map([["X_ref_latent_internal", dense(Array.from({ length: 10 }, () => [4, 5, 1]))]]),
    labels: new Map([
      ["group", referenceLabels(["a", "b", "a", "a", "b", "a", "a", "b", "a", "a"])],
      ["kind", referenceLabels(new Array(10).fill("a1"))],
    ]),
  };
  const { labels } = await predict(
    identityModel(many),
    memoryQuery([[1, 1, 1]], genes),
    { knnCorrection: "all", knnK: 10, knnConfLow: 0.7, opensetMethod: "nn_distance", opensetThreshold: 5 },
    { engine: createReferenceEngine() },
  );
  expect(labels[0].knnVoteFrac[0]).toBe(Math.fround(0.7));
  expect([labels[0].isLowKnnConf[0], labels[1].isUnknown[0]]).toEqual([0, 1]); // conf of kind is 1/3
  expect(labels[0].isUnknown[0]).toBe(0);
});

test("labels of the reference that the model does not know keep their names", async () => {
  const strange: Reference = {
    ...reference,
    labels: new Map([...reference.labels, ["group", referenceLabels(["0", null, "b", "b", "b", "b"])]]),
  };
  const { labels } = await predict(
    identityModel(strange),
    memoryQuery(
      [
        [5, 0, 0],
        [4, 1, 0],
        [0, 5, 0],
      ],
      genes,
    ),
    { knnCorrection: "all", knnK: 1 },
    { engine: createReferenceEngine() },
  );
  expect(names(labels[0].knn)).toEqual(["0", "a", "b"]);
  expect(names(labels[0].raw)).toEqual(["a", "a", "b"]);
  expect([...labels[0].usedKnn]).toEqual([1, 0, 1]);
});

test.each([0, 1])("a query of %i cells works in every mode", async (n) => {
  for (const knnReferenceMode of ["full", "prototypes"] as const) {
    const { labels, metadata } = await run(n === 0 ? [] : [sure], {
      knnCorrection: "all",
      knnReferenceMode,
      knnK: 50,
      opensetMethod: "nn_distance",
      opensetThreshold: 1,
      enforceHierarchy: true,
      hierarchyRules: "derive",
    });
    expect(labels.map(({ final }) => final.codes.length)).toEqual([n, n]);
    expect(toPlain(metadata)).toMatchObject({ knn_coverage_group: n, openset_unknown_rate: n });
  }
});

test("the reference is needed only by what compares with it", async () => {
  const bare = identityModel(null);
  const query = memoryQuery([sure], genes);
  const work = { engine: createReferenceEngine() };
  const { metadata } = await predict(bare, query, {}, work);
  expect(metadata.get("knn_space_used")).toBe("latent_internal");
  await expect(predict(bare, query, { knnCorrection: "all" }, work)).rejects.toThrow(
    /reference.pkl is missing/,
  );
  const openset = { opensetMethod: "prototype", opensetThreshold: 1 } as const;
  await expect(predict(bare, query, openset, work)).rejects.toThrow(/reference.pkl is missing/);
});

test("nn_distance marks cells farther than the threshold from every reference cell, in all columns", async () => {
  const { labels, metadata } = await run(
    [
      [5, 0, 0.5],
      [5, 0, 1.5],
    ],
    {
      opensetMethod: "nn_distance",
      opensetThreshold: 1,
    },
  );
  for (const { isUnknown, usedKnn } of labels) {
    expect([...isUnknown]).toEqual([0, 1]);
    expect([...usedKnn]).toEqual([0, 0]);
  }
  expect(toPlain(metadata)).toMatchObject({
    openset_method: "nn_distance",
    openset_threshold: 1,
    openset_space_used: "latent_internal",
    openset_label_column: null,
    openset_unknown_rate: 0.5,
  });
  expect(metadata.has("openset_num_prototypes")).toBe(false);
});

test("nn_distance shares the search of the vote", async () => {
  const engine = watchedEngine();
  const options = {
    opensetMethod: "nn_distance",
    opensetThreshold: 1,
    knnCorrection: "low_conf_only",
  } as const;
  await run([sure, torn], options, engine);
  expect(engine.searched).toEqual([2]);
});

test("prototype measures to the nearest centroid of the chosen column", async () => {
  const { labels, metadata } = await run(
    [
      [4.5, 0.5, 0],
      [4.5, 0.5, 3],
    ],
    {
      opensetMethod: "prototype",
      opensetThreshold: 1,
      opensetLabelColumn: "kind",
    },
  );
  expect([...labels[0].isUnknown]).toEqual([0, 1]);
  expect(toPlain(metadata)).toMatchObject({ openset_label_column: "kind", openset_num_prototypes: 3 });
});

test("coherent probabilities derive their rules and leave nothing to contradict", async () => {
  const cells = [
    [3, 0, 4],
    [0, 3, 4],
    [4, 4, 0],
  ];
  const apart = await run(cells);
  const { labels, metadata, deepest } = await run(cells, { coherentProbabilities: true, deepestLabel: true });
  const { rules } = deriveHierarchyRules(reference.labels, ["group", "kind"]);
  const group = rules.get("kind")!.childToParent;
  const agree = (given: typeof labels) =>
    names(given[1].raw).map((kind, i) => group.get(kind) === names(given[0].raw)[i]);
  expect(agree(apart.labels)).toContain(false);
  expect(agree(labels)).toEqual([true, true, true]);
  expect(labels[0].conf[0]).toBeGreaterThan(labels[1].conf[0]);
  expect(metadata.get("coherent_probabilities")).toBe(true);
  expect(apart.metadata.has("coherent_probabilities")).toBe(false);
  expect([apart.deepest, deepest?.columns.categories]).toEqual([undefined, ["group", "kind"]]);
});

test("a child that contradicts its parent becomes Unknown and is counted", async () => {
  const { labels, metadata } = await run([[3, 4, 0], sure], {
    enforceHierarchy: true,
    hierarchyRules: "derive",
  });
  expect(names(labels[0].final)).toEqual(["b", "a"]);
  expect(names(labels[1].final)).toEqual(["a2", "a1"]);
  const strict = await run([[3, 4, 0], sure], {
    enforceHierarchy: true,
    hierarchyRules: new Map([
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
    ]),
  });
  expect(names(strict.labels[1].final)).toEqual(["Unknown", "a1"]);
  expect(toPlain(strict.metadata)).toMatchObject({
    hierarchy_enforced: true,
    hierarchy_inconsistency_rate: { kind: 0.5 },
  });
  expect(metadata.get("hierarchy_enforced")).toBe(true);
});

test("coordinates come back in original units, and not at all when they are not kept", async () => {
  const { coords } = await run([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  expect([...coords.keys()]).toEqual(["umap", "latent_internal"]);
  expect([...(coords.get("umap")?.data ?? [])]).toEqual([12, 28, 18, 40]);
  expect([...(coords.get("latent_internal")?.data ?? [])]).toEqual([1, 2, 3, 4, 5, 6]);
  const lean = await run([[1, 2, 3]], { keepCoords: false, knnCorrection: "all" });
  expect(lean.coords.size).toBe(0);
  expect([...lean.labels[0].usedKnn]).toEqual([1]);
});

test("a space is the one asked for, from the network or from obsm, and recorded", async () => {
  const umap = await run([sure], { knnCorrection: "all", knnSpace: "umap" });
  expect(toPlain(umap.metadata)).toMatchObject({ knn_space_used: "umap", knn_space_preferred: "umap" });
  const query = memoryQuery([sure, sure], genes, new Map([["X_scVI", dense([[0], [5]])]]));
  const scvi = await predict(
    model,
    query,
    { knnCorrection: "all", knnQueryObsmKey: "X_scVI", knnK: 1 },
    { engine: createReferenceEngine() },
  );
  expect(names(scvi.labels[0].knn)).toEqual(["b", "a"]);
  expect(scvi.metadata.get("knn_space_used")).toBe("scvi");
});

test.each([
  [{ knnSpace: "pca" }, "NOT_FOUND", /no space "pca", it has latent_internal, umap, scvi/],
  [{ knnSpace: "scvi" }, "NOT_FOUND", /does not predict the space "scvi"/],
  [{ knnQueryObsmKey: "X_missing" }, "NOT_FOUND", /X_missing|no space "missing"/],
  [{ knnQueryObsmKey: "X_wide", knnSpace: "scvi" }, "MISMATCH", /2 dimensions .* the reference 1/],
  [{ knnQueryObsmKey: "X_nan", knnSpace: "scvi" }, "BAD_DATA", /row 0 holds NaN/],
])("a space that is not there is an error: %o", async (options, code, message) => {
  const obsm = new Map([
    ["X_wide", dense([[1, 2]])],
    ["X_nan", dense([[Number.NaN]])],
  ]);
  const result = predict(
    model,
    memoryQuery([sure], genes, obsm),
    { ...options, knnCorrection: "all" },
    { engine: createReferenceEngine() },
  );
  await expect(result).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

test("labels that do not belong to the points are refused before the network runs", async () => {
  const broken: Reference = { ...reference, labels: new Map([["group", referenceLabels(["a"])]]) };
  const engine = watchedEngine();
  const result = predict(
    identityModel(broken),
    memoryQuery([sure], genes),
    { knnCorrection: "all" },
    { engine },
  );
  await expect(result).rejects.toThrow(/1 labels of group for 6 points/);
});

test("temperatures divide the logits unless calibration is off", async () => {
  const trainConfig = new Map([
    ["calibration", { method: "temperature_scaling", temperatures: { group: 2, kind: 0.5 } }],
  ]);
  const calibrated = { ...model, trainConfig };
  const work = { engine: createReferenceEngine() };
  const query = memoryQuery([[3, 1, 0]], genes);
  const on = await predict(calibrated, query, {}, work);
  const off = await predict(calibrated, query, { applyCalibration: false }, work);
  expect(on.labels[0].conf[0]).toBeCloseTo(1 / (1 + Math.exp(-1)), 6);
  expect(off.labels[0].conf[0]).toBeCloseTo(1 / (1 + Math.exp(-2)), 6);
  expect(toPlain(on.metadata)).toMatchObject({ calibration_applied: true, temperature_group: 2 });
  expect(toPlain(off.metadata)).toMatchObject({
    calibration_applied: false,
    calibration_method: "temperature_scaling",
  });
  expect(off.metadata.has("calibration_temperatures")).toBe(false);
  const bad = { ...model, trainConfig: new Map([["calibration", { temperatures: { group: 0 } }]]) };
  await expect(predict(bad, query, {}, work)).rejects.toThrow(/temperature of group is 0/);
});

test("a caller's signal stops the work and nothing stays open", async () => {
  const engine = watchedEngine();
  const controller = new AbortController();
  const onProgress = () => controller.abort();
  const query = memoryQuery([sure, sure, sure], genes);
  const result = predict(model, query, { batchSize: 1 }, { engine, signal: controller.signal, onProgress });
  await expect(result).rejects.toMatchObject({ code: "ABORTED" });
  expect(engine.open).toBe(0);
});

test("progress counts cells", async () => {
  const seen: string[] = [];
  await predict(
    model,
    memoryQuery([sure, torn, sure], genes),
    { knnCorrection: "all", batchSize: 2 },
    {
      engine: createReferenceEngine(),
      onProgress: ({ phase, done, total }) => seen.push(`${phase} ${done}/${total}`),
    },
  );
  expect(seen).toEqual(["predict 2/3", "predict 3/3", "neighbours 3/3"]);
});

test("a cell without counts is Unknown for that reason, unless nothing is to be", async () => {
  const rows = [
    [5, 0, 0],
    [0, 0, 0],
  ];
  const run = (options: PredictOptions) =>
    predict(model, memoryQuery(rows, genes), options, { engine: createReferenceEngine() });
  for (const { isUnknown, unknownReasons, final } of (await run({ confidenceLow: 0 })).labels) {
    expect([...isUnknown]).toEqual([0, 1]);
    expect(UNKNOWN_REASONS[unknownReasons[1]]).toBe("no_counts");
    expect(names(final)[1]).toBe("Unknown");
  }
  expect([...(await run({ unknown: "off" })).labels[0].isUnknown]).toEqual([0, 0]);
});

test("cells of the reference and repeated cell names are told", async () => {
  const rows = [...points, [1, 1, 1]];
  const query = memoryQuery(rows, genes);
  const index = rows.map((_, i) => `c${i % 6}`);
  const { warnings } = await predict(
    model,
    { ...query, obs: { ...query.obs, index } },
    { knnCorrection: "all" },
    { engine: createReferenceEngine() },
  );
  const told = warnings.map(({ message }) => message);
  expect(told).toContain('one cell name occurs more than once: "c0"');
  expect(told).toContain("6 of the query's 7 cells are cells of the reference");
  const others = await predict(
    model,
    memoryQuery(
      rows.map((row) => row.map((value) => value + 0.5)),
      genes,
    ),
    { knnCorrection: "all" },
    { engine: createReferenceEngine() },
  );
  expect(others.warnings).toEqual([]);
});

test("where reference cells agree with each other, cells of the query that agree with them are no news", async () => {
  const at = (places: readonly number[]) => places.map((place) => [place, 20 - place, 1]);
  const told = async (ofReference: readonly number[], ofQuery: readonly number[]) => {
    const labels = referenceLabels(ofReference.map((place) => (place < 6 ? "a" : "b")));
    const result = await predict(
      identityModel({
        coords: new Map([["X_ref_latent_internal", dense(at(ofReference))]]),
        labels: new Map([
          ["group", labels],
          ["kind", labels],
        ]),
      }),
      memoryQuery(at(ofQuery), genes),
      { knnCorrection: "all" },
      { engine: createReferenceEngine() },
    );
    return result.warnings.map(({ message }) => message);
  };
  const single = [0, 1, 2, 3, 4, 5];
  const others = [6, 7, 8, 9, 10, 11, 12];
  const query = [...single, ...others];
  expect(await told([...single, ...others, ...others], query)).toEqual([]);
  expect(await told([...single, ...others], query)).toEqual([
    "13 of the query's 13 cells are cells of the reference",
  ]);
  // So many are more than chance, and the others are not counted.
  const many = [...single, 13, 14, 15, 16, 17, 18];
  expect(await told([...many, 6, 6, 7, 7], [...many, 6, 7])).toEqual([
    "12 of the query's 14 cells are cells of the reference",
  ]);
});
