/**
 * Finishes a build: the policy goes into the page, for hosts that send no headers, and the service worker gets the list of
 * files that it keeps.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { HEADERS, POLICY } from "./policy.mjs";

const PUBLIC = new URL("../public/", import.meta.url);
const WORKER = new URL("../src/offline/service-worker.js", import.meta.url);

export function offline() {
  return {
    name: "offline",
    apply: "build",
    transformIndexHtml: () => [
      {
        tag: "meta",
        attrs: { "http-equiv": "Content-Security-Policy", content: POLICY },
        injectTo: "head-prepend",
      },
    ],
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        const hash = createHash("sha256");
        for (const [name, file] of Object.entries(bundle).sort(([a], [b]) => (a < b ? -1 : 1)))
          hash.update(name).update(file.type === "chunk" ? file.code : file.source);
        for (const name of readdirSync(PUBLIC)) hash.update(readFileSync(new URL(name, PUBLIC)));
        const files = ["./", ...Object.keys(bundle), ...readdirSync(PUBLIC)].filter(
          (name) => name !== "index.html",
        );
        const constants = { VERSION: hash.digest("hex").slice(0, 16), FILES: files, HEADERS };
        const source = Object.entries(constants)
          .map(([name, value]) => `const ${name} = ${JSON.stringify(value)};\n`)
          .join("");
        this.emitFile({
          type: "asset",
          fileName: "service-worker.js",
          source: source + readFileSync(WORKER, "utf8").replace(/^\/\* global.*\n/, ""),
        });
      },
    },
  };
}
