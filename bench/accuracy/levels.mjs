// What calibration, coherent probabilities, deepest labels and prediction sets do, from the answers of the accuracy study.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { calibrationBins, expectedCalibrationError } from "../../build/evaluate/calibration-error.js";
import { randomStream } from "../atlas.mjs";
import { labelReader } from "./score.mjs";

const linesOf = (path) =>
  readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
const share = (cells, test) => (cells.length === 0 ? null : cells.filter(test).length / cells.length);

/** The mean ECE that these confidences would have if they were the true probabilities of being right. */
function eceByChance(confidence, seed) {
  const draw = randomStream(seed);
  const nDraws = 200;
  let sum = 0;
  for (let i = 0; i < nDraws; i++)
    sum += expectedCalibrationError(
      calibrationBins(
        confidence,
        confidence.map((p) => (draw() < p ? 1 : 0)),
      ),
    );
  return sum / nDraws;
}

/** The parent that most cells of each child have. */
function parentsOf(children, parents) {
  const counts = new Map();
  children.forEach((child, i) => {
    if (!counts.has(child)) counts.set(child, new Map());
    const own = counts.get(child);
    own.set(parents[i], (own.get(parents[i]) ?? 0) + 1);
  });
  return new Map([...counts].map(([child, own]) => [child, [...own].sort((a, b) => b[1] - a[1])[0][0]]));
}

/**
 * Figures of the finest level by task and seed, but for runs without a type: the ECE, and the one that true
 * probabilities would have; the share of cells whose labels contradict each other, each level by itself and coherent;
 * the share with a finest and with a deepest label at the confidence of the study, and how many of these are right; the
 * share of cells whose set holds the true label, the lowest such share of a type with ten cells, the mean size of sets,
 * and the share of sets of one.
 */
export async function scoreLevels(runs, folder, method) {
  const paths = ["", "_levels"].map((ending) => join(folder, `${method}${ending}.jsonl`));
  if (!paths.every(existsSync)) return [];
  const read = labelReader();
  const [apart, together] = paths.map(linesOf);
  const scores = [];
  for (const [i, { run: index, levels, deepest }] of together.entries()) {
    const { task, seed, unseen, train, query, levels: columns } = runs[index];
    if (unseen !== null) continue;
    const truth = new Map();
    const learned = new Map();
    for (const column of columns) {
      truth.set(column, await read(query, column));
      learned.set(column, await read(train, column));
    }
    const finest = columns.at(-1);
    const cells = [...query.rows.keys()];
    const rules = columns.slice(1).map((child, c) => ({
      child,
      parent: columns[c],
      parentOf: parentsOf(learned.get(child), learned.get(columns[c])),
    }));
    const contradictions = (answer) =>
      rules.length === 0
        ? null
        : share(cells, (cell) =>
            rules.some(
              ({ child, parent, parentOf }) =>
                parentOf.get(answer[child].labels[cell]) !== answer[parent].labels[cell],
            ),
          );
    const own = levels[finest];
    const known = cells.filter((cell) => own.unknown[cell] === 0);
    const deep = cells.filter((cell) => deepest.columns[cell] !== null);
    const { sets } = own;
    const types = new Set(truth.get(finest));
    const byType = [...types]
      .map((type) => cells.filter((cell) => truth.get(finest)[cell] === type))
      .filter((own) => own.length >= 10)
      .map((own) => share(own, (cell) => sets[cell].includes(truth.get(finest)[cell])));
    const right = own.labels.map((label, cell) => (label === truth.get(finest)[cell] ? 1 : 0));
    scores.push({
      task,
      seed,
      ece: expectedCalibrationError(calibrationBins(own.confidence, right)),
      eceByChance: eceByChance(own.confidence, seed),
      contradictions: contradictions(apart[i].levels),
      coherentContradictions: contradictions(levels),
      finestKnown: known.length / cells.length,
      finestRight: share(known, (cell) => own.labels[cell] === truth.get(finest)[cell]),
      deepestKnown: deep.length / cells.length,
      deepestRight: share(deep, (cell) => deepest.labels[cell] === truth.get(deepest.columns[cell])[cell]),
      covered: share(cells, (cell) => sets[cell].includes(truth.get(finest)[cell])),
      leastCovered: Math.min(...byType),
      setSize: sets.reduce((sum, set) => sum + set.length, 0) / sets.length,
      single: share(cells, (cell) => sets[cell].length === 1),
    });
  }
  return scores;
}
