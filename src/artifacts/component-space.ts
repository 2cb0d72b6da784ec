/** The component space between its file and the model (docs/specification/1-artifacts.md#component-space-file). @module */
import { Float } from "../core/config.ts";
import { AtlasmtlError } from "../errors.ts";
import type { Dict, PickleValue } from "../formats/pickle/values.ts";
import { emitTorch, parseTorch, TorchTensor } from "../formats/torch.ts";
import type { ClassDistances, ComponentSpace } from "../model/components/types.ts";
import { COMPONENT_VALUES, SPACE_KEYS } from "../schema/bundle.ts";
import { asDict, countField, dictsField, numberField, textField } from "./fields.ts";
import { finiteTensor, notFinite, positiveTensor, sharesTensor, tensorField } from "./tensors.ts";

const SPACE_VERSION = 1;

/** Emits a space in pieces; the same space gives the same bytes. */
export function emitComponentSpace(space: ComponentSpace): readonly Uint8Array[] {
  const { values, geneShares, medianCounts, scaling, components, columns } = space;
  const { nGenes, nComponents } = components;
  const vector = (data: Float32Array) => new TorchTensor([data.length], data);
  return emitTorch(
    new Map<PickleValue, PickleValue>([
      [SPACE_KEYS.version, SPACE_VERSION],
      [SPACE_KEYS.values, values],
      [SPACE_KEYS.nGenes, nGenes],
      [SPACE_KEYS.nComponents, nComponents],
      [SPACE_KEYS.noise, new Float(components.noise)],
      [SPACE_KEYS.geneShares, vector(geneShares)],
      [SPACE_KEYS.medianCounts, new Float(medianCounts)],
      [SPACE_KEYS.scale, vector(scaling.scale)],
      [SPACE_KEYS.cap, vector(scaling.cap)],
      [SPACE_KEYS.centre, vector(scaling.centre)],
      [SPACE_KEYS.loadings, new TorchTensor([nGenes, nComponents], components.loadings)],
      [SPACE_KEYS.variances, vector(components.variances)],
      [
        SPACE_KEYS.columns,
        columns.map(
          ({ column, means, factor, heldOut, quartiles, medians }) =>
            new Map<PickleValue, PickleValue>([
              [SPACE_KEYS.column, column],
              [SPACE_KEYS.means, new TorchTensor([quartiles.length, nComponents], means)],
              [SPACE_KEYS.factor, new TorchTensor([nComponents, nComponents], factor)],
              [SPACE_KEYS.heldOut, vector(heldOut)],
              [SPACE_KEYS.quartiles, vector(quartiles)],
              [SPACE_KEYS.medians, vector(medians)],
            ]),
        ),
      ],
    ]),
  );
}

/**
 * Reads a space.
 * @throws BAD_FORMAT, UNSUPPORTED or LIMIT as `parseTorch` does; UNSUPPORTED for a newer version; MISMATCH for tensors of
 * other sizes than declared; BAD_DATA for numbers that are not finite or out of order.
 */
export function parseComponentSpace(bytes: Uint8Array): ComponentSpace {
  const dict = asDict(parseTorch(bytes), "data.pkl");
  const version = countField(dict, SPACE_KEYS.version, 1);
  if (version > SPACE_VERSION)
    throw new AtlasmtlError(
      "UNSUPPORTED",
      `${SPACE_KEYS.version} is ${version}; this version of atlasmtl reads up to ${SPACE_VERSION}`,
      { where: SPACE_KEYS.version, hint: "update atlasmtl" },
    );
  const stored = textField(dict, SPACE_KEYS.values);
  const values = COMPONENT_VALUES.find((name) => name === stored);
  if (values === undefined)
    throw new AtlasmtlError(
      "UNSUPPORTED",
      `components of values ${JSON.stringify(stored)}; known are ${COMPONENT_VALUES.join(", ")}`,
      { where: SPACE_KEYS.values },
    );
  const nGenes = countField(dict, SPACE_KEYS.nGenes, 1);
  const nComponents = countField(dict, SPACE_KEYS.nComponents, 1);
  const amount = (key: string): number => {
    const value = numberField(dict, key);
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) throw notFinite(key, value);
    return value;
  };
  const noise = amount(SPACE_KEYS.noise);
  const genes = (key: string) => finiteTensor(dict, key, [nGenes]);
  return {
    values,
    geneShares: sharesTensor(dict, SPACE_KEYS.geneShares, [nGenes]),
    medianCounts: amount(SPACE_KEYS.medianCounts),
    scaling: {
      scale: genes(SPACE_KEYS.scale),
      cap: genes(SPACE_KEYS.cap),
      centre: genes(SPACE_KEYS.centre),
    },
    components: {
      nGenes,
      nComponents,
      loadings: finiteTensor(dict, SPACE_KEYS.loadings, [nGenes, nComponents]),
      variances: positiveTensor(dict, SPACE_KEYS.variances, [nComponents]),
      noise,
    },
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
