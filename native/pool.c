#include "pool.h"

#include <stdlib.h>

#if defined(_WIN32)
#include <process.h>
#include <windows.h>
typedef HANDLE Thread;
typedef SRWLOCK Lock;
typedef CONDITION_VARIABLE Signal;
#define lock(l) AcquireSRWLockExclusive(l)
#define unlock(l) ReleaseSRWLockExclusive(l)
#define wait_for(s, l) SleepConditionVariableSRW(s, l, INFINITE, 0)
#define wake(s) WakeAllConditionVariable(s)
#else
#include <pthread.h>
typedef pthread_t Thread;
typedef pthread_mutex_t Lock;
typedef pthread_cond_t Signal;
#define lock(l) pthread_mutex_lock(l)
#define unlock(l) pthread_mutex_unlock(l)
#define wait_for(s, l) pthread_cond_wait(s, l)
#define wake(s) pthread_cond_broadcast(s)
#endif

/** Polls before a thread without work sleeps: within a job, and between jobs. */
#define SPINS_IN_JOB 4000
#define SPINS_BETWEEN_JOBS 12000

#define GET(x) __atomic_load_n(&(x), __ATOMIC_SEQ_CST)
#define SET(x, value) __atomic_store_n(&(x), value, __ATOMIC_SEQ_CST)

typedef struct {
  /** The job's generation, the number of tasks, the next task. */
  u64 ticket;
  u32 remaining;
  u32 kind;
  address argument;
} Phase;

typedef struct {
  Pool *pool;
  u32 number;
  Thread thread;
} Worker;

struct Pool {
  char *memory;
  const Kernels *kernels;
  u32 workers;
  u32 generation;
  u32 quit;
  u32 phases;
  Lock lock;
  /** What a sleeping thread waits for: a new job, the end of a phase, the end of the pool. */
  Signal changed;
  Phase phase[MAX_PHASES];
  Worker worker[];
};

/** Wakes the threads that sleep; who is about to sleep looks again under the lock. */
static void tell(Pool *pool) {
  lock(&pool->lock);
  wake(&pool->changed);
  unlock(&pool->lock);
}

/** Whether a thread need wait no longer for phase `i` of job `generation`. */
static int phase_is_over(const Pool *pool, const Phase *phase, u32 generation) {
  return GET(phase->remaining) == 0 || (u32)(GET(phase->ticket) >> 32) != generation || GET(pool->quit);
}

static void take_part(Pool *pool, u32 thread) {
  const u32 generation = GET(pool->generation), n = GET(pool->phases);
  for (u32 i = 0; i < n; i++) {
    Phase *phase = pool->phase + i;
    for (;;) {
      u64 ticket = GET(phase->ticket);
      if ((u32)(ticket >> 32) != generation || GET(pool->quit)) return;
      const u32 next = (u32)(ticket & 0xffff);
      if (next >= (u32)((ticket >> 16) & 0xffff)) break;
      if (!__atomic_compare_exchange_n(
            &phase->ticket, &ticket, ticket + 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST
          ))
        continue;
      pool->kernels->runTask(pool->memory, phase->kind, phase->argument, next, thread);
      if (__atomic_sub_fetch(&phase->remaining, 1, __ATOMIC_SEQ_CST) == 0) tell(pool);
    }
    for (u32 spins = 0; !phase_is_over(pool, phase, generation);)
      if (++spins > SPINS_IN_JOB) {
        lock(&pool->lock);
        while (!phase_is_over(pool, phase, generation)) wait_for(&pool->changed, &pool->lock);
        unlock(&pool->lock);
      }
  }
}

static void work(const Worker *worker) {
  Pool *pool = worker->pool;
  u32 seen = 0;
  for (;;) {
    u32 generation = GET(pool->generation);
    for (u32 spins = 0; generation == seen && !GET(pool->quit); generation = GET(pool->generation))
      if (++spins > SPINS_BETWEEN_JOBS) {
        lock(&pool->lock);
        while (GET(pool->generation) == seen && !GET(pool->quit)) wait_for(&pool->changed, &pool->lock);
        unlock(&pool->lock);
      }
    if (GET(pool->quit)) return;
    seen = generation;
    take_part(pool, worker->number);
  }
}

#if defined(_WIN32)
static unsigned __stdcall run(void *worker) {
  work(worker);
  return 0;
}

static int begin(Worker *worker) {
  worker->thread = (HANDLE)_beginthreadex(NULL, 0, run, worker, 0, NULL);
  return worker->thread != NULL;
}

static void end(const Worker *worker) {
  WaitForSingleObject(worker->thread, INFINITE);
  CloseHandle(worker->thread);
}
#else
static void *run(void *worker) {
  work(worker);
  return NULL;
}

static int begin(Worker *worker) { return pthread_create(&worker->thread, NULL, run, worker) == 0; }
static void end(const Worker *worker) { pthread_join(worker->thread, NULL); }
#endif

Pool *pool_create(char *memory, const Kernels *kernels, u32 threads) {
  Pool *pool = calloc(1, sizeof(Pool) + (size_t)threads * sizeof(Worker));
  if (pool == NULL) return NULL;
  pool->memory = memory;
  pool->kernels = kernels;
#if defined(_WIN32)
  InitializeSRWLock(&pool->lock);
  InitializeConditionVariable(&pool->changed);
#else
  pthread_mutex_init(&pool->lock, NULL);
  pthread_cond_init(&pool->changed, NULL);
#endif
  while (pool->workers + 1 < threads) {
    Worker *worker = pool->worker + pool->workers;
    worker->pool = pool;
    worker->number = pool->workers + 1;
    if (!begin(worker)) break;
    pool->workers++;
  }
  return pool;
}

u32 pool_threads(const Pool *pool) { return pool->workers + 1; }

void pool_phase(Pool *pool, u32 i, u32 kind, address argument, u32 tasks) {
  Phase *phase = pool->phase + i;
  phase->kind = kind;
  phase->argument = argument;
  SET(phase->remaining, tasks);
  SET(phase->ticket, ((u64)(pool->generation + 1) << 32) | ((u64)tasks << 16));
}

void pool_start(Pool *pool, u32 phases) {
  SET(pool->phases, phases);
  SET(pool->generation, pool->generation + 1);
  if (pool->workers > 0) tell(pool);
}

void pool_join(Pool *pool) { take_part(pool, 0); }

void pool_destroy(Pool *pool) {
  SET(pool->quit, 1);
  tell(pool);
  for (u32 i = 0; i < pool->workers; i++) end(pool->worker + i);
#if !defined(_WIN32)
  pthread_cond_destroy(&pool->changed);
  pthread_mutex_destroy(&pool->lock);
#endif
  free(pool);
}
