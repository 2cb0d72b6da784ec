/**
 * The fixed table of the globals that a bundle needs (docs/specification/1-artifacts.md#pickles). All others
 * are refused. None of these is imported or run: each is a few lines that build plain data.
 * @module
 */
import { AtlasmtlError } from "../../errors.ts";
import { arrayFromBuffer, latin1Bytes, makeDtype, makeScalar, makeStringDtype } from "./ndarray.ts";
import { PANDAS_CLASSES } from "./pandas.ts";
import { describeValue, Global, Instance, NdArray, OrderedDict, type PickleValue, Tuple } from "./values.ts";

/** The result of calling a global; null if it may only be named (a class that is passed as an argument). */
export type GlobalRule = ((args: readonly PickleValue[], global: Global) => PickleValue) | null;

/** Rules by `module.name`, with the module names of numpy 1 and Python 3. */
export type GlobalTable = Pick<ReadonlyMap<string, GlobalRule>, "has" | "get">;

const instance: GlobalRule = (args, global) => new Instance(global, args);

const bad = (message: string): AtlasmtlError => new AtlasmtlError("BAD_FORMAT", message);

/** Numpy, scikit-learn, the standard library and pandas' columns. */
export const BUNDLE_GLOBALS: ReadonlyMap<string, GlobalRule> = new Map<string, GlobalRule>([
  ["numpy.core.multiarray._reconstruct", () => new NdArray("O", [0], [])],
  ["numpy.core.multiarray.scalar", makeScalar],
  ["numpy.core.numeric._frombuffer", arrayFromBuffer],
  ["numpy.dtype", makeDtype],
  ["numpy.ndarray", null],
  ["numpy.core._internal._convert_to_stringdtype_kwargs", makeStringDtype],
  ["collections.OrderedDict", makeOrderedDict],
  ["_codecs.encode", encodeLatin1],
  ["builtins.bytes", makeBytes],
  ["builtins.bytearray", makeBytes],
  ["builtins.object", null],
  ["builtins.slice", instance],
  ["copyreg._reconstructor", reconstruct],
  ["sklearn.preprocessing._label.LabelEncoder", instance],
  ["sklearn.preprocessing.label.LabelEncoder", instance],
  ["pandas._libs.arrays.__pyx_unpickle_NDArrayBacked", reconstruct],
  ...PANDAS_CLASSES.map((path): [string, GlobalRule] => [path, instance]),
  ["pandas._libs.missing.NA", null],
  ["pandas.NA", null],
  ["pyarrow.lib._restore_array", instance],
  ["pyarrow.lib.chunked_array", instance],
  ["pyarrow.lib.type_for_alias", instance],
  ["pyarrow.lib.py_buffer", instance],
]);

/** The listed name of a module; names of numpy 2 and Python 2 are converted. */
function canonicalModule(module: string): string {
  if (module === "__builtin__") return "builtins";
  if (module === "copy_reg") return "copyreg";
  return module.startsWith("numpy._core.") ? `numpy.core.${module.slice(12)}` : module;
}

/** @throws UNSUPPORTED that names a global that is not in `table`. */
export function findGlobal(table: GlobalTable, module: string, name: string): Global {
  const global = new Global(canonicalModule(module), name);
  if (table.has(global.path) && !name.includes(".")) return global;
  throw new AtlasmtlError(
    "UNSUPPORTED",
    `the pickle names the global ${JSON.stringify(`${module}.${name}`.slice(0, 200))}, which no atlasmtl ` +
      "file needs; it was never executed",
    {
      hint:
        "do not open this file in Python unless you trust where it comes from; " +
        "if it is an atlasmtl bundle, save it again with plain lists, dicts and numpy arrays",
    },
  );
}

/** Calls a global of the table. @throws BAD_FORMAT if it cannot be called with these arguments. */
export function callGlobal(table: GlobalTable, callee: PickleValue, args: PickleValue): PickleValue {
  if (!(callee instanceof Global)) throw bad(`the pickle calls ${describeValue(callee)}`);
  if (!(args instanceof Tuple)) throw bad(`${callee.path} is called with ${describeValue(args)}`);
  const rule = table.get(callee.path);
  if (rule === null || rule === undefined) throw bad(`${callee.path} is called, and only its name is known`);
  return rule(args.items, callee);
}

function makeOrderedDict(args: readonly PickleValue[]): PickleValue {
  const dict = new OrderedDict();
  const pairs = args[0];
  if (pairs === undefined) return dict;
  if (!Array.isArray(pairs)) throw bad(`an OrderedDict is made from ${describeValue(pairs)}`);
  for (const pair of pairs as readonly PickleValue[]) {
    const items = pair instanceof Tuple ? pair.items : Array.isArray(pair) ? pair : [];
    if (items.length !== 2) throw bad(`an OrderedDict entry is ${describeValue(pair)}, not a pair`);
    dict.set(items[0] as PickleValue, items[1] as PickleValue);
  }
  return dict;
}

/** How protocols 0 to 2 write bytes. */
function encodeLatin1(args: readonly PickleValue[]): Uint8Array {
  const [text, encoding] = args;
  if (typeof text !== "string" || (encoding !== "latin1" && encoding !== "latin-1"))
    throw bad(`_codecs.encode is called with ${describeValue(text)} and ${describeValue(encoding)}`);
  return latin1Bytes(text);
}

function makeBytes(args: readonly PickleValue[]): Uint8Array {
  const [content] = args;
  if (content === undefined) return new Uint8Array();
  if (content instanceof Uint8Array) return content;
  if (typeof content === "string") return latin1Bytes(content);
  throw bad(`bytes are made from ${describeValue(content)}`);
}

/** `copyreg._reconstructor(cls, object, None)` and its equivalent in pandas: an empty object of the class. */
function reconstruct(args: readonly PickleValue[]): Instance {
  const [type] = args;
  if (!(type instanceof Global)) throw bad(`an object is made of ${describeValue(type)}, not of a class`);
  return new Instance(type, []);
}
