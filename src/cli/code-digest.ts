/** The digest of the code that runs (docs/specification/5-benchmark.md#provenance). @module */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { compareCodePoints } from "../api/names.ts";
import { ownModules } from "./own-files.ts";

let ofModules: string | null = null;

/** SHA-256 over the names and bytes of the program's modules. */
export function codeDigest(): string {
  ofModules ??= digestOf(ownModules());
  return ofModules;
}

function digestOf(modules: ReturnType<typeof ownModules>): string {
  const hash = createHash("sha256");
  for (const { name, path } of modules.toSorted((a, b) => compareCodePoints(a.name, b.name))) {
    const bytes = readFileSync(path);
    hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}
