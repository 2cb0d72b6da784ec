// The tasks of one step, in three phases: see src/kernels/assembly/step.ts.

/** What a step does: a sum of these. */
enum { DROPOUT = 1, FORWARD = 2, LOSS = 4, BACKWARD = 8, OUTPUT = 16, TRANSPOSE = 32 };

/** Genes of one tile (src/kernels/wasm/batch.ts). */
#define TILE_GENES 4096

/** The records of a task. */
typedef struct {
  char *m;
  const Step *step;
  const Network *network;
  const Batch *batch;
  const Scratch *scratch;
  const Layer *layers;
} Task;

static Task task_of(char *m, address argument, u32 thread) {
  const Step *step = AT(Step, m, argument);
  const Network *network = AT(Network, m, step->network);
  const Scratch *scratch = AT(Scratch, m, network->scratch) + thread;
  return (Task){m, step, network, AT(Batch, m, step->batch), scratch, AT(Layer, m, network->layers)};
}

/** ReLU, and dropout in training, on rows of one panel of a hidden layer. */
static void activate(const Task *t, const Layer *layer, u32 panel, u32 first, u32 last) {
  f32 *at = FLOATS(t->m, layer->activation) + (size_t)panel * t->network->capacity * 16;
  if (t->step->mode & DROPOUT)
    relu_dropout(
      at, first, last, layer->dropoutKey + panel * 16, layer->nOut, t->network->dropoutThreshold,
      t->network->dropoutScale
    );
  else relu(at, first, last);
}

/** Reads a tile once from front to back: fetched in order it arrives at the memory's full speed. */
static void fetch_tile(const f32 *from, u32 rows) {
  for (const f32 *x = from, *end = from + (size_t)rows * 16; x < end; x += 16) (void)*(const volatile f32 *)x;
}

/** The bound of part `i` of `n` equal parts of `total`. */
INLINE u32 part(u32 total, u32 i, u32 n) { return (u32)((u64)total * i / n); }

static void first_layer(const Task *t, u32 task) {
  char *m = t->m;
  const Batch *batch = t->batch;
  const Layer *layer = t->layers;
  if (t->step->mode & TRANSPOSE) {
    const u32 ranges = t->network->nTransposeRanges;
    if (task < ranges) {
      const u32 from = part(layer->nIn, task, ranges), to = part(layer->nIn, task + 1, ranges);
      transpose_genes(m, t->network, batch, from, to, t->scratch);
      return;
    }
    task -= ranges;
  }
  const u32 panels = layer->width >> 4, panel = task % panels, first = (task / panels) * t->step->firstRows;
  const u32 last = min_u(first + t->step->firstRows, batch->nRows);
  const f32 *matrix = FLOATS(m, layer->weight) + (size_t)panel * layer->nIn * 16;
  f32 *out = FLOATS(m, layer->activation) + (size_t)panel * t->network->capacity * 16;
  const u32 *bounds = WORDS(m, batch->bounds), *indices = WORDS(m, batch->indices);
  const f32 *values = batch->values == 0 ? NULL : FLOATS(m, batch->values);
  const f32 *init = FLOATS(m, layer->bias) + (size_t)panel * 16;
  for (u32 tile = 0; tile < batch->nTiles; tile++, bounds += batch->nRows) {
    const u32 gene = tile * TILE_GENES;
    fetch_tile(matrix + (size_t)gene * 16, min_u(TILE_GENES, layer->nIn - gene));
    multiply(
      matrix, tile == 0 ? init : out, tile == 0 ? 0 : 16, bounds, bounds + batch->nRows, indices, values, first, last,
      out
    );
  }
  activate(t, layer, panel, first, last);
}

/** The product of the lists of `rows` rows in the scratch with a matrix. */
static void multiply_lists(const Task *t, const f32 *matrix, const f32 *init, size_t stride, u32 rows, f32 *out) {
  const Scratch *s = t->scratch;
  multiply(
    matrix, init, stride, WORDS(t->m, s->rowStarts), WORDS(t->m, s->rowEnds), WORDS(t->m, s->rowIndices),
    FLOATS(t->m, s->rowValues), 0, rows, out
  );
}

static void forward(const Task *t, u32 first, u32 last) {
  char *m = t->m;
  const u32 head = t->network->nLayers - 1, table = t->network->compactTable;
  const size_t capacity = t->network->capacity;
  for (u32 i = 1; i <= head; i++) {
    const Layer *layer = t->layers + i, *before = layer - 1;
    const f32 *active = FLOATS(m, before->activation);
    compact_rows(m, active, (u32)capacity, before->width, first, last, t->scratch, table);
    for (u32 panel = 0; panel < layer->width >> 4; panel++) {
      const f32 *matrix = FLOATS(m, layer->weight) + (size_t)panel * layer->nIn * 16;
      f32 *out = FLOATS(m, layer->activation) + (panel * capacity + first) * 16;
      multiply_lists(t, matrix, FLOATS(m, layer->bias) + (size_t)panel * 16, 0, last - first, out);
      if (i < head) activate(t, layer, panel, first, last);
    }
  }
}

static void backward(const Task *t, u32 first, u32 last) {
  char *m = t->m;
  const u32 head = t->network->nLayers - 1, table = t->network->compactTable;
  const size_t capacity = t->network->capacity;
  const f32 scale = t->step->mode & DROPOUT ? t->network->dropoutScale : 1;
  for (u32 i = head; i > 0; i--) {
    const Layer *layer = t->layers + i, *before = layer - 1;
    const address extra = i == head ? t->network->latentGrad : 0;
    compact_rows(m, FLOATS(m, layer->grad), (u32)capacity, layer->width, first, last, t->scratch, table);
    for (u32 panel = 0; panel < before->width >> 4; panel++) {
      const size_t own = (panel * capacity + first) * 16;
      const f32 *matrix = FLOATS(m, layer->transposed) + (size_t)panel * layer->width * 16;
      f32 *out = FLOATS(m, before->grad) + own;
      const f32 *init = extra == 0 ? FLOATS(m, t->network->zeros) : FLOATS(m, extra) + own;
      multiply_lists(t, matrix, init, extra == 0 ? 0 : 16, last - first, out);
      mask(out, FLOATS(m, before->activation) + own, last - first, scale);
    }
  }
}

static void later_layers(const Task *t, u32 task) {
  const u32 first = task * t->step->chunkRows, last = min_u(first + t->step->chunkRows, t->batch->nRows);
  const u32 mode = t->step->mode;
  const Layer *head = t->layers + t->network->nLayers - 1;
  if (mode & FORWARD) forward(t, first, last);
  if (mode & LOSS) head_losses(t->m, t->network, head, t->batch, first, last, t->scratch);
  if (mode & BACKWARD) backward(t, first, last);
  if (mode & OUTPUT) outputs(t->m, t->network, head, head - 1, first, last, t->scratch);
}

/** Third phase, tasks: panels of units of each later layer; then each layer's bias; then ranges of genes. */
static void update(const Task *t, u32 task) {
  char *m = t->m;
  const Network *network = t->network;
  const Scratch *s = t->scratch;
  const Optimizer *o = AT(Optimizer, m, network->optimizer);
  const f32 *zeros = FLOATS(m, network->zeros);
  f32 *gradients = FLOATS(m, s->gradients);
  for (u32 i = 1; i < network->nLayers; i++) {
    const Layer *layer = t->layers + i, *before = layer - 1;
    if (task < before->width >> 4) {
      const f32 *active = FLOATS(m, before->activation);
      compact_columns(m, active, task, t->batch->nRows, network->capacity, s, network->compactTable);
      const Lists lists = {
        WORDS(m, s->columnStarts), WORDS(m, s->columnEnds), WORDS(m, s->columnRows), FLOATS(m, s->columnValues)
      };
      update_rows(m, layer, lists, network->capacity, o, task * 16, task * 16 + 16, gradients, zeros);
      transpose_panel(m, layer, task);
      return;
    }
    task -= before->width >> 4;
  }
  if (task < network->nLayers) {
    update_bias(m, t->layers + task, t->batch->nRows, network->capacity, o, s);
    return;
  }
  task -= network->nLayers;
  const u32 genes = t->layers->nIn, first = part(genes, task, network->nGeneRanges);
  const Lists lists = {
    WORDS(m, network->geneStarts) + first, WORDS(m, network->geneEnds) + first, WORDS(m, network->geneRows),
    t->batch->values == 0 ? NULL : FLOATS(m, network->geneValues)
  };
  const u32 last = part(genes, task + 1, network->nGeneRanges);
  update_rows(m, t->layers, lists, network->capacity, o, first, last, gradients, zeros);
}

/** Fills the transposed weights of every later layer from its weights. */
static void transpose_all(char *m, address at) {
  const Network *network = AT(Network, m, at);
  const Layer *layers = AT(Layer, m, network->layers);
  for (u32 i = 1; i < network->nLayers; i++)
    for (u32 panel = 0; panel < layers[i].nIn >> 4; panel++) transpose_panel(m, layers + i, panel);
}
