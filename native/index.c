// The kernels of one width, WIDTH bits: one text, compiled for each width that a processor may have.

#include "simd.h"

#include "multiply.c"
#include "compact.c"
#include "loss.c"
#include "update.c"
#include "step.c"
#include "knn.c"

static void run_task(char *m, u32 kind, address argument, u32 task, u32 thread) {
  if (kind == TASK_SEARCH) {
    search_neighbours(m, argument, task, thread);
    return;
  }
  const Task own = task_of(m, argument, thread);
  if (kind == TASK_FIRST) first_layer(&own, task);
  else if (kind == TASK_ROWS) later_layers(&own, task);
  else if (kind == TASK_UPDATE) update(&own, task);
}

#define NAME(width) NAME2(width)
#define NAME2(width) kernels##width
const Kernels NAME(WIDTH) = {WIDTH, run_task, transpose_all, prepare_references};
