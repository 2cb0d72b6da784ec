// The tasks of the accuracy study: which cells are learned from and which are predicted, the same for every method.
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeDataset } from "../../build/anndata/write/write-annotated.js";
import { cellsWhere, openAnnData } from "../../build/api/index.js";
import { LEVELS } from "../../build/demo/cell-types.js";
import { createSimulation } from "../../build/demo/simulate.js";
import { simulatedAnnData } from "../../build/demo/simulated-anndata.js";
import { randomStream } from "../atlas.mjs";

export const SEEDS = [1, 2, 3, 4, 5];

const SIMULATED = "Simulated atlas, new donors";
const TASKS = [
  {
    name: "PBMC, 3p → 5p",
    file: "pbmc_3tech_symphony.h5ad",
    levels: ["cell_type_l1", "cell_type_l2", "cell_type_l3_nested"],
    groups: "technology",
    queryGroups: () => ["5p"],
  },
  {
    name: "PBMC, three donors held out",
    file: "pbmc_kang2018_ctrl.h5ad",
    levels: ["cell_type_l1_derived", "cell_type"],
    groups: "donor",
    queryGroups: (donors, seed) => donors.filter((_, i) => (i + 3 * seed) % donors.length < 3),
  },
  { name: "PBMC sorted, 30 % held out", file: "pbmc68k_reduced_counts.h5ad", levels: ["bulk_labels"] },
];

/**
 * Every run of the study: `{ task, seed, levels, train, query, unseen }`, where `train` and `query` are
 * `{ file, rows }` and `unseen` is the finest type that this run does not learn, or null. Each seed has a run that
 * learns everything and one that leaves a type out: of the types with ten query cells, the largest for seed 1, the
 * next for seed 2 and so on. Simulated atlases are written to `folder`. `only` names the one task to make runs of.
 */
export async function makeRuns(dataFolder, folder, { seeds = SEEDS, only } = {}) {
  const runs = [];
  for (const { name, file, levels, groups, queryGroups } of TASKS) {
    if (only !== undefined && name !== only) continue;
    const path = join(dataFolder, file);
    const adata = await openAnnData(path);
    const finest = await adata.obs.column(levels.at(-1));
    const labelled = [...cellsWhere(finest, (label) => label !== null)];
    const column = groups === undefined ? null : await adata.obs.column(groups);
    const groupOf = new Map();
    const names = column === null ? [] : column.categories.filter((_, code) => column.codes.includes(code));
    for (const group of names)
      for (const row of cellsWhere(column, (label) => label === group)) groupOf.set(row, group);
    for (const seed of seeds) {
      const draw = randomStream(seed);
      const held = new Set(queryGroups?.(names, seed));
      const isQuery = labelled.map((row) => (column === null ? draw() < 0.3 : held.has(groupOf.get(row))));
      const rows = (query) => labelled.filter((_, i) => isQuery[i] === query);
      const run = { task: name, seed, levels };
      addRuns(runs, run, finest, { file: path, rows: rows(false) }, finest, { file: path, rows: rows(true) });
    }
    await adata.close();
  }
  if (only === undefined || only === SIMULATED)
    for (const seed of seeds) runs.push(...(await simulatedRuns(folder, seed)));
  return runs;
}

async function simulatedRuns(folder, seed) {
  mkdirSync(folder, { recursive: true });
  const parts = {};
  for (const part of ["reference", "query"]) {
    const file = join(folder, `simulated-${seed}-${part}.h5ad`);
    if (!existsSync(file))
      await writeDataset(
        simulatedAnnData(createSimulation({ seed: 100 + seed, unseenState: null }), part),
        file,
        {},
      );
    const adata = await openAnnData(file);
    const finest = await adata.obs.column(LEVELS.at(-1));
    parts[part] = { file, finest, rows: [...cellsWhere(finest, () => true)] };
    await adata.close();
  }
  const runs = [];
  const run = { task: SIMULATED, seed, levels: LEVELS };
  const { reference, query } = parts;
  addRuns(runs, run, reference.finest, { file: reference.file, rows: reference.rows }, query.finest, {
    file: query.file,
    rows: query.rows,
  });
  return runs;
}

function addRuns(runs, run, trainLabels, train, queryLabels, query) {
  runs.push({ ...run, unseen: null, train, query });
  const counts = new Map();
  const labelOf = labelsByRow(queryLabels);
  for (const row of query.rows) counts.set(labelOf(row), (counts.get(labelOf(row)) ?? 0) + 1);
  const large = [...counts].filter(([, n]) => n >= 10).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const unseen = large[(run.seed - 1) % large.length][0];
  const trainLabel = labelsByRow(trainLabels);
  const rows = train.rows.filter((row) => trainLabel(row) !== unseen);
  runs.push({ ...run, unseen, train: { ...train, rows }, query });
}

function labelsByRow(column) {
  if (column.kind === "categorical") return (row) => column.categories[column.codes[row]];
  return (row) => column.values[row];
}
