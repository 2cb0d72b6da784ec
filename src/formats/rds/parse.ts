/**
 * Parses R's serialization (`saveRDS`, `serialize`) of versions 2 and 3 to plain data, without evaluating anything.
 *
 * Lengths are checked against the bytes that can be left, nesting and objects are bounded, and the values of large
 * vectors stay in the file (docs/specification/7-r-objects.md#the-file).
 *
 * Source: R Core Team, "R Internals", chapters "SEXPs" and "Serialization Formats".
 * @module
 */
import { MAX_R_DEPTH, MAX_R_OBJECTS } from "../../core/limits.ts";
import { AtlasmtlError, locate } from "../../errors.ts";
import type { ByteCursor } from "../byte-cursor.ts";
import { HeldBytesPool, MAX_HELD_VECTOR } from "./held-bytes.ts";
import { doubles, integers } from "./numbers.ts";
import { charText } from "./strings.ts";
import {
  FLAG,
  type RAttributes,
  type RPairlist,
  type RSkipped,
  type RValue,
  type RVector,
  SEXP,
  VALUE_BYTES,
  type VectorContent,
  type VectorType,
} from "./types.ts";

export interface ParseOptions {
  /** The most bytes that the unpacked file can have. */
  readonly maxBytes: number;
}

export interface ParsedR {
  readonly root: RValue;
  readonly isLittleEndian: boolean;
  /** The encoding of text that does not say its own; null if the file does not say it. */
  readonly nativeEncoding: string | null;
}

/** Parses the object at the start of `cursor`. @throws BAD_FORMAT, UNSUPPORTED and LIMIT, located by byte. */
export async function parseR(cursor: ByteCursor, options: ParseOptions): Promise<ParsedR> {
  const parser = new Parser(cursor, options.maxBytes);
  try {
    return await parser.run();
  } catch (error) {
    throw locate(error, `byte ${cursor.position} of the R data`);
  }
}

const NO_ATTRIBUTES: RAttributes = new Map();

const skipped = (what: RSkipped["what"]): RSkipped => ({ kind: "skipped", what });

const VECTORS: ReadonlyMap<number, Exclude<VectorType, "string">> = new Map([
  [SEXP.LOGICAL, "logical"],
  [SEXP.INTEGER, "integer"],
  [SEXP.REAL, "real"],
  [SEXP.COMPLEX, "complex"],
  [SEXP.RAW, "raw"],
]);

/** `RDX3` and a line's end, as `.RData` and `.rda` files begin; A or B: in ASCII, or as the machine had it. */
const isOfSave = ([r, d, form, version, line]: Uint8Array): boolean =>
  r === 0x52 &&
  d === 0x44 &&
  [0x41, 0x42, 0x58].includes(form) &&
  version > 0x30 &&
  version < 0x34 &&
  line === 0x0a;

const bad = (message: string): AtlasmtlError =>
  new AtlasmtlError("BAD_FORMAT", message, { hint: "the file is damaged: copy it again from its source" });

class Parser {
  private readonly pool = new HeldBytesPool();
  private readonly references: RValue[] = [];
  private objects = 0;
  private nativeEncoding: string | null = null;

  constructor(
    private readonly cursor: ByteCursor,
    private readonly maxBytes: number,
  ) {}

  async run(): Promise<ParsedR> {
    await this.readHeader();
    const root = await this.item(0);
    const { isLittleEndian } = this.cursor;
    return { root, isLittleEndian, nativeEncoding: this.nativeEncoding };
  }

  private async readHeader(): Promise<void> {
    const { cursor } = this;
    await cursor.need(5);
    if (isOfSave(cursor.peek(5)))
      throw new AtlasmtlError("UNSUPPORTED", "the R data are of save(), which writes any number of objects", {
        hint: 'in R, load the file and write the object by itself: saveRDS(x, "x.rds"), where x is its name',
      });
    await cursor.need(14);
    const [format, line] = cursor.bytes(2);
    if (format === 0x41 && line === 0x0a)
      throw new AtlasmtlError("UNSUPPORTED", "the R data are in ASCII form", {
        hint: "in R, write them in binary form: saveRDS(x, file)",
      });
    if (line !== 0x0a || (format !== 0x58 && format !== 0x42))
      throw new AtlasmtlError("BAD_FORMAT", "these are no R data: they begin with neither X nor B", {
        hint: "in R, write the object with saveRDS(x, file)",
      });
    cursor.isLittleEndian = format === 0x42;
    const version = cursor.i32();
    cursor.bytes(8);
    if (version !== 2 && version !== 3)
      throw new AtlasmtlError("UNSUPPORTED", `R's serialization of version ${version}; 2 and 3 are read`, {
        hint: "in R, write the object with saveRDS(x, file, version = 3)",
      });
    if (version === 2) return;
    const length = await this.int();
    if (length < 0 || length > 64) throw bad(`a native encoding whose name has ${length} bytes`);
    await cursor.need(length);
    this.nativeEncoding = String.fromCharCode(...cursor.bytes(length));
  }

  private async int(): Promise<number> {
    if (!this.cursor.has(4)) await this.cursor.need(4);
    return this.cursor.i32();
  }

  /** One object with all that is in it. */
  private async item(depth: number): Promise<RValue> {
    const flags = await this.int();
    return this.itemOf(flags, depth);
  }

  private async itemOf(flags: number, depth: number): Promise<RValue> {
    if (depth > MAX_R_DEPTH)
      throw new AtlasmtlError("LIMIT", `the R data are nested more than ${MAX_R_DEPTH} deep`);
    this.objects++;
    if (this.objects > MAX_R_OBJECTS)
      throw new AtlasmtlError("LIMIT", `the R data hold more than ${MAX_R_OBJECTS} objects`, {
        hint: "in R, take out what is not needed, such as x@tools, x@misc or metadata(x)",
      });
    const type = flags & 0xff;
    const hasAttributes = (flags & FLAG.hasAttributes) !== 0;
    const vector = VECTORS.get(type);
    if (vector !== undefined) {
      const plain = await this.numbers(vector);
      return hasAttributes ? { ...plain, attributes: await this.attributes(depth) } : plain;
    }
    switch (type) {
      case SEXP.NULL:
      case SEXP.NIL:
        return null;
      case SEXP.SYMBOL:
        return this.refer({ kind: "symbol", name: (await this.char()) ?? "NA" });
      case SEXP.REFERENCE:
        return this.reference(flags);
      case SEXP.PAIRLIST:
        return this.pairs(flags, depth);
      case SEXP.CLOSURE:
      case SEXP.PROMISE:
        await this.pairs(flags, depth);
        return skipped("a function");
      case SEXP.LANGUAGE:
      case SEXP.DOTS:
        await this.pairs(flags, depth);
        return skipped("language");
      case SEXP.STRING: {
        const plain = await this.strings();
        return hasAttributes ? { ...plain, attributes: await this.attributes(depth) } : plain;
      }
      case SEXP.CHAR:
        // Alone, it occurs inside of names of packages only.
        await this.charBytes(flags);
        return null;
      case SEXP.LIST:
      case SEXP.EXPRESSION: {
        const items = await this.items(await this.length(4), depth);
        const attributes = hasAttributes ? await this.attributes(depth) : NO_ATTRIBUTES;
        return type === SEXP.LIST ? { kind: "list", items, attributes } : skipped("language");
      }
      case SEXP.S4:
        return { kind: "s4", attributes: hasAttributes ? await this.attributes(depth) : NO_ATTRIBUTES };
      case SEXP.ENVIRONMENT:
        return this.environment(depth);
      case SEXP.ALTREP:
        return this.compactForm(depth);
      default:
        return this.other(type, hasAttributes, depth);
    }
  }

  private async other(type: number, hasAttributes: boolean, depth: number): Promise<RValue> {
    switch (type) {
      case SEXP.SPECIAL:
      case SEXP.BUILTIN:
        await this.cursor.skip(await this.length(1));
        return skipped("a function");
      case SEXP.BYTECODE: {
        await this.length(0);
        await this.code(depth + 1);
        if (hasAttributes) await this.item(depth + 1);
        return skipped("bytecode");
      }
      case SEXP.EXTERNAL_POINTER:
        this.refer(skipped("a pointer"));
        await this.item(depth + 1);
        await this.item(depth + 1);
        if (hasAttributes) await this.item(depth + 1);
        return skipped("a pointer");
      case SEXP.WEAK_REFERENCE:
        this.refer(skipped("a pointer"));
        if (hasAttributes) await this.item(depth + 1);
        return skipped("a pointer");
      case SEXP.PACKAGE:
      case SEXP.NAMESPACE:
      case SEXP.PERSISTENT_NAME: {
        await this.int();
        await this.items(await this.length(4), depth);
        return this.refer(skipped("an environment"));
      }
      case SEXP.BASE_ENVIRONMENT:
      case SEXP.EMPTY_ENVIRONMENT:
      case SEXP.BASE_NAMESPACE:
      case SEXP.GLOBAL_ENVIRONMENT:
        return skipped("an environment");
      case SEXP.MISSING_ARGUMENT:
      case SEXP.UNBOUND:
        return skipped("language");
      default:
        throw bad(`${type} is no type of R objects`);
    }
  }

  private refer<T extends RValue>(value: T): T {
    this.references.push(value);
    return value;
  }

  private async reference(flags: number): Promise<RValue> {
    const packed = flags >>> 8;
    const index = packed === 0 ? await this.int() : packed;
    const value = this.references[index - 1];
    if (value === undefined)
      throw bad(`reference ${index} is used and ${this.references.length} are defined`);
    return value;
  }

  /** The pairs of a list, of a call or of a function; the first one's flags are read already. */
  private async pairs(first: number, depth: number): Promise<RPairlist> {
    const items: { tag: string; value: RValue }[] = [];
    let attributes = NO_ATTRIBUTES;
    let flags = first;
    for (;;) {
      if ((flags & FLAG.hasAttributes) !== 0) {
        const found = await this.attributes(depth);
        if (items.length === 0) attributes = found;
      }
      const tag = (flags & FLAG.hasTag) === 0 ? null : await this.item(depth + 1);
      const value = await this.item(depth + 1);
      items.push({ tag: tag?.kind === "symbol" ? tag.name : "", value });
      flags = await this.int();
      const type = flags & 0xff;
      if (type !== SEXP.PAIRLIST && type !== SEXP.LANGUAGE) break;
      this.objects++;
    }
    return { kind: "pairlist", items, tail: await this.itemOf(flags, depth + 1), attributes };
  }

  private async attributes(depth: number): Promise<RAttributes> {
    const value = await this.item(depth + 1);
    if (value === null) return NO_ATTRIBUTES;
    if (value.kind !== "pairlist") throw bad("attributes are no list of pairs");
    return new Map(value.items.map(({ tag, value }) => [tag, value]));
  }

  private async items(length: number, depth: number): Promise<RValue[]> {
    const items: RValue[] = [];
    for (let i = 0; i < length; i++) items.push(await this.item(depth + 1));
    return items;
  }

  /** A length; `size`: the fewest bytes of each value. */
  private async length(size: number): Promise<number> {
    let length = await this.int();
    if (length === -1) {
      const high = await this.int();
      length = high * 2 ** 32 + ((await this.int()) >>> 0);
    }
    if (length < 0) throw bad(`a length of ${length}`);
    const left = Math.max(0, this.maxBytes - this.cursor.position);
    if (length * size > left) throw bad(`${length} values are declared and at most ${left} bytes are left`);
    return length;
  }

  private async numbers(type: Exclude<VectorType, "string">): Promise<RVector> {
    const size = VALUE_BYTES[type];
    const length = await this.length(size);
    const at = this.cursor.position;
    const byteLength = length * size;
    let content: VectorContent;
    if (this.pool.takes(byteLength)) {
      const held = this.pool.room(byteLength);
      await this.cursor.read(held.block.subarray(held.from, held.from + byteLength));
      content = { form: "stored", at, byteLength, held };
    } else {
      await this.cursor.skip(byteLength);
      content = { form: "stored", at, byteLength, held: null };
    }
    return { kind: "vector", type, length, content, attributes: NO_ATTRIBUTES };
  }

  private async strings(): Promise<RVector> {
    const { cursor, pool } = this;
    const length = await this.length(8);
    const at = cursor.position;
    cursor.keep(MAX_HELD_VECTOR);
    for (let i = 0; i < length; i++) {
      if (!cursor.has(8)) await cursor.need(8);
      const flags = cursor.i32();
      if ((flags & 0xff) !== SEXP.CHAR || (flags & FLAG.hasAttributes) !== 0)
        throw bad(`text ${i} of ${length} is of type ${flags & 0xff}`);
      const bytes = this.charLength(cursor.i32());
      if (cursor.has(bytes)) cursor.pass(bytes);
      else await cursor.skip(bytes);
    }
    const byteLength = cursor.position - at;
    const kept = cursor.take();
    let held = null;
    if (kept !== null && pool.takes(byteLength)) {
      held = pool.room(byteLength);
      held.block.set(kept, held.from);
    }
    return {
      kind: "vector",
      type: "string",
      length,
      content: { form: "stored", at, byteLength, held },
      attributes: NO_ATTRIBUTES,
    };
  }

  /** The bytes of a text; -1 (NA) has none. */
  private charLength(length: number): number {
    if (length < -1) throw bad(`a text of ${length} bytes`);
    const left = Math.max(0, this.maxBytes - this.cursor.position);
    if (length > left) throw bad(`a text of ${length} bytes is declared and at most ${left} are left`);
    return Math.max(0, length);
  }

  private async char(): Promise<string | null> {
    return this.charBytes(await this.int());
  }

  private async charBytes(flags: number): Promise<string | null> {
    if ((flags & 0xff) !== SEXP.CHAR) throw bad(`a name is of type ${flags & 0xff}`);
    const declared = await this.int();
    const length = this.charLength(declared);
    if (length > MAX_HELD_VECTOR)
      throw new AtlasmtlError("LIMIT", `a name of ${length} bytes; at most ${MAX_HELD_VECTOR} are read`);
    await this.cursor.need(length);
    return charText(this.cursor.bytes(length), flags, declared, this.nativeEncoding);
  }

  private async environment(depth: number): Promise<RValue> {
    await this.int();
    const environment: { kind: "environment"; bindings: readonly RValue[]; attributes: RAttributes } = {
      kind: "environment",
      bindings: [],
      attributes: NO_ATTRIBUTES,
    };
    this.refer(environment);
    await this.item(depth + 1);
    const frame = await this.item(depth + 1);
    const table = await this.item(depth + 1);
    environment.bindings = [frame, ...(table?.kind === "list" ? table.items : [])];
    environment.attributes = await this.attributes(depth);
    return environment;
  }

  /** A vector that is stored by what it was made of (ALTREP). */
  private async compactForm(depth: number): Promise<RValue> {
    const info = await this.item(depth + 1);
    const state = await this.item(depth + 1);
    const attributes = await this.attributes(depth);
    const made = info?.kind === "pairlist" ? info.items[0]?.value : null;
    const name = made?.kind === "symbol" ? made.name : "";
    const inner = this.expand(name, state);
    return inner.kind === "vector" || inner.kind === "list" ? { ...inner, attributes } : inner;
  }

  private expand(name: string, state: RValue): Exclude<RValue, null> {
    const value = state?.kind === "pairlist" ? (state.items[0]?.value ?? null) : null;
    if (/^wrap_/.test(name) && (value?.kind === "vector" || value?.kind === "list")) return value;
    if (/^compact_(int|real)seq$/.test(name) && state?.kind === "vector" && state.type === "real") {
      const [length, start, step] = this.small(state);
      if (!Number.isSafeInteger(length) || length < 0 || !Number.isFinite(start) || Math.abs(step) !== 1)
        throw bad(`a sequence of ${length} values from ${start} in steps of ${step}`);
      const type = name === "compact_intseq" ? "integer" : "real";
      const content = { form: "sequence", start, step } as const;
      return { kind: "vector", type, length, content, attributes: NO_ATTRIBUTES };
    }
    if (name === "deferred_string" && value?.kind === "vector" && state?.kind === "pairlist") {
      const { tail } = state;
      const penalty = tail?.kind === "vector" && tail.type === "integer" ? (this.small(tail)[0] ?? 0) : 0;
      if (!["integer", "real"].includes(value.type)) throw bad(`text that is made of ${value.type} values`);
      const content = { form: "textOf", numbers: value, scientificPenalty: penalty } as const;
      return { kind: "vector", type: "string", length: value.length, content, attributes: NO_ATTRIBUTES };
    }
    throw new AtlasmtlError("UNSUPPORTED", `a vector is stored in the compact form ${JSON.stringify(name)}`, {
      hint: "in R, write the object with saveRDS(x, file, version = 2)",
    });
  }

  /** The values of a vector that is small enough to be in memory. */
  private small({ type, length, content }: RVector): ArrayLike<number> & Iterable<number> {
    if (content.form !== "stored" || content.held === null || content.byteLength > 64)
      throw bad("a compact form has more settings than it needs");
    const { block, from } = content.held;
    const bytes = block.subarray(from, from + content.byteLength);
    return type === "real"
      ? doubles(bytes, length, this.cursor.isLittleEndian)
      : integers(bytes, length, this.cursor.isLittleEndian);
  }

  /** Compiled code: the instructions, and the constants that they use. */
  private async code(depth: number): Promise<void> {
    await this.item(depth + 1);
    const length = await this.length(4);
    for (let i = 0; i < length; i++) {
      const type = await this.int();
      if (type === SEXP.BYTECODE) {
        if (depth > MAX_R_DEPTH)
          throw new AtlasmtlError("LIMIT", `the R data are nested more than ${MAX_R_DEPTH} deep`);
        this.objects++;
        await this.code(depth + 1);
      } else if (LANGUAGE_CODES.has(type)) await this.codeLanguage(type, depth + 1);
      else await this.item(depth + 1);
    }
  }

  private async codeLanguage(first: number, depth: number): Promise<void> {
    if (depth > MAX_R_DEPTH)
      throw new AtlasmtlError("LIMIT", `the R data are nested more than ${MAX_R_DEPTH} deep`);
    for (let type = first; ; ) {
      this.objects++;
      if (type === SEXP.CODE_REFERENCE) {
        await this.int();
        return;
      }
      if (type === SEXP.CODE_DEFINITION) {
        await this.int();
        type = await this.int();
      }
      if (!LANGUAGE_CODES.has(type)) {
        await this.item(depth + 1);
        return;
      }
      if (type === SEXP.ATTRIBUTED_LANGUAGE || type === SEXP.ATTRIBUTED_PAIRLIST) await this.item(depth + 1);
      await this.item(depth + 1);
      await this.codeLanguage(await this.int(), depth + 1);
      type = await this.int();
    }
  }
}

const LANGUAGE_CODES: ReadonlySet<number> = new Set([
  SEXP.PAIRLIST,
  SEXP.LANGUAGE,
  SEXP.CODE_REFERENCE,
  SEXP.CODE_DEFINITION,
  SEXP.ATTRIBUTED_PAIRLIST,
  SEXP.ATTRIBUTED_LANGUAGE,
]);
