// Our own part of the accuracy study: node atlasmtl.mjs RUNS.json OUT_FOLDER '{"NAME": METHOD, …}'
// A METHOD is { train, predict, unseen }: the options of training; by ending of the name those of each prediction with
// the model; and whether runs without a type are made. Writes OUT_FOLDER/NAME-ENDING.jsonl: per run its labels and confidences by level, and what else was asked
// for. Needs a build.
import { createWriteStream, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildModel, openAnnData, predict, selectObs } from "../../build/api/index.js";

const [runsFile, folder, given] = process.argv.slice(2);
const runs = JSON.parse(readFileSync(runsFile, "utf8"));

async function cells({ file, rows }) {
  const adata = await openAnnData(file);
  const selected = await selectObs(adata, Uint32Array.from(rows));
  await adata.close();
  return selected;
}

const texts = ({ codes, categories }) => Array.from(codes, (code) => categories[code] ?? null);

function answerOf({ labels, deepest }) {
  const levels = labels.map(({ column, raw, conf, isUnknown, sets }) => [
    column,
    {
      labels: texts(raw),
      confidence: Array.from(conf),
      ...(deepest === undefined ? {} : { unknown: Array.from(isUnknown) }),
      ...(sets == null
        ? {}
        : {
            sets: Array.from(sets.codes, (code) =>
              sets.members[code].map((member) => sets.categories[member]),
            ),
          }),
    },
  ]);
  return {
    levels: Object.fromEntries(levels),
    ...(deepest === undefined
      ? {}
      : { deepest: { labels: texts(deepest.labels), columns: texts(deepest.columns) } }),
  };
}

for (const [name, method] of Object.entries(JSON.parse(given))) {
  const outs = Object.entries(method.predict).map(([ending, options]) => ({
    options,
    file: createWriteStream(join(folder, `${name}${ending}.jsonl`)),
  }));
  for (const [index, run] of runs.entries()) {
    if (run.unseen !== null && !method.unseen) continue;
    const training = await cells(run.train);
    const query = await cells(run.query);
    const began = performance.now();
    const model = await buildModel(training, {
      labelColumns: run.levels,
      randomState: run.seed,
      numThreads: 1,
      ...method.train,
    });
    const seconds = Number(((performance.now() - began) / 1000).toFixed(2));
    for (const { options, file } of outs) {
      const { data } = await predict(model, query, { numThreads: 1, keepCoords: false, ...options });
      file.write(`${JSON.stringify({ run: index, seconds, ...answerOf(data) })}\n`);
    }
  }
  for (const { file } of outs) await new Promise((done) => file.end(done));
  console.error(`${name} done`);
}
