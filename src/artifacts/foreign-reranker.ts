/**
 * Reads rerankers that the Python original fitted: an object of a class whose state is plain arrays and names, as data
 * (docs/specification/3-prediction.md#refinement-files).
 * @module
 */
import type { ConfigMap, ConfigValue } from "../core/config.ts";
import { Float } from "../core/config.ts";
import { AtlasmtlError } from "../errors.ts";
import { BUNDLE_GLOBALS, type GlobalRule, type GlobalTable } from "../formats/pickle/globals.ts";
import { readTexts } from "../formats/pickle/strings.ts";
import { describeValue, Instance, NdArray, type PickleValue, Tuple } from "../formats/pickle/values.ts";
import type { LogisticRegression } from "../model/logistic-regression.ts";
import type { ParentReranker, Reranker } from "../model/reranker.ts";
import { FOREIGN_STATE_CLASSES, FOREIGN_RERANKER as NAMES } from "../schema/refinement.ts";
import { within } from "./fields.ts";

/** A class that is made without arguments; what it holds is its state. */
const plainInstance: GlobalRule = (args, global) => {
  if (args.length === 0) return new Instance(global, args);
  throw new AtlasmtlError("BAD_FORMAT", `${global.path} is made of arguments, expected plain state`);
};

/**
 * Globals of rerankers: those of bundles, the logistic regression of scikit-learn, and classes of the package atlasmtl. Each class is a
 * name, and its object the state that the file gives it.
 */
export const RERANKER_GLOBALS: GlobalTable = {
  has: (path) => BUNDLE_GLOBALS.has(path) || isStateClass(path),
  get: (path) => BUNDLE_GLOBALS.get(path) ?? (isStateClass(path) ? plainInstance : undefined),
};

const isStateClass = (path: string): boolean =>
  FOREIGN_STATE_CLASSES.some((known) => path === known || (known.endsWith(".") && path.startsWith(known)));

/** The regression of a class that has no cells never chooses it. */
const NO_CHANCE = -1e30;
/** How deep the parts of a reranker lie, and how many are looked at. */
const MAX_LEVELS = 4;
const MAX_PARTS = 100_000;
/** Children of one parent: their regression has the square of it as coefficients, however few the file has. */
const MAX_CHILDREN = 2000;

type Fields = ReadonlyMap<string, PickleValue>;

/**
 * The reranker in a pickle whose keys are not ours. `description` is the JSON beside it, which may name levels and classes.
 * @throws BAD_FORMAT for what holds no regressions of parents, saying what was found; BAD_DATA for numbers and names that do not fit.
 */
export function readForeignReranker(root: PickleValue, description: ConfigMap | null): Reranker {
  const entries = findParents(root);
  if (entries === null)
    throw new AtlasmtlError(
      "BAD_FORMAT",
      `the pickle holds ${describeValue(root)} without a regression for each parent (${[...(fieldsOf(root)?.keys() ?? [])].slice(0, 12).join(", ") || "no fields"})`,
      { hint: "fit the refinement again with atlasmtl refine" },
    );
  const fields = flattened(root, 3, new Set([entries.value]));
  const find = (names: readonly string[]): PickleValue | undefined =>
    first(fields, names) ?? first(asFields(description), names);
  const text = (names: readonly string[]): string => {
    const value = find(names);
    if (typeof value === "string" && value !== "") return value;
    throw missing(names);
  };
  const classes = find(NAMES.childClasses);
  if (classes === undefined) throw missing(NAMES.childClasses);
  const childClasses = within(NAMES.childClasses[0], () => texts(classes));
  const places = new Map(childClasses.map((name, at) => [name, at]));
  const parentNames = find(NAMES.parentClasses);
  const parentClasses = parentNames === undefined ? [] : texts(parentNames);
  return {
    parentLevel: text(NAMES.parentLevel),
    childLevel: text(NAMES.childLevel),
    childClasses,
    childToParent: pairs(find(NAMES.childToParent)),
    parents: entries.parents.map(([key, value]) => {
      const parent = typeof key === "number" ? parentClasses[key] : key;
      if (typeof parent !== "string")
        throw new AtlasmtlError("BAD_FORMAT", `the parent ${String(key)} has no name`);
      return within(parent, () => readParent(parent, value, { childClasses, places }));
    }),
  };
}

/** The child classes, and the place of each. */
interface ChildClasses {
  readonly childClasses: readonly string[];
  readonly places: ReadonlyMap<string, number>;
}

const missing = (names: readonly string[]): AtlasmtlError =>
  new AtlasmtlError("BAD_FORMAT", `neither the pickle nor the .json beside it has ${names[0]}`, {
    where: names[0],
    hint: "keep the .json of the artifact beside it",
  });

interface FoundParents {
  readonly value: PickleValue;
  readonly parents: readonly (readonly [PickleValue, PickleValue])[];
}

/** The dict from parents to their regressions, or the list of them, wherever it lies. */
function findParents(root: PickleValue): FoundParents | null {
  let level: PickleValue[] = [root];
  const seen = new Set<PickleValue>();
  for (let depth = 0; depth < MAX_LEVELS && level.length > 0; depth++) {
    const below: PickleValue[] = [];
    for (const value of level) {
      if (seen.has(value) || seen.size > MAX_PARTS) continue;
      seen.add(value);
      const found = asParents(value);
      if (found !== null) return { value, parents: found };
      for (const [, part] of fieldsOf(value) ?? []) below.push(part);
    }
    level = below;
  }
  return null;
}

function asParents(value: PickleValue): readonly (readonly [PickleValue, PickleValue])[] | null {
  const entries: readonly (readonly [PickleValue, PickleValue])[] =
    value instanceof Map
      ? [...(value as ReadonlyMap<PickleValue, PickleValue>)]
      : Array.isArray(value)
        ? (value as readonly PickleValue[]).map((item) => [first(fieldsOf(item), NAMES.parent) ?? null, item])
        : [];
  const isNamed = ([key]: readonly [PickleValue, PickleValue]) =>
    typeof key === "string" || typeof key === "number";
  if (entries.length === 0 || entries.length > MAX_PARTS || !entries.every(isNamed)) return null;
  const kinds = entries.map(([, item]) => kindOf(item));
  return kinds.includes("regression") && !kinds.includes(null) ? entries : null;
}

function kindOf(value: PickleValue): "regression" | "constant" | null {
  if (typeof value === "string") return "constant";
  if (fieldsOf(value) === null) return null;
  const fields = flattened(value, 2);
  if (first(fields, NAMES.coef) !== undefined && first(fields, NAMES.intercept) !== undefined)
    return "regression";
  if (first(fields, NAMES.constant) !== undefined) return "constant";
  const children = first(fields, NAMES.children);
  return children !== undefined && sizeOf(children) === 1 ? "constant" : null;
}

function readParent(
  parent: string,
  value: PickleValue,
  { childClasses, places }: ChildClasses,
): ParentReranker {
  const fields = typeof value === "string" ? new Map([[NAMES.constant[0], value]]) : flattened(value, 2);
  const nCells = first(fields, NAMES.nCells);
  const rest = { parent, nCells: typeof nCells === "number" ? nCells : 0 };
  const name = (each: string | number): string => {
    const found = typeof each === "number" ? childClasses[each] : each;
    if (found !== undefined && places.has(found)) return found;
    throw new AtlasmtlError("BAD_DATA", `${JSON.stringify(each)} is not one of the child classes`);
  };
  const coef = first(fields, NAMES.coef);
  const own = first(fields, NAMES.children);
  const children = own === undefined ? null : labels(own).map(name);
  if (coef === undefined || coef === null) {
    const constant = first(fields, NAMES.constant) ?? null;
    const [only] = constant === null ? (children ?? []) : labels([constant]).map(name);
    if (only === undefined) throw new AtlasmtlError("BAD_DATA", "the parent has no children");
    return { ...rest, children: [only], regression: null };
  }
  const { rows, columns, data } = matrix(coef);
  const intercepts = numbers(first(fields, NAMES.intercept) ?? null);
  const classes = classesOf(first(fields, NAMES.classes), children, places, name);
  const features = children?.length === columns ? children : classes;
  const known = new Set(features);
  const nRows = classes.length === 2 ? 1 : classes.length;
  if (
    features.length !== columns ||
    (rows !== classes.length && rows !== nRows) ||
    intercepts.length !== rows ||
    known.size !== features.length ||
    !classes.every((each) => known.has(each))
  )
    throw new AtlasmtlError(
      "BAD_DATA",
      `the regression of ${classes.length} classes and ${features.length} children has ${rows} × ${columns} coefficients and ${intercepts.length} intercepts`,
    );
  if (features.length > MAX_CHILDREN)
    throw new AtlasmtlError(
      "LIMIT",
      `the regression has ${features.length} children; at most ${MAX_CHILDREN} are read`,
    );
  const isSplit = rows === 1 && classes.length === 2;
  // One row stands for both classes: that of the first is its negative in a multinomial fit, else 0.
  const negative = first(fields, NAMES.multiClass) === "multinomial" ? -1 : 0;
  const rowOf = (c: number): { at: number; sign: number } =>
    isSplit ? { at: 0, sign: c === 1 ? 1 : negative } : { at: c, sign: 1 };
  return { ...rest, children: features, regression: square(features, classes, { data, intercepts, rowOf }) };
}

/** The regression over all children; those that are no class of it never win. */
function square(
  features: readonly string[],
  classes: readonly string[],
  given: {
    readonly data: Float64Array;
    readonly intercepts: Float64Array;
    readonly rowOf: (c: number) => { readonly at: number; readonly sign: number };
  },
): LogisticRegression {
  const n = features.length;
  const weights = new Float64Array(n * n);
  const intercepts = new Float64Array(n).fill(NO_CHANCE);
  classes.forEach((name, c) => {
    const to = features.indexOf(name);
    const { at, sign } = given.rowOf(c);
    intercepts[to] = sign * given.intercepts[at] + 0;
    for (let f = 0; f < n; f++) weights[f * n + to] = sign * given.data[at * n + f] + 0;
  });
  return { nFeatures: n, nClasses: n, weights, intercepts };
}

/** Classes by their names; numbers are places among the parent's children, or among all child classes where they are those. */
function classesOf(
  value: PickleValue | undefined,
  children: readonly string[] | null,
  childPlaces: ReadonlyMap<string, number>,
  name: (each: string | number) => string,
): readonly string[] {
  if (value === undefined || value === null) return children ?? [];
  const given = labels(value);
  const places = given.filter((each) => typeof each === "number");
  if (places.length < given.length || children === null) return given.map(name);
  const ofAll = new Set(children.map((child) => childPlaces.get(child)));
  const areOfAll = places.every((place) => ofAll.has(place));
  const areOwn = places.every((place) => place < children.length);
  return areOwn && !(areOfAll && places.some((place, i) => place !== i))
    ? places.map((place) => children[place])
    : places.map(name);
}

/** Names or places. */
function labels(value: PickleValue): readonly (string | number)[] {
  const items =
    value instanceof NdArray && value.dtype !== "O" && value.shape.length === 1
      ? Array.from(value.data as ArrayLike<number | bigint>, Number)
      : value instanceof Tuple
        ? value.items
        : value;
  if (Array.isArray(items) && items.every((item) => typeof item === "number" && item >= 0))
    return items as number[];
  return texts(items as PickleValue);
}

function texts(value: PickleValue): readonly string[] {
  const found = readTexts(value instanceof Tuple ? value.items : value);
  const names = found.filter((each) => each !== null);
  if (names.length === found.length && new Set(names).size === names.length) return names;
  throw new AtlasmtlError("BAD_DATA", "the names are not all there, or repeat");
}

function pairs(value: PickleValue | undefined): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const [child, parent] of value instanceof Map ? (value as ReadonlyMap<PickleValue, PickleValue>) : [])
    if (typeof child === "string" && typeof parent === "string") map.set(child, parent);
  if (map.size > 0) return map;
  throw missing(NAMES.childToParent);
}

function matrix(value: PickleValue): { rows: number; columns: number; data: Float64Array } {
  if (Array.isArray(value)) {
    const lines = (value as readonly PickleValue[]).map(numbers);
    const columns = lines[0]?.length ?? 0;
    if (lines.some((line) => line.length !== columns))
      throw new AtlasmtlError("BAD_DATA", "the rows of coefficients have several lengths");
    return { rows: lines.length, columns, data: Float64Array.from(lines.flatMap((line) => [...line])) };
  }
  const data = numbers(value);
  const shape = value instanceof NdArray ? value.shape : [];
  if (shape.length !== 2)
    throw new AtlasmtlError("BAD_DATA", `a matrix is expected; this is ${describeValue(value)}`);
  return { rows: shape[0], columns: shape[1], data };
}

function numbers(value: PickleValue): Float64Array {
  const items: ArrayLike<unknown> | null =
    value instanceof NdArray && value.dtype !== "O"
      ? (value.data as unknown as ArrayLike<unknown>)
      : Array.isArray(value)
        ? value
        : null;
  if (items === null)
    throw new AtlasmtlError("BAD_DATA", `numbers are expected; this is ${describeValue(value)}`);
  const data = Float64Array.from(items, (item) => (item instanceof Float ? item.value : Number(item)));
  if (data.every(Number.isFinite)) return data;
  throw new AtlasmtlError("BAD_DATA", "a number is not finite");
}

function sizeOf(value: PickleValue): number {
  if (value instanceof NdArray) return value.shape.reduce((n, size) => n * size, 1);
  if (value instanceof Tuple) return value.items.length;
  return Array.isArray(value) ? value.length : -1;
}

/** The fields of an object or of a dict; null for anything else. */
function fieldsOf(value: PickleValue): Fields | null {
  const state = value instanceof Instance ? stateOf(value.state) : value;
  if (!(state instanceof Map)) return null;
  const named = [...(state as ReadonlyMap<PickleValue, PickleValue>)].filter(
    ([key]) => typeof key === "string",
  );
  return new Map(named as [string, PickleValue][]);
}

/** An object with slots has its fields in the second part of its state. */
function stateOf(state: PickleValue): PickleValue {
  if (!(state instanceof Tuple) || state.items.length !== 2) return state;
  return state.items.find((part) => part instanceof Map && part.size > 0) ?? null;
}

/** The fields of a value and of what it holds; outer ones win. */
function flattened(
  value: PickleValue,
  levels: number,
  without: ReadonlySet<PickleValue> = new Set(),
): Fields {
  const all = new Map<string, PickleValue>();
  let level: PickleValue[] = [value];
  for (let depth = 0; depth < levels; depth++) {
    const below: PickleValue[] = [];
    for (const each of level) {
      if (without.has(each) || below.length > MAX_PARTS) continue;
      for (const [key, part] of fieldsOf(each) ?? []) {
        if (!all.has(key)) all.set(key, part);
        if (part instanceof Instance || part instanceof Map) below.push(part);
      }
    }
    level = below;
  }
  return all;
}

function first(fields: Fields | null, names: readonly string[]): PickleValue | undefined {
  const found = names.find((name) => fields?.has(name));
  return found === undefined ? undefined : fields?.get(found);
}

function asFields(description: ConfigMap | null): Fields {
  const value = (each: ConfigValue): PickleValue => {
    if (each === null || typeof each !== "object" || each instanceof Float) return each;
    if (Array.isArray(each)) return each.map(value);
    const entries = each instanceof Map ? [...(each as ConfigMap)] : Object.entries(each);
    return new Map(entries.map(([key, item]) => [key, value(item as ConfigValue)]));
  };
  return description === null ? new Map() : flattened(value(description), 2);
}
