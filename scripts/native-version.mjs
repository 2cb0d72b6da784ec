// What the native kernels are called by: the version of the package and a digest of their sources. The program loads no
// other (src/node/native.ts).
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
export const STRUCTS = join(root, "src/kernels/assembly/structs.ts");

export function nativeVersion() {
  const hash = createHash("sha256");
  const sources = readdirSync(join(root, "native")).filter((name) => /\.[ch]$/.test(name));
  for (const path of [STRUCTS, ...sources.sort().map((name) => join(root, "native", name))])
    hash.update(readFileSync(path, "utf8").replaceAll("\r\n", "\n"));
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return `${version}-${hash.digest("hex").slice(0, 12)}`;
}
