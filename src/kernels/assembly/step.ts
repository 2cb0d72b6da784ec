// The tasks of one step, in three phases. Each task writes its own rows, columns or genes, so the result does not
// depend on who does it:
//   first:   the first layer, one panel of its columns for a run of rows;
//   rows:    every later layer, the losses, and the way back to the first layer's output, for a few rows;
//   update:  gradients and optimiser, for a panel of units, a bias, or a range of genes.

import { compactColumns, compactRows } from "./compact";
import { headLosses, outputs } from "./loss";
import { mask, multiply, relu, reluDropout } from "./multiply";
import { Batch, Layer, Network, Optimizer, Scratch, Step } from "./structs";
import { transposeGenes, transposePanel, updateBias, updateRows } from "./update";

/** What a step does: a sum of these. */
const DROPOUT: u32 = 1;
const FORWARD: u32 = 2;
const LOSS: u32 = 4;
const BACKWARD: u32 = 8;
const OUTPUT: u32 = 16;
const TRANSPOSE: u32 = 32;

@inline
function layerAt(network: Network, i: u32): Layer {
  return changetype<Layer>(network.layers + <usize>i * offsetof<Layer>());
}

/** ReLU, and dropout in training, on rows of one panel of a hidden layer. */
function activate(step: Step, network: Network, layer: Layer, panel: u32, first: u32, last: u32): void {
  const at = layer.activation + (<usize>panel * <usize>network.capacity << 6);
  if (step.mode & DROPOUT)
    reluDropout(
      at, first, last, layer.dropoutKey + panel * 16, layer.nOut, network.dropoutThreshold, network.dropoutScale,
    );
  else relu(at, first, last);
}

/** Genes of one tile: a panel of them takes a quarter of a usual second-level cache (batch.ts has the same). */
const TILE_GENES: u32 = 4096;

/**
 * Reads a tile once from front to back. The products that follow jump about in it; fetched in order it arrives at
 * the memory's full speed (twice as fast overall at 20,000 genes). `sink` keeps the reads from being optimised away.
 */
function fetchTile(from: usize, rows: u32, sink: usize): void {
  let seen = v128.load(from);
  for (let x = from, end = from + (<usize>rows << 6); x < end; x += 64) seen = v128.or(seen, v128.load(x));
  v128.store(sink, seen);
}

/** The bound of part `i` of `n` equal parts of `total`. */
@inline
function part(total: u32, i: u32, n: u32): u32 {
  return <u32>(<u64>total * i / n);
}

/**
 * First phase, tasks: in training, ranges of genes of the batch to transpose; then panel task % nPanels of rows
 * task / nPanels x firstRows and on.
 */
export function firstLayer(step: Step, task: u32, thread: u32): void {
  const network = changetype<Network>(step.network), batch = changetype<Batch>(step.batch);
  const scratch = changetype<Scratch>(network.scratch + <usize>thread * offsetof<Scratch>());
  const layer = layerAt(network, 0), nPanels = layer.width >> 4, n = <usize>batch.nRows << 2;
  if (step.mode & TRANSPOSE) {
    const ranges = network.nTransposeRanges;
    if (task < ranges) {
      transposeGenes(network, batch, part(layer.nIn, task, ranges), part(layer.nIn, task + 1, ranges), scratch);
      return;
    }
    task -= ranges;
  }
  const panel = task % nPanels, first = (task / nPanels) * step.firstRows;
  const last = min(first + step.firstRows, batch.nRows);
  const matrix = layer.weight + (<usize>panel * <usize>layer.nIn << 6);
  const out = layer.activation + (<usize>panel * <usize>network.capacity << 6);
  let bounds = batch.bounds;
  for (let tile: u32 = 0; tile < batch.nTiles; tile++) {
    const gene = tile * TILE_GENES;
    fetchTile(matrix + (<usize>gene << 6), min(TILE_GENES, layer.nIn - gene), scratch.line);
    const init = tile == 0 ? layer.bias + (<usize>panel << 6) : out;
    multiply(
      matrix, init, tile == 0 ? 0 : 64, bounds, bounds + n, batch.indices, batch.values, first, last, out,
    );
    bounds += n;
  }
  activate(step, network, layer, panel, first, last);
}

function forward(step: Step, network: Network, first: u32, last: u32, scratch: Scratch): void {
  const capacity = network.capacity, head = network.nLayers - 1;
  for (let i: u32 = 1; i <= head; i++) {
    const before = layerAt(network, i - 1), layer = layerAt(network, i), nPanels = layer.width >> 4;
    compactRows(before.activation, capacity, before.width, first, last, scratch, network.compactTable);
    for (let panel: u32 = 0; panel < nPanels; panel++) {
      multiply(
        layer.weight + (<usize>panel * <usize>layer.nIn << 6), layer.bias + (<usize>panel << 6), 0,
        scratch.rowStarts, scratch.rowEnds, scratch.rowIndices, scratch.rowValues, 0, last - first,
        layer.activation + (<usize>(panel * capacity + first) << 6),
      );
      if (i < head) activate(step, network, layer, panel, first, last);
    }
  }
}

function backward(step: Step, network: Network, first: u32, last: u32, scratch: Scratch): void {
  const capacity = network.capacity, head = network.nLayers - 1;
  const scale = step.mode & DROPOUT ? network.dropoutScale : <f32>1;
  for (let i = head; i > 0; i--) {
    const before = layerAt(network, i - 1), layer = layerAt(network, i), nPanels = before.width >> 4;
    const extra = i == head ? network.latentGrad : 0;
    compactRows(layer.grad, capacity, layer.width, first, last, scratch, network.compactTable);
    for (let panel: u32 = 0; panel < nPanels; panel++) {
      const own = <usize>(panel * capacity + first) << 6;
      multiply(
        layer.transposed + (<usize>panel * <usize>layer.width << 6), extra ? extra + own : network.zeros,
        extra ? 64 : 0, scratch.rowStarts, scratch.rowEnds, scratch.rowIndices, scratch.rowValues, 0, last - first,
        before.grad + own,
      );
      mask(before.grad + own, before.activation + own, 0, last - first, scale);
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
    const before = layerAt(network, i - 1), layer = layerAt(network, i), nPanels = before.width >> 4;
    if (task < nPanels) {
      compactColumns(before.activation, task, batch.nRows, capacity, scratch, network.compactTable);
      updateRows(
        layer, scratch.columnStarts, scratch.columnEnds, scratch.columnRows, scratch.columnValues, capacity, optimizer,
        task * 16, task * 16 + 16, scratch.gradients, network.zeros,
      );
      transposePanel(layer, task);
      return;
    }
    task -= nPanels;
  }
  if (task < network.nLayers) {
    updateBias(layerAt(network, task), batch.nRows, capacity, optimizer, scratch);
    return;
  }
  task -= network.nLayers;
  const layer = layerAt(network, 0), ranges = network.nGeneRanges;
  const first = part(layer.nIn, task, ranges), last = part(layer.nIn, task + 1, ranges), at = <usize>first << 2;
  updateRows(
    layer, network.geneStarts + at, network.geneEnds + at, network.geneRows, batch.values ? network.geneValues : 0,
    capacity, optimizer, first, last, scratch.gradients, network.zeros,
  );
}

/** Fills the transposed weights of every later layer from its weights. */
export function transposeAll(network: Network): void {
  for (let i: u32 = 1; i < network.nLayers; i++) {
    const layer = layerAt(network, i), nPanels = layer.nIn >> 4;
    for (let panel: u32 = 0; panel < nPanels; panel++) transposePanel(layer, panel);
  }
}
