/** The interface of the host's threads. @module */

/** One thread running a piece of JavaScript. It never keeps the process alive. */
export interface HostThread {
  /** Sends the argument of the thread's `start` function; structured clone, shared memory stays shared. */
  post(message: unknown): void;
  /** Resolves at the thread's first reply, or when it fails to start. */
  readonly replied: Promise<void>;
  stop(): void;
}

export interface ThreadHost {
  /** True if memory can be shared with other threads (always in Node; in cross-origin isolated pages). */
  readonly available: boolean;
  /** True if the calling thread may sleep (not on a page's main thread). */
  readonly maySleep: boolean;
  /** Starts a thread from the source of a function `start(message, reply)`. */
  start(body: string): HostThread;
}
