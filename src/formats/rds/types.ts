/** What R's serialization holds, as data. @module */

/** Types of R objects, and the codes that stand for well-known ones (R Internals, "SEXPTYPEs", "Serialization Formats"). */
export const SEXP = {
  NULL: 0,
  SYMBOL: 1,
  PAIRLIST: 2,
  CLOSURE: 3,
  ENVIRONMENT: 4,
  PROMISE: 5,
  LANGUAGE: 6,
  SPECIAL: 7,
  BUILTIN: 8,
  CHAR: 9,
  LOGICAL: 10,
  INTEGER: 13,
  REAL: 14,
  COMPLEX: 15,
  STRING: 16,
  DOTS: 17,
  LIST: 19,
  EXPRESSION: 20,
  BYTECODE: 21,
  EXTERNAL_POINTER: 22,
  WEAK_REFERENCE: 23,
  RAW: 24,
  S4: 25,
  ALTREP: 238,
  ATTRIBUTED_PAIRLIST: 239,
  ATTRIBUTED_LANGUAGE: 240,
  BASE_ENVIRONMENT: 241,
  EMPTY_ENVIRONMENT: 242,
  CODE_REFERENCE: 243,
  CODE_DEFINITION: 244,
  PERSISTENT_NAME: 247,
  PACKAGE: 248,
  NAMESPACE: 249,
  BASE_NAMESPACE: 250,
  MISSING_ARGUMENT: 251,
  UNBOUND: 252,
  GLOBAL_ENVIRONMENT: 253,
  NIL: 254,
  REFERENCE: 255,
} as const;

/** Bits of an object's first number, above its type. */
export const FLAG = { hasAttributes: 1 << 9, hasTag: 1 << 10 } as const;

/** Bits of the levels of a string, which begin at bit 12 of its first number. */
export const TEXT = { bytes: 1 << 13, latin1: 1 << 14, utf8: 1 << 15, ascii: 1 << 18 } as const;

export type VectorType = "logical" | "integer" | "real" | "complex" | "string" | "raw";

/** Bytes of a value. */
export const VALUE_BYTES = { logical: 4, integer: 4, real: 8, complex: 16, raw: 1 } as const;

export type RAttributes = ReadonlyMap<string, RValue>;

/** Where the values of a vector are. */
export type VectorContent =
  | {
      readonly form: "stored";
      /** Its first byte in the unpacked file. */
      readonly at: number;
      readonly byteLength: number;
      /** Its bytes, if they are in memory. */
      readonly held: HeldBytes | null;
    }
  | { readonly form: "sequence"; readonly start: number; readonly step: number }
  | { readonly form: "textOf"; readonly numbers: RVector; readonly scientificPenalty: number };

/** Bytes `from` on of a block that several vectors share. */
export interface HeldBytes {
  readonly block: Uint8Array;
  readonly from: number;
}

export interface RVector {
  readonly kind: "vector";
  readonly type: VectorType;
  readonly length: number;
  readonly content: VectorContent;
  readonly attributes: RAttributes;
}

export interface RList {
  readonly kind: "list";
  readonly items: readonly RValue[];
  readonly attributes: RAttributes;
}

export interface RPairlist {
  readonly kind: "pairlist";
  readonly items: readonly { readonly tag: string; readonly value: RValue }[];
  /** What the last pair leads to instead of NULL. */
  readonly tail: RValue;
  readonly attributes: RAttributes;
}

export interface RObject {
  readonly kind: "s4";
  readonly attributes: RAttributes;
}

export interface REnvironment {
  readonly kind: "environment";
  /** What it binds, as it is stored: pairlists, and lists of such. */
  bindings: readonly RValue[];
  attributes: RAttributes;
}

export interface RSymbol {
  readonly kind: "symbol";
  readonly name: string;
}

/** What is passed over and never evaluated. */
export interface RSkipped {
  readonly kind: "skipped";
  readonly what: "a function" | "language" | "bytecode" | "a pointer" | "an environment";
}

/** A value of R; null is NULL. */
export type RValue = null | RVector | RList | RPairlist | RObject | REnvironment | RSymbol | RSkipped;
