import { expect, test } from "vitest";
import { joinBytes } from "../core/bytes.ts";
import { Float } from "../core/config.ts";
import { emitPickle } from "../formats/pickle/emit.ts";
import { Global, Instance, NdArray, type PickleValue } from "../formats/pickle/values.ts";
import { parseReranker } from "./refinement.ts";

const dict = (fields: Readonly<Record<string, PickleValue>>): ReadonlyMap<PickleValue, PickleValue> =>
  new Map(Object.entries(fields));
function object(path: string, state: Readonly<Record<string, PickleValue>>): Instance {
  const at = path.lastIndexOf(".");
  const made = new Instance(new Global(path.slice(0, at), path.slice(at + 1)), []);
  made.state = dict(state);
  return made;
}
const floats = (shape: readonly number[], values: readonly number[]): NdArray =>
  new NdArray("f8", shape, Float64Array.from(values));
const texts = (names: readonly string[]): NdArray => new NdArray("O", [names.length], names);
const pickled = (root: PickleValue): Uint8Array => joinBytes(emitPickle(root));

const RERANKER = "atlasmtl.mapping.rerankers.ParentReranker";
const LOGISTIC = "sklearn.linear_model._logistic.LogisticRegression";
const NAMES = {
  parent_level: "coarse",
  child_level: "fine",
  child_classes: texts(["a", "b", "c", "d"]),
  child_to_parent: dict({ a: "P", b: "P", c: "P", d: "Q" }),
};
const THREE = {
  coef_: floats([3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]),
  intercept_: floats([3], [0.1, 0.2, 0.3]),
};
const regressionOf = (bytes: Uint8Array) => parseReranker(bytes).parents[0].regression;
/** Scores of logits, by the layout in memory. */
const scores = (
  { weights, intercepts, nClasses }: NonNullable<ReturnType<typeof regressionOf>>,
  x: readonly number[],
): number[] =>
  Array.from(
    intercepts,
    (b, c) => b + x.reduce((sum, value, f) => sum + value * weights[f * nClasses + c], 0),
  );

test("an object of plain arrays and names is read as its state", () => {
  const part = object(RERANKER, { children: ["a", "b", "c"], ...THREE, n_cells: 12 });
  const whole = object("atlasmtl.mapping.rerankers.Reranker", {
    ...NAMES,
    models: dict({ P: part, Q: "d" }),
  });
  const reranker = parseReranker(pickled(whole));
  expect(reranker).toMatchObject({ parentLevel: "coarse", childLevel: "fine" });
  expect(reranker.childClasses).toEqual(["a", "b", "c", "d"]);
  expect(reranker.parents.map(({ parent, children, nCells }) => [parent, children, nCells])).toEqual([
    ["P", ["a", "b", "c"], 12],
    ["Q", ["d"], 0],
  ]);
  expect(reranker.parents[1].regression).toBeNull();
  const { regression } = reranker.parents[0];
  expect(scores(regression!, [1, 10, 100])).toEqual([321.1, 654.2, 987.3].map((s) => expect.closeTo(s)));
});

test("so is scikit-learn's regression in a dict, with classes that are numbers, of fewer classes than children", () => {
  const regression = object(LOGISTIC, {
    classes_: new NdArray("i8", [2], BigInt64Array.of(0n, 2n)),
    coef_: floats([1, 3], [1, 0, -1]),
    intercept_: floats([1], [0.5]),
    multi_class: "auto",
  });
  const entry = dict({ legal_child_names: ["a", "b", "c"], model: regression });
  const [a, b, c] = scores(
    regressionOf(pickled(dict({ ...NAMES, rerankers: dict({ P: entry }) })))!,
    [2, 0, 1],
  );
  expect([a, c]).toEqual([0, 1.5]);
  expect(b).toBeLessThan(-1e29);
  const both = object(LOGISTIC, {
    ...Object.fromEntries(regression.state as ReadonlyMap<string, PickleValue>),
    multi_class: "multinomial",
  });
  const of = scores(
    regressionOf(
      pickled(dict({ ...NAMES, rerankers: dict({ P: dict({ children: ["a", "b", "c"], model: both }) }) })),
    )!,
    [2, 0, 1],
  );
  expect([of[0], of[2]]).toEqual([-1.5, 1.5]);
});

test("numbers of classes may be places among all child classes", () => {
  const regression = object(LOGISTIC, {
    classes_: new NdArray("i8", [3], BigInt64Array.of(1n, 2n, 3n)),
    ...THREE,
  });
  const bytes = pickled(
    dict({ ...NAMES, parents: [dict({ parent: "P", children: ["b", "c", "d"], model: regression })] }),
  );
  expect(parseReranker(bytes).parents[0].children).toEqual(["b", "c", "d"]);
  expect(scores(regressionOf(bytes)!, [1, 0, 0])[2]).toBeCloseTo(7.3);
});

test("levels and classes may stand in the JSON beside it", () => {
  const bytes = pickled(
    object(RERANKER, { models: dict({ P: dict({ children: ["a", "b", "c"], ...THREE }) }) }),
  );
  const description = new Map<string, never>(
    Object.entries({
      parent_level: "coarse",
      target_level: "fine",
      child_classes: ["a", "b", "c", "d"],
      child_to_parent: { a: "P", b: "P", c: "P", d: "Q" },
    }) as unknown as [string, never][],
  );
  expect(parseReranker(bytes, description).childToParent.get("d")).toBe("Q");
  expect(() => parseReranker(bytes)).toThrow(/has child_classes/);
});

test.each<[string, PickleValue, RegExp]>([
  ["a class of another package", object("os.Thing", { coef_: null }), /global "os.Thing"/],
  ["a package that begins alike", object("atlasmtl_evil.Thing", { coef_: null }), /atlasmtl_evil/],
  ["nothing of a regression", object(RERANKER, { a: 1, b: new Float(2) }), /without a regression .*\(a, b\)/],
  [
    "coefficients of another size",
    object(RERANKER, { ...NAMES, m: dict({ P: dict({ children: ["a", "b"], ...THREE }) }) }),
    /3 × 3 coefficients/,
  ],
  [
    "a name that is no child class",
    object(RERANKER, { ...NAMES, m: dict({ P: dict({ children: ["a", "b", "z"], ...THREE }) }) }),
    /"z" is not one/,
  ],
  [
    "a number that is not finite",
    object(RERANKER, {
      ...NAMES,
      m: dict({
        P: dict({ children: ["a"], coef_: floats([1, 1], [Number.NaN]), intercept_: floats([1], [0]) }),
      }),
    }),
    /not finite/,
  ],
])("%s is refused", (_, root, message) => {
  expect(() => parseReranker(pickled(root))).toThrow(message);
});
