// Genes of the labels against what is known: node bench/explain.mjs [DATA_FOLDER] [PRESET …]
// On the simulated atlas: of the 20 best genes of each class the share that are true markers. On sorted or well-known cells
// of DATA_FOLDER: how many textbook markers are among the 20 best. Needs a build.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { buildModel, openAnnData } from "../build/api/index.js";
import { LEVELS } from "../build/demo/cell-types.js";
import { createSimulation } from "../build/demo/simulate.js";
import { simulatedAnnData } from "../build/demo/simulated-anndata.js";
import { TEXTBOOK } from "./explain-markers.mjs";

const [folder = "../shared/data", ...given] = process.argv.slice(2);
const presets = given.length === 0 ? ["default", "best"] : given;
const TOP = 20;

/** A gene marks a class if it is at least so many times as abundant there as in the mean of the siblings. */
const FOLD = 2;

function trueMarkers({ paths, abundance, genes, unseen }, level, label, parent) {
  const mean = (isIn) => {
    const types = paths.flatMap((path, t) => (t !== unseen && isIn(path) ? [t] : []));
    return genes.map((_, g) => types.reduce((sum, t) => sum + abundance[t][g], 0) / types.length);
  };
  const own = mean((path) => path[level] === label);
  const siblings = mean((path) => path[level] !== label && (parent === null || path[level - 1] === parent));
  return new Set(genes.filter((_, g) => own[g] >= FOLD * siblings[g]));
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

for (const preset of presets) {
  const simulation = createSimulation({ nGenes: 4000 });
  const began = performance.now();
  const model = await buildModel(simulatedAnnData(simulation, "reference"), {
    labelColumns: [...LEVELS],
    preset,
  });
  console.log(
    `\nsimulated atlas, ${preset}: trained in ${((performance.now() - began) / 1000).toFixed(1)} s`,
  );
  model.data.labelGenes.forEach(({ column, classes }, level) => {
    const shares = classes.map(({ label, parent, genes }) => {
      const truth = trueMarkers(simulation, level, label, parent);
      return genes.slice(0, TOP).filter(({ gene }) => truth.has(gene)).length / TOP;
    });
    console.log(
      `  ${column.padEnd(8)} ${String(classes.length).padStart(3)} classes: precision at ${TOP} ${percent(meanOf(shares))}, lowest ${percent(Math.min(...shares))}`,
    );
  });
  for (const { file, labelColumns, names, markers } of TEXTBOOK) {
    if (!existsSync(join(folder, file))) continue;
    const adata = await openAnnData(join(folder, file));
    const real = await buildModel(adata, { labelColumns, preset });
    const symbols = names === undefined ? null : await adata.var.column(names);
    const symbolOf = new Map(
      adata.var.index.map((gene, g) => [gene, symbols === null ? gene : textOf(symbols, g)]),
    );
    const { classes } = real.data.labelGenes.at(-1);
    console.log(`\n${file}, ${labelColumns.join(", ")}, ${preset}`);
    let [found, all] = [0, 0];
    for (const { label, genes } of classes) {
      const known = (markers[label] ?? []).filter((gene) => [...symbolOf.values()].includes(gene));
      const top = genes.slice(0, TOP).map(({ gene }) => symbolOf.get(gene));
      const hits = known.filter((gene) => top.includes(gene));
      [found, all] = [found + hits.length, all + known.length];
      console.log(
        `  ${label}: ${hits.length} of ${known.length} (${known.filter((g) => !hits.includes(g)).join(" ")} missing); ${top.join(" ")}`,
      );
    }
    console.log(`  in all ${found} of ${all}`);
    await adata.close();
  }
}

function textOf(column, row) {
  return column.kind === "categorical" ? column.categories[column.codes[row]] : column.values[row];
}
