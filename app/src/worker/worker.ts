/** The worker: it owns files, model and result, and answers one call after another. */
import { isAtlasmtlError, type WorkOptions } from "atlasmtl";
import { annotate, cellDetails } from "./annotate.ts";
import { openDataset, openQueryFile } from "./dataset.ts";
import { openDemo } from "./demo.ts";
import { desk } from "./desk.ts";
import { keep, openKept } from "./earlier-work.ts";
import { geneExpression, geneNames, labelGenes } from "./genes.ts";
import { forgetKept, keptWork } from "./kept-work.ts";
import type { CallName, Calls, Failure, FromWorker, ToWorker } from "./messages.ts";
import { openModel, train } from "./model.ts";
import { save } from "./save.ts";

type Handlers = {
  readonly [N in CallName]: (
    argument: Calls[N]["argument"],
    work: WorkOptions,
  ) => Promise<Calls[N]["answer"]>;
};

const handlers: Handlers = {
  openDataset: ({ role, files }, work) => openDataset(role, files, work),
  openDemo: (_, work) => openDemo(work),
  openModel: ({ files }, work) => openModel(new Map(files.map(({ path, file }) => [path, file])), work),
  keepWork: keep,
  keptWork,
  openKept: ({ withResult }, work) => openKept(withResult, work),
  forgetKept,
  openQueryFile: ({ files }, work) => openQueryFile(files, work),
  close: ({ what }) => desk.close(what),
  train,
  annotate,
  cell: async ({ cell }) => cellDetails(cell),
  gene: ({ gene }, work) => geneExpression(gene, work),
  genes: geneNames,
  labelGenes: (_, work) => labelGenes(work),
  save: ({ kind }, work) => save(kind, work),
};

const running = new Map<number, AbortController>();

addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
  if ("stop" in data) running.get(data.id)?.abort();
  else void run(data.id, data.call, data.argument);
});

/** At most this often the page hears of progress. */
const TELL_EVERY_MS = 100;

async function run(id: number, name: CallName, argument: unknown): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  let told = Number.NEGATIVE_INFINITY;
  let phase = "";
  const work: WorkOptions = {
    signal: controller.signal,
    onProgress(progress) {
      const now = performance.now();
      if (progress.phase === phase && progress.done < progress.total && now - told < TELL_EVERY_MS) return;
      told = now;
      phase = progress.phase;
      say({ id, progress });
    },
  };
  try {
    const handler = handlers[name] as (argument: unknown, work: WorkOptions) => Promise<unknown>;
    const answer = await handler(argument, work);
    say({ id, answer }, transferables(answer));
  } catch (error) {
    say({ id, failure: failureOf(error, controller.signal) });
  } finally {
    running.delete(id);
  }
}

function say(message: FromWorker, transfer: Transferable[] = []): void {
  postMessage(message, { transfer });
}

function failureOf(error: unknown, { aborted, reason }: AbortSignal): Failure {
  if (aborted && error === reason) return { code: "ABORTED", message: "", where: null, hint: null };
  if (isAtlasmtlError(error)) {
    const { code, message, where = null, hint = null } = error;
    return { code, message, where, hint };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: error instanceof RangeError ? "MEMORY" : "BUG", message, where: null, hint: null };
}

/** The memory of the arrays in an answer, which the page gets without a copy. */
function transferables(value: unknown): Transferable[] {
  const found = new Set<ArrayBuffer>();
  const visit = (each: unknown): void => {
    if (ArrayBuffer.isView(each)) {
      if (each.buffer instanceof ArrayBuffer) found.add(each.buffer);
    } else if (Array.isArray(each)) {
      if (typeof each[0] === "object") each.forEach(visit);
    } else if (each?.constructor === Object) Object.values(each).forEach(visit);
  };
  visit(value);
  return [...found];
}
