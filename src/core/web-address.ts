/** Tells addresses on the web from paths. @module */
import type { FileInput } from "./bytes.ts";

/** The http(s) address that `input` is, or null. */
export function webAddress(input: FileInput): string | null {
  if (input instanceof URL) return /^https?:$/.test(input.protocol) ? input.href : null;
  return typeof input === "string" && /^https?:\/\//i.test(input) ? input : null;
}
