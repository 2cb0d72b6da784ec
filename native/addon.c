// What Node loads: a pool over the memory of one engine, called from src/kernels/native. Checks what it is called with,
// not what lies in the memory: that is checked before it is written there (src/kernels/wasm).

#include "pool.h"

#include <node_api.h>
#include <stdlib.h>

/** The kernels and how JavaScript calls them; the loader refuses another (src/node/native.ts). */
#ifndef ATLASMTL_NATIVE_VERSION
#error "the build says the version"
#endif

typedef struct {
  Pool *pool;
  /** Keeps the memory as long as the threads. */
  napi_ref memory;
  char *base;
  const Kernels *kernels;
} Engine;

/** The kernels of `width` bits (0: the widest), or null where this processor has no such vectors. */
static const Kernels *kernels_of(u32 width) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const int has512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                     __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
  if (has512 && (width == 0 || width == 512)) return &kernels512;
  if (__builtin_cpu_supports("avx2") && (width == 0 || width == 256)) return &kernels256;
  return __builtin_cpu_supports("sse4.1") && (width == 0 || width == 128) ? &kernels128 : NULL;
#else
  return width == 0 || width == 128 ? &kernels128 : NULL;
#endif
}

static napi_value fail(napi_env env, const char *what) {
  napi_throw_error(env, NULL, what);
  return NULL;
}

/** The arguments of a call: the engine, then numbers; false after it threw. */
static int arguments(napi_env env, napi_callback_info info, Engine **engine, u32 *numbers, size_t n) {
  napi_value values[5];
  size_t count = n + 1;
  void *found = NULL;
  napi_valuetype type = napi_undefined;
  int fits = napi_get_cb_info(env, info, &count, values, NULL, NULL) == napi_ok && count == n + 1 &&
             napi_typeof(env, values[0], &type) == napi_ok && type == napi_external &&
             napi_get_value_external(env, values[0], &found) == napi_ok;
  for (size_t i = 0; fits && i < n; i++) fits = napi_get_value_uint32(env, values[i + 1], numbers + i) == napi_ok;
  *engine = found;
  if (fits && (*engine)->pool != NULL) return 1;
  fail(env, fits ? "the engine has ended" : "expected an engine and numbers");
  return 0;
}

static void end_engine(napi_env env, Engine *engine) {
  if (engine->pool == NULL) return;
  pool_destroy(engine->pool);
  engine->pool = NULL;
  napi_delete_reference(env, engine->memory);
}

static void finalize(napi_env env, void *data, void *hint) {
  (void)hint;
  end_engine(env, data);
  free(data);
}

/** create(memory: Uint8Array, threads, width): an engine; null where the processor has no vectors of that width. */
static napi_value create(napi_env env, napi_callback_info info) {
  napi_value values[3], engine_value = NULL;
  size_t count = 3, length = 0;
  void *base = NULL;
  u32 threads = 0, width = 0;
  napi_typedarray_type type;
  if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok || count != 3 ||
      napi_get_typedarray_info(env, values[0], &type, &length, &base, NULL, NULL) != napi_ok ||
      type != napi_uint8_array || base == NULL || napi_get_value_uint32(env, values[1], &threads) != napi_ok ||
      napi_get_value_uint32(env, values[2], &width) != napi_ok || threads < 1 || threads > 64)
    return fail(env, "expected the memory, 1 to 64 threads and a width");
  const Kernels *kernels = kernels_of(width);
  if (kernels == NULL) {
    napi_get_null(env, &engine_value);
    return engine_value;
  }
  Engine *engine = calloc(1, sizeof(Engine));
  if (engine == NULL) return fail(env, "out of memory");
  engine->base = base;
  engine->kernels = kernels;
  engine->pool = pool_create(base, kernels, threads);
  if (engine->pool == NULL || napi_create_reference(env, values[0], 1, &engine->memory) != napi_ok ||
      napi_create_external(env, engine, finalize, NULL, &engine_value) != napi_ok) {
    if (engine->pool != NULL) pool_destroy(engine->pool);
    free(engine);
    return fail(env, "out of memory");
  }
  return engine_value;
}

static napi_value number(napi_env env, u32 n) {
  napi_value value = NULL;
  napi_create_uint32(env, n, &value);
  return value;
}

/** The width of an engine's vectors, in bits. */
static napi_value width_of(napi_env env, napi_callback_info info) {
  Engine *engine;
  if (!arguments(env, info, &engine, NULL, 0)) return NULL;
  return number(env, engine->kernels->width);
}

static napi_value num_threads(napi_env env, napi_callback_info info) {
  Engine *engine;
  if (!arguments(env, info, &engine, NULL, 0)) return NULL;
  return number(env, pool_threads(engine->pool));
}

static napi_value set_phase(napi_env env, napi_callback_info info) {
  Engine *engine;
  u32 n[4];
  if (!arguments(env, info, &engine, n, 4)) return NULL;
  if (n[0] >= MAX_PHASES || n[1] > TASK_SEARCH || n[3] > 0xffff) return fail(env, "no such phase");
  pool_phase(engine->pool, n[0], n[1], n[2], n[3]);
  return NULL;
}

static napi_value start_job(napi_env env, napi_callback_info info) {
  Engine *engine;
  u32 n[1];
  if (!arguments(env, info, &engine, n, 1)) return NULL;
  if (n[0] > MAX_PHASES) return fail(env, "no such phase");
  pool_start(engine->pool, n[0]);
  return NULL;
}

static napi_value join_job(napi_env env, napi_callback_info info) {
  Engine *engine;
  if (arguments(env, info, &engine, NULL, 0)) pool_join(engine->pool);
  return NULL;
}

static napi_value transpose_all(napi_env env, napi_callback_info info) {
  Engine *engine;
  u32 n[1];
  if (arguments(env, info, &engine, n, 1)) engine->kernels->transposeAll(engine->base, n[0]);
  return NULL;
}

static napi_value prepare_references(napi_env env, napi_callback_info info) {
  Engine *engine;
  u32 n[3];
  if (arguments(env, info, &engine, n, 3)) engine->kernels->prepareReferences(engine->base, n[0], n[1], n[2]);
  return NULL;
}

static napi_value dispose(napi_env env, napi_callback_info info) {
  Engine *engine;
  if (arguments(env, info, &engine, NULL, 0)) end_engine(env, engine);
  return NULL;
}

NAPI_MODULE_INIT() {
  static const struct {
    const char *name;
    napi_callback call;
  } functions[] = {
    {"create", create},
    {"width", width_of},
    {"numThreads", num_threads},
    {"setPhase", set_phase},
    {"startJob", start_job},
    {"joinJob", join_job},
    {"transposeAll", transpose_all},
    {"prepareReferences", prepare_references},
    {"dispose", dispose},
  };
  napi_value value;
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
    const char *name = functions[i].name;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, functions[i].call, NULL, &value) != napi_ok ||
        napi_set_named_property(env, exports, name, value) != napi_ok)
      return NULL;
  }
  if (napi_create_string_utf8(env, ATLASMTL_NATIVE_VERSION, NAPI_AUTO_LENGTH, &value) != napi_ok ||
      napi_set_named_property(env, exports, "version", value) != napi_ok)
    return NULL;
  return exports;
}
