// What all files of the native kernels share. Records and their fields are those of src/kernels/assembly/structs.ts: the
// build writes structs.h from it, so that both see one layout of one memory.
#ifndef ATLASMTL_KERNELS_H
#define ATLASMTL_KERNELS_H

#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef int32_t i32;
typedef uint64_t u64;
typedef float f32;
typedef double f64;
/** A number of bytes from the start of the memory. */
typedef u32 address;

#define INLINE static inline __attribute__((always_inline))

#include "structs.h"

/** What lies at an address of the memory `m`. Sums of addresses are 32 bits wide, as in WebAssembly. */
#define AT(type, m, at) ((type *)((m) + (u32)(at)))
#define FLOATS(m, at) AT(f32, m, at)
#define WORDS(m, at) AT(u32, m, at)

/** Kinds of tasks, as in src/kernels/wasm/pool.ts. */
enum { TASK_FIRST = 0, TASK_ROWS = 1, TASK_UPDATE = 2, TASK_SEARCH = 3 };

/** The kernels of one width. */
typedef struct {
  u32 width;
  void (*runTask)(char *m, u32 kind, address argument, u32 task, u32 thread);
  void (*transposeAll)(char *m, address network);
  void (*prepareReferences)(char *m, address search, u32 first, u32 last);
} Kernels;

extern const Kernels kernels128;
extern const Kernels kernels256;
extern const Kernels kernels512;

INLINE u32 min_u(u32 a, u32 b) { return a < b ? a : b; }

#endif
