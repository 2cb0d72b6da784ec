// Scores the answers of every method on the runs of the accuracy study.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openAnnData } from "../../build/api/index.js";
import { scoreLabels } from "../../build/evaluate/metrics.js";

export const MEASURES = ["accuracy", "macroF1", "ece", "aurc"];

/** A text column as `scoreLabels` takes labels. */
function coded(labels) {
  const categories = [...new Set(labels)];
  const codeOf = new Map(categories.map((label, code) => [label, code]));
  return { codes: Int32Array.from(labels, (label) => codeOf.get(label)), categories };
}

/** The chance that a cell of the unseen type is less confident than another; ties count half. */
export function unseenAuroc(truth, confidence, unseen) {
  const order = [...confidence.keys()].sort((a, b) => confidence[a] - confidence[b]);
  let [rankSum, nUnseen] = [0, 0];
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && confidence[order[end]] === confidence[order[start]]) end++;
    for (let i = start; i < end; i++)
      if (truth[order[i]] === unseen) {
        rankSum += (start + end + 1) / 2;
        nUnseen++;
      }
    start = end;
  }
  const nOther = order.length - nUnseen;
  return 1 - (rankSum - (nUnseen * (nUnseen + 1)) / 2) / (nUnseen * nOther);
}

/** Reads the labels of `{ file, rows }` in a column, each column of a file once. */
export function labelReader() {
  const columns = new Map();
  return async ({ file, rows }, name) => {
    const key = JSON.stringify([file, name]);
    if (!columns.has(key)) {
      const adata = await openAnnData(file);
      const column = await adata.obs.column(name);
      columns.set(
        key,
        column.kind === "categorical"
          ? Array.from(column.codes, (code) => column.categories[code])
          : column.values,
      );
      await adata.close();
    }
    return rows.map((row) => columns.get(key)[row]);
  };
}

/** Scores by method: `{ method, task, level, seed, accuracy, macroF1, ece, aurc }` and `{ …, unseenAuroc }`. */
export async function scoreAll(runs, folder, methods) {
  const scores = [];
  const truthOf = labelReader();
  for (const method of methods) {
    const path = join(folder, `${method}.jsonl`);
    if (!existsSync(path)) continue;
    for (const line of readFileSync(path, "utf8").trim().split("\n")) {
      const { run: index, levels } = JSON.parse(line);
      const { task, seed, unseen, query, levels: columns } = runs[index];
      for (const [level, { labels, confidence }] of Object.entries(levels)) {
        const truth = await truthOf(query, level);
        const own = { method, task, level, seed };
        if (unseen === null) {
          const clipped = confidence.map((value) => Math.min(1, value));
          const all = scoreLabels(coded(truth), coded(labels), clipped);
          scores.push({ ...own, ...Object.fromEntries(MEASURES.map((name) => [name, all[name]])) });
        } else if (level === columns.at(-1))
          scores.push({ ...own, unseen, unseenAuroc: unseenAuroc(truth, confidence, unseen) });
      }
    }
  }
  return scores;
}

/** Mean and standard deviation over seeds by task, level and method. */
export function summarise(scores) {
  const groups = new Map();
  for (const score of scores) {
    const key = JSON.stringify([score.task, score.level, score.method]);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(score);
  }
  return [...groups].map(([key, own]) => {
    const [task, level, method] = JSON.parse(key);
    const summary = { task, level, method };
    for (const name of [...MEASURES, "unseenAuroc"]) {
      const values = own.map((score) => score[name]).filter((value) => value !== undefined);
      if (values.length === 0) continue;
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const spread = Math.sqrt(
        values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1),
      );
      summary[name] = { mean, spread, n: values.length };
    }
    return summary;
  });
}
