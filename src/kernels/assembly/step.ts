// The tasks of one step, in three phases. Each task writes its own rows, columns or genes, so the result does not
// depend on who does it:
//   first:   the first layer, one panel of its columns for a run of rows;
//   rows:    every later layer, the losses, and the way back to the first layer's output, for a few rows;
//   update:  gradients and optimiser, for a panel of units, a bias, or a range of genes.

import { compactColumns, compactRows } from "./compact";
import { headLosses, outputs } from "./loss";
import { MASK, multiply, PLAIN, RELU, RELU_DROPOUT } from "./multiply";
import { Batch, Layer, Network, Optimizer, Scratch, Step } from "./structs";
import { transposeGenes, transposePanel, updateBias, updateRows } from "./update";

/** What a step does: a sum of these. */
const DROPOUT: u32 = 1;
const FORWARD: u32 = 2;
const LOSS: u32 = 4;
const BACKWARD: u32 = 8;
const OUTPUT: u32 = 16;

@inline
function layerAt(network: Network, i: u32): Layer {
  return changetype<Layer>(network.layers + <usize>i * offsetof<Layer>());
}

/** First phase, task: panel task % nPanels of rows task / nPanels x firstRows and on. */
export function firstLayer(step: Step, task: u32): void {
  const network = changetype<Network>(step.network), batch = changetype<Batch>(step.batch);
  const layer = layerAt(network, 0), shift = layer.shift, nPanels = (layer.width << 2) >> shift;
  const panel = task % nPanels, first = (task / nPanels) * step.firstRows;
  const last = min(first + step.firstRows, batch.nRows), column = (panel << shift) >> 2;
  const kind = step.mode & DROPOUT ? RELU_DROPOUT : RELU;
  multiply(
    shift, kind, layer.weight + (<usize>panel * <usize>layer.nIn << shift), layer.bias + (<usize>column << 2), 0,
    batch.indptr, batch.indptr + 4, batch.indices, batch.values, first, last,
    layer.activation + (<usize>panel * <usize>network.capacity << shift), 0,
    layer.dropoutKey + column, layer.nOut, network.dropoutThreshold, network.dropoutScale,
  );
}

function forward(step: Step, network: Network, first: u32, last: u32, scratch: Scratch): void {
  const capacity = network.capacity, n = last - first;
  for (let i: u32 = 1; i < network.nLayers; i++) {
    const before = layerAt(network, i - 1), layer = layerAt(network, i), shift = layer.shift;
    const nPanels = (layer.width << 2) >> shift;
    const kind = i == network.nLayers - 1 ? PLAIN : step.mode & DROPOUT ? RELU_DROPOUT : RELU;
    compactRows(before.activation, capacity, before.width, before.shift, first, last, scratch, network.compactTable);
    for (let panel: u32 = 0; panel < nPanels; panel++) {
      const column = (panel << shift) >> 2;
      multiply(
        shift, kind, layer.weight + (<usize>panel * <usize>layer.nIn << shift), layer.bias + (<usize>column << 2), 0,
        scratch.rowStarts, scratch.rowEnds, scratch.rowIndices, scratch.rowValues, 0, n,
        layer.activation + (<usize>(panel * capacity + first) << shift), 0,
        layer.dropoutKey + first * layer.nOut + column, layer.nOut, network.dropoutThreshold, network.dropoutScale,
      );
    }
  }
}

function backward(step: Step, network: Network, first: u32, last: u32, scratch: Scratch): void {
  const capacity = network.capacity, n = last - first, scale = step.mode & DROPOUT ? network.dropoutScale : <f32>1;
  for (let i = network.nLayers - 1; i > 0; i--) {
    const before = layerAt(network, i - 1), layer = layerAt(network, i), shift = before.shift;
    const nPanels = (before.width << 2) >> shift;
    const extra = i == network.nLayers - 1 ? network.latentGrad : 0;
    compactRows(layer.grad, capacity, layer.width, layer.shift, first, last, scratch, network.compactTable);
    for (let panel: u32 = 0; panel < nPanels; panel++) {
      const own = <usize>(panel * capacity + first) << shift;
      multiply(
        shift, MASK, layer.transposed + (<usize>panel * <usize>layer.width << shift),
        extra ? extra + own : network.zeros, extra ? <usize>1 << shift : 0,
        scratch.rowStarts, scratch.rowEnds, scratch.rowIndices, scratch.rowValues, 0, n,
        before.grad + own, before.activation + own, 0, 0, 0, scale,
      );
    }
  }
}

/** Second phase, task: rows task x chunkRows and on. */
export function laterLayers(step: Step, task: u32, thread: u32): void {
  const network = changetype<Network>(step.network), batch = changetype<Batch>(step.batch);
  const scratch = changetype<Scratch>(network.scratch + <usize>thread * offsetof<Scratch>());
  const first = task * step.chunkRows, last = min(first + step.chunkRows, batch.nRows), mode = step.mode;
  const head = layerAt(network, network.nLayers - 1);
  if (mode & FORWARD) forward(step, network, first, last, scratch);
  if (mode & LOSS) headLosses(network, head, batch, first, last, scratch);
  if (mode & BACKWARD) backward(step, network, first, last, scratch);
  if (mode & OUTPUT) outputs(network, head, layerAt(network, network.nLayers - 2), first, last, scratch);
}

/** Third phase, tasks: panels of units of each later layer; then each layer's bias; then ranges of genes. */
export function update(step: Step, task: u32, thread: u32): void {
  const network = changetype<Network>(step.network), batch = changetype<Batch>(step.batch);
  const scratch = changetype<Scratch>(network.scratch + <usize>thread * offsetof<Scratch>());
  const optimizer = changetype<Optimizer>(network.optimizer), capacity = network.capacity;
  for (let i: u32 = 1; i < network.nLayers; i++) {
    const before = layerAt(network, i - 1), layer = layerAt(network, i);
    const nPanels = (before.width << 2) >> before.shift;
    if (task < nPanels) {
      const units = (<u32>1 << before.shift) >> 2;
      compactColumns(before, task, batch.nRows, capacity, layer.shift, scratch, network.compactTable);
      updateRows(layer, true, capacity, optimizer, task * units, (task + 1) * units, scratch);
      transposePanel(layer, before.shift, task);
      return;
    }
    task -= nPanels;
  }
  if (task < network.nLayers) {
    updateBias(layerAt(network, task), batch.nRows, capacity, optimizer);
    return;
  }
  task -= network.nLayers;
  const layer = layerAt(network, 0), ranges = network.nGeneRanges;
  const first = <u32>(<u64>layer.nIn * task / ranges), last = <u32>(<u64>layer.nIn * (task + 1) / ranges);
  transposeGenes(batch, layer.shift, first, last, scratch);
  updateRows(layer, batch.values != 0, capacity, optimizer, first, last, scratch);
}

/** Fills the transposed weights of every later layer from its weights. */
export function transposeAll(network: Network): void {
  for (let i: u32 = 1; i < network.nLayers; i++) {
    const before = layerAt(network, i - 1);
    const nPanels = (before.width << 2) >> before.shift;
    for (let panel: u32 = 0; panel < nPanels; panel++) transposePanel(layerAt(network, i), before.shift, panel);
  }
}
