/** The component space between its file and the model (docs/specification/1-artifacts.md#component-space-file). @module */
import { Float } from "../core/config.ts";
import { AtlasmtlError } from "../errors.ts";
import type { Dict, PickleValue } from "../formats/pickle/values.ts";
import { emitTorch, parseTorch, TorchTensor } from "../formats/torch.ts";
import type { ClassDistances, ComponentSpace } from "../model/components/types.ts";
import { COMPONENT_VALUES, SPACE_KEYS } from "../schema/bundle.ts";
import { asDict, checkVersion, countField, dictsField, textField, wordField } from "./fields.ts";
import { vectorTensor } from "./gene-scaling.ts";
import { amountField, emitScaledComponents, readScaledComponents } from "./scaled-components.ts";
import { finiteTensor, sharesTensor, tensorField } from "./tensors.ts";

const SPACE_VERSION = 1;

/** Emits a space in pieces; the same space gives the same bytes. */
export function emitComponentSpace(space: ComponentSpace): readonly Uint8Array[] {
  const { values, geneShares, medianCounts, components, columns } = space;
  const { numbers, tensors } = emitScaledComponents(space);
  return emitTorch(
    new Map<PickleValue, PickleValue>([
      [SPACE_KEYS.version, SPACE_VERSION],
      [SPACE_KEYS.values, values],
      [SPACE_KEYS.nGenes, components.nGenes],
      ...numbers,
      [SPACE_KEYS.geneShares, vectorTensor(geneShares)],
      [SPACE_KEYS.medianCounts, new Float(medianCounts)],
      ...tensors,
      [SPACE_KEYS.columns, columns.map((column) => emitColumn(column, components.nComponents))],
    ]),
  );
}

function emitColumn(
  { column, means, factor, heldOut, quartiles, medians }: ClassDistances,
  nComponents: number,
): PickleValue {
  return new Map<PickleValue, PickleValue>([
    [SPACE_KEYS.column, column],
    [SPACE_KEYS.means, new TorchTensor([quartiles.length, nComponents], means)],
    [SPACE_KEYS.factor, new TorchTensor([nComponents, nComponents], factor)],
    [SPACE_KEYS.heldOut, vectorTensor(heldOut)],
    [SPACE_KEYS.quartiles, vectorTensor(quartiles)],
    [SPACE_KEYS.medians, vectorTensor(medians)],
  ]);
}

/**
 * Reads a space.
 * @throws BAD_FORMAT, UNSUPPORTED or LIMIT as `parseTorch` does; UNSUPPORTED for a newer version; MISMATCH for tensors of
 * other sizes than declared; BAD_DATA for numbers that are not finite or out of order.
 */
export function parseComponentSpace(bytes: Uint8Array): ComponentSpace {
  const dict = asDict(parseTorch(bytes), "data.pkl");
  checkVersion(dict, SPACE_KEYS.version, SPACE_VERSION);
  const nGenes = countField(dict, SPACE_KEYS.nGenes, 1);
  const scaled = readScaledComponents(dict, nGenes);
  const { nComponents } = scaled.components;
  return {
    values: wordField(dict, SPACE_KEYS.values, COMPONENT_VALUES),
    geneShares: sharesTensor(dict, SPACE_KEYS.geneShares, [nGenes]),
    medianCounts: amountField(dict, SPACE_KEYS.medianCounts),
    ...scaled,
    columns: dictsField(dict, SPACE_KEYS.columns, (column) => readColumn(column, nComponents)),
  };
}

function readColumn(dict: Dict, nComponents: number): ClassDistances {
  const quartiles = finiteTensor(dict, SPACE_KEYS.quartiles, [null]);
  const nClasses = quartiles.length;
  const factor = finiteTensor(dict, SPACE_KEYS.factor, [nComponents, nComponents]);
  const heldOut = finiteTensor(dict, SPACE_KEYS.heldOut, [null]);
  const falls = heldOut.findIndex((distance, i) => i > 0 && distance < heldOut[i - 1]);
  if (falls >= 0)
    throw new AtlasmtlError(
      "BAD_DATA",
      `distance ${falls} is below the one before it, expected rising ones`,
      {
        where: SPACE_KEYS.heldOut,
      },
    );
  return {
    column: textField(dict, SPACE_KEYS.column),
    means: readMeans(dict, nClasses, nComponents),
    factor,
    heldOut,
    quartiles,
    medians: finiteTensor(dict, SPACE_KEYS.medians, [nClasses]),
  };
}

/** NaN is a class without cells, in all of its row. */
function readMeans(dict: Dict, nClasses: number, nComponents: number): Float32Array {
  const means = tensorField(dict, SPACE_KEYS.means, [nClasses, nComponents]);
  const wrong = means.findIndex((mean, at) => {
    const isAbsent = Number.isNaN(means[at - (at % nComponents)]);
    return isAbsent ? !Number.isNaN(mean) : !Number.isFinite(mean);
  });
  if (wrong < 0) return means;
  throw new AtlasmtlError(
    "BAD_DATA",
    `got ${means[wrong]}, expected finite numbers for a class with cells and NaN for one without`,
    { where: `${SPACE_KEYS.means}[${wrong}]` },
  );
}
