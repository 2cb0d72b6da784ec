/** Which code ran, by its bytes (contract 5 §5). @module */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compareCodePoints } from "../core/order.ts";

/** The folder of the package's modules, `dist` or `src`. */
const modules = fileURLToPath(new URL("..", import.meta.url));

/** SHA-256 over the names and bytes of all modules of the package, tests and declarations left out. */
export function codeDigest(folder: string = modules): string {
  const hash = createHash("sha256");
  const names = readdirSync(folder, { recursive: true })
    .map((name) => String(name).replaceAll("\\", "/"))
    .filter((name) => /\.(js|ts)$/.test(name) && !/\.(d|test)\.ts$/.test(name))
    .sort(compareCodePoints);
  for (const name of names) {
    const bytes = readFileSync(join(folder, name));
    hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}
