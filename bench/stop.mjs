// How long work goes on after a stop: node bench/stop.mjs [--cells 6000] [--genes 3000] [--preset fast]. Needs a build. Trains on a
// simulated atlas and annotates another on one thread, and prints for each step its processor time and the longest stretch of it
// between two moments at which a stop would end the work: the event loop has turned, and the signal was looked at after it.
import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as library from "../build/api/index.js";
import { writeAtlas } from "./make-atlas.mjs";

const { values } = parseArgs({
  options: {
    cells: { type: "string", default: "6000" },
    genes: { type: "string", default: "3000" },
    preset: { type: "string", default: "fast" },
  },
});
const { buildModel, chooseEmbedding, explainQuery, inspectDataset, openAnnData, predict } = library;
const folder = mkdtempSync(join(tmpdir(), "atlasmtl-stop-"));
const size = { nCells: Number(values.cells), nGenes: Number(values.genes), density: 0.1 };

/** Milliseconds of the processor, which other work on the machine does not change. */
const now = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
let turns = 0;
let isOver = false;
(function turn() {
  turns++;
  if (!isOver) setImmediate(turn);
})();

let heardAt = 0;
let turnsThen = 0;
let longest = { ms: 0, before: "" };
function heard(where) {
  if (turns === turnsThen) return;
  const ms = now() - heardAt;
  if (ms > longest.ms) longest = { ms, before: where() };
  heardAt = now();
  turnsThen = turns;
}
const place = () =>
  [...(new Error().stack ?? "").matchAll(/build\/([\w/-]+)\.js/g)]
    .map(([, module]) => module)
    .find((module) => module !== "core/progress") ?? "its end";
const signal = new Proxy(new AbortController().signal, {
  get(target, key) {
    if (key === "aborted") heard(place);
    return Reflect.get(target, key, target);
  },
});

async function step(name, work) {
  await new Promise(setImmediate);
  [heardAt, turnsThen, longest] = [now(), turns, { ms: 0, before: "" }];
  const began = heardAt;
  const made = await work({ signal });
  await new Promise(setImmediate);
  heard(() => "its end");
  const whole = Math.round(now() - began);
  console.log(
    JSON.stringify({ step: name, ms: whole, longestMs: Math.round(longest.ms), before: longest.before }),
  );
  return made;
}

try {
  const [referencePath, queryPath] = ["reference.h5ad", "query.h5ad"].map((name) => join(folder, name));
  await writeAtlas(referencePath, size);
  await writeAtlas(queryPath, { ...size, cellSeed: 2 });
  const [reference, query] = [await openAnnData(referencePath), await openAnnData(queryPath)];
  await step("inspect", (work) => inspectDataset(reference, work));
  const labelColumns = reference.obs.columns.filter((name) => name.startsWith("level_"));
  const preset = values.preset === "default" ? null : values.preset;
  const model = await step("train", (work) =>
    buildModel(reference, { labelColumns, preset, numThreads: 1 }, work),
  );
  const options = { knnCorrection: "second_opinion", keepCoords: true, numThreads: 1 };
  const result = await step("annotate", (work) => predict(model, query, options, work));
  await step("map", (work) => chooseEmbedding({ ...query, obsmKeys: [] }, result.data.coords, work));
  await step("explain", (work) => explainQuery(model, query, result, options, work));
  const target = await open(join(folder, "annotated.h5ad"), "w+");
  await step("save", (work) => result.toAnnDataFile(query, target, {}, work));
  await target.close();
  await step("report", (work) => result.toReport(query, model, {}, work));
} finally {
  isOver = true;
  rmSync(folder, { recursive: true });
}
