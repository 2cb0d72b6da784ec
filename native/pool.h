// Threads over the memory of one engine: see src/kernels/assembly/pool.ts, whose tasks and tickets these are. The threads
// are the system's, not Node's: they start in microseconds and hold no JavaScript.
#ifndef ATLASMTL_POOL_H
#define ATLASMTL_POOL_H

#include "kernels.h"

#define MAX_PHASES 4

typedef struct Pool Pool;

/** A pool of up to `threads`, the caller's included; fewer where the system refuses. Null without memory. */
Pool *pool_create(char *memory, const Kernels *kernels, u32 threads);
u32 pool_threads(const Pool *pool);
/** Announces phase `i` of the next job. */
void pool_phase(Pool *pool, u32 i, u32 kind, address argument, u32 tasks);
/** Starts the job of `phases` announced phases in the other threads. */
void pool_start(Pool *pool, u32 phases);
/** Takes part in the job until it is done. */
void pool_join(Pool *pool);
/** Waits until the other threads are gone; unclaimed tasks are left undone. */
void pool_destroy(Pool *pool);

#endif
