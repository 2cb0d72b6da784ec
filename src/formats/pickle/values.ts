/**
 * Python values as plain data, for reading and writing.
 *
 * | Python | here |
 * | --- | --- |
 * | None, bool, str, int, float | null, boolean, string, number (bigint beyond 2^53), {@link Float} |
 * | bytes | Uint8Array |
 * | list, tuple | array, {@link Tuple} |
 * | dict, OrderedDict | Map, {@link OrderedDict} |
 * | set, frozenset | Set |
 * | numpy array | {@link NdArray} |
 * | other objects of the allow-list | {@link Instance} |
 * @module
 */
import { Float } from "../../core/config.ts";
import type { NumberArray } from "../number-arrays.ts";

/** Any value of a pickle. */
export type PickleValue =
  | null
  | boolean
  | string
  | number
  | bigint
  | Float
  | Uint8Array
  | Tuple
  | Instance
  | Global
  | NdArray
  | NdArrayDtype
  | PersistentObject
  | readonly PickleValue[]
  | ReadonlyMap<PickleValue, PickleValue>
  | ReadonlySet<PickleValue>;

/** A Python dict. */
export type Dict = ReadonlyMap<PickleValue, PickleValue>;

/** A Python tuple. */
export class Tuple {
  constructor(readonly items: readonly PickleValue[]) {}
}

/** `collections.OrderedDict`. */
export class OrderedDict extends Map<PickleValue, PickleValue> {}

/** A class or function, by name only; it is never imported. */
export class Global {
  constructor(
    readonly module: string,
    readonly name: string,
  ) {}

  /** `module.name`. */
  get path(): string {
    return `${this.module}.${this.name}`;
  }
}

/** An object of a class of the allow-list: its construction and its state. */
export class Instance {
  /** The argument of `__setstate__`, or of the update of `__dict__`. */
  state: PickleValue = null;

  constructor(
    readonly type: Global,
    readonly args: readonly PickleValue[],
  ) {}
}

/** The object of a persistent id, made by the caller (a torch storage or tensor). */
export abstract class PersistentObject {
  /** Prevents other objects from having this type. */
  readonly isPersistent = true;

  /** Memory that its construction took, in bytes. */
  get byteLength(): number {
    return 0;
  }
}

/** The supported element types, as numpy names without the byte order. */
export const ARRAY_TYPES = {
  b1: Uint8Array,
  i1: Int8Array,
  u1: Uint8Array,
  i2: Int16Array,
  u2: Uint16Array,
  i4: Int32Array,
  u4: Uint32Array,
  i8: BigInt64Array,
  u8: BigUint64Array,
  f4: Float32Array,
  f8: Float64Array,
} as const;

/** A numeric dtype of {@link ARRAY_TYPES}, `f2` (widened to float32), `O`, `U` or `S`. */
export class NdArrayDtype {
  constructor(
    /** `b`, `i`, `u`, `f`, `O`, `U` or `S`. */
    readonly kind: string,
    readonly itemSize: number,
    public bigEndian: boolean,
  ) {}

  /** The numpy name, such as `f4`. */
  get name(): string {
    return `${this.kind}${this.itemSize}`;
  }
}

/** The elements of an array: numbers, or Python values for object and string arrays. */
export type ArrayData = NumberArray | readonly PickleValue[];

/** A numpy array in row-major order. */
export class NdArray {
  /** A key of {@link ARRAY_TYPES}, or `O` for an array of Python objects (string arrays become this). */
  dtype: keyof typeof ARRAY_TYPES | "O";
  shape: readonly number[];
  data: ArrayData;

  constructor(dtype: keyof typeof ARRAY_TYPES | "O", shape: readonly number[], data: ArrayData) {
    this.dtype = dtype;
    this.shape = shape;
    this.data = data;
  }
}

/** The kind of a Python value, for messages. */
export function describeValue(value: PickleValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "None";
  if (typeof value === "string") return "a str";
  if (typeof value === "boolean") return "a bool";
  if (typeof value === "number" || typeof value === "bigint") return "an int";
  if (value instanceof Float) return "a float";
  if (value instanceof Uint8Array) return "bytes";
  if (value instanceof Tuple) return `a tuple of ${value.items.length}`;
  if (value instanceof Map) return `a dict of ${value.size}`;
  if (value instanceof Set) return "a set";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof NdArray) return `a numpy array ${value.dtype}[${value.shape.join(", ")}]`;
  if (value instanceof Instance) return `a ${value.type.path}`;
  if (value instanceof Global) return `the global ${value.path}`;
  return "an object";
}
