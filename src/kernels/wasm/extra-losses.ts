/**
 * The losses that look at a batch as a whole, domain alignment and topology, computed between the kernels' forward
 * and backward halves on copies of the latent and of one coordinate head. Both are optional and small.
 * @module
 */
import { domainAlignment } from "../reference/domain.ts";
import { topology } from "../reference/topology.ts";
import type { LossOptions, NetworkShape, TrainingData } from "../types.ts";
import { type NetworkLayout, PANEL } from "./layout.ts";
import type { Arena } from "./memory.ts";

export interface ExtraLosses {
  /** True when the backward half must wait for {@link apply}. */
  readonly active: boolean;
  readonly needsLatent: boolean;
  /** The losses of the batch in the arena, unweighted; with `gradients` also adds their gradients. */
  apply(rows: Uint32Array, gradients: boolean): { domain: number; topology: number };
}

export function createExtraLosses(
  arena: Arena,
  shape: NetworkShape,
  data: TrainingData,
  loss: LossOptions,
  layoutOf: () => NetworkLayout,
): ExtraLosses {
  const useDomain = loss.domainWeight > 0 && data.domains !== null;
  const shapeLoss = loss.topology !== null && loss.topology.weight > 0 ? loss.topology : null;

  function domainLoss(rows: Uint32Array, gradients: boolean): number {
    const layout = layoutOf();
    const layer = layout.layers.at(-2)!;
    const n = rows.length;
    const latent = columnsOut(arena, layer.activation, layout.capacity, n, 0, layer.nOut);
    const domains = Int32Array.from(rows, (row) => data.domains![row]!);
    const gradient = gradients ? new Float64Array(n * layer.nOut) : null;
    const value = domainAlignment(latent, n, layer.nOut, domains, loss.domainWeight, gradient);
    if (gradient !== null) {
      arena.views().f32.fill(0, layout.latentGrad / 4, layout.latentGrad / 4 + layout.capacity * layer.width);
      addColumns(arena, layout.latentGrad, layout.capacity, n, 0, layer.nOut, gradient);
    }
    return value;
  }

  function topologyLoss(rows: Uint32Array, gradients: boolean): number {
    if (shapeLoss === null) return 0;
    const layout = layoutOf();
    const layer = layout.layers.at(-1)!;
    const { coordHead, k, weight } = shapeLoss;
    const { offset, size } = layout.heads[shape.nClasses.length + coordHead]!;
    const n = rows.length;
    const predicted = columnsOut(arena, layer.activation, layout.capacity, n, offset, size);
    const all = data.coords[coordHead]!.data;
    const target = new Float64Array(n * size);
    rows.forEach((row, r) => {
      for (let d = 0; d < size; d++) target[r * size + d] = all[row * size + d]!;
    });
    const gradient = gradients ? new Float64Array(n * size) : null;
    const value = topology(predicted, target, n, size, k, weight, gradient);
    if (gradient !== null) addColumns(arena, layer.grad, layout.capacity, n, offset, size, gradient);
    return value;
  }

  return {
    active: useDomain || shapeLoss !== null,
    needsLatent: useDomain,
    apply(rows, gradients) {
      return {
        domain: useDomain ? domainLoss(rows, gradients) : 0,
        topology: topologyLoss(rows, gradients),
      };
    },
  };
}

/** Where element (row, column) of panels lies, in floats from their start. */
function place(capacity: number, row: number, column: number): number {
  return (Math.floor(column / PANEL) * capacity + row) * PANEL + (column % PANEL);
}

function columnsOut(
  arena: Arena,
  address: number,
  capacity: number,
  nRows: number,
  offset: number,
  size: number,
): Float64Array {
  const { f32 } = arena.views();
  const out = new Float64Array(nRows * size);
  for (let r = 0; r < nRows; r++)
    for (let j = 0; j < size; j++) out[r * size + j] = f32[address / 4 + place(capacity, r, offset + j)]!;
  return out;
}

function addColumns(
  arena: Arena,
  address: number,
  capacity: number,
  nRows: number,
  offset: number,
  size: number,
  values: Float64Array,
): void {
  const { f32 } = arena.views();
  for (let r = 0; r < nRows; r++)
    for (let j = 0; j < size; j++) {
      const at = address / 4 + place(capacity, r, offset + j);
      f32[at] = f32[at]! + values[r * size + j]!;
    }
}
