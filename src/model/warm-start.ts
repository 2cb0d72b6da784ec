/**
 * Starts a network from an earlier model: genes, heads and classes are matched by name
 * (docs/specification/2-training.md#starting-from-a-model).
 * @module
 */
import type { ChildModule, Linear, NetworkWeights } from "../kernels/types.ts";
import type { ChildPlan } from "./child-options.ts";
import { ensembleSizeOf } from "./normalization.ts";
import type { CoordHead, LabelHead, Model, Warning } from "./types.ts";

/** What the new network is for. */
export interface NewNetwork {
  readonly genes: readonly string[];
  readonly labels: readonly LabelHead[];
  readonly coords: readonly CoordHead[];
  readonly child: ChildPlan | null;
}

export interface WarmStart {
  readonly weights: NetworkWeights;
  /** Tensors that were taken from the earlier model, whole or in part; names as in `state_dict`. */
  readonly taken: readonly string[];
  readonly notTaken: readonly string[];
  /** What was taken, and what of the new network starts afresh. */
  readonly notes: readonly Warning[];
  /** What the new network loses, or cannot take. */
  readonly warnings: readonly Warning[];
}

const N_LISTED = 5;

/**
 * Replaces the weights of `fresh` by those of `model` where they belong to the same gene, unit, class or coordinate. A gene
 * that the model does not know starts at zero, so that the earlier network's output does not change; a class that it does
 * not know keeps its fresh weights.
 */
export function warmStart(fresh: NetworkWeights, own: NewNetwork, model: Model): WarmStart {
  const old = firstMember(model);
  const log = { taken: [] as string[], notTaken: [] as string[] };
  const notes: Warning[] = [];
  const warnings: Warning[] = [];
  const say = (to: Warning[], message: string, hint?: string): unknown =>
    to.push(hint === undefined ? { message } : { message, hint });
  const keep = (name: string, linear: Linear | null, fallback: Linear): Linear => {
    (linear === null ? log.notTaken : log.taken).push(`${name}.weight`, `${name}.bias`);
    return linear ?? fallback;
  };

  const [first] = fresh.encoder as [Linear];
  const genes = positions(own.genes, model.trainGenes);
  const nKnown = genes.reduce((n, at) => n + (at < 0 ? 0 : 1), 0);
  const sizes = (layers: readonly Linear[]): string => layers.map(({ nOut }) => nOut).join(", ");
  const isSameWidth = sizes(old.encoder) === sizes(fresh.encoder);
  if (!isSameWidth)
    say(
      warnings,
      `nothing was taken from the initial model: its layers have ${sizes(old.encoder)} units, those of the new network ${sizes(fresh.encoder)}`,
      "train with its layer sizes, which are the default with an initial model",
    );
  else if (nKnown === 0)
    say(
      warnings,
      `nothing was taken from the initial model: none of its ${model.trainGenes.length} genes, such as ${some(model.trainGenes)}, is in the data, such as ${some(own.genes)}`,
      "give the data the gene names of the initial model",
    );
  const canTake = isSameWidth && nKnown > 0;
  if (canTake) say(notes, aboutGenes(nKnown, own.genes.length, model.trainGenes.length));

  const encoder = fresh.encoder.map((layer, i) => {
    const other = old.encoder[i];
    const taken = !canTake ? null : i === 0 ? pickInputs(other, genes, first.nIn) : copyOf(other);
    return keep(`encoder.${3 * i}`, taken, layer);
  });

  const labelHeads = fresh.labelHeads.map((layer, j) => {
    const { column, classes } = own.labels[j];
    const at = model.labelHeads.findIndex((head) => head.column === column);
    const other = old.labelHeads[at];
    if (!canTake || other === undefined) {
      if (canTake)
        say(
          notes,
          `the head of "${column}" is new: the label columns of the initial model are ${some(model.labelHeads.map((head) => head.column))}`,
        );
      return keep(`label_heads.${j}`, null, layer);
    }
    const known = positions(classes, model.labelHeads[at].classes);
    const added = classes.filter((_, code) => known[code] < 0);
    const lost = model.labelHeads[at].classes.filter((name) => !classes.includes(name));
    say(notes, aboutClasses(column, classes.length, added));
    if (lost.length > 0)
      say(
        warnings,
        `the new model cannot predict ${lost.length === 1 ? "a class" : `${lost.length} classes`} of "${column}" that the initial one knew: ${some(lost)}`,
        "no cell of the data has such a label: add cells of these types to keep them",
      );
    const taken = added.length === classes.length ? null : pickOutputs(layer, other, known);
    return keep(`label_heads.${j}`, taken, layer);
  });

  const coordHeads = fresh.coordHeads.map((layer, c) => {
    const head = own.coords[c];
    const at = model.coordHeads.findIndex(({ name }) => name === head.name);
    const other = old.coordHeads[at];
    const isFit = canTake && other !== undefined && other.nOut === layer.nOut;
    const taken = isFit ? rescaled(other, model.coordHeads[at], head) : null;
    if (canTake && !isFit) say(notes, `the coordinates "${head.name}" are new`);
    return keep(`coord_heads.${head.name}`, taken, layer);
  });

  const childModules = fresh.childModules?.map((module): ChildModule => {
    const other = canTake ? sameModule(module, own, model) : null;
    const prefix = `child_correction_modules.${module.parentIndex}`;
    return {
      ...module,
      hidden: keep(`${prefix}.0`, other === null ? null : copyOf(other.hidden), module.hidden),
      output: keep(`${prefix}.3`, other === null ? null : copyOf(other.output), module.output),
    };
  });
  return {
    weights: { encoder, labelHeads, ...(childModules === undefined ? {} : { childModules }), coordHeads },
    ...log,
    notes,
    warnings,
  };
}

/** The weights of a network, or of the first member of an ensemble; its heads hold the mean of the members' biases. */
function firstMember(model: Model): NetworkWeights {
  const { weights } = model;
  const size = ensembleSizeOf(model);
  if (size === 1) return weights;
  const part = (layer: Linear, nIn: number, nOut: number, factor: number): Linear => {
    const weight = new Float32Array(nIn * nOut);
    for (let o = 0; o < nOut; o++)
      for (let i = 0; i < nIn; i++) weight[o * nIn + i] = layer.weight[o * layer.nIn + i] * factor;
    return { nIn, nOut, weight, bias: layer.bias.slice(0, nOut) };
  };
  const head = (layer: Linear): Linear => part(layer, layer.nIn / size, layer.nOut, size);
  return {
    encoder: weights.encoder.map((layer, i) =>
      part(layer, i === 0 ? layer.nIn : layer.nIn / size, layer.nOut / size, 1),
    ),
    labelHeads: weights.labelHeads.map(head),
    coordHeads: weights.coordHeads.map(head),
  };
}

/** For each name its position among `others`, −1 for none. */
function positions(names: readonly string[], others: readonly string[]): Int32Array {
  const at = new Map(others.map((name, i) => [name, i]));
  return Int32Array.from(names, (name) => at.get(name) ?? -1);
}

const copyOf = (layer: Linear): Linear => ({
  ...layer,
  weight: layer.weight.slice(),
  bias: layer.bias.slice(),
});

/** A layer whose input `i` is input `from[i]` of `layer`; zero weights where there is none. */
function pickInputs(layer: Linear, from: Int32Array, nIn: number): Linear {
  const { nOut } = layer;
  const weight = new Float32Array(nOut * nIn);
  for (let o = 0; o < nOut; o++)
    for (let i = 0; i < nIn; i++)
      if (from[i] >= 0) weight[o * nIn + i] = layer.weight[o * layer.nIn + from[i]];
  return { nIn, nOut, weight, bias: layer.bias.slice() };
}

/** A head whose output `o` is output `from[o]` of `layer`, that of `fresh` where there is none. */
function pickOutputs(fresh: Linear, layer: Linear, from: Int32Array): Linear {
  const { nIn, nOut } = fresh;
  const taken = copyOf(fresh);
  for (let o = 0; o < nOut; o++) {
    if (from[o] < 0) continue;
    taken.weight.set(layer.weight.subarray(from[o] * nIn, (from[o] + 1) * nIn), o * nIn);
    taken.bias[o] = layer.bias[from[o]];
  }
  return taken;
}

/** A coordinate head that gives the same coordinates where they are standardised otherwise. */
function rescaled(layer: Linear, old: CoordHead, own: CoordHead): Linear {
  const taken = copyOf(layer);
  for (let d = 0; d < layer.nOut; d++) {
    if (old.mean[d] === own.mean[d] && old.std[d] === own.std[d]) continue;
    const factor = old.std[d] / own.std[d];
    for (let i = d * layer.nIn; i < (d + 1) * layer.nIn; i++) taken.weight[i] = layer.weight[i] * factor;
    taken.bias[d] = layer.bias[d] * factor + (old.mean[d] - own.mean[d]) / own.std[d];
  }
  return taken;
}

/** The module of the same parent and children, if its inputs are the same too. */
function sameModule(module: ChildModule, { labels, child }: NewNetwork, model: Model) {
  const other = model.childCorrection;
  if (child === null || other === null || child.options.featureMode !== other.featureMode) return null;
  const names = (heads: readonly LabelHead[], head: number, codes: readonly number[]): string =>
    JSON.stringify([heads[head].column, codes.map((code) => heads[head].classes[code])]);
  const all = (heads: readonly LabelHead[], head: number): string =>
    JSON.stringify([heads[head].column, heads[head].classes]);
  if (all(labels, child.parentHead) !== all(model.labelHeads, other.parentHead)) return null;
  const [parent, children] = [
    names(labels, child.parentHead, [module.parentIndex]),
    names(labels, child.childHead, module.childIndices),
  ];
  const found = other.modules.find(
    ({ parentIndex, childIndices }) =>
      names(model.labelHeads, other.parentHead, [parentIndex]) === parent &&
      names(model.labelHeads, other.childHead, childIndices) === children,
  );
  const fits = (a: Linear, b: Linear): boolean => a.nIn === b.nIn && a.nOut === b.nOut;
  return found !== undefined && fits(found.hidden, module.hidden) && fits(found.output, module.output)
    ? found
    : null;
}

function aboutGenes(nKnown: number, nOwn: number, nOld: number): string {
  if (nKnown === nOwn && nOwn === nOld) return `all ${nOwn} genes are those of the initial model`;
  const rest = [
    ...(nKnown < nOwn
      ? [
          nOwn - nKnown === 1
            ? "one gene is new and starts at zero"
            : `${nOwn - nKnown} genes are new and start at zero`,
        ]
      : []),
    ...(nKnown < nOld ? [`${nOld - nKnown} of its genes are not in the data`] : []),
  ];
  return `the weights of ${nKnown} genes were taken from the initial model; ${rest.join(", ")}`;
}

function aboutClasses(column: string, nClasses: number, added: readonly string[]): string {
  if (added.length === 0) return `all ${nClasses} classes of "${column}" were taken from the initial model`;
  return `${nClasses - added.length} of ${nClasses} classes of "${column}" were taken from the initial model; new: ${some(added)}`;
}

function some(names: readonly string[]): string {
  return names.slice(0, N_LISTED).join(", ") + (names.length > N_LISTED ? ", …" : "");
}
