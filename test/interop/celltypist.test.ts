/** Models of CellTypist predict here what they predict there. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { explainModel, explainQuery, predict, TrainedModel } from "../../src/api/index.ts";
import { memoryAnnData } from "../helpers/memory-anndata.ts";
import { describeCellTypist, describeCurrent, PYTHON, runPython } from "../helpers/python.ts";

const script = fileURLToPath(new URL("celltypist_models.py", import.meta.url));

interface Case {
  readonly name: string;
  readonly pickle: string;
  readonly genes: readonly string[];
  readonly query: readonly (readonly number[])[];
  readonly best: readonly string[];
  readonly prob: readonly string[];
  readonly p: readonly (readonly number[])[];
  /** By label the genes of its `extract_top_markers`; of celltypist alone. */
  readonly markers?: Readonly<Record<string, readonly string[]>>;
}

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "atlasmtl-celltypist-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What `trainer` of `python` trained, and what it predicts. */
function casesOf(python: string, trainer: "celltypist" | "sklearn"): readonly Case[] {
  const printed = runPython(python, script, trainer, folder).trim().split("\n").at(-1)!;
  const { version, cases } = JSON.parse(printed) as { version: string; cases: readonly Case[] };
  console.log(`${trainer} ${version}: ${cases.map(({ name }) => name).join("; ")}`);
  return cases;
}

function queryOf({ query, genes }: Case) {
  const [indices, data]: [number[], number[]] = [[], []];
  const indptr = new Uint32Array(query.length + 1);
  query.forEach((row, r) => {
    row.forEach((value, g) => {
      if (value === 0) return;
      indices.push(g);
      data.push(value);
    });
    indptr[r + 1] = indices.length;
  });
  const x = {
    nRows: query.length,
    nCols: genes.length,
    indptr,
    indices: Uint32Array.from(indices),
    data: Float32Array.from(data),
  };
  return memoryAnnData({ x, obs: {}, genes });
}

async function expectSame(one: Case): Promise<void> {
  const adata = queryOf(one);
  const model = await TrainedModel.load(one.pickle);
  const options = { probabilities: "all", numThreads: 1 } as const;
  const best = (await predict(model, adata, options)).data;
  const prob = (await predict(model, adata, { ...options, matchMode: "prob_match", pThres: 0.5 })).data;
  const { final } = best.labels[0];
  const matched = prob.labels[0].probMatch!;
  expect([one.name, Array.from(final.codes, (code) => final.categories[code])]).toEqual([one.name, one.best]);
  expect([one.name, Array.from(matched.codes, (code) => matched.categories[code])]).toEqual([
    one.name,
    one.prob,
  ]);
  let largest = 0;
  best.probabilities![0].columns.forEach((column, c) => {
    if (column.kind !== "score") throw new Error("expected numbers");
    column.values.forEach((value, r) => {
      largest = Math.max(largest, Math.abs(value - one.p[r][c]));
    });
  });
  expect([one.name, largest < 1e-6 ? "equal" : largest]).toEqual([one.name, "equal"]);
}

/** Its genes are those of `extract_top_markers`, in its order, with shares of the query's cells that can be counted. */
async function expectSameGenes(one: Case): Promise<void> {
  const model = await TrainedModel.load(one.pickle);
  const [{ classes }] = await explainModel(model);
  const found = classes.map(({ label, genes }) => [label, genes.slice(0, 15).map(({ gene }) => gene)]);
  expect([one.name, Object.fromEntries(found)]).toEqual([one.name, one.markers]);
  const adata = queryOf(one);
  const [explained] = await explainQuery(model, adata, await predict(model, adata, { numThreads: 1 }));
  for (const { label, nQueryCells, genes } of explained.classes) {
    const rows = one.query.filter((_, r) => one.best[r] === label);
    expect(nQueryCells).toBe(rows.length);
    for (const { gene, queryExpressing } of genes) {
      const g = one.genes.indexOf(gene);
      const share = g < 0 || rows.length === 0 ? null : rows.filter((row) => row[g] > 0).length / rows.length;
      expect([one.name, label, gene, queryExpressing]).toEqual([one.name, label, gene, share]);
    }
  }
}

describeCellTypist("celltypist", (python) => {
  test("labels of every mode are its own, probabilities to 1e-6, and so are the genes that speak for a label", async () => {
    const cases = casesOf(python, "celltypist");
    expect(cases).toHaveLength(14);
    for (const one of cases) await expectSame(one);
    for (const one of cases) await expectSameGenes(one);
  });
});

describe("Debian's scikit-learn", () => {
  test("its pickles open and score as it does", async () => {
    for (const one of casesOf(PYTHON, "sklearn")) await expectSame(one);
  });
});

describeCurrent("the newest scikit-learn", (python) => {
  test("its pickles open and score as it does", async () => {
    for (const one of casesOf(python, "sklearn")) await expectSame(one);
  });
});
