/** The digest of the code that runs (docs/specification/5-benchmark.md#provenance). @module */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compareCodePoints } from "../api/names.ts";
import { packageRoot } from "./context.ts";

/** The folder of all modules that the package ships; dependencies are not in it. */
const modules = fileURLToPath(new URL("dist/", packageRoot));

let ofModules: string | null = null;

/** SHA-256 over the names and bytes of the program's modules. */
export function codeDigest(): string {
  ofModules ??= digestOf(modules);
  return ofModules;
}

function digestOf(folder: string): string {
  const hash = createHash("sha256");
  const names = readdirSync(folder, { recursive: true })
    .map((name) => String(name).replaceAll("\\", "/"))
    .filter((name) => name.endsWith(".js"))
    .sort(compareCodePoints);
  for (const name of names) {
    const bytes = readFileSync(join(folder, name));
    hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}
