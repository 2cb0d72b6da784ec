/**
 * Checks a parsed pickle, so that its readers can rely on it: nesting is bounded, no value contains itself,
 * and shared parts do not expand to a much larger tree.
 * @module
 */
import { MAX_PICKLE_DEPTH, MAX_SHARED_EXPANSION, SHARED_ALLOWANCE } from "../../core/limits.ts";
import { AtlasmtlError } from "../../errors.ts";
import { Instance, NdArray, type PickleValue, Tuple } from "./values.ts";

/** The error for nesting beyond `MAX_PICKLE_DEPTH`. */
export function tooDeep(): AtlasmtlError {
  return new AtlasmtlError("LIMIT", `the pickle is nested more than ${MAX_PICKLE_DEPTH} deep`);
}

/**
 * Walks every value once and counts all values, a shared one each time it is used.
 *
 * A reader walks the values as a tree, so shared parts cost it that much. Therefore the count is bounded
 * here, before any reader runs.
 * @throws LIMIT for nesting beyond `MAX_PICKLE_DEPTH`, or for shared parts used far more often than there are parts;
 * BAD_FORMAT for a value that contains itself.
 */
export function checkTree(root: PickleValue): void {
  const sizes = new Map<object, number>();
  const open = new Set<object>();
  let nDistinct = 0;

  function sizeOf(value: PickleValue, depth: number): number {
    if (value === null || typeof value !== "object") return 1;
    const known = sizes.get(value);
    if (known !== undefined) return known;
    if (value instanceof NdArray && value.dtype !== "O") return keep(value, 1 + value.data.length);
    if (value instanceof Uint8Array) return keep(value, 1 + value.length);
    const children = childrenOf(value);
    if (children === null) return keep(value, 1);
    if (open.has(value))
      throw new AtlasmtlError("BAD_FORMAT", "the pickle holds a value that contains itself");
    if (depth >= MAX_PICKLE_DEPTH) throw tooDeep();
    open.add(value);
    let size = 1;
    let own = 1;
    for (const child of children) {
      size += sizeOf(child, depth + 1);
      own += 1;
    }
    open.delete(value);
    nDistinct += own;
    sizes.set(value, size);
    return size;
  }

  function keep(value: object, size: number): number {
    nDistinct += size;
    sizes.set(value, size);
    return size;
  }

  const size = sizeOf(root, 0);
  if (size > MAX_SHARED_EXPANSION * nDistinct + SHARED_ALLOWANCE)
    throw new AtlasmtlError(
      "LIMIT",
      `the pickle holds ${nDistinct} values, which come to ${size.toExponential(1)} where each use of a shared one counts`,
    );
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
