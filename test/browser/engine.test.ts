/** The engine in Chromium gives the bytes it gives in Node, isolated or not, on the page or in a worker. */
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, chromium } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";

/** Of src/kernels/wasm/pool.test.ts. */
const KNOWN_HASH = "478f28943585cec6ff2d7cd3365e606546aa8e0d952949c82e6a1c7a33696fa8";

let browser: Browser;
let server: Server;
let code: string;
const root = new URL("../../", import.meta.url).pathname;

beforeAll(async () => {
  const built = await build({
    configFile: false,
    logLevel: "silent",
    resolve: { alias: { "#platform": `${root}src/browser/platform.ts` } },
    build: {
      write: false,
      lib: { entry: `${root}test/browser/engine-page.ts`, formats: ["iife"], name: "enginePage" },
    },
  });
  const [bundle] = [built].flat();
  if (bundle === undefined || !("output" in bundle)) throw new Error("nothing was bundled");
  code = bundle.output[0].code;
  server = createServer((request, response) => {
    if (request.url?.startsWith("/isolated")) {
      response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
      response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    }
    const isScript = request.url?.endsWith(".js") ?? false;
    response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? code : `<!doctype html><script src="engine.js"></script>`);
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const system = "/usr/bin/chromium";
  browser = await chromium.launch({
    ...(existsSync(system) ? { executablePath: system } : {}),
    args: ["--no-sandbox"],
  });
});
afterAll(async () => {
  await browser?.close();
  server?.close();
});

test.each([
  ["isolated/", "page", 2, 2],
  ["isolated/", "worker", 2, 2],
  ["plain/", "page", 2, 1],
  ["plain/", "worker", 1, 1],
])("%s %s with %i threads asked", async (path, where, asked, expected) => {
  const page = await browser.newPage();
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/${path}`);
  const result = await page.evaluate(
    async ([inWorker, numThreads]) => {
      if (!inWorker) {
        const { trainInBrowser } = globalThis as unknown as { trainInBrowser(n: number): Promise<unknown> };
        return trainInBrowser(numThreads as number);
      }
      const worker = new Worker("engine.js");
      return new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message));
        worker.postMessage(numThreads);
      });
    },
    [where === "worker", asked] as const,
  );
  expect(result).toEqual({ threads: expected, hash: KNOWN_HASH });
  await page.close();
});
