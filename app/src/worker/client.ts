/** Calls to the worker, as functions of the page. */
import type { Progress } from "atlasmtl";
import type { CallName, Calls, Failure, FromWorker, ToWorker } from "./messages.ts";

/** What went wrong in the worker. */
export class WorkFailure extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
  }
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

interface Pending {
  resolve(answer: unknown): void;
  reject(error: WorkFailure): void;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

let worker: Worker | null = null;
let nextId = 1;
const pending = new Map<number, Pending>();

/** The worker starts with the first call, or when the page has nothing else to do. */
export function startWorker(): Worker {
  if (worker !== null) return worker;
  worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => receive(data);
  worker.onerror = (event) => failAll(event.message);
  return worker;
}

/** Runs a call in the worker. @throws WorkFailure */
export function call<N extends CallName>(
  name: N,
  argument: Calls[N]["argument"],
  { signal, onProgress }: CallOptions = {},
): Promise<Calls[N]["answer"]> {
  const to = startWorker();
  const id = nextId++;
  return new Promise((resolve, reject) => {
    pending.set(id, { resolve: resolve as (answer: unknown) => void, reject, onProgress });
    signal?.addEventListener("abort", () => to.postMessage({ id, stop: true } satisfies ToWorker));
    to.postMessage({ id, call: name, argument } satisfies ToWorker);
  });
}

function receive(message: FromWorker): void {
  const waiting = pending.get(message.id);
  if (waiting === undefined) return;
  if ("progress" in message) {
    waiting.onProgress?.(message.progress);
    return;
  }
  pending.delete(message.id);
  if ("failure" in message) waiting.reject(new WorkFailure(message.failure));
  else waiting.resolve(message.answer);
}

/** A worker that could not load, or ran out of memory, answers nothing more: the next call starts another. */
function failAll(message: string): void {
  const failure = { code: "WORKER", message, where: null, hint: null };
  for (const { reject } of pending.values()) reject(new WorkFailure(failure));
  pending.clear();
  worker?.terminate();
  worker = null;
}
