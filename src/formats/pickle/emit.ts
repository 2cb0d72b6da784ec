/**
 * Writes plain data as a pickle that CPython, numpy 1 and 2 and scikit-learn load
 * (docs/specification/1-artifacts.md#pickles).
 *
 * Protocol 4 for metadata and references, protocol 2 inside `.pth`. The same value gives the same bytes.
 * @module
 */
import { Float } from "../../core/config.ts";
import { MAX_PICKLE_DEPTH } from "../../core/limits.ts";
import type { Pause } from "../../core/progress.ts";
import { AtlasmtlError } from "../../errors.ts";
import { OP } from "./opcodes.ts";
import {
  Global,
  Instance,
  NdArray,
  OrderedDict,
  PersistentObject,
  type PickleValue,
  Tuple,
} from "./values.ts";
import { encodeUtf8, PieceWriter } from "./writer.ts";

export interface EmitPickleOptions {
  readonly protocol?: 2 | 4;
  /** Returns the substitute of a persistent object: a callable and its arguments, or an id. */
  readonly persistentValue?: (object: PersistentObject) => PersistentForm;
}

/** How a persistent object is written: as a call with arguments, or as a persistent id. */
export type PersistentForm =
  | { readonly kind: "call"; readonly callee: Global; readonly args: Tuple }
  | { readonly kind: "id"; readonly id: Tuple };

/** Number of items that CPython puts into one APPENDS or SETITEMS. */
const BATCH = 1000;

/** Written as U+FFFD, two labels could become equal. */
const LONE_SURROGATE = /\p{Surrogate}/u;

const ORDERED_DICT = new Global("collections", "OrderedDict");
const RECONSTRUCT = new Global("numpy.core.multiarray", "_reconstruct");
const NDARRAY = new Global("numpy", "ndarray");
const DTYPE = new Global("numpy", "dtype");

/**
 * Writes `value` in pieces; payloads of 64 KiB and more are views of the given arrays, not copies.
 *
 * Strings are written once and then referenced, so a column of labels costs two to five bytes per cell.
 * @throws BAD_DATA for a text with a lone surrogate; BUG for a plain number that is not an integer (use
 * `Float`) or an object without a pickle form.
 */
export function emitPickle(value: PickleValue, options: EmitPickleOptions = {}): readonly Uint8Array[] {
  const steps = new PickleEmitter(options).steps(value);
  for (;;) {
    const { done, value: pieces } = steps.next();
    if (done === true) return pieces;
  }
}

/** As {@link emitPickle}, with pauses. @throws what `pause` throws. */
export async function emitPickleInTurns(
  value: PickleValue,
  pause: Pause,
  options: EmitPickleOptions = {},
): Promise<readonly Uint8Array[]> {
  const steps = new PickleEmitter(options).steps(value);
  for (;;) {
    const { done, value: pieces } = steps.next();
    if (done === true) return pieces;
    await pause();
  }
}

type Container = Exclude<PickleValue, null | boolean | string | number | bigint>;

/** Work that can rest after each batch of a list. */
type Steps<T = void> = Generator<undefined, T, undefined>;

class PickleEmitter {
  private readonly protocol: 2 | 4;
  private readonly writer: PieceWriter;
  private readonly persistentValue: ((object: PersistentObject) => PersistentForm) | undefined;
  private readonly texts = new Map<string, number>();
  private readonly objects = new Map<object, number>();
  private readonly globals = new Map<string, number>();
  private readonly dtypes = new Map<string, number>();
  private memoSize = 0;
  private depth = 0;

  constructor(options: EmitPickleOptions) {
    this.protocol = options.protocol ?? 4;
    this.persistentValue = options.persistentValue;
    this.writer = new PieceWriter(this.protocol >= 4);
  }

  *steps(value: PickleValue): Steps<readonly Uint8Array[]> {
    this.writer.uint(OP.PROTO, this.protocol, 1);
    if (this.protocol >= 4) this.writer.flushUnframed();
    yield* this.value(value);
    this.writer.byte(OP.STOP);
    return this.writer.finish();
  }

  private *value(value: PickleValue): Steps {
    if (this.scalar(value)) return;
    yield* this.object(value as Container);
    this.writer.endOpcode();
  }

  /** Writes a value that has no parts; false for another one. Most of a pickle is such values, so it is no generator. */
  private scalar(value: PickleValue): boolean {
    const writer = this.writer;
    if (value === null) writer.byte(OP.NONE);
    else if (typeof value === "boolean") writer.byte(value ? OP.NEWTRUE : OP.NEWFALSE);
    else if (typeof value === "string") this.text(value);
    else if (typeof value === "number") this.integer(value);
    else if (typeof value === "bigint") this.long(value);
    else if (value instanceof Float) writer.float64(OP.BINFLOAT, value.value);
    else return false;
    writer.endOpcode();
    return true;
  }

  private *object(value: Container): Steps {
    const known = this.objects.get(value);
    if (known !== undefined) {
      this.recall(known);
      return;
    }
    if (this.depth >= MAX_PICKLE_DEPTH)
      throw new AtlasmtlError("LIMIT", `a value is nested more than ${MAX_PICKLE_DEPTH} deep`);
    this.depth += 1;
    if (value instanceof Tuple) yield* this.tuple(value);
    else if (value instanceof Global) this.global(value);
    else if (value instanceof NdArray) yield* this.array(value);
    else if (value instanceof Instance) yield* this.instance(value);
    else if (value instanceof Uint8Array) this.binary(value);
    else if (value instanceof PersistentObject) yield* this.persistent(value);
    else if (value instanceof Map) yield* this.dict(value);
    else if (Array.isArray(value)) yield* this.list(value);
    else throw new AtlasmtlError("BUG", "an object without a pickle form is being written");
    this.depth -= 1;
  }

  private integer(value: number): void {
    const writer = this.writer;
    if (!Number.isSafeInteger(value))
      throw new AtlasmtlError("BUG", `${value} is no exact integer; a Python float is written as Float`);
    if (value >= 0 && value < 256) writer.uint(OP.BININT1, value, 1);
    else if (value >= 0 && value < 65536) writer.uint(OP.BININT2, value, 2);
    else if (value === (value | 0)) writer.int32(OP.BININT, value);
    else this.long(BigInt(value));
  }

  private long(value: bigint): void {
    let length = 1;
    while (BigInt.asIntN(8 * length, value) !== value) length += 1;
    if (length > 255) throw new AtlasmtlError("BUG", `an integer of ${length} bytes is being written`);
    this.writer.uint(OP.LONG1, length, 1);
    for (let i = 0; i < length; i++) this.writer.byte(Number((value >> BigInt(8 * i)) & 255n));
  }

  private text(text: string): void {
    const known = this.texts.get(text);
    if (known !== undefined) {
      this.recall(known);
      return;
    }
    if (LONE_SURROGATE.test(text))
      throw new AtlasmtlError(
        "BAD_DATA",
        `the text ${JSON.stringify(text.slice(0, 100))} holds half a character`,
        {
          hint: "UTF-8 has no form for a lone surrogate; correct the name or label before saving",
        },
      );
    const bytes = encodeUtf8(text);
    this.writer.payload(bytes, () => {
      if (this.protocol >= 4 && bytes.length < 256) this.writer.uint(OP.SHORT_BINUNICODE, bytes.length, 1);
      else this.writer.uint(OP.BINUNICODE, bytes.length, 4);
    });
    this.texts.set(text, this.memoise());
  }

  private binary(bytes: Uint8Array): void {
    if (this.protocol < 4) throw new AtlasmtlError("BUG", "bytes are written in protocol 4 only");
    this.writer.payload(bytes, () => {
      if (bytes.length < 256) this.writer.uint(OP.SHORT_BINBYTES, bytes.length, 1);
      else if (bytes.length < 2 ** 32) this.writer.uint(OP.BINBYTES, bytes.length, 4);
      else this.writer.uint(OP.BINBYTES8, bytes.length, 8);
    });
    this.objects.set(bytes, this.memoise());
  }

  private *tuple(tuple: Tuple): Steps {
    const { items } = tuple;
    if (items.length === 0) {
      this.writer.byte(OP.EMPTY_TUPLE);
      return;
    }
    if (items.length > 3) this.writer.byte(OP.MARK);
    for (const item of items) yield* this.value(item);
    this.writer.byte([OP.TUPLE1, OP.TUPLE2, OP.TUPLE3][items.length - 1] ?? OP.TUPLE);
    this.objects.set(tuple, this.memoise());
  }

  private *list(list: readonly PickleValue[]): Steps {
    this.writer.byte(OP.EMPTY_LIST);
    this.objects.set(list, this.memoise());
    for (let start = 0; start < list.length; start += BATCH) {
      const end = Math.min(start + BATCH, list.length);
      if (end - start > 1) this.writer.byte(OP.MARK);
      for (let i = start; i < end; i++) if (!this.scalar(list[i]!)) yield* this.value(list[i]!);
      this.writer.byte(end - start > 1 ? OP.APPENDS : OP.APPEND);
      yield;
    }
  }

  private *dict(dict: ReadonlyMap<PickleValue, PickleValue>): Steps {
    if (dict instanceof OrderedDict) {
      this.global(ORDERED_DICT);
      this.writer.byte(OP.EMPTY_TUPLE);
      this.writer.byte(OP.REDUCE);
    } else this.writer.byte(OP.EMPTY_DICT);
    this.objects.set(dict, this.memoise());
    const entries = [...dict];
    for (let start = 0; start < entries.length; start += BATCH) {
      const batch = entries.slice(start, start + BATCH);
      if (batch.length > 1) this.writer.byte(OP.MARK);
      for (const [key, value] of batch) {
        yield* this.value(key);
        yield* this.value(value);
      }
      this.writer.byte(batch.length > 1 ? OP.SETITEMS : OP.SETITEM);
    }
  }

  private global(global: Global): void {
    const known = this.globals.get(global.path);
    if (known !== undefined) {
      this.recall(known);
      return;
    }
    if (this.protocol >= 4) {
      this.text(global.module);
      this.text(global.name);
      this.writer.byte(OP.STACK_GLOBAL);
    } else {
      this.writer.byte(OP.GLOBAL);
      this.writer.bytes(encodeUtf8(`${global.module}\n${global.name}\n`));
    }
    this.globals.set(global.path, this.memoise());
  }

  /** Built by `copyreg.__newobj__`, with its `__dict__` as state. */
  private *instance(instance: Instance): Steps {
    this.global(instance.type);
    yield* this.value(new Tuple(instance.args));
    this.writer.byte(OP.NEWOBJ);
    this.objects.set(instance, this.memoise());
    if (instance.state === null) return;
    yield* this.value(instance.state);
    this.writer.byte(OP.BUILD);
  }

  private *persistent(object: PersistentObject): Steps {
    const form = this.persistentValue?.(object);
    if (form === undefined) throw new AtlasmtlError("BUG", "a tensor is written outside a torch file");
    if (form.kind === "id") {
      yield* this.value(form.id);
      this.writer.byte(OP.BINPERSID);
      return;
    }
    this.global(form.callee);
    yield* this.value(form.args);
    this.writer.byte(OP.REDUCE);
    this.objects.set(object, this.memoise());
  }

  /** `numpy.core.multiarray`, a name that numpy 1 and 2 both load. */
  private *array(array: NdArray): Steps {
    this.global(RECONSTRUCT);
    yield* this.value(new Tuple([NDARRAY, new Tuple([0]), new Uint8Array([0x62])]));
    this.writer.byte(OP.REDUCE);
    this.objects.set(array, this.memoise());
    this.writer.byte(OP.MARK);
    this.integer(1);
    yield* this.value(new Tuple(array.shape));
    yield* this.dtype(array.dtype);
    this.writer.byte(OP.NEWFALSE);
    const { data } = array;
    if (Array.isArray(data)) yield* this.value(data as readonly PickleValue[]);
    else {
      const view = data as Float32Array;
      this.binary(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    }
    this.writer.byte(OP.TUPLE);
    this.writer.byte(OP.BUILD);
  }

  private *dtype(name: NdArray["dtype"]): Steps {
    const known = this.dtypes.get(name);
    if (known !== undefined) {
      this.recall(known);
      return;
    }
    this.global(DTYPE);
    yield* this.value(new Tuple([name === "O" ? "O8" : name, false, true]));
    this.writer.byte(OP.REDUCE);
    this.dtypes.set(name, this.memoise());
    const order = name === "O" || name.endsWith("1") ? "|" : "<";
    const flags = name === "O" ? 63 : 0;
    yield* this.value(new Tuple([3, order, null, null, null, -1, -1, flags]));
    this.writer.byte(OP.BUILD);
  }

  private memoise(): number {
    const index = this.memoSize++;
    if (this.protocol >= 4) this.writer.byte(OP.MEMOIZE);
    else if (index < 256) this.writer.uint(OP.BINPUT, index, 1);
    else this.writer.uint(OP.LONG_BINPUT, index, 4);
    return index;
  }

  private recall(index: number): void {
    if (index < 256) this.writer.uint(OP.BINGET, index, 1);
    else this.writer.uint(OP.LONG_BINGET, index, 4);
  }
}
