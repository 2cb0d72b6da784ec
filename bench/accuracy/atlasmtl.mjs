// Our own part of the accuracy study: node atlasmtl.mjs RUNS.json OUT_FOLDER NAME='{"trainOption": value}' ...
// Writes OUT_FOLDER/NAME.jsonl: per run its labels and confidences by level. Needs a build.
import { createWriteStream, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildModel, openAnnData, predict, selectObs } from "../../dist/index.js";

const [runsFile, folder, ...methods] = process.argv.slice(2);
const runs = JSON.parse(readFileSync(runsFile, "utf8"));

async function cells({ file, rows }) {
  const adata = await openAnnData(file);
  const selected = await selectObs(adata, Uint32Array.from(rows));
  await adata.close();
  return selected;
}

for (const method of methods) {
  const [name, options] = [
    method.slice(0, method.indexOf("=")),
    JSON.parse(method.slice(method.indexOf("=") + 1)),
  ];
  const out = createWriteStream(join(folder, `${name}.jsonl`));
  for (const [index, run] of runs.entries()) {
    const training = await cells(run.train);
    const query = await cells(run.query);
    const began = performance.now();
    const model = await buildModel(training, {
      labelColumns: run.levels,
      randomState: run.seed,
      numThreads: 1,
      ...options,
    });
    const seconds = Number(((performance.now() - began) / 1000).toFixed(2));
    const { data } = await predict(model, query, { numThreads: 1, keepCoords: false });
    const levels = Object.fromEntries(
      data.labels.map(({ column, raw, conf }) => [
        column,
        { labels: Array.from(raw.codes, (code) => raw.categories[code]), confidence: Array.from(conf) },
      ]),
    );
    out.write(`${JSON.stringify({ run: index, seconds, levels })}\n`);
  }
  await new Promise((done) => out.end(done));
  console.error(`${name} done`);
}
