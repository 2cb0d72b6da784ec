/** The interface of the host's threads. @module */

/** One thread running a piece of JavaScript. It never keeps the process alive. */
export interface HostThread {
  /** Sends the argument of the thread's `start` function; structured clone, shared memory stays shared. */
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** Resolves at the thread's first reply, or when it fails to start. */
  readonly replied: Promise<void>;
  /** Whether the process waits for the thread. */
  hold(isHeld: boolean): void;
  stop(): void;
}

/** Hears from a thread. */
export interface ThreadListener {
  reply(message: unknown): void;
  /** The thread has ended by an error, or could not start. */
  failed(): void;
}

/** What a thread that reads files may call: {@link ThreadHost.fileReader} is the source of one. */
export interface FileReader {
  /** Opens a file once; later calls for the same path are free. @throws Error if it cannot be opened. */
  read(path: string, at: number, length: number): Uint8Array;
  /** Undoes zlib's compression. @throws Error for damaged data, or more than `size` bytes. */
  inflate(bytes: Uint8Array, size: number): Uint8Array;
}

export interface ThreadHost {
  /** True if memory can be shared with other threads (always in Node; in cross-origin isolated pages). */
  readonly available: boolean;
  /** True if the calling thread may sleep (not on a page's main thread). */
  readonly maySleep: boolean;
  /** The source of an expression that is a {@link FileReader}; null where threads cannot read the files that are open. */
  readonly fileReader: string | null;
  /** Starts a thread from the source of a function `start(message, reply)`; `reply` takes a message and what is transferred. */
  start(body: string, listener?: ThreadListener): HostThread;
}
