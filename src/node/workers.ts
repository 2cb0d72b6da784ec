/** Threads in Node: worker_threads. @module */
import { Worker } from "node:worker_threads";
import type { ThreadHost } from "../core/threads.ts";

const PRELUDE = `
const { parentPort } = require("node:worker_threads");
parentPort.on("message", (message) => start(message, (text, transfer) => parentPort.postMessage(text, transfer)));
`;

/** zlib of Node is several times faster than that of the HDF5 library, which WebAssembly runs. */
const FILE_READER = `(() => {
  const { openSync, readSync } = require("node:fs");
  const { inflateSync } = require("node:zlib");
  const files = new Map();
  return {
    read(path, at, length) {
      if (!files.has(path)) files.set(path, openSync(path, "r"));
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const n = readSync(files.get(path), bytes, done, length - done, at + done);
        if (n === 0) throw new Error("the file ends");
        done += n;
      }
      return bytes;
    },
    // With room to spare all is one call of zlib.
    inflate: (bytes, size) => inflateSync(bytes, { maxOutputLength: size, chunkSize: size + 64 }),
  };
})()`;

export const nodeThreads: ThreadHost = {
  available: true,
  maySleep: true,
  fileReader: FILE_READER,
  start(body, listener) {
    const worker = new Worker(PRELUDE + body, { eval: true, execArgv: [] });
    worker.unref();
    if (listener !== undefined) {
      worker.on("message", (message) => listener.reply(message));
      worker.on("error", () => listener.failed());
      worker.on("exit", () => listener.failed());
    }
    return {
      post: (message, transfer = []) => worker.postMessage(message, transfer),
      replied: new Promise((resolve) => {
        worker.once("message", () => resolve());
        worker.once("error", () => resolve());
      }),
      hold: (isHeld) => (isHeld ? worker.ref() : worker.unref()),
      stop: () => void worker.terminate(),
    };
  },
};
