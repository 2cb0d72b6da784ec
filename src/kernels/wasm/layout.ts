/**
 * The memory layout of a network in the arena: padded widths, panels and every buffer of a step. All sizes are known
 * before anything is allocated. See assembly/structs.ts for the records and the panel layout.
 * @module
 */
import { dropoutThreshold } from "../../core/rng.ts";
import type { NetworkShape } from "../types.ts";
import { type Arena, compactTable, createPlan, type Plan, type Region } from "./memory.ts";
import { HEAD, LAYER, NETWORK, OPTIMIZER, SCRATCH, STEP, type Words, writeRecord } from "./structs.ts";

/** Rows of one task: of the first layer, and of all that follows it. */
const FIRST_ROWS = 256;
const CHUNK_ROWS = 16;
/** Floats of a panel's row; see assembly/structs.ts. */
export const PANEL = 16;

/** The addresses of one layer; 0 for buffers that a network without training does not have. */
export interface LayerLayout {
  readonly nIn: number;
  readonly nOut: number;
  readonly width: number;
  readonly record: number;
  readonly weight: number;
  readonly bias: number;
  readonly activation: number;
  readonly grad: number;
}

/** One head's columns in the head layer. */
export interface HeadLayout {
  readonly offset: number;
  readonly size: number;
  /** Row-major output of inference. */
  readonly output: number;
}

export interface NetworkLayout {
  readonly shape: NetworkShape;
  readonly region: Region;
  readonly record: number;
  readonly step: number;
  readonly optimizer: number;
  readonly layers: readonly LayerLayout[];
  readonly heads: readonly HeadLayout[];
  readonly capacity: number;
  readonly rowLoss: number;
  readonly latentOutput: number;
  /** 0 unless asked for. */
  readonly latentGrad: number;
  readonly nGeneRanges: number;
  readonly nTransposeRanges: number;
  /** The first address after the network, for the batches: `extraBytes` of the request. */
  readonly extra: number;
}

export interface LayoutRequest {
  readonly shape: NetworkShape;
  /** Rows of the largest batch. */
  readonly capacity: number;
  readonly numThreads: number;
  readonly training: {
    /** Entries of the largest batch. */
    readonly maxEntries: number;
    readonly hasValues: boolean;
    readonly dropoutRate: number;
    /** True if losses outside the kernels have gradients by the latent. */
    readonly latentGrad: boolean;
  } | null;
  /** Bytes to keep beside the network. */
  readonly extraBytes: number;
}

const padTo = (n: number, multiple: number) => Math.ceil(n / multiple) * multiple;

/** Places a network. Nothing is allocated when it does not fit. @throws LIMIT with the estimate. */
export function layOutNetwork(arena: Arena, request: LayoutRequest): NetworkLayout {
  const { shape, capacity, numThreads, training } = request;
  const plan = createPlan();
  const rows = padTo(capacity, 4);
  const nLayers = shape.hiddenSizes.length + 1;
  const record = plan.reserve(NETWORK.length * 4);
  const step = plan.reserve(STEP.length * 4);
  const optimizer = plan.reserve(OPTIMIZER.length * 4);
  const table = plan.reserve(256);
  const zeros = plan.reserve(64);
  const layerRecords = plan.reserve(nLayers * LAYER.length * 4);

  const sizes = [...shape.nClasses, ...shape.coordDims];
  const headRecords = plan.reserve(Math.max(sizes.length, 1) * HEAD.length * 4);
  let headWidth = 0;
  const heads = sizes.map((size) => {
    const offset = headWidth;
    headWidth += padTo(size, 4);
    return { offset, size, output: training === null ? plan.reserve(rows * size * 4) : 0 };
  });

  const layers: (LayerLayout & { readonly fields: ReturnType<typeof layerFields> })[] = [];
  for (let i = 0; i < nLayers; i++) {
    const before = layers[i - 1];
    const nOut = i < nLayers - 1 ? shape.hiddenSizes[i] : Math.max(headWidth, 1);
    const nIn = before?.width ?? shape.nGenes;
    const fields = layerFields(plan, { nIn, nOut, first: i === 0, rows, training: training !== null });
    layers.push({ ...fields, record: layerRecords + i * LAYER.length * 4, fields });
  }

  const rowLoss = plan.reserve(rows * Math.max(sizes.length, 1) * 4);
  const latent = layers[nLayers - 2];
  const latentOutput = training === null ? plan.reserve(rows * latent.nOut * 4) : 0;
  const latentGrad = training?.latentGrad ? plan.reserve(rows * latent.width * 4) : 0;
  const nGeneRanges = Math.min(shape.nGenes, shape.nGenes > 8192 ? 32 : 16);
  // Each row is searched for the start of each range but the first, so few ranges are best; four keep four threads
  // busy.
  const nTransposeRanges = Math.min(shape.nGenes, 4);
  const maxEntries = training?.maxEntries ?? 0;
  const genes = {
    geneStarts: plan.reserve(training === null ? 0 : shape.nGenes * 4),
    geneEnds: plan.reserve(training === null ? 0 : shape.nGenes * 4),
    geneRows: plan.reserve(maxEntries * 4),
    geneValues: plan.reserve(training?.hasValues ? maxEntries * 4 : 0),
  };
  const scratch = planScratch(plan, {
    numThreads,
    capacity: rows,
    maxWidth: Math.max(...layers.map(({ width }) => width)),
    chunkRows: CHUNK_ROWS,
    maxUpdateRows: training === null ? 0 : Math.max(PANEL, Math.ceil(shape.nGenes / nGeneRanges)),
  });
  const extra = plan.reserve(request.extraBytes);

  const what = training === null ? "the network" : `training with batches of ${capacity} cells`;
  const region = arena.allocate(plan.bytes, what);
  const base = region.address;
  const at = (offset: number) => (offset === 0 ? 0 : base + offset);
  const views = arena.views();
  views.u8.set(compactTable(), base + table);
  layers.forEach(({ record: to, fields }) => {
    const { nIn, nOut, width, ...addresses } = fields;
    const placed = Object.fromEntries(Object.entries(addresses).map(([name, offset]) => [name, at(offset)]));
    writeRecord(views, base + to, LAYER, {
      nIn,
      nOut,
      width,
      dropoutKey: 0,
      ...(placed as typeof addresses),
    });
  });
  heads.forEach(({ offset, size, output }, j) => {
    writeRecord(views, base + headRecords + j * HEAD.length * 4, HEAD, { offset, size, output: at(output) });
  });
  scratch.write(views, base);
  const rate = training?.dropoutRate ?? 0;
  writeRecord(views, base + record, NETWORK, {
    nLayers,
    layers: base + layerRecords,
    capacity: rows,
    nLabelHeads: shape.nClasses.length,
    nCoordHeads: shape.coordDims.length,
    heads: base + headRecords,
    rowLoss: base + rowLoss,
    latentOutput: at(latentOutput),
    latentGrad: at(latentGrad),
    scratch: base + scratch.records,
    compactTable: base + table,
    zeros: base + zeros,
    optimizer: base + optimizer,
    dropoutThreshold: dropoutThreshold(rate),
    dropoutScale: 1 / (1 - rate),
    nGeneRanges,
    nTransposeRanges,
    geneStarts: base + genes.geneStarts,
    geneEnds: base + genes.geneEnds,
    geneRows: base + genes.geneRows,
    geneValues: base + genes.geneValues,
  });
  return {
    shape,
    region,
    record: base + record,
    step: base + step,
    optimizer: base + optimizer,
    layers: layers.map(({ nIn, nOut, width, record: to, weight, bias, activation, grad }) => ({
      nIn,
      nOut,
      width,
      record: base + to,
      weight: base + weight,
      bias: base + bias,
      activation: base + activation,
      grad: at(grad),
    })),
    heads: heads.map(({ offset, size, output }) => ({ offset, size, output: at(output) })),
    capacity: rows,
    rowLoss: base + rowLoss,
    latentOutput: at(latentOutput),
    latentGrad: at(latentGrad),
    nGeneRanges,
    nTransposeRanges,
    extra: base + extra,
  };
}

interface LayerSize {
  readonly nIn: number;
  readonly nOut: number;
  readonly first: boolean;
  readonly rows: number;
  readonly training: boolean;
}

/** A layer's sizes and offsets, 0 for what it does not need (offset 0 is the network's own record). */
function layerFields(plan: Plan, { nIn, nOut, first, rows, training }: LayerSize) {
  const width = padTo(nOut, PANEL);
  const matrix = () => plan.reserve(nIn * width * 4);
  const line = () => plan.reserve(width * 4);
  return {
    nIn,
    nOut,
    width,
    weight: matrix(),
    weightM: training ? matrix() : 0,
    weightV: training ? matrix() : 0,
    transposed: training && !first ? matrix() : 0,
    bias: line(),
    biasM: training ? line() : 0,
    biasV: training ? line() : 0,
    activation: plan.reserve(rows * width * 4),
    grad: training ? plan.reserve(rows * width * 4) : 0,
  };
}

export interface ScratchRequest {
  readonly numThreads: number;
  /** Rows of the largest batch. */
  readonly capacity: number;
  /** Columns of the widest matrix whose rows are made into lists. */
  readonly maxWidth: number;
  /** Rows made into lists at once. */
  readonly chunkRows: number;
  /** Weight rows updated at once, at least a panel's; 0 where nothing is trained. */
  readonly maxUpdateRows: number;
}

/** Plans the scratch memory of each thread; `write` fills the records once the address of the region is known. */
export function planScratch(
  plan: Plan,
  { numThreads, capacity, maxWidth, chunkRows, maxUpdateRows }: ScratchRequest,
): { readonly records: number; write(views: Words, base: number): void } {
  const records = plan.reserve(numThreads * SCRATCH.length * 4);
  const rowStride = maxWidth + 4;
  const listBytes = (chunkRows * rowStride + 4) * 4;
  // A panel of units has a list of up to every row for each.
  const columns = maxUpdateRows === 0 ? 0 : PANEL;
  const columnEntries = columns * (capacity + 4);
  const threads = Array.from({ length: numThreads }, () => ({
    rowStarts: plan.reserve(chunkRows * 4),
    rowEnds: plan.reserve(chunkRows * 4),
    rowIndices: plan.reserve(listBytes),
    rowValues: plan.reserve(listBytes),
    line: plan.reserve(Math.max(maxWidth, chunkRows * PANEL) * 4),
    lineGrad: plan.reserve(maxWidth * 4),
    columnStarts: plan.reserve(columns * 4),
    columnEnds: plan.reserve(columns * 4),
    columnRows: plan.reserve((columnEntries + 4) * 4),
    columnValues: plan.reserve(Math.max(columnEntries + 4, chunkRows * 6) * 4),
    gradients: plan.reserve(Math.max(maxWidth, maxUpdateRows * PANEL) * 4),
    rangeStarts: plan.reserve(capacity * 4),
    rangeEnds: plan.reserve(capacity * 4),
  }));
  return {
    records,
    write(views, base) {
      threads.forEach((offsets, thread) => {
        const placed = Object.fromEntries(
          Object.entries(offsets).map(([name, offset]) => [name, base + offset]),
        ) as typeof offsets;
        writeRecord(views, base + records + thread * SCRATCH.length * 4, SCRATCH, { ...placed, rowStride });
      });
    },
  };
}

/** Tasks of a step over `nRows` cells, by phase. */
export function taskCounts(
  layout: NetworkLayout,
  nRows: number,
  mode: number,
): { first: number; later: number; update: number } {
  const panels = layout.layers.map(({ width }) => width / PANEL);
  const unitPanels = panels.slice(0, -1).reduce((sum, n) => sum + n, 0);
  const transpose = mode & MODE.transpose ? layout.nTransposeRanges : 0;
  return {
    first: transpose + panels[0] * Math.ceil(nRows / FIRST_ROWS),
    later: Math.ceil(nRows / CHUNK_ROWS),
    update: unitPanels + panels.length + layout.nGeneRanges,
  };
}

/** Flags of {@link Step.mode}, as in assembly/step.ts. */
export const MODE = { dropout: 1, forward: 2, loss: 4, backward: 8, output: 16, transpose: 32 } as const;

/** Points the step at a batch. */
export function writeStep(views: Words, layout: NetworkLayout, batch: number, mode: number): void {
  writeRecord(views, layout.step, STEP, {
    network: layout.record,
    batch,
    mode,
    firstRows: FIRST_ROWS,
    chunkRows: CHUNK_ROWS,
  });
}
