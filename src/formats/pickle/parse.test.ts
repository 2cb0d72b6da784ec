import { expect, test } from "vitest";
import { type PYTHON_PICKLES, pythonPickle } from "../../../test/helpers/python-pickles.ts";
import { Float } from "../../core/config.ts";
import { parsePickle } from "./parse.ts";
import { readTexts } from "./strings.ts";
import { type Dict, Global, Instance, type NdArray, OrderedDict, Tuple } from "./values.ts";

type Name = keyof typeof PYTHON_PICKLES;

const parse = (name: Name): Dict => parsePickle(pythonPickle(name)) as Dict;
const list = (array: unknown): unknown[] => Array.from((array as NdArray).data as ArrayLike<unknown>);

test.each([0, 1, 2, 3, 4, 5] as const)("reads what Python writes in protocol %d", (protocol) => {
  const value = parse(`protocol${protocol}`);
  const field = (key: string): unknown => value.get(key);
  expect(field("none")).toBeNull();
  expect(field("flags")).toEqual([true, false]);
  expect(field("ints")).toEqual([
    0,
    255,
    256,
    65535,
    65536,
    -1,
    2147483648,
    -2147483649,
    9007199254740992n,
    1180591620717411303424n,
    -1180591620717411303424n,
  ]);
  expect(field("floats")).toEqual([0, 1, -2.5, 1e300, Number.POSITIVE_INFINITY].map((x) => new Float(x)));
  expect(field("text")).toBe("αβ 😀 \\ \n '\"");
  expect(field("long")).toBe("x".repeat(300));
  expect(Array.from(field("bytes") as Uint8Array)).toEqual([0, 255, 97, 98]);
  const [noBytes, noTuple, noDict, noList] = field("empty") as unknown[];
  expect(Array.from(noBytes as Uint8Array)).toEqual([]);
  expect([noTuple, noDict, noList]).toEqual([new Tuple([]), new Map(), []]);
  expect(field("tuple")).toEqual(new Tuple([1, new Tuple([2, 3]), new Tuple(["a", "b", "c", "d"])]));
  expect(field("ordered")).toBeInstanceOf(OrderedDict);
  expect([...(field("ordered") as Dict)]).toEqual([
    ["b", 1],
    ["a", 2],
  ]);
});

test.each([0, 1, 2, 3, 4, 5] as const)("reads numpy arrays of protocol %d in row-major order", (protocol) => {
  const value = parse(`protocol${protocol}`);
  const array = (key: string): NdArray => value.get(key) as NdArray;
  expect([array("f4").dtype, array("f4").shape, list(array("f4"))]).toEqual([
    "f4",
    [2, 3],
    [0, 1, 2, 3, 4, 5],
  ]);
  expect([array("fortran").dtype, list(array("fortran"))]).toEqual(["f8", [0, 1, 2, 3, 4, 5]]);
  expect(list(array("f2"))).toEqual([1, -2.5, 65504, 2 ** -24]);
  expect([array("big").dtype, list(array("big"))]).toEqual(["i4", [1, 2, 3]]);
  expect(list(array("i8"))).toEqual([1099511627776n]);
  expect(list(array("b1"))).toEqual([1, 0]);
  expect(list(array("object"))).toEqual(["a", "b", "a"]);
  expect(list(array("unicode"))).toEqual(["ab", "😀", ""]);
  expect(value.get("scalars")).toEqual([new Float(1.5), -3, true, "ab"]);
});

test.each(["encoder0", "encoder2", "encoder4"] as const)("reads a LabelEncoder (%s)", (name) => {
  const encoder = parsePickle(pythonPickle(name)) as unknown as Instance;
  expect(encoder).toBeInstanceOf(Instance);
  expect(encoder.type.path).toBe("sklearn.preprocessing._label.LabelEncoder");
  expect(readTexts((encoder.state as Dict).get("classes_")!)).toEqual(["B", "NK", "T"]);
});

test.each(["pandas1", "pandas3Python", "pandas3Arrow", "pandas3Slice"] as const)(
  "reads a string array of pandas (%s)",
  (name) => {
    const texts = readTexts(parsePickle(pythonPickle(name)));
    expect(texts).toEqual(["B", null, "T"]);
  },
);

test.each(["columns1", "columns2", "columns3"] as const)(
  "reads columns of pandas, and numpy's text (%s)",
  (name) => {
    const columns = parse(name);
    const expected = {
      series: ["B", null, "T"],
      index: ["B", "T"],
      categorical: ["B", null, "T", "B"],
      "categorical series": ["B", null, "T", "B"],
      "categorical index": ["B", "T", "B"],
      "numpy semantics": ["B", null],
      "numpy text": ["B", "Tcm"],
      "numpy text, missing": ["B", null],
    };
    expect(columns.size).toBe(name === "columns1" ? 5 : 8);
    for (const [key, value] of columns)
      expect([key, readTexts(value)]).toEqual([key, expected[key as keyof typeof expected]]);
  },
);

test.each([
  ["a range", "RangeIndex", []],
  ["nothing", "Series", null],
] as const)("a pandas object without texts is an error: %s", (_, type, state) => {
  const instance = new Instance(new Global("pandas", type), []);
  instance.state = state;
  expect(() => readTexts(instance)).toThrow(
    expect.objectContaining({ code: "BAD_DATA", message: expect.stringContaining(`pandas.${type}`) }),
  );
});

test("reads arrays of numpy 2", () => {
  const value = parse("numpy2");
  expect(list(value.get("f4"))).toEqual([0, 1, 2]);
  expect(value.get("scalar")).toEqual(new Float(2));
});

test("refuses a list that contains itself, which no reader could walk", () => {
  expect(() => parsePickle(pythonPickle("loop"))).toThrow(
    expect.objectContaining({ code: "BAD_FORMAT", message: expect.stringContaining("contains itself") }),
  );
});

test("shared parts are kept shared, up to a bound on what walking them as a tree would cost", () => {
  const nested = (depth: number): Uint8Array =>
    new Uint8Array([0x80, 4, 0x5d, 0x94, ...new Array(depth).fill([0x32, 0x86, 0x94]).flat(), 0x2e]);
  // (x, x) of (x, x) … : DUP, TUPLE2, MEMOIZE.
  expect(parsePickle(nested(15))).toBeInstanceOf(Tuple);
  expect(() => parsePickle(nested(60))).toThrow(expect.objectContaining({ code: "LIMIT" }));
});

test("arrays are right wherever the bytes lie in their buffer, also in Node's pooled buffers", () => {
  const bytes = pythonPickle("protocol4");
  for (let shift = 0; shift < 8; shift++) {
    const pool = Buffer.alloc(bytes.length + 16, 0x55);
    pool.set(bytes, shift);
    const value = parsePickle(pool.subarray(shift, shift + bytes.length)) as unknown as Dict;
    expect(list(value.get("f4"))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(list(value.get("fortran"))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(list(value.get("i8"))).toEqual([1099511627776n]);
  }
});

test("labels that repeat share one string and decode alike when their hashes collide", () => {
  const labels = Array.from({ length: 20_000 }, (_, i) => `label ${i % 9000}`);
  const parts = labels.flatMap((label) => [Buffer.from([0x8c, label.length]), Buffer.from(label)]);
  const bytes = Buffer.concat([Buffer.from([0x80, 4, 0x5d, 0x28]), ...parts, Buffer.from([0x65, 0x2e])]);
  expect(parsePickle(bytes)).toEqual(labels);
});
