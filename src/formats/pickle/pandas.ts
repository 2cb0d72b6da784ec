/**
 * Finds the values inside objects of pandas 1 to 3: string arrays, Categorical, Index and Series.
 * @module
 */
import { AtlasmtlError } from "../../errors.ts";
import { describeValue, Instance, NdArray, type PickleValue, Tuple } from "./values.ts";

/** Where pandas keeps the classes; pandas 3 names the package alone. */
const MODULES = {
  Series: ["pandas", "pandas.core.series"],
  SingleBlockManager: ["pandas.core.internals.managers"],
  _new_Index: ["pandas.core.indexes.base"],
  Index: ["pandas", "pandas.core.indexes.base"],
  RangeIndex: ["pandas", "pandas.core.indexes.range"],
  CategoricalIndex: ["pandas", "pandas.core.indexes.category"],
  Categorical: ["pandas", "pandas.core.arrays.categorical"],
  CategoricalDtype: ["pandas", "pandas.core.dtypes.dtypes"],
  StringDtype: ["pandas", "pandas.core.arrays.string_"],
  StringArray: ["pandas.arrays", "pandas.core.arrays.string_"],
  StringArrayNumpySemantics: ["pandas.core.arrays.string_"],
  ArrowStringArray: ["pandas.arrays", "pandas.core.arrays.string_arrow"],
  ArrowStringArrayNumpySemantics: ["pandas.core.arrays.string_arrow"],
} as const;

/** The paths of the classes, for the table of globals. */
export const PANDAS_CLASSES: readonly string[] = Object.entries(MODULES).flatMap(([name, modules]) =>
  modules.map((module) => `${module}.${name}`),
);

/** Values as they lie in a pandas object: an array, or codes into categories, -1 for a missing one. */
export type PandasValues =
  | { readonly values: NdArray | Instance }
  | { readonly codes: ArrayLike<number | bigint>; readonly categories: PickleValue };

/** @throws BAD_DATA for an object that holds no column of values, such as a `RangeIndex`. */
export function pandasValues(instance: Instance): PandasValues {
  const found = valuesOf(instance);
  if (found instanceof Instance && isColumn(found)) return pandasValues(found);
  if (found instanceof NdArray || found instanceof Instance) return { values: found };
  if (found !== null) return found;
  throw new AtlasmtlError(
    "BAD_DATA",
    `a column of values is expected and this is ${describeValue(instance)}`,
  );
}

const isColumn = ({ type }: Instance): boolean => type.name in MODULES;

function valuesOf(instance: Instance): NdArray | Instance | Extract<PandasValues, { codes: unknown }> | null {
  const { name } = instance.type;
  // `_new_Index(cls, {data, name})`.
  if (name === "_new_Index") return arrayIn(field(instance.args[1], "data"));
  if (name === "Series") return arrayIn(field(instance.state, "_mgr"));
  if (name === "SingleBlockManager") return firstBlock(instance.state);
  if (name === "Categorical") return categorical(instance.state);
  const { state } = instance;
  if (state instanceof Tuple) return arrayIn(state.items.find((item) => item instanceof NdArray));
  return arrayIn(field(state, "_pa_array") ?? field(state, "_data") ?? field(state, "_ndarray"));
}

/** The state is (axes, values of the blocks, items of the blocks, {…}). */
function firstBlock(state: PickleValue): NdArray | Instance | null {
  const blocks = state instanceof Tuple ? state.items[1] : null;
  return Array.isArray(blocks) && blocks.length === 1 ? arrayIn((blocks as readonly PickleValue[])[0]) : null;
}

/** The state is (dtype, codes, {…}), in any order. */
function categorical(state: PickleValue): Extract<PandasValues, { codes: unknown }> | null {
  if (!(state instanceof Tuple)) return null;
  const codes = state.items.find((item) => item instanceof NdArray);
  const dtype = state.items.find((item) => item instanceof Instance && item.type.name === "CategoricalDtype");
  const categories = dtype instanceof Instance ? field(dtype.state, "categories") : undefined;
  if (codes === undefined || codes.dtype === "O" || categories === undefined) return null;
  return { codes: codes.data as ArrayLike<number | bigint>, categories };
}

function field(value: PickleValue | undefined, key: string): PickleValue | undefined {
  return value instanceof Map ? (value as ReadonlyMap<PickleValue, PickleValue>).get(key) : undefined;
}

const arrayIn = (value: PickleValue | undefined): NdArray | Instance | null =>
  value instanceof NdArray || value instanceof Instance ? value : null;
