// From dense panels to lists of their nonzero entries: see src/kernels/assembly/compact.ts. A mask of the nonzero lanes
// picks a shuffle that moves them to the front. Lists have room for four entries more than they hold.

INLINE f32x4 load4(const f32 *p) { return *(const f32x4_at *)p; }
INLINE void store4(f32 *p, f32x4 x) { *(f32x4_at *)p = x; }

typedef struct {
  u32 *labels;
  f32 *values;
} List;

/** Appends the nonzero lanes of `x` and the lanes of `labels` beside them. */
INLINE u32 append(List list, u32 n, const i32x4_at *table, f32x4 x, i32x4 labels) {
  const u32 kept = bits_of4(x != (f32x4){0, 0, 0, 0});
  const i32x4 pattern = table[kept];
  *(i32x4_at *)(list.labels + n) = swizzle(labels, pattern);
  *(i32x4_at *)(list.values + n) = swizzle((i32x4)x, pattern);
  return n + (u32)__builtin_popcount(kept);
}

INLINE u32 append_one(List list, u32 n, f32 x, u32 label) {
  list.labels[n] = label;
  list.values[n] = x;
  return n + (x != 0);
}

INLINE i32x4 labels4(u32 first) {
  const i32 n = (i32)first;
  return (i32x4){n, n + 1, n + 2, n + 3};
}

/** Lists of the nonzero columns of rows `first` to `last` of panels, columns rising. */
static void compact_rows(
  char *m, const f32 *panels, u32 capacity, u32 width, u32 first, u32 last, const Scratch *scratch, address table
) {
  const i32x4_at *patterns = AT(i32x4_at, m, table);
  const List list = {WORDS(m, scratch->rowIndices), FLOATS(m, scratch->rowValues)};
  u32 *starts = WORDS(m, scratch->rowStarts), *ends = WORDS(m, scratch->rowEnds);
  for (u32 r = first; r < last; r++) {
    const u32 start = (r - first) * scratch->rowStride;
    u32 n = start;
    for (u32 column = 0; column < width; column += 16) {
      const f32 *x = panels + ((size_t)(column >> 4) * capacity + r) * 16;
      for (u32 j = 0; j < 16; j += 4) n = append(list, n, patterns, load4(x + j), labels4(column + j));
    }
    starts[r - first] = start;
    ends[r - first] = n;
  }
}

/** Four rows of four columns as four columns. */
INLINE void transpose4(f32x4 x[4]) {
#if defined(__clang__)
#define SHUFFLE(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
#define SHUFFLE(a, b, i, j, k, l) __builtin_shuffle(a, b, (i32x4){i, j, k, l})
#endif
  const f32x4 ab = SHUFFLE(x[0], x[1], 0, 4, 1, 5), ab2 = SHUFFLE(x[0], x[1], 2, 6, 3, 7);
  const f32x4 cd = SHUFFLE(x[2], x[3], 0, 4, 1, 5), cd2 = SHUFFLE(x[2], x[3], 2, 6, 3, 7);
  x[0] = SHUFFLE(ab, cd, 0, 1, 4, 5);
  x[1] = SHUFFLE(ab, cd, 2, 3, 6, 7);
  x[2] = SHUFFLE(ab2, cd2, 0, 1, 4, 5);
  x[3] = SHUFFLE(ab2, cd2, 2, 3, 6, 7);
}

/** For each of the 16 units of panel `panel` the list of batch rows where it is active, rows rising. */
static void compact_columns(
  char *m, const f32 *panels, u32 panel, u32 rows, u32 capacity, const Scratch *scratch, address table
) {
  const i32x4_at *patterns = AT(i32x4_at, m, table);
  const List list = {WORDS(m, scratch->columnRows), FLOATS(m, scratch->columnValues)};
  const u32 stride = capacity + 4, blocked = rows & ~3u;
  for (u32 u = 0; u < 16; u += 4) {
    const f32 *x = panels + (size_t)panel * capacity * 16 + u;
    u32 n[4];
    for (u32 j = 0; j < 4; j++) n[j] = (u + j) * stride;
    for (u32 r = 0; r < blocked; r += 4, x += 64) {
      f32x4 block[4] = {load4(x), load4(x + 16), load4(x + 32), load4(x + 48)};
      transpose4(block);
      for (u32 j = 0; j < 4; j++) n[j] = append(list, n[j], patterns, block[j], labels4(r));
    }
    for (u32 r = blocked; r < rows; r++, x += 16)
      for (u32 j = 0; j < 4; j++) n[j] = append_one(list, n[j], x[j], r);
    for (u32 j = 0; j < 4; j++) {
      WORDS(m, scratch->columnStarts)[u + j] = (u + j) * stride;
      WORDS(m, scratch->columnEnds)[u + j] = n[j];
    }
  }
}

/** The lists of rows for a row-major array of queries: `dim` floats a row, columns rising. */
static void compact_dense(
  char *m, const f32 *source, u32 dim, u32 first, u32 last, const Scratch *scratch, address table
) {
  const i32x4_at *patterns = AT(i32x4_at, m, table);
  const List list = {WORDS(m, scratch->rowIndices), FLOATS(m, scratch->rowValues)};
  const u32 blocked = dim & ~3u;
  for (u32 r = first; r < last; r++) {
    const u32 start = (r - first) * scratch->rowStride;
    const f32 *x = source + (size_t)r * dim;
    u32 n = start;
    for (u32 d = 0; d < blocked; d += 4) n = append(list, n, patterns, load4(x + d), labels4(d));
    for (u32 d = blocked; d < dim; d++) n = append_one(list, n, x[d], d);
    WORDS(m, scratch->rowStarts)[r - first] = start;
    WORDS(m, scratch->rowEnds)[r - first] = n;
  }
}
