/**
 * The settings of training in the record of a run, so that the run can be done again
 * (docs/specification/8-settings.md#feeding-a-record-back).
 * @module
 */
import { AtlasmtlError, type Notice, notice, option, phrase } from "../errors.ts";
import { MAP_HEAD } from "../schema/bundle.ts";
import { optionKeys } from "../schema/option.ts";
import { PREPROCESS_OPTIONS } from "../schema/preprocess-options.ts";
import { FEATURE_PANEL, PREPROCESS_KEYS } from "../schema/preprocessing.ts";
import { RUN_MANIFEST, TRAIN_DETAILS } from "../schema/run-manifest.ts";
import { RECORDED_TRAIN_NAMES } from "../schema/setting-names.ts";
import {
  CALIBRATION,
  CLASS_BALANCE,
  EMBEDDING,
  NORMALIZATION,
  NORMALIZE_KEY,
  TRAIN_CONFIG,
} from "../schema/training.ts";
import { CHILD_OPTIONS, TRAIN_DEVICES, TRAIN_OPTIONS } from "../schema/training-options.ts";

type Mapping = ReadonlyMap<unknown, unknown>;

/** What a record says about training. */
export interface RecordedSettings {
  /** By the keys of the options, with values as a configuration file has them. */
  readonly settings: ReadonlyMap<string, unknown>;
  /** Settings of preprocessing by their keys; empty without. */
  readonly preprocess: ReadonlyMap<string, unknown>;
  /** The genes that preprocessing left, in order; null without. */
  readonly preprocessedGenes: readonly string[] | null;
  /** What the record does not hold. */
  readonly notices: readonly Notice[];
}

const KEYS = optionKeys(TRAIN_OPTIONS);
const CHILD_KEYS: readonly string[] = Object.values(optionKeys(CHILD_OPTIONS));
const PREPROCESS_SETTING_KEYS: readonly string[] = Object.values(optionKeys(PREPROCESS_OPTIONS));

/** Keys that say what came out of a run. */
const RESULTS: readonly string[] = [
  TRAIN_CONFIG.epochsCompleted,
  TRAIN_CONFIG.finalLearningRate,
  TRAIN_CONFIG.matrixStatistics,
  TRAIN_CONFIG.domains,
  TRAIN_CONFIG.streaming,
  TRAIN_CONFIG.referenceKept,
  TRAIN_CONFIG.initModelTensors,
  TRAIN_CONFIG.coordEnabled,
  TRAIN_CONFIG.resolvedCoordTargets,
  TRAIN_CONFIG.numThreadsUsed,
  TRAIN_CONFIG.deviceUsed,
  TRAIN_CONFIG.trainSeconds,
  TRAIN_CONFIG.lastTrainLoss,
  TRAIN_CONFIG.lastValLoss,
  TRAIN_CONFIG.bestEpoch,
  TRAIN_CONFIG.bestValLoss,
  TRAIN_CONFIG.runtimeSummary,
  TRAIN_CONFIG.resourceSummary,
];
/** Keys that another key of the record says, or that are told apart below. */
const READ_BESIDE: readonly string[] = [
  TRAIN_CONFIG.preprocess,
  TRAIN_CONFIG.embedding,
  TRAIN_CONFIG.calibration,
  TRAIN_CONFIG.geneSelection,
  TRAIN_CONFIG.adaptation,
];
/** Options that have a key of their own name in a record. */
const SETTINGS: readonly string[] = [...Object.values(KEYS), ...Object.keys(RECORDED_TRAIN_NAMES)];

/** Keys of a run manifest that settings have, too. */
const DETAILS: readonly string[] = [...Object.values(TRAIN_DETAILS), ...Object.values(RUN_MANIFEST)];

/** True of a run manifest of training, of its `train_config` and of that of the Python original. */
export const isTrainRecord = (data: Mapping): boolean =>
  data.get(TRAIN_DETAILS.trainConfig) instanceof Map ||
  [TRAIN_CONFIG.resourceSummary, TRAIN_CONFIG.runtimeSummary, TRAIN_CONFIG.epochsCompleted].some((key) =>
    data.has(key),
  );

/**
 * The settings of a record, for which {@link isTrainRecord} is true. With the same data they train the same weights.
 * @throws USAGE for the record of a model that was imported, not trained.
 */
export function settingsOfRecord(data: Mapping, where: string): RecordedSettings {
  const own = data.get(TRAIN_DETAILS.trainConfig);
  const config: Mapping = own instanceof Map ? own : data;
  if (isGiven(config.get(TRAIN_CONFIG.imported)))
    throw new AtlasmtlError("USAGE", "the record is of a model that was imported, and nothing was trained", {
      where: `${where} › ${TRAIN_CONFIG.imported}`,
      hint: "import the model again from its .pkl",
    });
  const settings = new Map<string, unknown>();
  const set = (key: string, value: unknown): void => {
    if (isGiven(value)) settings.set(key, value);
  };
  const unknown: string[] = [];
  for (const [given, value] of config) {
    const key = String(given);
    if (READ_BESIDE.includes(key) || RESULTS.includes(key)) continue;
    if (SETTINGS.includes(key)) set(key, value);
    else unknown.push(key);
  }
  if (config !== data) {
    refuseBeside(data, where);
    set(KEYS.labelColumns, data.get(TRAIN_DETAILS.labels));
  }

  const notices: Notice[] = [];
  const device = settings.get(TRAIN_CONFIG.deviceRequested);
  if (device !== undefined && !TRAIN_DEVICES.some((known) => known === device)) {
    settings.delete(TRAIN_CONFIG.deviceRequested);
    notices.push({
      message: `the run of this record was on ${JSON.stringify(device)}, and this one is on the CPU, which is all there is`,
      where,
    });
  }
  const calibrated = config.get(TRAIN_CONFIG.calibration);
  const calibration = mapping(calibrated);
  // A person may have written the method alone.
  set(
    KEYS.calibrationMethod,
    typeof calibrated === "string" ? calibrated : calibration.get(CALIBRATION.method),
  );
  set(KEYS.calibrationMaxIter, calibration.get(CALIBRATION.maxIter));
  set(KEYS.calibrationLr, calibration.get(CALIBRATION.lr));
  for (const key of [TRAIN_CONFIG.classWeighting, TRAIN_CONFIG.classBalancedSampling])
    if (settings.has(key))
      settings.set(key, only(settings.get(key), [CLASS_BALANCE.labelColumn, CLASS_BALANCE.mode]));
  const childKey = TRAIN_CONFIG.parentConditionedChildCorrection;
  const child = only(settings.get(childKey), CHILD_KEYS);
  settings.delete(childKey);
  if (child.size > 0) settings.set(childKey, child);

  setCoordinates(settings, mapping(config.get(TRAIN_CONFIG.embedding)));
  const preprocess = mapping(config.get(TRAIN_CONFIG.preprocess));
  if (!settings.has(KEYS.normalize))
    set(KEYS.normalize, mapping(preprocess.get(NORMALIZE_KEY)).get(NORMALIZATION.method) ?? "none");
  setAgainstPreset(settings, config);
  const panel = mapping(preprocess.get(PREPROCESS_KEYS.featurePanel));
  const genes = panel.get(FEATURE_PANEL.geneIds);
  return {
    settings,
    preprocess: only(preprocess.get(PREPROCESS_KEYS.config), PREPROCESS_SETTING_KEYS),
    preprocessedGenes: Array.isArray(genes) ? genes.map(String) : null,
    notices: [
      ...notices,
      ...notHeld(data, config, where),
      ...(unknown.length === 0 ? [] : [notKnown(unknown, where)]),
    ],
  };
}

/** @throws USAGE for settings beside the configuration of a run manifest, where nothing reads them. */
function refuseBeside(data: Mapping, where: string): void {
  const key = [...data.keys()].map(String).find((each) => SETTINGS.includes(each) && !DETAILS.includes(each));
  if (key === undefined) return;
  throw new AtlasmtlError(
    "USAGE",
    `${key} stands beside ${TRAIN_DETAILS.trainConfig}, where it sets nothing`,
    {
      where: `${where} › ${key}`,
      hint: `write it into ${TRAIN_DETAILS.trainConfig}`,
    },
  );
}

/** Weights of heads that there are, and a map that was laid out in place of its head. */
function setCoordinates(settings: Map<string, unknown>, embedding: Mapping): void {
  const targets = new Map(mapping(settings.get(KEYS.coordTargets)));
  const weights = mapping(settings.get(KEYS.coordLossWeights));
  settings.delete(KEYS.coordTargets);
  settings.delete(KEYS.coordLossWeights);
  const used = new Map([...weights].filter(([name]) => targets.has(name)));
  if (used.size > 0) settings.set(KEYS.coordLossWeights, used);
  if (embedding.size > 0) {
    targets.delete(MAP_HEAD);
    settings.set(KEYS.embed, "new_umap");
    settings.set(KEYS.embedNeighbors, embedding.get(EMBEDDING.nNeighbors));
    settings.set(KEYS.embedMinDist, embedding.get(EMBEDDING.minDist));
  }
  if (targets.size > 0) settings.set(KEYS.coordTargets, targets);
}

/** What a preset would turn on where the record says that it was off. */
function setAgainstPreset(settings: Map<string, unknown>, config: Mapping): void {
  // The Python original has no linear views, and calibrates only where it is asked to.
  if (!config.has(TRAIN_CONFIG.linearViews)) settings.set(KEYS.preset, "original");
  if (settings.get(KEYS.preset) !== "best") return;
  if (!settings.has(KEYS.countThinning)) settings.set(KEYS.countThinning, 1);
  if (!settings.has(KEYS.classWeighting))
    settings.set(KEYS.classWeighting, new Map([[CLASS_BALANCE.mode, "none"]]));
}

/** Flags whose values a record does not hold, with the options that they are. */
const NOT_HELD = [
  "genes",
  "genesOf",
  "adaptTo",
  "labelMap",
  "split",
  "splitPart",
  "genome",
  "varNames",
  "geneColumn",
  "modality",
  "table",
  "genesIn",
] as const;

function notHeld(data: Mapping, config: Mapping, where: string): Notice[] {
  const argv = data.get(RUN_MANIFEST.argv);
  const words: readonly unknown[] = Array.isArray(argv) ? argv : [];
  const said = (name: string): boolean => {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return words.some((word) => word === flag || String(word).startsWith(`${flag}=`));
  };
  const names: string[] = NOT_HELD.filter(said);
  if (names.length === 0 && isGiven(config.get(TRAIN_CONFIG.geneSelection))) names.push("genes");
  if (!names.includes("adaptTo") && isGiven(config.get(TRAIN_CONFIG.adaptation))) names.push("adaptTo");
  return names.map((name) =>
    notice(
      phrase`the run of this record had ${option(name)}, which its training configuration does not hold`,
      {
        where,
        hint: phrase`give ${option(name)} again for the same model`,
      },
    ),
  );
}

const notKnown = (keys: readonly string[], where: string): Notice => ({
  message: `of the record ${keys.join(", ")} ${keys.length === 1 ? "is" : "are"} not known here and left out`,
  where,
});

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

const mapping = (value: unknown): Mapping => (value instanceof Map ? value : new Map());

const only = (value: unknown, keys: readonly string[]): Map<string, unknown> =>
  new Map(
    [...mapping(value)]
      .map(([key, item]) => [String(key), item] as const)
      .filter(([key, item]) => keys.includes(key) && isGiven(item)),
  );
