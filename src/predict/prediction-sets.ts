/**
 * Prediction sets: for every cell, labels that contain the true one with a stated probability
 * (`src/model/conformal.ts` has the guarantee and its sources).
 * @module
 */
import { type ConfigValue, Float } from "../core/config.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";
import { heldOutCellsNeeded, probabilitiesOf, SET_COVERAGES } from "../model/conformal.ts";
import type { Rung } from "../model/linear/types.ts";
import type { Model } from "../model/types.ts";
import { configEntry } from "./temperatures.ts";
import type { PredictedSets } from "./types.ts";

/** Characters that the distinct sets of one column may have as text, which take as many bytes of memory. */
const MAX_SET_TEXT = 1 << 28;

const WHERE = "train_config › calibration › conformal";

/** The coverage that a model guarantees, and its thresholds. */
export interface SetPlan {
  /**
   * Share of cells whose set contains the true label: the smallest stored coverage that is not below the
   * requested one.
   */
  readonly coverage: number;
  /** The smallest probability of a label in a set, by label column. */
  readonly thresholds: ReadonlyMap<string, number>;
  /** Held-out cells that the thresholds rest on, in the column with the fewest. */
  readonly nHeldOut: number;
}

/**
 * Reads the thresholds for `coverage` from the model's `train_config`.
 * @throws MISMATCH if the model has none, or none for this coverage; BAD_DATA if they cannot be used.
 */
export function planSets(model: Pick<Model, "trainConfig" | "labelHeads">, coverage: number): SetPlan {
  const stored = configEntry(model.trainConfig.get("calibration"), "conformal");
  if (stored === undefined || stored === null)
    throw new AtlasmtlError("MISMATCH", "the model has no thresholds of prediction sets", {
      where: WHERE,
      hint: phrase`train it again with ${option("valFraction")} and ${option("calibrationMethod")}`,
      subject: "artifact",
    });
  const coverages = numbers(configEntry(stored, "coverages"), "coverages");
  // A computed 0.9 may differ from 0.9 in its last digit.
  const at = coverages.findIndex((each) => each >= coverage - 1e-9);
  if (at < 0)
    throw new AtlasmtlError(
      "MISMATCH",
      `the model has thresholds up to a coverage of ${coverages.at(-1) ?? 0}, asked for is ${coverage}`,
      {
        where: `${WHERE} › coverages`,
        hint: phrase`ask for a lower coverage by ${option("predictionSets")}`,
        subject: "artifact",
      },
    );
  const columns = configEntry(stored, "columns");
  const thresholds = new Map<string, number>();
  let nHeldOut = Number.POSITIVE_INFINITY;
  for (const { column } of model.labelHeads) {
    const own = numbers(
      configEntry(configEntry(columns, column), "thresholds"),
      `columns › ${column} › thresholds`,
    );
    if (at >= own.length) throw tooFewCells(column, coverages, at, own.length, columns);
    thresholds.set(column, own[at]);
    const n = configEntry(configEntry(columns, column), "n");
    if (typeof n === "number") nHeldOut = Math.min(nHeldOut, n);
  }
  return { coverage: coverages[at], thresholds, nHeldOut };
}

/** The plan for a query that is as unlike the reference as the cells of `rung`; `plan` where these were too few. */
export function planSetsOfRung(
  plan: SetPlan,
  { labelHeads }: Pick<Model, "labelHeads">,
  { setThresholds }: Rung,
): SetPlan {
  const at = SET_COVERAGES.indexOf(plan.coverage);
  if (at < 0 || setThresholds.some(({ thresholds }) => at >= thresholds.length)) return plan;
  return {
    ...plan,
    thresholds: new Map(labelHeads.map(({ column }, j) => [column, setThresholds[j].thresholds[at]])),
  };
}

function tooFewCells(
  column: string,
  coverages: readonly number[],
  at: number,
  nStored: number,
  columns: ConfigValue | undefined,
): AtlasmtlError {
  const n = configEntry(configEntry(columns, column), "n");
  const lower =
    nStored === 0 ? "" : phrase`ask for ${option("predictionSets", coverages[nStored - 1])} at most, or `;
  return new AtlasmtlError(
    "MISMATCH",
    `prediction sets of coverage ${coverages[at]} need ${heldOutCellsNeeded(coverages[at])} held-out cells with a label in ${column}; the model had ${String(n ?? "fewer")}`,
    {
      where: `${WHERE} › columns › ${column}`,
      hint: phrase`${lower}train with a larger ${option("valFraction")}`,
      subject: "artifact",
    },
  );
}

function numbers(value: ConfigValue | undefined, key: string): number[] {
  const list = Array.isArray(value) ? (value as readonly ConfigValue[]) : null;
  const found = list?.map((item) => (item instanceof Float ? item.value : item));
  if (found?.every((item): item is number => typeof item === "number" && item >= 0 && item <= 1))
    return found;
  throw new AtlasmtlError(
    "BAD_DATA",
    "the thresholds of prediction sets cannot be used, expected a list of numbers from 0 to 1",
    {
      where: `${WHERE} › ${key}`,
      hint: phrase`predict without ${option("predictionSets")}`,
      subject: "artifact",
    },
  );
}

/**
 * Collects the sets of one label column block by block. Sets recur, so each cell stores the number of its
 * set.
 */
export interface SetCollector {
  readonly column: string;
  readonly classes: readonly string[];
  /** A label is in the set if its probability is at least this. */
  readonly threshold: number;
  readonly codes: Int32Array;
  readonly members: (readonly number[])[];
  /** Number of a set by its classes, and the number of characters of all sets as text. */
  readonly known: Map<string, number>;
  textSize: number;
}

/** Allocates the sets of `nObs` cells. */
export function createSetCollector(
  column: string,
  classes: readonly string[],
  threshold: number,
  nObs: number,
): SetCollector {
  const [members, known] = [[], new Map<string, number>()];
  return { column, classes, threshold, codes: new Int32Array(nObs), members, known, textSize: 0 };
}

/**
 * The sets of a block: `logits` is `[nRows, nClasses]`, row 0 is cell `firstRow`, whose label is `labels[firstRow]`.
 * @throws LIMIT as {@link addSet}.
 */
export function collectSets(
  collector: SetCollector,
  logits: Float32Array,
  nRows: number,
  temperature: number,
  labels: Int32Array,
  firstRow: number,
): void {
  const nClasses = collector.classes.length;
  const probabilities = new Float64Array(nClasses);
  for (let r = 0; r < nRows; r++) {
    probabilitiesOf(logits, r * nClasses, temperature, probabilities);
    addSet(collector, firstRow + r, probabilities, labels[firstRow + r]);
  }
}

/**
 * The set of one cell from the probabilities of its classes: its label, then all others that reach the
 * threshold, by decreasing probability, equals in the order of the classes.
 * @throws LIMIT if the distinct sets are too many and too large for the memory.
 */
export function addSet(
  collector: SetCollector,
  cell: number,
  probabilities: Float64Array,
  label: number,
): void {
  const { threshold, codes, members, known, classes } = collector;
  const others: number[] = [];
  for (let c = 0; c < probabilities.length; c++)
    if (c !== label && probabilities[c] >= threshold) others.push(c);
  const reached = [label, ...others.sort((a, b) => probabilities[b] - probabilities[a] || a - b)];
  const key = reached.join();
  let code = known.get(key);
  if (code === undefined) {
    code = members.push(reached) - 1;
    known.set(key, code);
    for (const c of reached) collector.textSize += classes[c].length + 3;
    if (collector.textSize > MAX_SET_TEXT)
      throw new AtlasmtlError(
        "LIMIT",
        `the ${members.length} different prediction sets of ${collector.column} up to cell ${cell} take over ${MAX_SET_TEXT} characters`,
        {
          hint: phrase`ask for a lower coverage by ${option("predictionSets")}, or annotate fewer cells at a time`,
        },
      );
  }
  codes[cell] = code;
}

/** The collected sets. */
export function collectedSets({ codes, members, classes }: SetCollector): PredictedSets {
  return { codes, members, categories: classes };
}

/** Mean number of labels per set, and share of cells with exactly one; 0 without cells. */
export function setSizes({ codes, members }: PredictedSets): {
  readonly meanSize: number;
  readonly single: number;
} {
  let [labels, single, n] = [0, 0, 0];
  for (const code of codes) {
    if (code < 0) continue;
    const size = members[code].length;
    n++;
    labels += size;
    if (size === 1) single++;
  }
  return n === 0 ? { meanSize: 0, single: 0 } : { meanSize: labels / n, single: single / n };
}
