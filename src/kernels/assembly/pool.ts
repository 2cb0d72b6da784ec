// Threads. A job is a list of phases, a phase a number of independent tasks that any thread may claim, so a
// machine with fewer free cores than threads only takes longer: nobody waits for a thread that holds no task.
//
// A phase's ticket is one 64-bit word: the job's generation, the number of tasks, the next task. A thread that
// comes late finds another generation and leaves.

import { searchNeighbours } from "./knn";
import { firstLayer, laterLayers, update } from "./step";
import { Search, Step } from "./structs";

/** Where the control block lies, below everything JavaScript allocates (structs.ts has the same number). */
const CONTROL: usize = 32768;
const MAX_PHASES: u32 = 4;
const TASK_FIRST = 0;
const TASK_ROWS = 1;
const TASK_UPDATE = 2;
const TASK_SEARCH = 3;
/** For tests: a task that traps. */
const TASK_TRAP = 4;

/** Polls before a thread without work sleeps: within a job, and between jobs. */
const SPINS_IN_JOB: u32 = 4000;
const SPINS_BETWEEN_JOBS: u32 = 12000;
const SLEEP_NANOSECONDS: i64 = 20_000_000;

@unmanaged
class Control {
  generation: i32;
  aborted: i32;
  quit: i32;
  /** 0 where the first thread may not sleep: the main thread of a browser. */
  firstMaySleep: i32;
  nPhases: u32;
  /** Pages of memory that the job may reach. */
  pages: u32;
}

@unmanaged
class Phase {
  ticket: u64;
  remaining: i32;
  kind: u32;
  argument: usize;
  padding: u32;
}

@inline function control(): Control { return changetype<Control>(CONTROL); }
@inline function phaseAt(i: u32): Phase { return changetype<Phase>(CONTROL + 64 + <usize>i * offsetof<Phase>()); }

/** Announces phase `i` of the job that {@link startJob} will start. */
export function setPhase(i: u32, kind: u32, argument: usize, nTasks: u32): void {
  const phase = phaseAt(i);
  phase.kind = kind;
  phase.argument = argument;
  atomic.store<i32>(changetype<usize>(phase) + offsetof<Phase>("remaining"), nTasks);
  const generation = <u64>(<u32>(control().generation + 1));
  atomic.store<u64>(changetype<usize>(phase), (generation << 32) | (<u64>nTasks << 16));
}

/** Starts a job of `nPhases` announced phases; the other threads begin at once. */
export function startJob(nPhases: u32): void {
  control().nPhases = nPhases;
  control().pages = memory.size();
  const address = changetype<usize>(control());
  atomic.store<i32>(address, control().generation + 1);
  atomic.notify(address, -1);
}

export function runTask(kind: u32, argument: usize, task: u32, thread: u32): void {
  if (kind == TASK_FIRST) firstLayer(changetype<Step>(argument), task, thread);
  else if (kind == TASK_ROWS) laterLayers(changetype<Step>(argument), task, thread);
  else if (kind == TASK_UPDATE) update(changetype<Step>(argument), task, thread);
  else if (kind == TASK_SEARCH) searchNeighbours(changetype<Search>(argument), task, thread);
  else if (kind == TASK_TRAP && (argument == 0xffffffff || argument == <usize>thread)) unreachable();
}

/**
 * Makes this thread know that the memory has `pages`. V8 tells threads of growth by an interrupt, which may come
 * after the job that needs the new pages: the thread then checks addresses against the old size and traps.
 * Growing by nothing brings the size up to date.
 */
function seeMemory(pages: u32): void {
  if (<u32>memory.size() < pages) memory.grow(0);
}

/** Takes part in the current job; returns when it is done, or at once when it is over. False: it was aborted. */
export function joinJob(thread: u32): bool {
  const generation = atomic.load<i32>(CONTROL), n = control().nPhases;
  seeMemory(control().pages);
  const maySleep = thread != 0 || control().firstMaySleep != 0;
  for (let i: u32 = 0; i < n; i++) {
    const phase = phaseAt(i), ticketAt = changetype<usize>(phase);
    const remainingAt = ticketAt + offsetof<Phase>("remaining");
    while (true) {
      const ticket = atomic.load<u64>(ticketAt);
      if (<i32>(ticket >> 32) != generation) return true;
      const next = <u32>(ticket & 0xffff);
      if (next >= <u32>((ticket >> 16) & 0xffff)) break;
      if (atomic.cmpxchg<u64>(ticketAt, ticket, ticket + 1) != ticket) continue;
      runTask(phase.kind, phase.argument, next, thread);
      if (atomic.sub<i32>(remainingAt, 1) == 1) atomic.notify(remainingAt, -1);
    }
    let spins: u32 = 0;
    while (true) {
      const remaining = atomic.load<i32>(remainingAt);
      if (remaining == 0) break;
      if (atomic.load<i32>(CONTROL + offsetof<Control>("aborted"))) return false;
      if (<i32>(atomic.load<u64>(ticketAt) >> 32) != generation) return true;
      if (++spins > SPINS_IN_JOB && maySleep) atomic.wait<i32>(remainingAt, remaining, SLEEP_NANOSECONDS);
    }
  }
  return true;
}

/** The life of every thread but the first: job after job, until told to quit. */
export function workerLoop(thread: u32): void {
  let seen: i32 = 0;
  while (true) {
    let spins: u32 = 0;
    let generation = atomic.load<i32>(CONTROL);
    while (generation == seen) {
      if (atomic.load<i32>(CONTROL + offsetof<Control>("quit"))) return;
      if (++spins > SPINS_BETWEEN_JOBS) atomic.wait<i32>(CONTROL, seen, -1);
      generation = atomic.load<i32>(CONTROL);
    }
    seen = generation;
    joinJob(thread);
  }
}
