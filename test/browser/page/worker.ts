/** Runs jobs beside the page, where files are read in place. */
// Bundled from the built package, as `import … from "atlasmtl"` would be; see build-page.ts.
import * as atlasmtl from "../../../src/api/index.ts";
import { type Job, runJob } from "./job.ts";
import { answerOf, type FromWorker } from "./messages.ts";

const say = (message: FromWorker): void => postMessage(message);

addEventListener("message", async ({ data }: MessageEvent<Job>) => {
  say({ answer: await answerOf(() => runJob(atlasmtl, data)) });
});

await atlasmtl.preload();
say({ kind: "ready", isolated: crossOriginIsolated });
