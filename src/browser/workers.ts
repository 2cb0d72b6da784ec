/** Threads in browsers: `Worker`, if the page is cross-origin isolated. @module */
import type { ThreadHost } from "../core/threads.ts";

const PRELUDE = `onmessage = ({ data }) => start(data, (text) => postMessage(text));\n`;

export const browserThreads: ThreadHost = {
  available: globalThis.crossOriginIsolated === true && typeof SharedArrayBuffer === "function",
  maySleep: typeof document === "undefined",
  start(body) {
    const address = URL.createObjectURL(new Blob([PRELUDE + body], { type: "text/javascript" }));
    const worker = new Worker(address);
    return {
      post: (message) => worker.postMessage(message),
      replied: new Promise((resolve) => {
        const done = () => {
          URL.revokeObjectURL(address);
          resolve();
        };
        worker.addEventListener("message", done, { once: true });
        worker.addEventListener("error", done, { once: true });
      }),
      stop: () => worker.terminate(),
    };
  },
};
