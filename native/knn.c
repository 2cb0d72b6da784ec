// Exact nearest neighbours: a float32 product filters, float64 decides. See src/kernels/assembly/knn.ts, which proves
// the bound.

/** Squared Euclidean distance of a query to a column of a panel, in float64, dimensions in order. */
static f64 exact_squared(const f32 *query, const f32 *column, u32 dim) {
  f64 sum = 0;
  for (size_t d = 0; d < dim; d++) {
    const f64 e = (f64)query[d] - (f64)column[d * 16];
    sum += e * e;
  }
  return sum;
}

/** What the filter keeps per query. */
typedef struct {
  f64 square;
  f64 norm;
  /** The part of the bound that does not depend on the panel; changes with the kth distance. */
  f64 base;
} Query;

static void insert(f64 *distances, u32 *indices, u32 k, f64 distance, u32 row) {
  u32 i = k - 1;
  for (; i > 0 && distances[i - 1] > distance; i--) {
    distances[i] = distances[i - 1];
    indices[i] = indices[i - 1];
  }
  distances[i] = distance;
  indices[i] = row;
}

/** Norms of the references of panels `first` to `last`. */
static void prepare_references(char *m, address at, u32 first, u32 last) {
  const Search *search = AT(Search, m, at);
  const u32 dim = search->dim;
  for (size_t panel = first; panel < last; panel++) {
    const f32 *x = FLOATS(m, search->references) + panel * dim * 16;
    f64 top = 0;
    for (u32 j = 0; j < 16; j++) {
      const size_t row = panel * 16 + j;
      f64 sum = 0;
      for (size_t d = 0; d < dim; d++) sum += (f64)x[d * 16 + j] * (f64)x[d * 16 + j];
      if (sum > top) top = sum;
      FLOATS(m, search->norms)[row] = row < search->nReferences ? (f32)sum : __builtin_inff();
    }
    FLOATS(m, search->panelNorms)[panel] = (f32)(__builtin_sqrt(top) * 1.000001);
  }
}

/** The bound for one panel. Where float32 could overflow it is NaN, which lets everything pass. */
INLINE f32 panel_limit(const Query *query, f64 radius, f64 cross_error, f64 norm_error) {
  const f64 limit = query->base + radius * (cross_error * query->norm + norm_error * radius);
  return radius < 1e18 && query->norm < 1e18 ? (f32)limit : __builtin_nanf("");
}

/** The lanes of a panel that the bound does not exclude, as 16 bits. */
INLINE u32 candidates(const f32 *norms, const f32 *sums, f32 limit) {
  const f32v all = splat(limit), minus_two = splat(-2);
  u32 kept = 0;
  for (int j = 0; j < PARTS; j++) {
    const f32v s = load(norms + j * LANES) + minus_two * load(sums + j * LANES);
    kept |= bits_of(~(s >= all)) << (j * LANES);
  }
  return kept;
}

/** Task: queries task x chunkRows and on. */
static void search_neighbours(char *m, address at, u32 task, u32 thread) {
  const Search *search = AT(Search, m, at);
  const Scratch *scratch = AT(Scratch, m, search->scratch) + thread;
  const u32 dim = search->dim, k = search->k, first = task * search->chunkRows;
  const u32 last = min_u(first + search->chunkRows, search->nQueries), n = last - first;
  const u32 panels = (search->nReferences + 15) >> 4;
  const f64 cross_error = search->crossError, norm_error = search->normError;
  // Products below the smallest float32 lose at most half of it each.
  const f64 tiny = ((f64)dim + 8) * 3e-45;
  const f32 *all_queries = FLOATS(m, search->queries) + (size_t)first * dim, *zeros = FLOATS(m, search->zeros);
  f64 *all_distances = AT(f64, m, search->distances) + (size_t)first * k;
  u32 *all_indices = WORDS(m, search->indices) + (size_t)first * k;
  f32 *sums = FLOATS(m, scratch->line);
  Query *states = AT(Query, m, scratch->columnValues);
  compact_dense(m, FLOATS(m, search->queries), dim, first, last, scratch, search->compactTable);
  for (size_t i = 0; i < n; i++) {
    const f32 *x = all_queries + i * dim;
    f64 sum = 0;
    for (size_t d = 0; d < dim; d++) sum += (f64)x[d] * (f64)x[d];
    states[i] = (Query){sum, __builtin_sqrt(sum), __builtin_inf()};
    for (u32 j = 0; j < k; j++) {
      all_distances[i * k + j] = __builtin_inf();
      all_indices[i * k + j] = 0;
    }
  }
  for (size_t panel = 0; panel < panels; panel++) {
    const f32 *references = FLOATS(m, search->references) + panel * dim * 16;
    const f32 *norms = FLOATS(m, search->norms) + panel * 16;
    const f64 radius = FLOATS(m, search->panelNorms)[panel];
    multiply(
      references, zeros, 0, WORDS(m, scratch->rowStarts), WORDS(m, scratch->rowEnds), WORDS(m, scratch->rowIndices),
      FLOATS(m, scratch->rowValues), 0, n, sums
    );
    for (size_t i = 0; i < n; i++) {
      Query *query = states + i;
      u32 kept = candidates(norms, sums + i * 16, panel_limit(query, radius, cross_error, norm_error));
      if (kept == 0) continue;
      f64 *distances = all_distances + i * k;
      for (; kept != 0; kept &= kept - 1) {
        const u32 lane = (u32)__builtin_ctz(kept), row = (u32)panel * 16 + lane;
        if (row >= search->nReferences) break;
        const f64 distance = exact_squared(all_queries + i * dim, references + lane, dim);
        if (distance < distances[k - 1]) insert(distances, all_indices + i * k, k, distance, row);
      }
      const f64 limit = distances[k - 1] - query->square;
      query->base = limit + __builtin_fabs(limit) * 2e-7 + norm_error * query->square + tiny;
    }
  }
}
