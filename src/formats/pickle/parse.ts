/**
 * Parses pickles of protocols 0 to 5 to plain data, without executing anything
 * (docs/specification/1-artifacts.md#pickles).
 *
 * The opcodes are those of CPython's `Lib/pickletools.py`. Globals come from a fixed table, lengths are
 * checked against the available bytes, and nesting is bounded.
 * @module
 */
import { Float } from "../../core/config.ts";
import {
  EXPANSION_ALLOWANCE,
  MAX_INTEGER_BYTES,
  MAX_PICKLE_DEPTH,
  MAX_PICKLE_EXPANSION,
  MAX_PICKLE_OBJECTS,
  MAX_PICKLE_STACK,
} from "../../core/limits.ts";
import type { Pause } from "../../core/progress.ts";
import { AtlasmtlError, locate } from "../../errors.ts";
import { checkTree, tooDeep } from "./check-tree.ts";
import { BUNDLE_GLOBALS, callGlobal, findGlobal, type GlobalTable } from "./globals.ts";
import { asInteger, latin1Text, setArrayState, setDtypeState } from "./ndarray.ts";
import { OP } from "./opcodes.ts";
import { PickleReader } from "./reader.ts";
import {
  parseDecimal,
  parseFloatLine,
  parseIndex,
  parseIntLine,
  parseQuoted,
  parseUnicodeEscapes,
} from "./text.ts";
import {
  describeValue,
  Global,
  Instance,
  NdArray,
  NdArrayDtype,
  OrderedDict,
  PersistentObject,
  type PickleValue,
  Tuple,
} from "./values.ts";

export interface ParsePickleOptions {
  /** The allowed globals; by default {@link BUNDLE_GLOBALS}. */
  readonly globals?: GlobalTable;
  /** Bytes outside the pickle that its values use; they raise the bound on its memory. */
  readonly expandedBytes?: number;
  /** Resolves persistent ids; without it, they are refused. */
  readonly persistentLoad?: (id: PickleValue) => PickleValue;
}

const bad = (message: string): AtlasmtlError => new AtlasmtlError("BAD_FORMAT", message);

/**
 * Parses one pickle; bytes after its end are ignored, as Python does.
 *
 * Arrays are views of `bytes` if they are aligned.
 * @throws BAD_FORMAT if the bytes are not a pickle or end early; UNSUPPORTED that names a global outside the
 * table, an extension or an out-of-band buffer; LIMIT for nesting beyond `MAX_PICKLE_DEPTH`.
 */
export function parsePickle(bytes: Uint8Array, options: ParsePickleOptions = {}): PickleValue {
  const machine = new PickleMachine(bytes, options);
  try {
    machine.advance(Number.POSITIVE_INFINITY);
    return machine.finish();
  } catch (error) {
    throw locate(error, `byte ${machine.at}`);
  }
}

/** Opcodes between two looks at the clock. */
const OPCODES_IN_TURN = 500;

/** As {@link parsePickle}, with pauses. @throws what `pause` throws. */
export async function parsePickleInTurns(
  bytes: Uint8Array,
  pause: Pause,
  options: ParsePickleOptions = {},
): Promise<PickleValue> {
  const machine = new PickleMachine(bytes, options);
  try {
    while (!machine.advance(OPCODES_IN_TURN)) await pause();
    return machine.finish();
  } catch (error) {
    throw locate(error, `byte ${machine.at}`);
  }
}

type MutableList = PickleValue[];
type MutableDict = Map<PickleValue, PickleValue>;

class PickleMachine {
  /** Where the current opcode starts. */
  at = 0;
  private readonly reader: PickleReader;
  private readonly globals: GlobalTable;
  private readonly persistentLoad: ((id: PickleValue) => PickleValue) | undefined;
  private readonly stack: PickleValue[] = [];
  /** Stack heights of the marks. */
  private readonly marks: number[] = [];
  private readonly memo: PickleValue[] = [];
  private memoSize = 0;
  private objects = 0;
  /** Remaining bytes that may be built. */
  private budget: number;

  constructor(bytes: Uint8Array, options: ParsePickleOptions) {
    this.reader = new PickleReader(bytes);
    this.globals = options.globals ?? BUNDLE_GLOBALS;
    this.budget = EXPANSION_ALLOWANCE + MAX_PICKLE_EXPANSION * (bytes.length + (options.expandedBytes ?? 0));
    this.persistentLoad = options.persistentLoad;
  }

  /** Runs at most `most` opcodes; true at the end of the pickle. */
  advance(most: number): boolean {
    const reader = this.reader;
    for (let n = 0; n < most; n++) {
      this.at = reader.position;
      const op = reader.u8();
      if (op === OP.STOP) return true;
      this.step(op);
    }
    return false;
  }

  /** The value, once all opcodes have run. */
  finish(): PickleValue {
    if (this.marks.length > 0 || this.stack.length !== 1)
      throw bad(`the pickle stops with ${this.stack.length} values on its stack instead of one`);
    const value = this.stack[0]!;
    checkTree(value);
    return value;
  }

  private step(op: number): void {
    const reader = this.reader;
    switch (op) {
      case OP.PROTO:
        this.checkProtocol(reader.u8());
        break;
      case OP.FRAME:
        this.checkFrame(reader.u64());
        break;
      case OP.MARK:
        if (this.marks.length >= MAX_PICKLE_DEPTH) throw tooDeep();
        this.marks.push(this.stack.length);
        break;
      case OP.POP:
        if (this.marks.at(-1) === this.stack.length) this.marks.pop();
        else this.pop();
        break;
      case OP.POP_MARK:
        this.popMark();
        break;
      case OP.DUP:
        this.push(this.top());
        break;
      case OP.NONE:
        this.push(null);
        break;
      case OP.NEWTRUE:
        this.push(true);
        break;
      case OP.NEWFALSE:
        this.push(false);
        break;
      case OP.INT:
        this.push(parseIntLine(reader.line()));
        break;
      case OP.LONG:
        this.push(parseDecimal(reader.line().replace(/L$/, "")));
        break;
      case OP.BININT:
        this.push(reader.i32());
        break;
      case OP.BININT1:
        this.push(reader.u8());
        break;
      case OP.BININT2:
        this.push(reader.u16());
        break;
      case OP.LONG1:
        this.push(this.readLong(reader.u8()));
        break;
      case OP.LONG4:
        this.push(this.readLong(reader.i32()));
        break;
      case OP.FLOAT:
        this.push(this.count(parseFloatLine(reader.line())));
        break;
      case OP.BINFLOAT:
        this.push(this.count(new Float(reader.f64())));
        break;
      case OP.SHORT_BINUNICODE:
        this.push(reader.utf8(reader.u8()));
        break;
      case OP.BINUNICODE:
        this.push(reader.utf8(reader.u32()));
        break;
      case OP.BINUNICODE8:
        this.push(reader.utf8(reader.u64()));
        break;
      case OP.UNICODE:
        this.push(parseUnicodeEscapes(reader.line()));
        break;
      case OP.STRING:
        this.push(parseQuoted(reader.line()));
        break;
      case OP.BINSTRING:
        this.push(latin1Text(reader.take(readLength(reader.i32()))));
        break;
      case OP.SHORT_BINSTRING:
        this.push(latin1Text(reader.take(reader.u8())));
        break;
      case OP.SHORT_BINBYTES:
        this.push(this.count(reader.take(reader.u8())));
        break;
      case OP.BINBYTES:
        this.push(this.count(reader.take(reader.u32())));
        break;
      case OP.BINBYTES8:
      case OP.BYTEARRAY8:
        this.push(this.count(reader.take(reader.u64())));
        break;
      case OP.MEMOIZE:
        this.remember(this.memoSize);
        break;
      case OP.BINGET:
        this.recall(reader.u8());
        break;
      case OP.LONG_BINGET:
        this.recall(reader.u32());
        break;
      case OP.GET:
        this.recall(parseIndex(reader.line()));
        break;
      case OP.BINPUT:
        this.remember(reader.u8());
        break;
      case OP.LONG_BINPUT:
        this.remember(reader.u32());
        break;
      case OP.PUT:
        this.remember(parseIndex(reader.line()));
        break;
      default:
        this.stepContainer(op);
        break;
    }
  }

  private stepContainer(op: number): void {
    switch (op) {
      case OP.EMPTY_TUPLE:
        this.push(this.count(new Tuple([])));
        break;
      case OP.TUPLE1:
        this.push(this.count(new Tuple(this.popMany(1))));
        break;
      case OP.TUPLE2:
        this.push(this.count(new Tuple(this.popMany(2))));
        break;
      case OP.TUPLE3:
        this.push(this.count(new Tuple(this.popMany(3))));
        break;
      case OP.TUPLE:
        this.push(this.count(new Tuple(this.popMark())));
        break;
      case OP.EMPTY_LIST:
        this.push(this.count([]));
        break;
      case OP.LIST:
        this.push(this.count(this.popMark()));
        break;
      case OP.APPEND:
        this.append([this.pop()]);
        break;
      case OP.APPENDS:
        this.append(this.popMark());
        break;
      case OP.EMPTY_DICT:
        this.push(this.count(new Map()));
        break;
      case OP.DICT: {
        const items = this.popMark();
        this.push(this.count(new Map()));
        this.setItems(items);
        break;
      }
      case OP.SETITEM:
        this.setItems(this.popMany(2));
        break;
      case OP.SETITEMS:
        this.setItems(this.popMark());
        break;
      case OP.EMPTY_SET:
        this.push(this.count(new Set<PickleValue>()));
        break;
      case OP.ADDITEMS: {
        const items = this.popMark();
        const set = this.top();
        if (!(set instanceof Set)) throw bad(`items are added to ${describeValue(set)}`);
        for (const item of items) set.add(hashable(item));
        break;
      }
      case OP.FROZENSET:
        this.push(this.count(new Set(this.popMark().map(hashable))));
        break;
      default:
        this.stepObject(op);
        break;
    }
  }

  private stepObject(op: number): void {
    const reader = this.reader;
    switch (op) {
      case OP.GLOBAL: {
        const module = reader.line();
        this.push(this.count(findGlobal(this.globals, module, reader.line())));
        break;
      }
      case OP.STACK_GLOBAL: {
        const [module, name] = this.popMany(2);
        if (typeof module !== "string" || typeof name !== "string")
          throw bad(`a global is named by ${describeValue(module)} and ${describeValue(name)}`);
        this.push(this.count(findGlobal(this.globals, module, name)));
        break;
      }
      case OP.REDUCE: {
        const [callee, args] = this.popMany(2);
        this.push(this.count(this.charge(callGlobal(this.globals, callee!, args!))));
        break;
      }
      case OP.NEWOBJ: {
        const [type, args] = this.popMany(2);
        this.push(this.count(this.makeInstance(type, args)));
        break;
      }
      case OP.NEWOBJ_EX: {
        const [type, args] = this.popMany(3);
        this.push(this.count(this.makeInstance(type, args)));
        break;
      }
      case OP.INST: {
        const module = reader.line();
        const type = findGlobal(this.globals, module, reader.line());
        this.push(this.count(this.makeInstance(type, new Tuple(this.popMark()))));
        break;
      }
      case OP.OBJ: {
        const [type, ...args] = this.popMark();
        this.push(this.count(this.makeInstance(type, new Tuple(args))));
        break;
      }
      case OP.BUILD: {
        const state = this.pop();
        this.build(this.top(), state);
        break;
      }
      case OP.BINPERSID:
        this.push(this.loadPersistent(this.pop()));
        break;
      case OP.PERSID:
        this.push(this.loadPersistent(reader.line()));
        break;
      case OP.EXT1:
      case OP.EXT2:
      case OP.EXT4:
        throw unsupported("an extension code, whose meaning is private to one Python installation");
      case OP.NEXT_BUFFER:
      case OP.READONLY_BUFFER:
        throw unsupported("an out-of-band buffer, which is not in the file");
      default:
        throw new AtlasmtlError("BAD_FORMAT", `0x${op.toString(16).padStart(2, "0")} is no pickle opcode`, {
          hint: "the file is not a pickle, or it is damaged",
        });
    }
  }

  private checkProtocol(protocol: number): void {
    if (protocol > 5) throw unsupported(`pickle protocol ${protocol}; protocols 0 to 5 are known`);
  }

  private checkFrame(length: number): void {
    const left = this.reader.bytes.length - this.reader.position;
    if (length > left) throw bad(`a frame of ${length} bytes is announced and ${left} are left`);
  }

  private push(value: PickleValue): void {
    if (this.stack.length >= MAX_PICKLE_STACK)
      throw new AtlasmtlError(
        "LIMIT",
        `more than ${MAX_PICKLE_STACK} values of the pickle wait for a container`,
      );
    this.stack.push(value);
  }

  /** Bounds what a small file can build: each of these objects takes far more memory than its opcode. */
  private count<T extends PickleValue>(value: T): T {
    this.objects += 1;
    if (this.objects > MAX_PICKLE_OBJECTS)
      throw new AtlasmtlError("LIMIT", `the pickle builds more than ${MAX_PICKLE_OBJECTS} objects`);
    return value;
  }

  /** Bounds what repeated use of the same bytes builds. */
  private charge(value: PickleValue): PickleValue {
    this.budget -= builtBytes(value);
    if (this.budget < 0)
      throw new AtlasmtlError("LIMIT", "the pickle builds far more than its own size from the same bytes");
    return value;
  }

  private top(): PickleValue {
    if (this.stack.length <= (this.marks.at(-1) ?? 0)) throw bad("the pickle takes from an empty stack");
    return this.stack[this.stack.length - 1]!;
  }

  private pop(): PickleValue {
    const value = this.top();
    this.stack.length -= 1;
    return value;
  }

  private popMany(count: number): PickleValue[] {
    const start = this.stack.length - count;
    if (start < (this.marks.at(-1) ?? 0)) throw bad("the pickle takes from an empty stack");
    return this.stack.splice(start, count);
  }

  private popMark(): PickleValue[] {
    const mark = this.marks.pop();
    if (mark === undefined) throw bad("the pickle closes a group that it did not open");
    return this.stack.splice(mark);
  }

  private remember(index: number): void {
    if (index > this.reader.bytes.length)
      throw new AtlasmtlError(
        "LIMIT",
        `memo entry ${index} in a pickle of ${this.reader.bytes.length} bytes`,
      );
    if (this.memo[index] === undefined) this.memoSize += 1;
    this.memo[index] = this.top();
  }

  private recall(index: number): void {
    const value = this.memo[index];
    if (value === undefined) throw bad(`memo entry ${index} is used before it is set`);
    this.push(value);
  }

  private readLong(length: number): number | bigint {
    if (length < 0) throw bad(`an integer of ${length} bytes`);
    if (length > MAX_INTEGER_BYTES)
      throw new AtlasmtlError("LIMIT", `an integer of ${length} bytes; at most ${MAX_INTEGER_BYTES}`);
    const bytes = this.reader.take(length);
    if (length === 0) return 0;
    let hex = "0x";
    for (let i = length - 1; i >= 0; i--) hex += bytes[i].toString(16).padStart(2, "0");
    return asInteger(BigInt.asIntN(8 * length, BigInt(hex)));
  }

  private append(items: readonly PickleValue[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw bad(`items are appended to ${describeValue(list)}`);
    for (const item of items) (list as MutableList).push(item);
  }

  private setItems(items: readonly PickleValue[]): void {
    const dict = this.top();
    if (!(dict instanceof Map)) throw bad(`items are set in ${describeValue(dict)}`);
    if (items.length % 2 === 1) throw bad("a dict has a key without a value");
    for (let i = 0; i < items.length; i += 2) (dict as MutableDict).set(hashable(items[i]!), items[i + 1]!);
  }

  private makeInstance(type: PickleValue | undefined, args: PickleValue | undefined): PickleValue {
    if (!(type instanceof Global) || !(args instanceof Tuple))
      throw bad(`an object is made of ${describeValue(type)} and ${describeValue(args)}`);
    return this.charge(callGlobal(this.globals, type, args));
  }

  private build(target: PickleValue, state: PickleValue): void {
    if (target instanceof NdArray) {
      setArrayState(target, state);
      this.charge(target);
    } else if (target instanceof NdArrayDtype) setDtypeState(target, state);
    else if (target instanceof Instance) target.state = state;
    else if (!(target instanceof OrderedDict)) throw bad(`a state is given to ${describeValue(target)}`);
    // An OrderedDict may have attributes (torch's `_metadata`); they are not needed.
  }

  private loadPersistent(id: PickleValue): PickleValue {
    if (this.persistentLoad === undefined) throw unsupported("a reference to data outside the pickle");
    return this.persistentLoad(id);
  }
}

function builtBytes(value: PickleValue): number {
  if (value instanceof Uint8Array || value instanceof PersistentObject) return value.byteLength;
  if (!(value instanceof NdArray)) return 0;
  return Array.isArray(value.data) ? 8 * value.data.length : (value.data as Uint8Array).byteLength;
}

function unsupported(what: string): AtlasmtlError {
  return new AtlasmtlError("UNSUPPORTED", `the pickle holds ${what}`);
}

function hashable(key: PickleValue): PickleValue {
  if (Array.isArray(key) || key instanceof Map || key instanceof NdArray)
    throw bad(`${describeValue(key)} is a key`);
  return key;
}

function readLength(length: number): number {
  if (length < 0) throw bad(`a text of ${length} bytes`);
  return length;
}
