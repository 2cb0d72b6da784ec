/** How deep values are nested. @module */

import { MAX_PICKLE_DEPTH } from "../../core/limits.ts";
import { AtlasmtlError } from "../../errors.ts";
import { Instance, NdArray, type PickleValue, Tuple } from "./values.ts";

/** The error for nesting beyond `MAX_PICKLE_DEPTH`. */
export function tooDeep(): AtlasmtlError {
  return new AtlasmtlError("LIMIT", `the pickle is nested more than ${MAX_PICKLE_DEPTH} deep`);
}

/** Refuses values nested too deep for those who walk them; loops through the memo are visited once. */
export function checkDepth(root: PickleValue): void {
  const seen = new Set<PickleValue>();
  let level: PickleValue[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_PICKLE_DEPTH) throw tooDeep();
    const next: PickleValue[] = [];
    for (const value of level) {
      if (value === null || typeof value !== "object" || seen.has(value)) continue;
      const children = childrenOf(value);
      if (children === null) continue;
      seen.add(value);
      for (const child of children) if (typeof child === "object") next.push(child);
    }
    level = next;
  }
}

function childrenOf(value: PickleValue): Iterable<PickleValue> | null {
  if (Array.isArray(value)) return value as readonly PickleValue[];
  if (value instanceof Tuple) return value.items;
  if (value instanceof Map) return value.values();
  if (value instanceof Set) return value;
  if (value instanceof Instance) return [...value.args, value.state];
  if (value instanceof NdArray && value.dtype === "O") return value.data as readonly PickleValue[];
  return null;
}
