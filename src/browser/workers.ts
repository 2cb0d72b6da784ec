/** Threads in browsers: `Worker`, if the page is cross-origin isolated. @module */
import type { ThreadHost } from "../core/threads.ts";

const PRELUDE = `onmessage = ({ data }) => start(data, (text, transfer) => postMessage(text, transfer));\n`;

export const browserThreads: ThreadHost = {
  available: globalThis.crossOriginIsolated === true && typeof SharedArrayBuffer === "function",
  maySleep: typeof document === "undefined",
  // A page's threads would have to wait for the parts of a file; the library reads them as before.
  fileReader: null,
  start(body, listener) {
    const address = URL.createObjectURL(new Blob([PRELUDE + body], { type: "text/javascript" }));
    const worker = new Worker(address);
    if (listener !== undefined) {
      worker.addEventListener("message", ({ data }) => listener.reply(data));
      worker.addEventListener("error", () => listener.failed());
    }
    return {
      post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
      replied: new Promise((resolve) => {
        const done = () => {
          URL.revokeObjectURL(address);
          resolve();
        };
        worker.addEventListener("message", done, { once: true });
        worker.addEventListener("error", done, { once: true });
      }),
      hold() {},
      stop: () => worker.terminate(),
    };
  },
};
