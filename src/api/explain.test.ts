import { beforeAll, expect, test } from "vitest";
import { createSimulation, type Simulation } from "../demo/simulate.ts";
import { simulatedAnnData } from "../demo/simulated-anndata.ts";
import {
  buildModel,
  explainModel,
  explainQuery,
  labelGenesCsv,
  predict,
  type TrainedModel,
} from "./index.ts";

const LEVELS = ["lineage", "class", "type"];
let simulation: Simulation;
let model: TrainedModel;
beforeAll(async () => {
  simulation = createSimulation({ nReference: 1000, nQuery: 200, nGenes: 1000, nStates: 21 });
  model = await buildModel(simulatedAnnData(simulation, "reference"), { labelColumns: LEVELS, numEpochs: 5 });
}, 60_000);

/** The genes that the simulation makes twice as abundant in a class as in the mean of its siblings. */
function trueMarkers(level: number, label: string, parent: string | null): ReadonlySet<string> {
  const { paths, abundance, genes, unseen } = simulation;
  const mean = (isIn: (path: readonly string[]) => boolean) => {
    const types = paths.flatMap((path, t) => (t !== unseen && isIn(path) ? [t] : []));
    return genes.map((_, g) => types.reduce((sum, t) => sum + abundance[t][g], 0) / types.length);
  };
  const own = mean((path) => path[level] === label);
  const siblings = mean((path) => path[level] !== label && (parent === null || path[level - 1] === parent));
  return new Set(genes.filter((_, g) => own[g] >= 2 * siblings[g]));
}

test("of the 20 best genes of a label at least 80 % are markers of the simulation", async () => {
  for (const [level, { classes }] of (await explainModel(model)).entries()) {
    const shares = classes.map(({ label, parent, genes }) => {
      const truth = trueMarkers(level, label, parent);
      return genes.slice(0, 20).filter(({ gene }) => truth.has(gene)).length / 20;
    });
    expect(shares.reduce((a, b) => a + b, 0) / shares.length).toBeGreaterThanOrEqual(0.8);
  }
});

test("the shares of a query are those that its counts give, cell by cell", async () => {
  const query = simulatedAnnData(simulation, "query");
  const result = await predict(model, query);
  const explained = await explainQuery(model, query, result, { labelColumns: ["class"], batchSize: 64 });
  expect(explained.map(({ column }) => column)).toEqual(["class"]);
  const { final } = result.data.labels[1];
  const expressing = new Map<string, number>();
  for await (const { firstRow, csr } of (await query.matrix()).rows())
    for (let r = 0; r < csr.nRows; r++) {
      const label = final.categories[final.codes[firstRow + r]];
      for (let e = csr.indptr[r]; e < csr.indptr[r + 1]; e++) {
        const key = `${label}\n${simulation.genes[csr.indices[e]]}`;
        expressing.set(key, (expressing.get(key) ?? 0) + 1);
      }
    }
  let seen = 0;
  for (const { label, nQueryCells, genes } of explained[0].classes) {
    const code = final.categories.indexOf(label);
    expect(nQueryCells).toBe(final.codes.filter((own) => own === code).length);
    for (const { gene, queryExpressing } of genes) {
      if (nQueryCells === 0) expect(queryExpressing).toBeNull();
      else expect(queryExpressing).toBe((expressing.get(`${label}\n${gene}`) ?? 0) / nQueryCells);
      seen++;
    }
  }
  expect(seen).toBeGreaterThan(100);
  const rows = new TextDecoder().decode(labelGenesCsv(explained)).trim().split("\n");
  expect(rows).toHaveLength(seen + 1);
  expect(rows[0]).toMatch(/^label_column,label,parent,rank,gene,.*,query_expressing,n_query_cells$/);
});

test("labels of other cells, unknown columns and models without genes are refused", async () => {
  const query = simulatedAnnData(simulation, "query");
  const labels = { codes: new Int32Array(3), categories: ["a"] };
  const explain = (column: string) => explainQuery(model, query, new Map([[column, labels]]));
  await expect(explain("class")).rejects.toMatchObject({ code: "MISMATCH" });
  await expect(explain("no such column")).rejects.toMatchObject({ code: "MISMATCH" });
  const chosen = explainQuery(model, query, new Map([["class", labels]]), { labelColumns: ["type"] });
  await expect(chosen).rejects.toMatchObject({ code: "MISMATCH" });
});
