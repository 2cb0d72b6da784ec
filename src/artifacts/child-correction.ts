/**
 * Reads and writes the child correction modules of `model.pth`
 * (docs/specification/2-training.md#child-correction).
 * @module
 */

import { type ConfigMap, type ConfigValue, configEntries, Float } from "../core/config.ts";
import { AtlasmtlError } from "../errors.ts";
import { childFeatureCount } from "../kernels/reference/child-features.ts";
import type { Linear, NetworkShape } from "../kernels/types.ts";
import type { ChildCorrection, ChildCorrectionModule } from "../model/types.ts";
import { TENSOR_NAMES } from "../schema/bundle.ts";
import { CHILD_CORRECTION } from "../schema/training.ts";
import { CHILD_FEATURE_MODES } from "../schema/training-options.ts";

/** Takes the `Linear` with this tensor prefix; a size of null accepts the tensor's size. */
export type TakeLinear = (prefix: string, nIn: number | null, nOut: number | null) => Linear;

const bad = (key: string, message: string): AtlasmtlError =>
  new AtlasmtlError("BAD_DATA", message, { where: key });

/**
 * The modules that a resolved config describes; null if the config is empty or not enabled.
 * @throws BAD_DATA for a config that does not fit the network, MISMATCH for tensors that do not fit it.
 */
export function readChildCorrection(
  config: ConfigMap,
  shape: NetworkShape,
  take: TakeLinear,
): ChildCorrection | null {
  if (config.size === 0 || config.get(CHILD_CORRECTION.enabled) === false) return null;
  const parentHead = headIndex(config, CHILD_CORRECTION.parentHeadIndex, shape);
  const childHead = headIndex(config, CHILD_CORRECTION.childHeadIndex, shape);
  const storedMode = config.get(CHILD_CORRECTION.featureMode) ?? CHILD_FEATURE_MODES[0];
  const featureMode = CHILD_FEATURE_MODES.find((mode) => mode === storedMode);
  if (featureMode === undefined)
    throw bad(CHILD_CORRECTION.featureMode, `the mode is none of ${CHILD_FEATURE_MODES.join(", ")}`);
  const nParents = shape.nClasses[parentHead];
  const nChildren = shape.nClasses[childHead];
  const latentSize = shape.hiddenSizes.at(-1)!;
  const modules = readChildren(config, nParents, nChildren).map(
    ([parentIndex, childIndices]): ChildCorrectionModule => {
      const nIn = childFeatureCount(featureMode, latentSize, nParents, childIndices.length);
      const hidden = take(TENSOR_NAMES.childHidden(parentIndex), nIn, null);
      const output = take(TENSOR_NAMES.childOutput(parentIndex), hidden.nOut, childIndices.length);
      return { parentIndex, childIndices, hidden, output };
    },
  );
  return {
    parentHead,
    childHead,
    residualScale: readNumber(
      config.get(CHILD_CORRECTION.residualScale) ?? 1,
      CHILD_CORRECTION.residualScale,
    ),
    featureMode,
    modules,
    config,
  };
}

function readNumber(value: ConfigValue | undefined, key: string): number {
  const number = value instanceof Float ? value.value : value;
  if (typeof number !== "number" || !Number.isFinite(number)) throw bad(key, "a finite number is expected");
  return number;
}

function readIndex(value: ConfigValue | undefined, key: string, count: number): number {
  if (typeof value !== "number" || value < 0 || value >= count)
    throw bad(key, `an index below ${count} is expected`);
  return value;
}

function headIndex(config: ConfigMap, key: string, shape: NetworkShape): number {
  return readIndex(config.get(key), key, shape.nClasses.length);
}

/** Parent index and child indices of each module, in the config's order. */
function readChildren(config: ConfigMap, nParents: number, nChildren: number): [number, readonly number[]][] {
  const key = CHILD_CORRECTION.hotspotChildIndices;
  const children = config.get(key);
  if (
    children === null ||
    typeof children !== "object" ||
    Array.isArray(children) ||
    children instanceof Float
  )
    throw bad(key, "a dict of parent index to child indices is expected");
  return Array.from(configEntries(children as ConfigMap), ([parent, indices]) => {
    if (!/^\d{1,9}$/.test(parent) || !Array.isArray(indices)) throw bad(key, `${parent} is no parent index`);
    const at = `${key} › ${parent}`;
    return [
      readIndex(Number(parent), at, nParents),
      (indices as readonly ConfigValue[]).map((index) => readIndex(index, at, nChildren)),
    ];
  });
}
