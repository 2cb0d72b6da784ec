/**
 * Reads and writes JSON files of bundles: keys sorted by code point, two-space indent; any key is safe.
 * @module
 */

import { AtlasmtlError } from "../errors.ts";
import { type ConfigMap, type ConfigValue, configEntries, Float } from "./config.ts";
import { MAX_JSON_BYTES, MAX_JSON_VALUES, MAX_PICKLE_DEPTH } from "./limits.ts";
import { compareCodePoints } from "./order.ts";

/**
 * Parses a JSON object. Whole numbers become ints, others `Float`.
 * @throws BAD_FORMAT if it is not a JSON object; LIMIT for a file or a nesting beyond bounds.
 */
export function parseJsonObject(bytes: Uint8Array): ConfigMap {
  if (bytes.length > MAX_JSON_BYTES)
    throw new AtlasmtlError("LIMIT", `a JSON file of ${bytes.length} bytes; at most ${MAX_JSON_BYTES}`);
  if (holdsMoreValues(bytes, MAX_JSON_VALUES))
    throw new AtlasmtlError("LIMIT", `a JSON file of more than ${MAX_JSON_VALUES} values`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? cause.message : "not UTF-8";
    throw new AtlasmtlError("BAD_FORMAT", `this is no JSON file: ${reason}`, { cause });
  }
  const config = fromJson(value, 0);
  if (!(config instanceof Map)) throw new AtlasmtlError("BAD_FORMAT", "a JSON object is expected");
  return config as ConfigMap;
}

/** Counts values before any is made: each but the first follows a comma or opens a container, outside of texts. */
function holdsMoreValues(bytes: Uint8Array, most: number): boolean {
  let n = 1;
  let isText = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (isText) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    else if (byte === COMMA || byte === BRACKET || byte === BRACE) {
      n++;
      if (n > most) return true;
    }
  }
  return false;
}

const [QUOTE, COMMA, BRACKET, BACKSLASH, BRACE] = [0x22, 0x2c, 0x5b, 0x5c, 0x7b] as const;

function fromJson(value: unknown, depth: number): ConfigValue {
  if (depth > MAX_PICKLE_DEPTH)
    throw new AtlasmtlError("LIMIT", `the JSON is nested more than ${MAX_PICKLE_DEPTH} deep`);
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : new Float(value);
  if (Array.isArray(value)) return value.map((item) => fromJson(item, depth + 1));
  if (value === null || typeof value !== "object") return value as ConfigValue;
  return new Map(Object.entries(value).map(([key, item]) => [key, fromJson(item, depth + 1)]));
}

/** * Writes settings as JSON. A whole `Float` keeps its `.0`; NaN and infinities become null. */
export function emitJson(value: ConfigValue): Uint8Array {
  return new TextEncoder().encode(`${toJson(value, "")}\n`);
}

function toJson(value: ConfigValue, indent: string): string {
  if (value instanceof Float) return numberText(value.value, true);
  if (typeof value === "number") return numberText(value, false);
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const inner = `${indent}  `;
  const [items, open, close] = Array.isArray(value)
    ? [(value as readonly ConfigValue[]).map((item) => toJson(item, inner)), "[", "]"]
    : [entryTexts(value as ConfigMap, inner), "{", "}"];
  if (items.length === 0) return open + close;
  return `${open}\n${items.map((item) => inner + item).join(",\n")}\n${indent}${close}`;
}

function entryTexts(value: ConfigMap | { readonly [key: string]: ConfigValue }, indent: string): string[] {
  return [...configEntries(value)]
    .sort(([a], [b]) => compareCodePoints(a, b))
    .map(([key, item]) => `${JSON.stringify(key)}: ${toJson(item, indent)}`);
}

function numberText(value: number, isFloat: boolean): string {
  if (!Number.isFinite(value)) return "null";
  const text = JSON.stringify(value);
  return isFloat && /^-?\d+$/.test(text) ? `${text}.0` : text;
}
