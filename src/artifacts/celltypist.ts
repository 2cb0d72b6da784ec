/**
 * Reads models that CellTypist trained: pickles of scikit-learn's classifiers, as data
 * (docs/specification/1-artifacts.md#celltypist-models).
 * @module
 */
import { type ConfigMap, type ConfigValue, Float, keyed } from "../core/config.ts";
import { AtlasmtlError, changed, isAtlasmtlError } from "../errors.ts";
import { BUNDLE_GLOBALS, type GlobalRule, type GlobalTable } from "../formats/pickle/globals.ts";
import { parsePickle } from "../formats/pickle/parse.ts";
import { readTexts } from "../formats/pickle/strings.ts";
import { type Dict, describeValue, Instance, NdArray, type PickleValue } from "../formats/pickle/values.ts";
import type { GeneScaling } from "../model/components/types.ts";
import { preprocessWith } from "../model/normalization.ts";
import type { Model, OneVsRest } from "../model/types.ts";
import { DEFAULT_LABEL_COLUMN, LATENT_SOURCE } from "../schema/bundle.ts";
import { CELLTYPIST_KEYS as KEYS, SGD_LOSS_MODULES, SGD_MODULES } from "../schema/celltypist.ts";
import { IMPORTED, TRAIN_CONFIG } from "../schema/training.ts";
import { asDict, asList, within } from "./fields.ts";

export interface CellTypistOptions {
  /** The genes of a model that does not name them, in the order of its weights. */
  readonly genes?: readonly string[] | null | undefined;
  /** The label column that the model gets, as CellTypist's have no name. */
  readonly labelColumn?: string | undefined;
}

/** CellTypist takes scaled values above this for this. */
const CLIP = 10;
/** Near the largest number of single precision. */
const NO_CAP = 3e38;

const instance: GlobalRule = (args, global) => new Instance(global, args);
const named = (module: string, names: readonly string[]): [string, GlobalRule][] =>
  names.map((name) => [`${module}.${name}`, instance]);

const LINEAR = ["LogisticRegression", "SGDClassifier"];
const ONE_VS_REST = "OneVsRestClassifier";
const SCALER = "StandardScaler";
/** Stochastic gradient descent keeps its loss, which prediction does not need. */
const LOSSES = [
  ...["Log", "Hinge", "SquaredHinge", "ModifiedHuber", "SquaredLoss", "Huber"],
  ...["EpsilonInsensitive", "SquaredEpsilonInsensitive"],
];

const CYTHON_LOSSES = ["CyHalfBinomialLoss", "CyHalfSquaredError", "CyHuberLoss"];

/** The objects of scikit-learn 0.19 to 1.9 in these models; each becomes plain data, and all others are refused. */
const CELLTYPIST_GLOBALS: GlobalTable = new Map<string, GlobalRule>([
  ...BUNDLE_GLOBALS,
  ...["_logistic", "logistic"].flatMap((file) =>
    named(`sklearn.linear_model.${file}`, ["LogisticRegression"]),
  ),
  ...SGD_MODULES.flatMap((file) => named(`sklearn.linear_model.${file}`, ["SGDClassifier"])),
  ...SGD_LOSS_MODULES.flatMap((file) => named(`sklearn.linear_model.${file}`, LOSSES)),
  // Cython names its module without the package.
  ...["_loss", "sklearn._loss._loss"].flatMap((module) => named(module, CYTHON_LOSSES)),
  ...named("sklearn.multiclass", [ONE_VS_REST]),
  ...["_label", "label"].flatMap((file) => named(`sklearn.preprocessing.${file}`, ["LabelBinarizer"])),
  ...["_data", "data"].flatMap((file) => named(`sklearn.preprocessing.${file}`, [SCALER])),
]);

/** Class probabilities are those of the weights alone, so nothing else of the classifier is kept. */
interface Classifier {
  readonly name: string;
  readonly classes: readonly string[];
  readonly nGenes: number;
  /** [classes or 1, nGenes] row by row. */
  readonly weights: Float64Array;
  readonly intercepts: Float64Array;
  readonly state: Dict;
}

/**
 * Reads a model of CellTypist: its dictionary of `Model`, `Scaler_` and `description`, or the bare classifier of earlier
 * versions.
 * @throws UNSUPPORTED that names a class other than the classifiers and the scaler; BAD_FORMAT for what is no such model;
 * MISMATCH for parts that do not belong together; BAD_DATA for numbers that are not finite or repeated genes or classes;
 * NOT_FOUND for a model that does not name its genes.
 */
export function parseCellTypist(bytes: Uint8Array, options: CellTypistOptions = {}): Model {
  const root = parseObjects(bytes);
  const isBare = root instanceof Instance;
  const dict: Dict = isBare ? new Map([[KEYS.model, root]]) : asDict(root, "the pickle");
  if (!dict.has(KEYS.model))
    throw new AtlasmtlError(
      "BAD_FORMAT",
      `the pickle has no ${KEYS.model}; expected CellTypist's dictionary of ${KEYS.model}, ${KEYS.scaler} and ${KEYS.description}`,
      { hint: "a bundle of atlasmtl is opened by its NAME.pth, and the other files are found beside it" },
    );
  const classifier = within(KEYS.model, () => readClassifier(dict.get(KEYS.model)));
  const { nGenes, classes } = classifier;
  const genes = within(KEYS.model, () => genesOf(classifier, options.genes ?? null));
  const scaling = isBare
    ? unscaled(nGenes)
    : within(KEYS.scaler, () => readScaler(dict.get(KEYS.scaler), nGenes));
  return {
    labelHeads: [{ column: options.labelColumn ?? DEFAULT_LABEL_COLUMN, classes }],
    coordHeads: [],
    trainGenes: genes,
    inputTransform: "float",
    latentSource: LATENT_SOURCE,
    shape: { nGenes, hiddenSizes: [], nClasses: [classes.length], coordDims: [] },
    weights: { encoder: [], labelHeads: [headOf(classifier)], coordHeads: [] },
    dropoutRate: 0,
    childCorrection: null,
    oneVsRest: scaling,
    trainConfig: recordOf(classifier, dict.get(KEYS.description)),
    referenceStorage: "full",
    reference: async () => {
      throw new AtlasmtlError(
        "NOT_FOUND",
        "the model has no reference cells: CellTypist does not keep them",
        {
          hint: "its labels are those of the classifier alone",
          subject: "artifact",
        },
      );
    },
    hasReference: async () => false,
  };
}

function parseObjects(bytes: Uint8Array): PickleValue {
  try {
    return parsePickle(bytes, { globals: CELLTYPIST_GLOBALS });
  } catch (error) {
    if (!isAtlasmtlError(error, "UNSUPPORTED")) throw error;
    throw changed(error, {
      hint: "a model of CellTypist holds a LogisticRegression or SGDClassifier, a StandardScaler and numpy arrays; train it again with CellTypist's defaults if it is one",
    });
  }
}

function stateOf(value: PickleValue | undefined, expected: readonly string[]): { name: string; state: Dict } {
  if (value instanceof Instance && expected.includes(value.type.name))
    return { name: value.type.name, state: asDict(value.state, value.type.name) };
  throw new AtlasmtlError(
    "BAD_FORMAT",
    `${expected.join(" or ")} is expected; this is ${describeValue(value)}`,
  );
}

function readClassifier(value: PickleValue | undefined): Classifier {
  const { name, state } = stateOf(value, [...LINEAR, ONE_VS_REST]);
  return name === ONE_VS_REST ? readOneVsRest(state) : readLinear(name, state);
}

function readLinear(name: string, state: Dict): Classifier {
  const classes = namesField(state, KEYS.classes);
  const { rows, columns, data } = matrixField(state, KEYS.weights);
  return checked({ name, classes, nGenes: columns, weights: data, intercepts: vector(state, rows), state });
}

/** A classifier for each class, which scikit-learn trains one by one. */
function readOneVsRest(state: Dict): Classifier {
  const parts = asList(state.get(KEYS.estimators), KEYS.estimators).map((part, c) =>
    within(`${KEYS.estimators}[${c}]`, () => stateOf(part, LINEAR).state),
  );
  const binarizer = state.get(KEYS.binarizer);
  const holder = binarizer instanceof Instance ? asDict(binarizer.state, KEYS.binarizer) : state;
  const classes = namesField(state.has(KEYS.classes) ? state : holder, KEYS.classes);
  if (parts.length === 0)
    throw new AtlasmtlError("BAD_DATA", "there is no classifier", { where: KEYS.estimators });
  const matrices = parts.map((part, c) =>
    within(`${KEYS.estimators}[${c}]`, () => matrixField(part, KEYS.weights)),
  );
  const nGenes = matrices[0].columns;
  const weights = new Float64Array(parts.length * nGenes);
  matrices.forEach(({ rows, columns, data }, c) => {
    if (rows !== 1 || columns !== nGenes)
      throw new AtlasmtlError(
        "MISMATCH",
        `${KEYS.weights} is [${rows}, ${columns}], expected [1, ${nGenes}]`,
        {
          where: `${KEYS.estimators}[${c}]`,
        },
      );
    weights.set(data, c * nGenes);
  });
  const intercepts = Float64Array.from(parts, (part) => vector(part, 1)[0]);
  const withGenes = state.has(KEYS.features) ? state : parts[0];
  return checked({
    name: ONE_VS_REST,
    classes,
    nGenes,
    weights,
    intercepts,
    state: new Map<PickleValue, PickleValue>([...withGenes, ...state]),
  });
}

/** Two classes share one row of weights, that of the second against the first. */
function checked(classifier: Classifier): Classifier {
  const { classes, intercepts } = classifier;
  const nRows = intercepts.length;
  if (classes.length >= 2 && (nRows === classes.length || (nRows === 1 && classes.length === 2)))
    return classifier;
  throw new AtlasmtlError("MISMATCH", `there are ${classes.length} classes and ${nRows} rows of weights`, {
    where: KEYS.classes,
  });
}

function headOf({ classes, nGenes, weights, intercepts }: Classifier) {
  const isPair = intercepts.length === 1;
  const weight = new Float32Array(classes.length * nGenes);
  const bias = new Float32Array(classes.length);
  const firstRow = isPair ? 1 : 0;
  weight.set(weights, firstRow * nGenes);
  bias.set(intercepts, firstRow);
  if (isPair) {
    for (let g = 0; g < nGenes; g++) weight[g] = -weights[g];
    bias[0] = -intercepts[0];
  }
  requireFinite(weight, `${KEYS.model} › ${KEYS.weights}`);
  requireFinite(bias, `${KEYS.model} › ${KEYS.intercepts}`);
  return { nIn: nGenes, nOut: classes.length, weight, bias };
}

function genesOf({ nGenes, state }: Classifier, given: readonly string[] | null): readonly string[] {
  const stored = state.get(KEYS.features) ?? null;
  if (stored === null && given === null)
    throw new AtlasmtlError(
      "NOT_FOUND",
      `the model does not name its ${nGenes} genes (${KEYS.features}), as models of before CellTypist's dictionary format do not`,
      {
        where: KEYS.features,
        hint: "give them in the order of the data that it was trained on: atlasmtl import MODEL.pkl --genes GENES.txt --out NAME.pth",
        subject: "artifact",
      },
    );
  const genes = stored === null ? given! : namesField(state, KEYS.features);
  if (genes.length !== nGenes)
    throw new AtlasmtlError("MISMATCH", `there are ${genes.length} genes and ${nGenes} weights per class`, {
      where: KEYS.features,
    });
  return genes;
}

/** Scaled values are (value − mean) / scale, where the scaler does either, and at most 10. */
function readScaler(value: PickleValue | undefined, nGenes: number): OneVsRest {
  const { state } = stateOf(value, [SCALER]);
  const own = (key: string, isUsed: string, otherwise: number): Float64Array => {
    if (state.get(isUsed) === false) return new Float64Array(nGenes).fill(otherwise);
    const { rows, columns, data } = matrixField(state, key);
    if (rows === 1 && columns === nGenes) return data;
    throw new AtlasmtlError("MISMATCH", `there are ${rows * columns} numbers for ${nGenes} genes`, {
      where: key,
    });
  };
  const mean = own(KEYS.mean, KEYS.withMean, 0);
  const sd = own(KEYS.scale, KEYS.withStd, 1);
  const wrong = sd.findIndex((each) => !(each > 0));
  if (wrong >= 0)
    throw new AtlasmtlError("BAD_DATA", `element ${wrong} is ${sd[wrong]}, expected a number above 0`, {
      where: KEYS.scale,
    });
  const scaling = inTwoParts({
    scale: sd.map((each) => 1 / each),
    cap: mean.map((each, g) => CLIP + each / sd[g]),
    centre: mean.map((each, g) => each / sd[g]),
  });
  requireFinite(scaling.scaling.scale, KEYS.scale);
  requireFinite(scaling.scaling.cap, KEYS.mean);
  return scaling;
}

/** Numbers of double precision as the sums of two of single precision. */
function inTwoParts(exact: Readonly<Record<keyof GeneScaling, Float64Array>>): OneVsRest {
  const made = (of: (each: number) => number): GeneScaling => ({
    scale: Float32Array.from(exact.scale, of),
    cap: Float32Array.from(exact.cap, of),
    centre: Float32Array.from(exact.centre, of),
  });
  return { scaling: made((each) => each), rest: made((each) => each - Math.fround(each)) };
}

/** Earlier models took log-normalised values as they are. */
function unscaled(nGenes: number): OneVsRest {
  const all = (value: number): Float64Array => new Float64Array(nGenes).fill(value);
  return inTwoParts({ scale: all(1), cap: all(NO_CAP), centre: all(0) });
}

function requireFinite(values: ArrayLike<number>, where: string): void {
  for (let i = 0; i < values.length; i++)
    if (!Number.isFinite(values[i]))
      throw new AtlasmtlError("BAD_DATA", `element ${i} is ${values[i]}, expected a finite number`, {
        where,
      });
}

/** Distinct names; numbers are taken as text. */
function namesField(state: Dict, key: string): readonly string[] {
  return within(key, () => {
    const names = namesOf(state.get(key));
    const seen = new Set<string>();
    for (const name of names) {
      if (seen.has(name)) throw new AtlasmtlError("BAD_DATA", `${JSON.stringify(name)} is there twice`);
      seen.add(name);
    }
    return names;
  });
}

function namesOf(value: PickleValue | undefined): readonly string[] {
  if (value instanceof Instance && value.type.name === "_new_Index") {
    const parts = asDict(value.args[1], "Index");
    return namesOf(parts.get("data"));
  }
  if (value instanceof NdArray && value.dtype !== "O" && value.shape.length === 1)
    return Array.from(value.data as ArrayLike<number | bigint>, String);
  return readTexts(value ?? null).map((name, i) => {
    if (name !== null) return name;
    throw new AtlasmtlError("BAD_DATA", `element ${i} is missing`);
  });
}

/** A numeric array of one or two dimensions; a vector is one row. @throws BAD_DATA for numbers that are not finite. */
function matrixField(
  state: Dict,
  key: string,
): { readonly rows: number; readonly columns: number; readonly data: Float64Array } {
  const value = state.get(key);
  const isNumeric = value instanceof NdArray && value.dtype !== "O";
  if (!isNumeric || value.shape.length < 1 || value.shape.length > 2)
    throw new AtlasmtlError(
      "BAD_FORMAT",
      `a matrix of numbers is expected; this is ${describeValue(value)}`,
      {
        where: key,
      },
    );
  const data = Float64Array.from(value.data as ArrayLike<number | bigint>, Number);
  requireFinite(data, key);
  const columns = value.shape.at(-1)!;
  return { rows: value.shape.length === 1 ? 1 : value.shape[0], columns, data };
}

/** The intercepts of `nRows` rows of weights; one number stands for all, as where none were fitted. */
function vector(state: Dict, nRows: number): Float64Array {
  const key = KEYS.intercepts;
  const value = state.get(key);
  if (value instanceof Float || typeof value === "number") {
    const number = value instanceof Float ? value.value : value;
    requireFinite([number], key);
    return new Float64Array(nRows).fill(number);
  }
  const { rows, columns, data } = matrixField(state, key);
  if (rows * columns === nRows) return data;
  if (rows * columns === 1) return new Float64Array(nRows).fill(data[0]);
  throw new AtlasmtlError("MISMATCH", `there are ${rows * columns} for ${nRows} rows of weights`, {
    where: key,
  });
}

/** What the model says of itself, and what its input is. */
function recordOf({ name, state }: Classifier, description: PickleValue | undefined): ConfigMap {
  const version = state.get(KEYS.version);
  const imported = keyed(IMPORTED, {
    program: "celltypist",
    classifier: name,
    scikitLearn: typeof version === "string" ? version : undefined,
    description: description instanceof Map ? plainEntries(description as Dict) : undefined,
  });
  return new Map<string, ConfigValue>([
    [TRAIN_CONFIG.preprocess, preprocessWith(null, "log1p_cp10k")],
    [TRAIN_CONFIG.imported, imported],
  ]);
}

/** Texts and numbers; CellTypist's descriptions hold nothing else. */
function plainEntries(dict: Dict): ConfigMap {
  return new Map(
    [...dict].flatMap(([key, value]): [string, ConfigValue][] => {
      const isPlain = typeof value === "string" || typeof value === "number" || value instanceof Float;
      return typeof key === "string" && isPlain ? [[key, value as ConfigValue]] : [];
    }),
  );
}
