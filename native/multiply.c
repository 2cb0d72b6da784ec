// Sparse rows times a matrix in panels, and what follows it: see src/kernels/assembly/multiply.ts. Entries are taken in
// pairs, in list order: s += (a + b).

/** One row of a panel. */
typedef struct {
  f32v part[PARTS];
} Row;

INLINE Row load_row(const f32 *p) {
  Row row;
  for (int j = 0; j < PARTS; j++) row.part[j] = load(p + j * LANES);
  return row;
}

INLINE void store_row(f32 *p, Row row) {
  for (int j = 0; j < PARTS; j++) store(p + j * LANES, row.part[j]);
}

/** Adds one entry to a row's sum. */
INLINE void add_one(Row *sum, const f32 *matrix, const u32 *index, const f32 *value, int ones) {
  const f32 *a = matrix + ((size_t)index[0] << 4);
  for (int j = 0; j < PARTS; j++) {
    const f32v x = load(a + j * LANES);
    sum->part[j] += ones ? x : splat(value[0]) * x;
  }
}

/** Adds a pair of entries. */
INLINE void add_two(Row *sum, const f32 *matrix, const u32 *index, const f32 *value, int ones) {
  const f32 *a = matrix + ((size_t)index[0] << 4), *b = matrix + ((size_t)index[1] << 4);
  for (int j = 0; j < PARTS; j++) {
    const f32v x = load(a + j * LANES), y = load(b + j * LANES);
    sum->part[j] += ones ? x + y : splat(value[0]) * x + splat(value[1]) * y;
  }
}

/** Rows summed side by side, so that four chains of additions run at once; each row's own order stays. */
#define ROWS (4 / PARTS)

/** `init` advances by `stride` floats a row. */
INLINE void multiply_rows(
  const f32 *matrix, const f32 *init, size_t stride, const u32 *starts, const u32 *ends, const u32 *indices,
  const f32 *values, u32 first, u32 last, f32 *out, int ones
) {
  size_t r = first;
  for (; r + ROWS <= last; r += ROWS) {
    Row sum[ROWS];
    const u32 *p[ROWS];
    const f32 *x[ROWS];
    u32 pairs = UINT32_MAX;
#pragma GCC unroll 4
    for (int k = 0; k < ROWS; k++) {
      sum[k] = load_row(init + (r + k) * stride);
      p[k] = indices + starts[r + k];
      x[k] = values + starts[r + k];
      pairs = min_u(pairs, (ends[r + k] - starts[r + k]) >> 1);
    }
    for (u32 i = 0; i < 2 * pairs; i += 2) {
#pragma GCC unroll 4
      for (int k = 0; k < ROWS; k++) add_two(sum + k, matrix, p[k] + i, x[k] + i, ones);
    }
#pragma GCC unroll 4
    for (int k = 0; k < ROWS; k++) {
      const u32 *end = indices + ends[r + k];
      p[k] += 2 * pairs;
      x[k] += 2 * pairs;
      for (; end - p[k] > 1; p[k] += 2, x[k] += 2) add_two(sum + k, matrix, p[k], x[k], ones);
      if (p[k] < end) add_one(sum + k, matrix, p[k], x[k], ones);
      store_row(out + ((r + k) << 4), sum[k]);
    }
  }
  for (; r < last; r++) {
    u32 p = starts[r];
    const u32 end = ends[r], pairs_end = p + ((end - p) & ~1u);
    Row sum = load_row(init + r * stride);
    for (; p < pairs_end; p += 2) add_two(&sum, matrix, indices + p, values + p, ones);
    if (p < end) add_one(&sum, matrix, indices + p, values + p, ones);
    store_row(out + (r << 4), sum);
  }
}

/** For rows `first` to `last`: out[r] = init[r] + the sum of value x matrix[index]; `values` may be null: all are 1. */
static void multiply(
  const f32 *matrix, const f32 *init, size_t stride, const u32 *starts, const u32 *ends, const u32 *indices,
  const f32 *values, u32 first, u32 last, f32 *out
) {
  // Where all are 1 the values are never read: any address will do that entries' numbers can be added to.
  if (values == NULL) multiply_rows(matrix, init, stride, starts, ends, indices, (const f32 *)indices, first, last, out, 1);
  else multiply_rows(matrix, init, stride, starts, ends, indices, values, first, last, out, 0);
}

/** ReLU in place on rows `first` to `last` of a panel. NaN stays NaN, so that a diverged training shows. */
static void relu(f32 *panel, u32 first, u32 last) {
  for (size_t i = (size_t)first << 4; i < (size_t)last << 4; i += LANES) store(panel + i, positive(load(panel + i)));
}

/** ReLU and dropout in place. */
static void relu_dropout(f32 *panel, u32 first, u32 last, u32 counter, u32 stride, u32 threshold, f32 scale) {
  const u32v limit = splat_u(threshold);
  const f32v factor = splat(scale);
  for (size_t r = first; r < last; r++) {
    u32v c = splat_u(counter + (u32)r * stride) + lanes();
    f32 *p = panel + (r << 4);
    for (int j = 0; j < PARTS; j++) {
      const f32v kept = positive(load(p + j * LANES)) * factor;
      store(p + j * LANES, (f32v)((i32v)kept & ~(hash_v(c) < limit)));
      c += splat_u(LANES);
    }
  }
}

/** Back through dropout and ReLU, in place: times the scale where the unit was active, else 0. */
static void mask(f32 *panel, const f32 *active, u32 rows, f32 scale) {
  const f32v factor = splat(scale), zero = splat(0);
  for (size_t i = 0; i < (size_t)rows << 4; i += LANES)
    store(panel + i, (f32v)((i32v)(load(panel + i) * factor) & (load(active + i) > zero)));
}
