// Serves a built folder on this machine, with the headers of a careful host: node tools/serve.mjs FOLDER [PORT]
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { HEADERS } from "./policy.mjs";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

/**
 * Serves `folder` on 127.0.0.1 under `path`; `headers` are sent with every file. Tells what was asked for.
 * @param {{ folder: string, port?: number, path?: string, headers?: Record<string, string> }} options
 */
export async function serve({ folder, port = 0, path = "/", headers = HEADERS }) {
  /** @type {string[]} */
  const requests = [];
  const server = createServer(async ({ url = "/" }, response) => {
    const { pathname } = new URL(url, "http://localhost");
    requests.push(pathname);
    const name = normalize(pathname.startsWith(path) ? pathname.slice(path.length) : "/absent");
    const file = join(folder, name === "." || name.endsWith("/") ? join(name, "index.html") : name);
    try {
      const bytes = await readFile(file);
      response.writeHead(200, {
        "Content-Type": TYPES[extname(file)] ?? "application/octet-stream",
        ...headers,
      });
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done, failed) => {
    server.once("error", failed);
    server.listen(port, "127.0.0.1", () => done(undefined));
  });
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${address.port}${path}`,
    requests,
    close: () =>
      new Promise((done) => {
        server.close(() => done(undefined));
        server.closeAllConnections();
      }),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve({
    folder: resolve(process.argv[2] ?? "dist"),
    port: Number(process.argv[3] ?? 4173),
  });
  console.log(`The app is at ${url} (end with Ctrl-C). Nothing leaves this machine.`);
}
