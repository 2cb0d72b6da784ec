/** Work of many pieces in threads. @module */
import { platform } from "#platform";
import type { HostThread } from "./threads.ts";

/** A piece of work, as it is sent to a thread. */
export interface ThreadTask {
  readonly message: object;
  readonly transfer?: readonly ArrayBuffer[];
}

/** What a thread replies: the piece's number, and its result; null if it failed. */
export interface ThreadReply<R> {
  readonly id: number;
  readonly result: R | null;
}

export interface ThreadPool<R> {
  readonly numThreads: number;
  /**
   * Resolves with the result; with null where the thread failed or could not be had. The caller then does the piece itself, so that
   * its errors are those that it would have without threads.
   */
  run(task: ThreadTask): Promise<R | null>;
  /** Ends the threads when they have done what they were given. */
  close(): void;
  dispose(): void;
}

interface Member {
  readonly thread: HostThread;
  readonly waiting: Map<number, (result: null) => void>;
}

/**
 * Starts up to `numThreads` threads of the source `body`, whose `start(message, reply)` makes a {@link ThreadReply} of a message with an
 * `id`. Each gets `setup` first, to which it replies nothing. The process waits for them only while they have work.
 */
export function createThreadPool<R>(body: string, numThreads: number, setup?: object): ThreadPool<R> {
  const members: Member[] = [];
  let nTasks = 0;
  let isClosed = false;

  function add(): void {
    const waiting = new Map<number, (result: R | null) => void>();
    const finish = (id: number, result: R | null): void => {
      const resolve = waiting.get(id);
      waiting.delete(id);
      if (waiting.size === 0) thread.hold(false);
      if (waiting.size === 0 && isClosed) thread.stop();
      resolve?.(result);
    };
    const thread = platform.threads.start(body, {
      reply(message) {
        const { id, result } = message as ThreadReply<R>;
        finish(id, result);
      },
      failed() {
        const at = members.indexOf(member);
        if (at >= 0) members.splice(at, 1);
        for (const id of [...waiting.keys()]) finish(id, null);
      },
    });
    const member: Member = { thread, waiting };
    members.push(member);
    if (setup !== undefined) thread.post(setup);
  }

  try {
    while (members.length < numThreads) add();
  } catch {
    // The host gives no more threads.
  }
  return {
    numThreads: members.length,
    run({ message, transfer = [] }) {
      if (members.length === 0 || isClosed) return Promise.resolve(null);
      const { thread, waiting } = members.reduce((a, b) => (b.waiting.size < a.waiting.size ? b : a));
      const id = nTasks++;
      return new Promise((resolve) => {
        waiting.set(id, resolve);
        thread.hold(true);
        thread.post({ ...message, id }, transfer);
      });
    },
    close() {
      isClosed = true;
      for (const { thread, waiting } of members) if (waiting.size === 0) thread.stop();
    },
    dispose() {
      for (const { thread, waiting } of members.splice(0)) {
        thread.stop();
        for (const resolve of waiting.values()) resolve(null);
      }
    },
  };
}

/** Pieces that are asked for ahead, by thread: one to do and one to come. That bounds the memory. */
const AHEAD = 2;

/** The results of `tasks` in their order; null also where the task is. */
export async function* inOrder<R>(
  pool: ThreadPool<R>,
  tasks: Iterator<ThreadTask | null>,
): AsyncGenerator<R | null> {
  const ahead = AHEAD * Math.max(1, pool.numThreads);
  const running: Promise<R | null>[] = [];
  for (let isAll = false; ; ) {
    while (!isAll && running.length < ahead) {
      const task = tasks.next();
      isAll = task.done === true;
      if (task.done !== true)
        running.push(task.value === null ? Promise.resolve(null) : pool.run(task.value));
    }
    const first = running.shift();
    if (first === undefined) return;
    yield await first;
  }
}
