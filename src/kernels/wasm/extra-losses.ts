/**
 * Losses computed between the two halves of a step in the kernels, on copies of the latent and of a few heads: domain
 * alignment, topology and child correction. All are optional and small.
 * @module
 */
import { createChildStep } from "../reference/child-correction.ts";
import type { ChildOutputs } from "../reference/child-features.ts";
import { domainAlignment } from "../reference/domain.ts";
import { topology } from "../reference/topology.ts";
import type { AnyTrainerOptions, ChildModule } from "../types.ts";
import { type NetworkLayout, PANEL } from "./layout.ts";
import type { Arena } from "./memory.ts";

/** The extra losses of a batch; all but `total` before their weights. */
export interface ExtraLoss {
  readonly domain: number;
  readonly topology: number;
  readonly child?: number;
  readonly childRank?: number;
  readonly total: number;
}

export const NO_EXTRA_LOSS: ExtraLoss = { domain: 0, topology: 0, total: 0 };

export interface ExtraLosses {
  /** True when the backward half must wait for {@link apply}. */
  readonly active: boolean;
  /** True when the loss must wait for {@link correct}. */
  readonly corrects: boolean;
  readonly needsLatent: boolean;
  /** Corrects the child logits of the batch in the arena; `step` numbers the dropout mask, null for none. */
  correct(rows: Uint32Array, step: number | null): void;
  /** The losses of the batch in the arena; with `gradients` also adds their gradients. */
  apply(rows: Uint32Array, gradients: boolean): ExtraLoss;
  /** Moves the modules of child correction. */
  update(learningRate: number): void;
  childModules(): readonly ChildModule[] | null;
}

export function createExtraLosses(
  arena: Arena,
  options: AnyTrainerOptions,
  layoutOf: () => NetworkLayout,
): ExtraLosses {
  const { shape, data, loss, child = null } = options;
  const childStep = child === null ? null : createChildStep(options, child, options.optimizer);
  const useDomain = loss.domainWeight > 0 && data.domains !== null;
  const shapeLoss = loss.topology !== null && loss.topology.weight > 0 ? loss.topology : null;

  function domainLoss(rows: Uint32Array, gradients: boolean): number {
    const layout = layoutOf();
    const layer = layout.layers.at(-2)!;
    const n = rows.length;
    const latent = columnsOut(arena, layer.activation, layout.capacity, n, 0, layer.nOut);
    const domains = Int32Array.from(rows, (row) => data.domains![row]);
    const gradient = gradients ? new Float64Array(n * layer.nOut) : null;
    const value = domainAlignment(latent, n, layer.nOut, domains, loss.domainWeight, gradient);
    if (gradient !== null) addColumns(arena, layout.latentGrad, layout.capacity, n, 0, layer.nOut, gradient);
    return value;
  }

  function topologyLoss(rows: Uint32Array, gradients: boolean): number {
    if (shapeLoss === null) return 0;
    const layout = layoutOf();
    const layer = layout.layers.at(-1)!;
    const { coordHead, k, weight } = shapeLoss;
    const { offset, size } = layout.heads[shape.nClasses.length + coordHead];
    const n = rows.length;
    const predicted = columnsOut(arena, layer.activation, layout.capacity, n, offset, size);
    const all = data.coords[coordHead].data;
    const target = new Float64Array(n * size);
    rows.forEach((row, r) => {
      for (let d = 0; d < size; d++) target[r * size + d] = all[row * size + d];
    });
    const gradient = gradients ? new Float64Array(n * size) : null;
    const value = topology(predicted, target, n, size, k, weight, gradient);
    if (gradient !== null) addColumns(arena, layer.grad, layout.capacity, n, offset, size, gradient);
    return value;
  }

  /** Latent, parent and child logits of the batch, or what `field` holds of them. */
  function childOutputs(nRows: number, field: "activation" | "grad"): ChildOutputs {
    const layout = layoutOf();
    const head = layout.layers.at(-1)![field];
    const logits = (j: number): Float64Array => {
      const { offset, size } = layout.heads[j];
      return columnsOut(arena, head, layout.capacity, nRows, offset, size);
    };
    const latent = layout.layers.at(-2)!;
    return {
      latent:
        field === "activation"
          ? columnsOut(arena, latent.activation, layout.capacity, nRows, 0, latent.nOut)
          : new Float64Array(nRows * latent.nOut),
      parents: logits(child!.parentHead),
      children: logits(child!.childHead),
    };
  }

  function childLoss(rows: Uint32Array, learning: boolean) {
    if (childStep === null || child === null) return null;
    const layout = layoutOf();
    const n = rows.length;
    const gradients = learning ? childOutputs(n, "grad") : null;
    const result = childStep.loss(childOutputs(n, "activation"), gradients);
    if (gradients === null || child.baseLrScale === null) return result;
    const { grad } = layout.layers.at(-1)!;
    for (const [j, values] of [
      [child.parentHead, gradients.parents],
      [child.childHead, gradients.children],
    ] as const) {
      const { offset, size } = layout.heads[j];
      storeColumns(arena, grad, layout.capacity, n, offset, size, values);
    }
    const latent = layout.layers.at(-2)!;
    addColumns(arena, layout.latentGrad, layout.capacity, n, 0, latent.nOut, gradients.latent);
    return result;
  }

  const needsLatent = useDomain || (child !== null && child.baseLrScale !== null);
  return {
    active: needsLatent || shapeLoss !== null || child !== null,
    corrects: child !== null,
    needsLatent,
    correct(rows, step) {
      if (childStep === null || child === null) return;
      const outputs = childOutputs(rows.length, "activation");
      childStep.correct(rows, outputs, step);
      const layout = layoutOf();
      const { offset, size } = layout.heads[child.childHead];
      const { activation } = layout.layers.at(-1)!;
      storeColumns(arena, activation, layout.capacity, rows.length, offset, size, outputs.children);
    },
    apply(rows, gradients) {
      if (gradients && needsLatent) {
        const { latentGrad, capacity, layers } = layoutOf();
        arena.views().f32.fill(0, latentGrad / 4, latentGrad / 4 + capacity * layers.at(-2)!.width);
      }
      const domain = useDomain ? domainLoss(rows, gradients) : 0;
      const shapePart = topologyLoss(rows, gradients);
      const childPart = childLoss(rows, gradients);
      const weighted = loss.domainWeight * domain + (loss.topology?.weight ?? 0) * shapePart;
      return {
        domain,
        topology: shapePart,
        ...childPart,
        total: weighted + (childPart?.total ?? 0),
      };
    },
    update: (learningRate) => childStep?.update(learningRate),
    childModules: () => childStep?.modules() ?? null,
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
    for (let j = 0; j < size; j++) out[r * size + j] = f32[address / 4 + place(capacity, r, offset + j)];
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
      f32[at] = f32[at] + values[r * size + j];
    }
}

function storeColumns(
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
    for (let j = 0; j < size; j++) f32[address / 4 + place(capacity, r, offset + j)] = values[r * size + j];
}
