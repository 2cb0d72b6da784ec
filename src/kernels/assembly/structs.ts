// Records that JavaScript lays out in the arena and the kernels read. Every field is one 32-bit word; a `usize`
// is a byte address. `src/kernels/wasm/structs.ts` lists the same fields in the same order (a test compares).
//
// Panels. Every matrix of width W is stored as W / 16 panels, each holding all rows of 16 columns: element
// (row, column) is at [column / 16][row][column % 16], so that a row of a panel is one cache line. Widths are
// padded to whole panels with zeros, which stay zero through training.

/** One Linear of the network: an encoder layer, or all heads side by side. */
@unmanaged
export class Layer {
  /** Rows of the weight matrix: genes for the first layer, else the padded width of the layer before. */
  nIn: u32;
  /** True width; also the row length of the dropout counter. */
  nOut: u32;
  /** Padded width. */
  width: u32;
  /** Panels [width / 16][nIn][16], and the two Adam moments of the same layout. */
  weight: usize;
  weightM: usize;
  weightV: usize;
  /** The transposed weights for the way back: panels [nIn / 16][width][16]. */
  transposed: usize;
  /** [width] each. */
  bias: usize;
  biasM: usize;
  biasV: usize;
  /** Panels [width / 16][capacity][16]: output after ReLU and dropout, or logits. */
  activation: usize;
  /** Panels of the loss gradient with respect to the layer's output before ReLU. */
  grad: usize;
  dropoutKey: u32;
}

/** A slice of the fused head layer: one label head or one coordinate head. */
@unmanaged
export class Head {
  /** First column in the head layer, a multiple of 4. */
  offset: u32;
  size: u32;
  /** [capacity, size] row-major: where inference leaves the head's output. */
  output: usize;
}

@unmanaged
export class Network {
  nLayers: u32;
  /** `nLayers` consecutive {@link Layer} records, the heads last. */
  layers: usize;
  /** Rows that activations and gradients have room for. */
  capacity: u32;
  nLabelHeads: u32;
  nCoordHeads: u32;
  /** Consecutive {@link Head} records, label heads first. */
  heads: usize;
  /** [capacity, nLabelHeads + nCoordHeads]: each row's unweighted loss per head. */
  rowLoss: usize;
  /** [capacity, true latent width]: where inference leaves z. */
  latentOutput: usize;
  /** Panels like the last hidden layer's: extra gradient of z, or 0. */
  latentGrad: usize;
  /** Consecutive {@link Scratch} records, one per thread. */
  scratch: usize;
  /** 16 byte-shuffle patterns of 16 bytes that move the lanes named by a mask to the front. */
  compactTable: usize;
  /** 64 zero bytes. */
  zeros: usize;
  optimizer: usize;
  dropoutThreshold: u32;
  dropoutScale: f32;
  /** Ranges the genes are split into for the first layer's update, and for transposing a batch. */
  nGeneRanges: u32;
  nTransposeRanges: u32;
  /** The batch by gene: entries geneStarts[g] to geneEnds[g] of geneRows (batch rows, rising) and geneValues. */
  geneStarts: usize;
  geneEnds: usize;
  geneRows: usize;
  geneValues: usize;
}

/** What one thread works in. */
@unmanaged
export class Scratch {
  rowStarts: usize;
  rowEnds: usize;
  rowIndices: usize;
  rowValues: usize;
  /** Entries reserved for each row's list. */
  rowStride: u32;
  /** One row of head outputs, row-major, and its gradient. */
  line: usize;
  lineGrad: usize;
  columnStarts: usize;
  columnEnds: usize;
  columnRows: usize;
  columnValues: usize;
  /** Gradients of one panel of weights. */
  gradients: usize;
  /** Per batch row: the addresses of its first entry of a gene range and of the one after the last. */
  rangeStarts: usize;
  rangeEnds: usize;
}

/** The cells of one step, gathered by JavaScript. */
@unmanaged
export class Batch {
  nRows: u32;
  /**
   * [nTiles + 1][nRows]: the entry where row r's genes of tile t begin. Tiles are runs of genes whose panel fits a
   * second-level cache.
   */
  bounds: usize;
  nTiles: u32;
  indices: usize;
  /** 0 when every value is 1. */
  values: usize;
  /** [nRows, nLabelHeads] class, or -1. */
  labels: usize;
  /** [nRows, nLabelHeads] task weight x class weight / sum of class weights; 0 where the label is missing. */
  labelScales: usize;
  /** [nRows, sum of dims] targets. */
  targets: usize;
  /** [nCoordHeads] weight / (dim x nRows). */
  coordScales: usize;
}

/** Adam and AdamW in one form: g += l2 w; w = decay w - stepSize m / (sqrt(v) rootScale + eps). */
@unmanaged
export class Optimizer {
  beta1: f32;
  oneMinusBeta1: f32;
  beta2: f32;
  oneMinusBeta2: f32;
  eps: f32;
  l2: f32;
  decay: f32;
  stepSize: f32;
  rootScale: f32;
}

/** The argument of the network tasks. */
@unmanaged
export class Step {
  network: usize;
  batch: usize;
  /** A sum of the MODE flags of step.ts. */
  mode: u32;
  /** Rows of one task of the first and of the second phase. */
  firstRows: u32;
  chunkRows: u32;
}

/** The argument of the neighbour search. */
@unmanaged
export class Search {
  nReferences: u32;
  dim: u32;
  /** Panels [ceil(n / 16)][dim][16] of the references, 0 in the padding. */
  references: usize;
  /** Squared norm of each reference, +Infinity in the padding. */
  norms: usize;
  /** The largest norm (not squared) of each panel. */
  panelNorms: usize;
  nQueries: u32;
  /** [nQueries, dim] row-major. */
  queries: usize;
  k: u32;
  /** [nQueries, k] results, nearest first; distances squared. */
  indices: usize;
  distances: usize;
  chunkRows: u32;
  scratch: usize;
  compactTable: usize;
  zeros: usize;
  /** Unit roundoff bounds of the float32 filter, see knn.ts. */
  crossError: f32;
  normError: f32;
}
