// Probabilities of each linear view of a model: node views.mjs MODEL.pth QUERY.h5ad OUT_PREFIX. Needs a build. Writes
// OUT_PREFIX.INPUT.csv for each view, with the cells as rows and the classes of the last label column as columns.
import { writeFileSync } from "node:fs";
import { openAnnData, TrainedModel } from "../../../build/api/index.js";
import { shareOfMeasured } from "../../../build/model/components/gene-shares.js";
import { probabilitiesOf } from "../../../build/model/conformal.js";
import { createViewScorer } from "../../../build/model/linear/view-scores.js";
import { viewValues } from "../../../build/model/linear/view-values.js";
import { alignBlock, alignGenes } from "../../../build/predict/align.js";
import { measuredGenes } from "../../../build/predict/measured-genes.js";

const [modelPath, queryPath, prefix] = process.argv.slice(2);
const { data: model } = await TrainedModel.load(modelPath);
const query = await openAnnData(queryPath);
const genes = alignGenes(await query.varNames("X"), model.trainGenes, queryPath);
const measured = measuredGenes(genes);
const { views, values, geneShares } = model.linear;
const share = shareOfMeasured(geneShares, measured);
const { classes } = model.labelHeads.at(-1);
for (const view of views) {
  const { temperature, intercepts } = view.heads.at(-1);
  const nOutputs = view.heads.reduce((sum, head) => sum + head.intercepts.length, 0);
  const score = createViewScorer(view, measured);
  const lines = [["", ...classes].join(",")];
  const own = new Float64Array(intercepts.length);
  for await (const { firstRow, csr } of (await query.matrix("X")).rows()) {
    const scores = score(viewValues(alignBlock(csr, genes, "float"), view.input, values, share));
    for (let row = 0; row < csr.nRows; row++) {
      probabilitiesOf(scores, (row + 1) * nOutputs - own.length, temperature, own);
      lines.push([query.obs.index[firstRow + row], ...own].join(","));
    }
  }
  writeFileSync(`${prefix}.${view.input}.csv`, `${lines.join("\n")}\n`);
}
