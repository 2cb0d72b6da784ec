// Softmax cross-entropy and Huber, one row at a time, with the gradient of the logits: see src/kernels/assembly/loss.ts.

/** Copies one row of panels to a row-major line. */
static void row_out(const f32 *panels, u32 capacity, u32 width, u32 row, f32 *line) {
  for (u32 column = 0; column < width; column += 16)
    memcpy(line + column, panels + ((size_t)(column >> 4) * capacity + row) * 16, 64);
}

/** Copies a row-major line to one row of panels. */
static void row_in(f32 *panels, u32 capacity, u32 width, u32 row, const f32 *line) {
  for (u32 column = 0; column < width; column += 16)
    memcpy(panels + ((size_t)(column >> 4) * capacity + row) * 16, line + column, 64);
}

/** Up to LANES floats; the other lanes are `rest`. */
INLINE f32v load_some(const f32 *p, u32 n, f32 rest) {
  f32v x = splat(rest);
  if (n >= LANES) return load(p);
  memcpy(&x, p, (size_t)n * 4);
  return x;
}

INLINE void store_some(f32 *p, u32 n, f32v x) {
  if (n >= LANES) store(p, x);
  else memcpy(p, &x, (size_t)n * 4);
}

/**
 * Cross-entropy of `n` logits against class `label`; writes scale x (softmax - onehot) to `grad`, returns the unscaled
 * loss. The sum runs over four lanes, as in WebAssembly; all else is one lane's.
 */
static f32 cross_entropy(const f32 *logits, f32 *grad, u32 n, u32 label, f32 scale) {
  f32v tops = splat(logits[0]);
  for (u32 i = 0; i < n; i += LANES) tops = maximum(tops, load_some(logits + i, n - i, logits[0]));
  for (int half = LANES / 2; half > 0; half /= 2) {
    f32v other = tops;
    for (int i = 0; i < half; i++) other[i] = tops[i + half];
    tops = maximum(tops, other);
  }
  const f32 top = tops[0];
  for (u32 i = 0; i < n; i += LANES)
    store_some(grad + i, n - i, exp_v(load_some(logits + i, n - i, top) - splat(top)));
  const u32 blocked = n & ~3u;
  f32x4 sums = {0, 0, 0, 0};
  for (u32 i = 0; i < blocked; i += 4) sums += load4(grad + i);
  f32 sum = sum4(sums);
  for (u32 i = blocked; i < n; i++) sum += grad[i];
  const f32 factor = scale / sum;
  for (u32 i = 0; i < n; i += LANES)
    store_some(grad + i, n - i, load_some(grad + i, n - i, 0) * splat(factor));
  grad[label] -= scale;
  return log1(sum) + (top - logits[label]);
}

/** Huber loss (delta 1) summed over `n` elements; writes scale x derivative to `grad`. */
static f32 huber(const f32 *predicted, const f32 *target, f32 *grad, u32 n, f32 scale) {
  f32 sum = 0;
  for (u32 i = 0; i < n; i++) {
    const f32 e = predicted[i] - target[i], a = __builtin_fabsf(e);
    sum += a < 1 ? 0.5f * e * e : a - 0.5f;
    grad[i] = (e > 1 ? 1.0f : e < -1 ? -1.0f : e) * scale;
  }
  return sum;
}

/** Loss of every head for rows `first` to `last`: writes `rowLoss` and the head layer's gradient panels. */
static void head_losses(
  char *m, const Network *network, const Layer *layer, const Batch *batch, u32 first, u32 last, const Scratch *scratch
) {
  const u32 labels = network->nLabelHeads, coords = network->nCoordHeads;
  const Head *heads = AT(Head, m, network->heads);
  f32 *line = FLOATS(m, scratch->line), *grad = FLOATS(m, scratch->lineGrad);
  size_t coord_width = 0;
  for (u32 c = 0; c < coords; c++) coord_width += heads[labels + c].size;
  for (size_t r = first; r < last; r++) {
    row_out(FLOATS(m, layer->activation), network->capacity, layer->width, (u32)r, line);
    memset(grad, 0, (size_t)layer->width * 4);
    f32 *row_loss = FLOATS(m, network->rowLoss) + r * (labels + coords);
    for (u32 j = 0; j < labels; j++) {
      const u32 o = heads[j].offset;
      const i32 label = AT(i32, m, batch->labels)[r * labels + j];
      const f32 scale = FLOATS(m, batch->labelScales)[r * labels + j];
      row_loss[j] = label < 0 ? 0 : cross_entropy(line + o, grad + o, heads[j].size, (u32)label, scale);
    }
    const f32 *target = FLOATS(m, batch->targets) + r * coord_width;
    for (u32 c = 0; c < coords; c++) {
      const Head *h = heads + labels + c;
      const f32 scale = FLOATS(m, batch->coordScales)[c];
      row_loss[labels + c] = huber(line + h->offset, target, grad + h->offset, h->size, scale);
      target += h->size;
    }
    row_in(FLOATS(m, layer->grad), network->capacity, layer->width, (u32)r, grad);
  }
}

/** Copies each head's outputs, and z, of rows `first` to `last` to their row-major places. */
static void outputs(
  char *m, const Network *network, const Layer *layer, const Layer *latent, u32 first, u32 last, const Scratch *scratch
) {
  const Head *heads = AT(Head, m, network->heads);
  f32 *line = FLOATS(m, scratch->line);
  for (size_t r = first; r < last; r++) {
    row_out(FLOATS(m, layer->activation), network->capacity, layer->width, (u32)r, line);
    for (u32 j = 0; j < network->nLabelHeads + network->nCoordHeads; j++) {
      const size_t size = heads[j].size;
      memcpy(FLOATS(m, heads[j].output) + r * size, line + heads[j].offset, size * 4);
    }
    row_out(FLOATS(m, latent->activation), network->capacity, latent->width, (u32)r, line);
    memcpy(FLOATS(m, network->latentOutput) + r * latent->nOut, line, (size_t)latent->nOut * 4);
  }
}
