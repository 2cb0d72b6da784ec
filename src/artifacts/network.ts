/** Reads and writes the network of `model.pth` (docs/specification/1-artifacts.md#network-file). @module */
import type { ConfigMap } from "../core/config.ts";
import { Float } from "../core/config.ts";
import { AtlasmtlError } from "../errors.ts";
import { type Dict, describeValue, OrderedDict, type PickleValue } from "../formats/pickle/values.ts";
import { emitTorch, parseTorch, TorchTensor } from "../formats/torch.ts";
import type { Linear, NetworkShape, NetworkWeights } from "../kernels/types.ts";
import type { ChildCorrection, Model, OneVsRest } from "../model/types.ts";
import { LEGACY_COORD_DIMS, NETWORK_KEYS, TENSOR_NAMES } from "../schema/bundle.ts";
import { readChildCorrection } from "./child-correction.ts";
import { fromConfig, toConfig } from "./config-values.ts";
import { asCount, asDict, countField, countsField, dictField, numberField, within } from "./fields.ts";
import { emitScaling, readScaling } from "./gene-scaling.ts";

/** The content of `model.pth`. */
export interface StoredNetwork {
  readonly shape: NetworkShape;
  readonly weights: NetworkWeights;
  readonly dropoutRate: number;
  /** Names of the coordinate heads, in the order of `shape.coordDims`. */
  readonly coordNames: readonly string[];
  readonly childCorrection: ChildCorrection | null;
  /** Null in a network; a linear model has no hidden layer. */
  readonly oneVsRest: OneVsRest | null;
  /** Tensors that the architecture does not use. */
  readonly unusedTensors: readonly string[];
}

/**
 * Reads the weights and architecture.
 * @throws BAD_FORMAT, UNSUPPORTED or LIMIT like `parseTorch`; MISMATCH for tensors with other sizes than
 * declared; BAD_DATA for weights that are not finite.
 */
export function parseNetwork(bytes: Uint8Array): StoredNetwork {
  const payload = asDict(parseTorch(bytes), "data.pkl");
  const state = within(
    NETWORK_KEYS.stateDict,
    () => new StateDict(dictField(payload, NETWORK_KEYS.stateDict)),
  );
  const coordDims = readCoordDims(payload);
  const shape: NetworkShape = {
    nGenes: countField(payload, NETWORK_KEYS.inputSize, 1),
    hiddenSizes: countsField(payload, NETWORK_KEYS.hiddenSizes, 1),
    nClasses: countsField(payload, NETWORK_KEYS.numClasses, 1),
    coordDims: [...coordDims.values()],
  };
  const oneVsRest = readOneVsRest(payload, shape);
  if (shape.hiddenSizes.length === 0 && oneVsRest === null)
    throw new AtlasmtlError("BAD_DATA", "the network has no hidden layer", {
      where: NETWORK_KEYS.hiddenSizes,
    });
  const weights = readWeights(state, shape, [...coordDims.keys()]);
  const childCorrection = readChild(payload, shape, state);
  const dropoutRate = numberField(payload, NETWORK_KEYS.dropoutRate);
  if (!(dropoutRate >= 0 && dropoutRate < 1))
    throw new AtlasmtlError("BAD_DATA", `a dropout rate of ${dropoutRate}, expected 0 to below 1`, {
      where: NETWORK_KEYS.dropoutRate,
    });
  return {
    shape,
    weights,
    dropoutRate,
    coordNames: [...coordDims.keys()],
    childCorrection,
    oneVsRest,
    unusedTensors: state.unused(),
  };
}

function readCoordDims(payload: Dict): ReadonlyMap<string, number> {
  const key = NETWORK_KEYS.coordDims;
  if (!payload.has(key)) return LEGACY_COORD_DIMS;
  const dims = new Map<string, number>();
  for (const [name, dim] of dictField(payload, key)) {
    if (typeof name !== "string") throw new AtlasmtlError("BAD_FORMAT", "a head has no name", { where: key });
    dims.set(name, asCount(dim, `${key} › ${name}`, 1));
  }
  return dims;
}

/** @throws BAD_DATA for a linear model with hidden layers, coordinates or several label columns. */
function readOneVsRest(payload: Dict, shape: NetworkShape): OneVsRest | null {
  const key = NETWORK_KEYS.geneScaling;
  if (!payload.has(key)) return null;
  const { nGenes, hiddenSizes, nClasses, coordDims } = shape;
  if (hiddenSizes.length > 0 || nClasses.length !== 1 || coordDims.length > 0)
    throw new AtlasmtlError(
      "BAD_DATA",
      `a linear model has one label column and nothing else; this one has ${hiddenSizes.length} hidden layers, ${nClasses.length} label columns and ${coordDims.length} coordinates`,
      { where: key },
    );
  const scalingOf = (name: string) => within(name, () => readScaling(dictField(payload, name), nGenes));
  return { scaling: scalingOf(key), rest: scalingOf(NETWORK_KEYS.geneScalingRest) };
}

function readWeights(state: StateDict, shape: NetworkShape, coordNames: readonly string[]): NetworkWeights {
  const widths = [shape.nGenes, ...shape.hiddenSizes];
  const latentSize = widths.at(-1)!;
  return {
    encoder: shape.hiddenSizes.map((nOut, i) => state.take(TENSOR_NAMES.encoder(i), widths[i], nOut)),
    labelHeads: shape.nClasses.map((nOut, j) => state.take(TENSOR_NAMES.labelHead(j), latentSize, nOut)),
    coordHeads: coordNames.map((name, j) =>
      state.take(TENSOR_NAMES.coordHead(name), latentSize, shape.coordDims[j]),
    ),
  };
}

function readChild(payload: Dict, shape: NetworkShape, state: StateDict): ChildCorrection | null {
  const key = NETWORK_KEYS.parentConditionedChildCorrection;
  const value = payload.get(key) ?? null;
  if (value === null) return null;
  return within(key, () =>
    readChildCorrection(toConfig(asDict(value, key)) as ConfigMap, shape, (prefix, nIn, nOut) =>
      state.take(prefix, nIn, nOut),
    ),
  );
}

/** The tensors of a `state_dict`, and which of them have been used. */
class StateDict {
  private readonly tensors = new Map<string, TorchTensor>();
  private readonly taken = new Set<string>();

  constructor(dict: Dict) {
    for (const [name, tensor] of dict) {
      if (typeof name !== "string" || !(tensor instanceof TorchTensor))
        throw new AtlasmtlError("BAD_FORMAT", `${String(name)} is ${describeValue(tensor)}, not a tensor`);
      this.tensors.set(name, tensor);
    }
  }

  take(prefix: string, nIn: number | null, nOut: number | null): Linear {
    const weight = this.tensor(`${prefix}.weight`, [nOut, nIn]);
    const [rows, columns] = weight.shape as [number, number];
    const bias = this.tensor(`${prefix}.bias`, [rows]);
    return { nIn: columns, nOut: rows, weight: weight.data, bias: bias.data };
  }

  private tensor(name: string, expected: readonly (number | null)[]): TorchTensor {
    const where = `${NETWORK_KEYS.stateDict} › ${name}`;
    const tensor = this.tensors.get(name);
    if (tensor === undefined) throw new AtlasmtlError("MISMATCH", "the tensor is missing", { where });
    const { shape, data } = tensor;
    if (shape.length !== expected.length || expected.some((n, d) => n !== null && n !== shape[d]))
      throw new AtlasmtlError(
        "MISMATCH",
        `the tensor has shape [${shape.join(", ")}]; the architecture asks for ` +
          `[${expected.map((n) => n ?? "any").join(", ")}]`,
        { where },
      );
    const wrong = firstNonFinite(data);
    if (wrong >= 0)
      throw new AtlasmtlError("BAD_DATA", `element ${wrong} of the weights is ${data[wrong]}`, {
        where,
        hint: "the training that made this model diverged; train again with a smaller learning rate",
      });
    this.taken.add(name);
    return tensor;
  }

  unused(): readonly string[] {
    return [...this.tensors.keys()].filter((name) => !this.taken.has(name));
  }
}

/** A simple loop, because it runs over every weight. */
function firstNonFinite(values: Float32Array): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

/** Writes `model.pth` in pieces; the same network gives the same bytes. */
export function emitNetwork(model: Model): readonly Uint8Array[] {
  const { shape, weights, coordHeads, childCorrection, oneVsRest } = model;
  const state = new OrderedDict();
  const put = (prefix: string, { nIn, nOut, weight, bias }: Linear): void => {
    state.set(`${prefix}.weight`, new TorchTensor([nOut, nIn], weight));
    state.set(`${prefix}.bias`, new TorchTensor([nOut], bias));
  };
  for (const [i, layer] of weights.encoder.entries()) put(TENSOR_NAMES.encoder(i), layer);
  for (const [j, head] of weights.labelHeads.entries()) put(TENSOR_NAMES.labelHead(j), head);
  for (const [j, head] of weights.coordHeads.entries()) put(TENSOR_NAMES.coordHead(coordHeads[j].name), head);
  for (const { parentIndex, hidden, output } of childCorrection?.modules ?? []) {
    put(TENSOR_NAMES.childHidden(parentIndex), hidden);
    put(TENSOR_NAMES.childOutput(parentIndex), output);
  }
  const payload = new Map<PickleValue, PickleValue>([
    [NETWORK_KEYS.stateDict, state],
    [NETWORK_KEYS.inputSize, shape.nGenes],
    [NETWORK_KEYS.numClasses, [...shape.nClasses]],
    [NETWORK_KEYS.hiddenSizes, [...shape.hiddenSizes]],
    [NETWORK_KEYS.dropoutRate, new Float(model.dropoutRate)],
    [NETWORK_KEYS.coordDims, new Map(coordHeads.map(({ name }, j) => [name, shape.coordDims[j]]))],
    [NETWORK_KEYS.parentConditionedChildCorrection, fromConfig(childCorrection?.config ?? new Map())],
    ...(oneVsRest
      ? [
          [NETWORK_KEYS.geneScaling, emitScaling(oneVsRest.scaling)] as const,
          [NETWORK_KEYS.geneScalingRest, emitScaling(oneVsRest.rest)] as const,
        ]
      : []),
  ]);
  return emitTorch(payload);
}
