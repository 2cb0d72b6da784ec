/** Distinguishes web addresses from paths. @module */
import type { FileInput } from "./bytes.ts";

/** `input` as an http(s) address, or null if it is none. */
export function webAddress(input: FileInput): string | null {
  if (input instanceof URL) return /^https?:$/.test(input.protocol) ? input.href : null;
  return typeof input === "string" && /^https?:\/\//i.test(input) ? input : null;
}
