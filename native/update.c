// Gradients of weights, fused with the optimiser: see src/kernels/assembly/update.ts.

/** Adam or AdamW on `n` weights, a multiple of 16. Kingma and Ba 2015, Loshchilov and Hutter 2019, as torch. */
static void adam(f32 *w, f32 *mean, f32 *square, const f32 *g, size_t n, const Optimizer *o) {
  const f32v beta1 = splat(o->beta1), rest1 = splat(o->oneMinusBeta1);
  const f32v beta2 = splat(o->beta2), rest2 = splat(o->oneMinusBeta2);
  const f32v eps = splat(o->eps), l2 = splat(o->l2), decay = splat(o->decay);
  const f32v step_size = splat(o->stepSize), root_scale = splat(o->rootScale);
  for (size_t i = 0; i < n; i += LANES) {
    const f32v weight = load(w + i);
    const f32v gradient = load(g + i) + weight * l2;
    const f32v m = load(mean + i) * beta1 + gradient * rest1;
    const f32v v = load(square + i) * beta2 + (gradient * gradient) * rest2;
    store(mean + i, m);
    store(square + i, v);
    const f32v root = square_root(v) * root_scale + eps;
    store(w + i, weight * decay - (step_size * m) / root);
  }
}

/** Where the lists of weight rows lie: row i has entries starts[i] to ends[i] of `rows` and `values` (null: all 1). */
typedef struct {
  const u32 *starts;
  const u32 *ends;
  const u32 *rows;
  const f32 *values;
} Lists;

/** Updates weight rows `first` to `last`; the lists begin with that of row `first`. */
static void update_rows(
  char *m, const Layer *layer, Lists lists, u32 capacity, const Optimizer *o, u32 first, u32 last, f32 *gradients,
  const f32 *zeros
) {
  const u32 panels = layer->width >> 4, n = last - first;
  for (size_t panel = 0; panel < panels; panel++) {
    const f32 *grad = FLOATS(m, layer->grad) + panel * capacity * 16;
    const size_t at = (panel * layer->nIn + first) * 16;
    multiply(grad, zeros, 0, lists.starts, lists.ends, lists.rows, lists.values, 0, n, gradients);
    adam(
      FLOATS(m, layer->weight) + at, FLOATS(m, layer->weightM) + at, FLOATS(m, layer->weightV) + at, gradients,
      (size_t)n * 16, o
    );
  }
}

/** Updates the bias: its gradient is the column sum of the gradient panels over the batch, rows rising. */
static void update_bias(
  char *m, const Layer *layer, u32 rows, u32 capacity, const Optimizer *o, const Scratch *scratch
) {
  f32 *gradients = FLOATS(m, scratch->gradients);
  for (size_t panel = 0; panel < layer->width >> 4; panel++) {
    const f32 *g = FLOATS(m, layer->grad) + panel * capacity * 16;
    Row sum;
    for (int j = 0; j < PARTS; j++) sum.part[j] = splat(0);
    for (size_t r = 0; r < rows; r++)
      for (int j = 0; j < PARTS; j++) sum.part[j] += load(g + r * 16 + (size_t)j * LANES);
    store_row(gradients + panel * 16, sum);
  }
  adam(FLOATS(m, layer->bias), FLOATS(m, layer->biasM), FLOATS(m, layer->biasV), gradients, layer->width, o);
}

/** Refreshes the transposed weights for one panel of the layer before. */
static void transpose_panel(char *m, const Layer *layer, u32 panel) {
  f32 *to = FLOATS(m, layer->transposed) + (size_t)panel * layer->width * 16;
  for (size_t q = 0; q < layer->width >> 4; q++, to += 256) {
    const f32 *from = FLOATS(m, layer->weight) + (q * layer->nIn + (size_t)panel * 16) * 16;
    for (int j = 0; j < 16; j += 4)
      for (int u = 0; u < 16; u += 4) {
        const f32 *x = from + u * 16 + j;
        f32 *y = to + j * 16 + u;
        f32x4 block[4] = {load4(x), load4(x + 16), load4(x + 32), load4(x + 48)};
        transpose4(block);
        for (int k = 0; k < 4; k++) store4(y + k * 16, block[k]);
      }
  }
}

/** The first entry of a sorted list from `p` to `end` that is at least `gene`. */
INLINE const u32 *lower_bound(const u32 *p, const u32 *end, u32 gene) {
  size_t n = (size_t)(end - p);
  while (n > 0) {
    const size_t half = n >> 1;
    const int below = p[half] < gene;
    p = below ? p + half + 1 : p;
    n = below ? n - half - 1 : half;
  }
  return p;
}

/** Transposes the part of a batch that has genes `first` to `last` into the network's lists by gene, by counting. */
static void transpose_genes(
  char *m, const Network *network, const Batch *batch, u32 first, u32 last, const Scratch *scratch
) {
  const u32 rows = batch->nRows;
  const u32 *indices = WORDS(m, batch->indices), *row_starts = WORDS(m, batch->bounds);
  const u32 *row_ends = row_starts + (size_t)batch->nTiles * rows;
  u32 *starts = WORDS(m, network->geneStarts), *places = WORDS(m, network->geneEnds);
  // Entry numbers, where WebAssembly keeps addresses.
  u32 *from = WORDS(m, scratch->rangeStarts), *to = WORDS(m, scratch->rangeEnds);
  u32 sum = 0;
  memset(places + first, 0, (size_t)(last - first) * 4);
  for (u32 r = 0; r < rows; r++) {
    const u32 *start = indices + row_starts[r], *end = indices + row_ends[r];
    const u32 *p = first == 0 ? start : lower_bound(start, end, first);
    sum += (u32)(p - start);
    from[r] = (u32)(p - indices);
    for (; p < end && *p < last; p++) places[*p]++;
    to[r] = (u32)(p - indices);
  }
  for (u32 gene = first; gene < last; gene++) {
    const u32 count = places[gene];
    starts[gene] = sum;
    places[gene] = sum;
    sum += count;
  }
  u32 *labels = WORDS(m, network->geneRows);
  f32 *values = FLOATS(m, network->geneValues);
  const f32 *x = batch->values == 0 ? NULL : FLOATS(m, batch->values);
  for (u32 r = 0; r < rows; r++)
    for (u32 p = from[r]; p < to[r]; p++) {
      const u32 place = places[indices[p]]++;
      labels[place] = r;
      if (x != NULL) values[place] = x[p];
    }
}
