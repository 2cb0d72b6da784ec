/** The linear views between their file and the model (docs/specification/1-artifacts.md#linear-views-file). @module */
import { Float } from "../core/config.ts";
import { AtlasmtlError } from "../errors.ts";
import type { Dict, PickleValue } from "../formats/pickle/values.ts";
import { emitTorch, parseTorch, TorchTensor } from "../formats/torch.ts";
import { SET_COVERAGES } from "../model/conformal.ts";
import { NONE_IS_SURE } from "../model/linear/risk-thresholds.ts";
import {
  type DoubtedCalibration,
  type LinearView,
  type LinearViews,
  type MeanCalibration,
  type Rung,
  VIEW_INPUTS,
  type ViewHead,
} from "../model/linear/types.ts";
import { COMPONENT_VALUES, VIEWS_KEYS } from "../schema/bundle.ts";
import { INPUT_TRANSFORMS, type InputTransform } from "../schema/training-options.ts";
import {
  asDict,
  asList,
  asNumber,
  checkVersion,
  countField,
  countsField,
  dictField,
  dictsField,
  listField,
  textField,
  within,
  wordField,
} from "./fields.ts";
import { vectorTensor } from "./gene-scaling.ts";
import { emitScaledComponents, readScaledComponents } from "./scaled-components.ts";
import { finiteTensor, sharesTensor } from "./tensors.ts";

const VIEWS_VERSION = 1;

/** What the file holds: the views, and what the network makes of values, which the manifest has no place for. */
export interface StoredViews {
  readonly linear: LinearViews;
  readonly inputTransform: InputTransform;
}

/** Emits the views in pieces; the same views give the same bytes. */
export function emitLinearViews({ linear, inputTransform }: StoredViews): readonly Uint8Array[] {
  const { values, geneShares, networkTemperatures, views, ladder } = linear;
  return emitTorch(
    new Map<PickleValue, PickleValue>([
      [VIEWS_KEYS.version, VIEWS_VERSION],
      [VIEWS_KEYS.inputTransform, inputTransform],
      [VIEWS_KEYS.values, values],
      [VIEWS_KEYS.nGenes, geneShares.length],
      [VIEWS_KEYS.geneShares, vectorTensor(geneShares)],
      [VIEWS_KEYS.networkTemperatures, networkTemperatures.map((temperature) => new Float(temperature))],
      [VIEWS_KEYS.views, views.map(emitView)],
      [VIEWS_KEYS.ladder, ladder.map(emitRung)],
    ]),
  );
}

function emitView({ input, scaling, components, heads }: LinearView): PickleValue {
  const { numbers, tensors } = emitScaledComponents({ scaling, components });
  return new Map<PickleValue, PickleValue>([
    [VIEWS_KEYS.input, input],
    ...numbers,
    ...tensors,
    [VIEWS_KEYS.heads, heads.map((head) => emitHead(head, components.nGenes))],
  ]);
}

function emitHead({ column, weights, intercepts, temperature }: ViewHead, nGenes: number): PickleValue {
  return new Map<PickleValue, PickleValue>([
    [VIEWS_KEYS.column, column],
    [VIEWS_KEYS.temperature, new Float(temperature)],
    [VIEWS_KEYS.weights, new TorchTensor([nGenes, intercepts.length], weights)],
    [VIEWS_KEYS.intercepts, vectorTensor(intercepts)],
  ]);
}

function emitRung({ depth, gain, shiftScore, doubted, ...calibration }: Rung): PickleValue {
  return new Map<PickleValue, PickleValue>([
    [VIEWS_KEYS.depth, new Float(depth)],
    [VIEWS_KEYS.gain, new Float(gain)],
    [VIEWS_KEYS.shiftScore, shiftScore === null ? null : new Float(shiftScore)],
    ...calibrationEntries(calibration),
    ...(doubted === null ? [] : [[VIEWS_KEYS.doubted, emitDoubted(doubted)] as const]),
  ]);
}

function emitDoubted({ networkWeight, disagreements, ...calibration }: DoubtedCalibration): PickleValue {
  return new Map<PickleValue, PickleValue>([
    [VIEWS_KEYS.networkWeight, new Float(networkWeight)],
    [VIEWS_KEYS.disagreements, floats(disagreements)],
    ...calibrationEntries(calibration),
  ]);
}

const floats = (numbers: readonly number[]): PickleValue => numbers.map((number) => new Float(number));

function calibrationEntries({
  temperatures,
  setThresholds,
  riskThresholds,
}: MeanCalibration): (readonly [string, PickleValue])[] {
  return [
    [VIEWS_KEYS.temperatures, floats(temperatures)],
    [VIEWS_KEYS.setCells, setThresholds.map(({ nCells }) => nCells)],
    [VIEWS_KEYS.setThresholds, setThresholds.map(({ thresholds }) => floats(thresholds))],
    [VIEWS_KEYS.riskThresholds, riskThresholds.map(floats)],
  ];
}

/**
 * Reads views.
 * @throws BAD_FORMAT, UNSUPPORTED or LIMIT as `parseTorch` does; UNSUPPORTED for a newer version or an unknown input;
 * MISMATCH for tensors of other sizes than declared; BAD_DATA for numbers that are not finite or out of
 * range, and for two views of one input.
 */
export function parseLinearViews(bytes: Uint8Array): StoredViews {
  const dict = asDict(parseTorch(bytes), "data.pkl");
  checkVersion(dict, VIEWS_KEYS.version, VIEWS_VERSION);
  const nGenes = countField(dict, VIEWS_KEYS.nGenes, 1);
  const geneShares = sharesTensor(dict, VIEWS_KEYS.geneShares, [nGenes]);
  const views = dictsField(dict, VIEWS_KEYS.views, (view) => readView(view, nGenes));
  if (views.length === 0)
    throw new AtlasmtlError("BAD_DATA", "there are no views, expected at least one", {
      where: VIEWS_KEYS.views,
    });
  const again = views.findIndex(({ input }, v) => views.slice(0, v).some((other) => other.input === input));
  if (again >= 0)
    throw new AtlasmtlError("BAD_DATA", `there is another view of ${views[again].input} before this one`, {
      where: `${VIEWS_KEYS.views}[${again}] › ${VIEWS_KEYS.input}`,
    });
  return {
    inputTransform: wordField(dict, VIEWS_KEYS.inputTransform, INPUT_TRANSFORMS),
    linear: {
      values: wordField(dict, VIEWS_KEYS.values, COMPONENT_VALUES),
      geneShares,
      networkTemperatures: listField(dict, VIEWS_KEYS.networkTemperatures).map((item, i) =>
        positiveNumber(item, `${VIEWS_KEYS.networkTemperatures}[${i}]`),
      ),
      views,
      ladder: dict.has(VIEWS_KEYS.ladder) ? dictsField(dict, VIEWS_KEYS.ladder, readRung) : [],
    },
  };
}

function readRung(dict: Dict): Rung {
  const score = dict.get(VIEWS_KEYS.shiftScore);
  const calibration = readCalibration(dict);
  return {
    depth: positiveNumber(dict.get(VIEWS_KEYS.depth), VIEWS_KEYS.depth),
    gain: shareOrMore(dict.get(VIEWS_KEYS.gain), VIEWS_KEYS.gain, Number.MAX_VALUE),
    shiftScore: score === null ? null : positiveNumber(score, VIEWS_KEYS.shiftScore),
    ...calibration,
    doubted: dict.has(VIEWS_KEYS.doubted) ? readDoubted(dict, calibration.temperatures.length) : null,
  };
}

function readDoubted(rung: Dict, nColumns: number): DoubtedCalibration {
  const dict = dictField(rung, VIEWS_KEYS.doubted);
  return within(VIEWS_KEYS.doubted, () => {
    const calibration = readCalibration(dict);
    const disagreements = listField(dict, VIEWS_KEYS.disagreements).map((item) =>
      numberBetween(-1, 1, item, VIEWS_KEYS.disagreements),
    );
    for (const [key, { length }] of [
      [VIEWS_KEYS.disagreements, disagreements],
      [VIEWS_KEYS.temperatures, calibration.temperatures],
    ] as const)
      if (length !== nColumns)
        throw new AtlasmtlError(
          "MISMATCH",
          `there are numbers of ${length} label columns, and the rung has ${nColumns}`,
          { where: key },
        );
    return {
      networkWeight: shareOrMore(dict.get(VIEWS_KEYS.networkWeight), VIEWS_KEYS.networkWeight, 1),
      disagreements,
      ...calibration,
    };
  });
}

function readCalibration(dict: Dict): MeanCalibration {
  const cells = countsField(dict, VIEWS_KEYS.setCells);
  const thresholds = listField(dict, VIEWS_KEYS.setThresholds);
  const risks = listField(dict, VIEWS_KEYS.riskThresholds);
  const temperatures = listField(dict, VIEWS_KEYS.temperatures).map((item, i) =>
    positiveNumber(item, `${VIEWS_KEYS.temperatures}[${i}]`),
  );
  for (const [key, list] of [
    [VIEWS_KEYS.setCells, cells],
    [VIEWS_KEYS.setThresholds, thresholds],
    [VIEWS_KEYS.riskThresholds, risks],
  ] as const)
    if (list.length !== temperatures.length)
      throw new AtlasmtlError(
        "MISMATCH",
        `there are ${temperatures.length} temperatures, and thresholds of ${list.length} label columns`,
        { where: key },
      );
  return {
    temperatures,
    riskThresholds: risks.map((item, j) => readRisks(item, `${VIEWS_KEYS.riskThresholds}[${j}]`)),
    setThresholds: cells.map((nCells, j) => {
      const where = `${VIEWS_KEYS.setThresholds}[${j}]`;
      return { nCells, thresholds: asList(thresholds[j], where).map((item) => shareOrMore(item, where, 1)) };
    }),
  };
}

/** One for each coverage. */
function readRisks(value: PickleValue, where: string): readonly number[] {
  const list = asList(value, where);
  if (list.length === SET_COVERAGES.length) return list.map((item) => shareOrMore(item, where, NONE_IS_SURE));
  throw new AtlasmtlError(
    "MISMATCH",
    `there are ${list.length} thresholds; expected are ${SET_COVERAGES.length}`,
    {
      where,
    },
  );
}

/** A number from 0 to `most`. */
const shareOrMore = (value: PickleValue | undefined, where: string, most: number): number =>
  numberBetween(0, most, value, where);

function numberBetween(least: number, most: number, value: PickleValue | undefined, where: string): number {
  const number = asNumber(value, where);
  if (number >= least && number <= most) return number;
  throw new AtlasmtlError("BAD_DATA", `got ${number}, expected a number from ${least} to ${most}`, { where });
}

function readView(dict: Dict, nGenes: number): LinearView {
  return {
    input: wordField(dict, VIEWS_KEYS.input, VIEW_INPUTS),
    ...readScaledComponents(dict, nGenes),
    heads: dictsField(dict, VIEWS_KEYS.heads, (head) => readHead(head, nGenes)),
  };
}

function readHead(dict: Dict, nGenes: number): ViewHead {
  const intercepts = finiteTensor(dict, VIEWS_KEYS.intercepts, [null]);
  return {
    column: textField(dict, VIEWS_KEYS.column),
    weights: finiteTensor(dict, VIEWS_KEYS.weights, [nGenes, intercepts.length]),
    intercepts,
    temperature: positiveNumber(dict.get(VIEWS_KEYS.temperature), VIEWS_KEYS.temperature),
  };
}

function positiveNumber(value: PickleValue | undefined, where: string): number {
  const number = asNumber(value, where);
  if (number > 0 && number < Number.POSITIVE_INFINITY) return number;
  throw new AtlasmtlError("BAD_DATA", `got ${number}, expected a finite number above 0`, { where });
}
