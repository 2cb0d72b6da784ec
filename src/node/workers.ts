/** Threads in Node: worker_threads. @module */
import { Worker } from "node:worker_threads";
import type { ThreadHost } from "../core/threads.ts";

const PRELUDE = `
const { parentPort } = require("node:worker_threads");
parentPort.on("message", (message) => start(message, (text) => parentPort.postMessage(text)));
`;

export const nodeThreads: ThreadHost = {
  available: true,
  maySleep: true,
  start(body) {
    const worker = new Worker(PRELUDE + body, { eval: true, execArgv: [] });
    worker.unref();
    return {
      post: (message) => worker.postMessage(message),
      replied: new Promise((resolve) => {
        worker.once("message", () => resolve());
        worker.once("error", () => resolve());
      }),
      stop: () => void worker.terminate(),
    };
  },
};
