import { expect, test } from "vitest";
import {
  CLASSES,
  classifier,
  floats,
  GENES,
  INTERCEPTS,
  LOGISTIC,
  MEAN,
  object,
  pickled,
  SD,
  SGD,
  scaler,
  texts,
  WEIGHTS,
} from "../../test/helpers/celltypist-pickles.ts";
import { memoryAnnData } from "../../test/helpers/memory-anndata.ts";
import { joinPieces } from "../../test/helpers/memory-store.ts";
import { describeShared, sharedPath } from "../../test/helpers/shared.ts";
import type { Csr } from "../core/csr.ts";
import { emitPickle } from "../formats/pickle/emit.ts";
import { Global, Instance } from "../formats/pickle/values.ts";
import { openAnnData, predict, TrainedModel } from "./index.ts";

const load = (bytes: Uint8Array<ArrayBuffer>, celltypist = {}): Promise<TrainedModel> =>
  TrainedModel.load(new Map([["m.pkl", bytes]]), { celltypist });

/** Counts of 200 cells on 60 genes, the model's among them unless they are to be missing. */
function query(genes: readonly string[] = GENES) {
  const names = [...genes, ...Array.from({ length: 60 - genes.length }, (_, g) => `other-${g}`)];
  const dense = Array.from({ length: 200 }, (_, r) =>
    names.map((_, g) => (r * (g + 3) + 7 * g) % (4 + (g % 5))),
  );
  const indptr = new Uint32Array(201);
  const [indices, data]: [number[], number[]] = [[], []];
  dense.forEach((row, r) => {
    row.forEach((count, g) => {
      if (count === 0) return;
      indices.push(g);
      data.push(count);
    });
    indptr[r + 1] = indices.length;
  });
  const x: Csr = {
    nRows: 200,
    nCols: 60,
    indptr,
    indices: Uint32Array.from(indices),
    data: Float32Array.from(data),
  };
  return { dense, names, adata: memoryAnnData({ x, obs: {}, genes: names, blockRows: 64 }) };
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** What CellTypist does: all genes to 10,000, log1p, scaled, clipped at 10, over the genes that are there. */
function expected({ dense, names }: ReturnType<typeof query>, withMean = true): number[][] {
  return dense.map((row) => {
    const sum = row.reduce((a, b) => a + b, 0);
    return CLASSES.map((_, c) => {
      let score = INTERCEPTS[c];
      GENES.forEach((gene, g) => {
        const at = names.indexOf(gene);
        if (at < 0) return;
        const value = Math.log1p((row[at] * 10_000) / sum);
        score += WEIGHTS[3 * c + g] * Math.min((value - (withMean ? MEAN[g] : 0)) / SD[g], 10);
      });
      return sigmoid(score);
    });
  });
}

async function probabilities(model: TrainedModel, adata: Parameters<typeof predict>[1], options = {}) {
  const result = await predict(model, adata, { probabilities: "all", numThreads: 1, ...options });
  const columns = result.data.probabilities![0].columns.map((each) =>
    each.kind === "score" ? each.values : [],
  );
  return { result, rows: Array.from({ length: adata.nObs }, (_, r) => columns.map((own) => own[r])) };
}

function expectClose(got: readonly (readonly number[])[], wanted: readonly (readonly number[])[]): void {
  got.forEach((row, r) => {
    row.forEach((p, c) => {
      expect(Math.abs(p - wanted[r][c])).toBeLessThan(1e-6);
    });
  });
}

test("probabilities and labels are CellTypist's, from counts and from its own values, with and without some genes", async () => {
  for (const genes of [GENES, ["NKG7", "CD3E"]]) {
    const cells = query(genes);
    const wanted = expected(cells);
    const { result, rows } = await probabilities(await load(pickled(classifier(LOGISTIC))), cells.adata);
    expectClose(rows, wanted);
    const [label] = result.data.labels;
    label.final.codes.forEach((code, r) => {
      expect(wanted[r][code]).toBeCloseTo(Math.max(...wanted[r]), 6);
    });
    expect(label.isUnknown.some((flag) => flag === 1)).toBe(false);
  }
});

test("classifiers of every kind that CellTypist trains open: stochastic descent with its old loss, one by one, without centring", async () => {
  const cells = query();
  const log = new Instance(new Global("sklearn.linear_model._sgd_fast", "Log"), []);
  const parts = CLASSES.map((_, c) =>
    object(LOGISTIC, {
      coef_: floats([1, 3], WEIGHTS.slice(3 * c, 3 * c + 3)),
      intercept_: floats([1], [INTERCEPTS[c]]),
    }),
  );
  const oneByOne = object("sklearn.multiclass.OneVsRestClassifier", {
    estimators_: parts,
    label_binarizer_: object("sklearn.preprocessing._label.LabelBinarizer", { classes_: texts(CLASSES) }),
    features: texts(GENES),
  });
  for (const model of [classifier(SGD, { loss_function_: log }), oneByOne])
    expectClose((await probabilities(await load(pickled(model)), cells.adata)).rows, expected(cells));
  const uncentred = pickled(classifier(LOGISTIC), scaler({ with_mean: false }));
  expectClose((await probabilities(await load(uncentred), cells.adata)).rows, expected(cells, false));
});

test("two classes share a row of weights, and each has its own probability", async () => {
  const cells = query();
  const model = classifier(LOGISTIC, {
    classes_: texts(["B", "T"]),
    coef_: floats([1, 3], WEIGHTS.slice(6)),
    intercept_: floats([1], [INTERCEPTS[2]]),
  });
  const { rows } = await probabilities(await load(pickled(model)), cells.adata);
  const wanted = expected(cells).map(([, , t]) => [1 - t, t]);
  expectClose(rows, wanted);
});

test("prob_match gives every label above the threshold, in the order of the classes, and Unassigned", async () => {
  const cells = query();
  const model = await load(pickled(classifier(LOGISTIC)));
  const { result } = await probabilities(model, cells.adata, { matchMode: "prob_match", pThres: 0.3 });
  const [{ probMatch, final }] = result.data.labels;
  const wanted = expected(cells).map(
    (row) => CLASSES.filter((_, c) => row[c] > 0.3).join("|") || "Unassigned",
  );
  expect(Array.from(probMatch!.codes, (code) => probMatch!.categories[code])).toEqual(wanted);
  expect(new Set(wanted).size).toBeGreaterThan(3);
  const unknown = Array.from(final.codes, (code) => final.categories[code] === "Unknown");
  expect(unknown).toEqual(
    wanted.map(
      (text, r) => text === "Unassigned" || cells.dense[r].slice(0, 3).every((count) => count === 0),
    ),
  );
  const [header] = new TextDecoder().decode(joinPieces([...result.toCsvPieces("minimal")])).split("\n");
  expect(header).toMatch(/^obs_name,pred_cell_type,prob_match_cell_type,/);
});

test("saved and opened again it predicts the same, and says that it is linear", async () => {
  const { adata } = query();
  const model = await load(pickled(classifier(LOGISTIC)), { labelColumn: "immune" });
  const files = await model.toFiles();
  const manifest = JSON.parse(new TextDecoder().decode(files.get("model_manifest.json")));
  expect(manifest).toMatchObject({ kind: "linear", input_transform: "log1p_cp10k_of_all_genes" });
  const again = await TrainedModel.load(files);
  const [one, other] = [await probabilities(model, adata), await probabilities(again, adata)];
  expect(other.rows).toEqual(one.rows);
  expect(other.result.data.labels[0]).toEqual(one.result.data.labels[0]);
  expect(one.result.data.labels[0].column).toBe("immune");
});

test("what a linear model has not is refused by name", async () => {
  const { adata } = query();
  const model = await load(pickled(classifier(LOGISTIC)));
  const wrong = (options: object) => predict(model, adata, { numThreads: 1, ...options });
  await expect(wrong({ knnCorrection: "all" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect(wrong({ unknown: "distance" })).rejects.toMatchObject({ code: "MISMATCH" });
  await expect(wrong({ predictionSets: 0.9 })).rejects.toMatchObject({ code: "MISMATCH" });
  await expect(wrong({ adapt: true })).rejects.toMatchObject({ code: "MISMATCH" });
  await expect(wrong({ inputTransform: "binary" })).rejects.toMatchObject({ code: "USAGE" });
});

test.each([
  ["another class", pickled(object("sklearn.svm._classes.SVC", {})), "UNSUPPORTED"],
  ["no classifier", pickled(scaler()), "BAD_FORMAT"],
  ["no scaler", pickled(classifier(LOGISTIC), null), "BAD_FORMAT"],
  ["fewer classes than weights", pickled(classifier(LOGISTIC, { classes_: texts(["a", "b"]) })), "MISMATCH"],
  ["a class twice", pickled(classifier(LOGISTIC, { classes_: texts(["a", "b", "a"]) })), "BAD_DATA"],
  ["a gene too few", pickled(classifier(LOGISTIC, { features: texts(["a", "b"]) })), "MISMATCH"],
  ["no genes", pickled(classifier(LOGISTIC, { features: null })), "NOT_FOUND"],
  [
    "a weight that is no number",
    pickled(classifier(LOGISTIC, { intercept_: floats([3], [0, Number.NaN, 0]) })),
    "BAD_DATA",
  ],
  [
    "a gene without variance",
    pickled(classifier(LOGISTIC), scaler({ scale_: floats([3], [1, 0, 1]) })),
    "BAD_DATA",
  ],
  [
    "a scaler of other genes",
    pickled(classifier(LOGISTIC), scaler({ mean_: floats([2], [1, 1]) })),
    "MISMATCH",
  ],
])("a pickle with %s is refused", async (_, bytes, code) => {
  await expect(load(bytes)).rejects.toMatchObject({ code });
});

test("a bare classifier opens with the list of its genes, and takes values unscaled", async () => {
  const cells = query();
  const bare = new Uint8Array(joinPieces(emitPickle(classifier(SGD, { features: null }))));
  await expect(load(bare)).rejects.toMatchObject({ code: "NOT_FOUND" });
  const { rows } = await probabilities(await load(bare, { genes: GENES }), cells.adata);
  const wanted = cells.dense.map((row) => {
    const sum = row.reduce((a, b) => a + b, 0);
    return CLASSES.map((_, c) =>
      sigmoid(
        GENES.reduce(
          (s, _, g) => s + WEIGHTS[3 * c + g] * Math.log1p((row[g] * 10_000) / sum),
          INTERCEPTS[c],
        ),
      ),
    );
  });
  expectClose(rows, wanted);
});

describeShared("published models of CellTypist", () => {
  const path = (name: string): string => sharedPath(`data/celltypist_models/${name}.pkl`);

  test.each([
    ["RIRA_Immune_v2", 6, 1240],
    ["RIRA_TNK_v2", 4, 773],
    ["adams_Bassez_full", 37, 2887],
    ["adams_HuBMAP_f_model_0", 16, 3093],
  ])("%s opens", async (name, nClasses, nGenes) => {
    const { data } = await TrainedModel.load(path(name));
    expect(data.shape).toMatchObject({ nGenes, nClasses: [nClasses] });
  });

  test("RIRA's model knows the cells of pbmc3k", async () => {
    const adata = await openAnnData(sharedPath("data/pbmc3k_10xv1.h5ad"));
    const result = await predict(await TrainedModel.load(path("RIRA_Immune_v2")), adata);
    const [{ final }] = result.data.labels;
    const truth = await adata.obs.column("cell_type_l1_derived");
    if (truth.kind !== "categorical") throw new Error("expected categories");
    const hits = (type: string, label: string): number =>
      truth.codes.filter(
        (code, r) => truth.categories[code] === type && final.categories[final.codes[r]] === label,
      ).length;
    expect(
      ["B", "Mono", "NK", "T"].map((type, i) => hits(type, ["Bcell", "Myeloid", "T_NK", "T_NK"][i])),
    ).toEqual([336, 642, 155, 1444]);
    await adata.close();
  });
});
