/** A page with file pickers that runs jobs on its main thread or in its worker. */
// Bundled from the built package, as `import … from "atlasmtl"` would be; see build-page.ts.
import * as atlasmtl from "../../../src/api/index.ts";
import { type Job, runJob } from "./job.ts";
import { type Answer, answerOf, type FromWorker } from "./messages.ts";

/** What the test calls. */
export interface TestPage {
  /** Settles once nothing is left to load; tells whether page and worker are cross-origin isolated. */
  readonly ready: Promise<readonly [page: boolean, worker: boolean]>;
  /** Runs a job on the files in the pickers. */
  run(place: "page" | "worker", job: PageJob): Promise<Answer>;
}

/** A job without its files: those are in the pickers. */
export type PageJob =
  | { readonly kind: "predict"; readonly picker: "bundle" | "folder"; readonly cases: Cases }
  | { readonly kind: "train"; readonly options: atlasmtl.TrainOptions }
  | { readonly kind: "read" };
type Cases = Readonly<Record<string, atlasmtl.PredictOptions>>;

const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });

function nextMessage(): Promise<FromWorker> {
  return new Promise((resolve, reject) => {
    worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => resolve(data), { once: true });
    worker.addEventListener("error", ({ message }) => reject(new Error(message)), { once: true });
  });
}

function picked(id: string): FileList {
  const { files } = document.getElementById(id) as HTMLInputElement;
  if (files === null || files.length === 0) throw new Error(`nothing is chosen in #${id}`);
  return files;
}

function withFiles(job: PageJob): Job {
  if (job.kind === "read") return { ...job, datasets: picked("dataset") };
  if (job.kind === "train") return { ...job, reference: picked("dataset")[0] };
  return { kind: "predict", bundle: picked(job.picker), query: picked("dataset")[0], cases: job.cases };
}

async function inWorker(job: Job): Promise<Answer> {
  const answer = nextMessage();
  // A FileList goes to a worker as it is; so do Files, without their content being copied.
  worker.postMessage(job);
  const message = await answer;
  if ("answer" in message) return message.answer;
  throw new Error("the worker was not ready");
}

const workerReady = nextMessage();
const page: TestPage = {
  ready: Promise.all([atlasmtl.preload(), workerReady]).then(
    ([, message]) => [crossOriginIsolated, "isolated" in message && message.isolated] as const,
  ),
  run: (place, job) =>
    place === "worker" ? inWorker(withFiles(job)) : answerOf(() => runJob(atlasmtl, withFiles(job))),
};
Object.assign(globalThis, { page });
