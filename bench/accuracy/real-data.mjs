// Accuracy on real data: trains on some groups of a dataset, predicts the others and scores every level.
//
//   npm run build && node bench/accuracy/real-data.mjs DATA_FOLDER
//
// DATA_FOLDER holds pbmc_3tech_symphony.h5ad and pbmc_kang2018_ctrl.h5ad (not part of this repository).
import { join } from "node:path";
import { scoreLabels } from "../../dist/evaluate/metrics.js";
import { buildModel, cellsWhere, openAnnData, predict, selectObs } from "../../dist/index.js";

const folder = process.argv[2];
if (folder === undefined) throw new Error("name the folder of the datasets");
const seeds = [1, 2, 3];

// The donors of Kang are drawn as the reference figures' were: three held out, another three for each seed.
const tasks = [
  {
    name: "3p → 5p",
    file: "pbmc_3tech_symphony.h5ad",
    groups: "technology",
    levels: ["cell_type_l1", "cell_type_l2", "cell_type_l3_nested"],
    heldOut: () => ["5p"],
  },
  {
    name: "Kang, three donors held out",
    file: "pbmc_kang2018_ctrl.h5ad",
    groups: "donor",
    levels: ["cell_type_l1_derived", "cell_type"],
    heldOut: (donors, seed) => donors.filter((_, i) => (i + 3 * seed) % donors.length < 3),
  },
];

for (const task of tasks) {
  const adata = await openAnnData(join(folder, task.file));
  const groups = await adata.obs.column(task.groups);
  const levels = await Promise.all(task.levels.map((level) => adata.obs.column(level)));
  const labelled = new Set(cellsWhere(levels.at(-1), (label) => label !== null));
  const names = groups.categories.filter((_, code) => groups.codes.includes(code));
  const scores = task.levels.map(() => []);
  for (const seed of seeds) {
    const heldOut = task.heldOut(names, seed);
    const rows = (test) => cellsWhere(groups, test).filter((row) => labelled.has(row));
    const training = await selectObs(
      adata,
      rows((group) => !heldOut.includes(group)),
    );
    const query = await selectObs(
      adata,
      rows((group) => heldOut.includes(group)),
    );
    const model = await buildModel(training, { labelColumns: task.levels, randomState: seed });
    const { data } = await predict(model, query);
    for (const [i, level] of task.levels.entries()) {
      const { raw, conf } = data.labels[i];
      scores[i].push(scoreLabels(await query.obs.column(level), raw, conf));
    }
  }
  for (const [i, level] of task.levels.entries()) {
    const mean = (key) => scores[i].reduce((sum, score) => sum + score[key], 0) / seeds.length;
    const figures = ["accuracy", "macroF1", "ece", "aurc"].map((key) =>
      mean(key).toFixed(key === "aurc" ? 4 : 3),
    );
    console.log(`${task.name}, ${level}: accuracy / macro-F1 / ECE / AURC = ${figures.join(" / ")}`);
  }
}
