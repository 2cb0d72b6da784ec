/** Refinements, ours and those of the Python original: artifacts, what describes them, plans, and settings that name them. */
import { access, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createAnnData, writeDataset } from "../../../src/api/index.ts";
import { emitReranker } from "../../../src/artifacts/refinement.ts";
import { emitPickle } from "../../../src/formats/pickle/emit.ts";
import { parsePickle } from "../../../src/formats/pickle/parse.ts";
import { Global, Instance, NdArray, type PickleValue, Tuple } from "../../../src/formats/pickle/values.ts";
import type { Reranker } from "../../../src/model/reranker.ts";
import { floats, LOGISTIC, object, texts } from "../../helpers/celltypist-pickles.ts";
import { joinPieces } from "../../helpers/memory-store.ts";
import { dense } from "../../helpers/predict-fixtures.ts";
import { jsonBytes, wholeBundle, writeFiles } from "./bundles.ts";
import { raw } from "./bytes.ts";
import type { HostileFile } from "./hostile-file.ts";
import { BROKEN, calls, GLOBALS } from "./pickles.ts";

/** Where the model and the query lie that every refinement is tried on, beside the folders of the files. */
const BASE = "base";
const ARTIFACT = "re.pkl";
const DESCRIPTION = "re.json";
const PLAN = "re_plan.json";

const CHILDREN = ["a", "\uffee", "😀"];
const RERANKER: Reranker = {
  parentLevel: "level1",
  childLevel: "level2",
  childClasses: CHILDREN,
  childToParent: new Map([
    ["a", "B"],
    ["\uffee", "T"],
    ["😀", "T"],
  ]),
  parents: [
    { parent: "B", children: ["a"], regression: null, nCells: 3 },
    {
      parent: "T",
      children: ["\uffee", "😀"],
      regression: {
        nFeatures: 2,
        nClasses: 2,
        weights: Float64Array.of(1, -1, -1, 1),
        intercepts: Float64Array.of(0.5, -0.5),
      },
      nCells: 7,
    },
  ],
};

type Entries = Readonly<Record<string, PickleValue>>;
const dict = (entries: Entries): ReadonlyMap<PickleValue, PickleValue> => new Map(Object.entries(entries));
const pickled = (value: PickleValue): Uint8Array => joinPieces(emitPickle(value));
const whole = new Uint8Array(emitReranker(RERANKER));
const root = parsePickle(whole) as ReadonlyMap<PickleValue, PickleValue>;
const own = (changes: Entries): Uint8Array => pickled(new Map([...root, ...Object.entries(changes)]));
/** The artifact with other fields of the parent T, which has a regression. */
function ofT(changes: Entries): Uint8Array {
  const parents = root.get("parents") as ReadonlyMap<PickleValue, PickleValue>;
  const t = parents.get("T") as ReadonlyMap<PickleValue, PickleValue>;
  return own({ parents: new Map([...parents, ["T", new Map([...t, ...Object.entries(changes)])]]) });
}
const square = (value: number): Entries => ({
  coef: floats([2, 2], [value, value, value, value]),
  intercept: floats([2], [value, value]),
});
const many = (n: number): string[] => Array.from({ length: n }, (_, i) => `${i.toString(36)}`);

type Wrong = readonly [what: string, bytes: Uint8Array, codes: HostileFile["codes"]];

const OWN: readonly Wrong[] = [
  ["a newer version", own({ schema_version: 2 }), ["UNSUPPORTED"]],
  ["another method", own({ method: "os.system" }), ["UNSUPPORTED"]],
  ["no parents", own({ parents: new Map() }), ["opens", "BAD_DATA"]],
  ["parents that are a list", own({ parents: [] }), ["BAD_FORMAT"]],
  ["a parent that is a text", own({ parents: dict({ T: "a" }) }), ["BAD_FORMAT"]],
  ["a parent that the model does not have", own({ parents: dict({ X: dict({ ...tOf() }) }) }), ["MISMATCH"]],
  [
    "parents like an object's own",
    own({ parents: dict({ __proto__: dict(tOf()), constructor: dict(tOf()) }) }),
    ["MISMATCH"],
  ],
  ["levels like an object's own", own({ parent_level: "__proto__", child_level: "constructor" }), ["opens"]],
  ["levels that are one", own({ parent_level: "level2" }), ["MISMATCH", "BAD_DATA"]],
  ["a level that is a number", own({ parent_level: 3 }), ["BAD_FORMAT"]],
  ["classes that are a text", own({ child_classes: "abc" }), ["BAD_DATA", "BAD_FORMAT"]],
  ["classes that repeat", own({ child_classes: ["a", "a", "b"] }), ["BAD_DATA"]],
  ["a class that is missing", own({ child_classes: ["a", null, "b"] }), ["BAD_DATA"]],
  ["other classes", own({ child_classes: [...CHILDREN, "z"] }), ["opens"]],
  ["parents of children that are numbers", own({ child_to_parent: dict({ a: 1 }) }), ["BAD_FORMAT"]],
  ["parents of children that are a list", own({ child_to_parent: ["B", "T"] }), ["BAD_FORMAT"]],
  ["children that are no classes", ofT({ children: ["y", "z"] }), ["BAD_DATA"]],
  ["children that repeat", ofT({ children: ["a", "a"] }), ["BAD_DATA"]],
  ["no children", ofT({ children: [] }), ["BAD_DATA"]],
  ["children like an object's own", ofT({ children: ["__proto__", "constructor"] }), ["BAD_DATA"]],
  ["no coefficients", ofT({ coef: null }), ["BAD_DATA"]],
  ["coefficients that are a list", ofT({ coef: [1, 2] }), ["BAD_DATA"]],
  ["coefficients of another size", ofT({ coef: floats([4], [1, 2, 3, 4]) }), ["BAD_DATA"]],
  [
    "coefficients of 2^40 × 0",
    ofT({ coef: new NdArray("f8", [2 ** 40, 0], new Float64Array()) }),
    ["BAD_DATA"],
  ],
  [
    "coefficients in single precision",
    ofT({ coef: new NdArray("f4", [2, 2], new Float32Array(4)) }),
    ["BAD_DATA"],
  ],
  ["coefficients that are not finite", ofT(square(Number.NaN)), ["BAD_DATA"]],
  ["coefficients that are infinite", ofT(square(Number.POSITIVE_INFINITY)), ["BAD_DATA"]],
  ["coefficients of 1e308", ofT(square(1e308)), ["opens", "BAD_DATA"]],
  [
    "coefficients of 1e308 of both signs",
    ofT({ ...square(1e308), coef: floats([2, 2], [1e308, -1e308, -1e308, 1e308]) }),
    ["opens", "BAD_DATA"],
  ],
  ["intercepts of 1e300", ofT({ intercept: floats([2], [1e300, -1e300]) }), ["opens", "BAD_DATA"]],
  ["a number of cells that is negative", ofT({ n_cells: -1 }), ["BAD_DATA", "BAD_FORMAT"]],
  ["a number of cells that is a text", ofT({ n_cells: "7" }), ["BAD_FORMAT"]],
  [
    "200,000 classes and as many children",
    own({
      child_classes: many(200_000),
      parents: dict({ T: dict({ ...tOf(), children: many(200_000).reverse() }) }),
    }),
    ["BAD_DATA", "LIMIT"],
  ],
  [
    "100,000 parents of all classes",
    own({ parents: new Map(many(100_000).map((name) => [name, dict({ ...tOf(), children: ["a"] })])) }),
    ["MISMATCH", "LIMIT"],
  ],
];

function tOf(): Entries {
  return { children: ["\uffee", "😀"], n_cells: 7, ...square(1) };
}

const FOREIGN = "atlasmtl.mapping.rerankers.Reranker";
const NAMES: Entries = {
  parent_level: "level1",
  child_level: "level2",
  child_classes: texts(CHILDREN),
  child_to_parent: dict({ a: "B", "\uffee": "T", "😀": "T" }),
};
const regression = (changes: Entries = {}): Instance =>
  object(LOGISTIC, {
    classes_: texts(["\uffee", "😀"]),
    coef_: floats([1, 2], [1, -1]),
    intercept_: floats([1], [0.5]),
    ...changes,
  });
const part = (changes: Entries = {}): Instance =>
  object("atlasmtl.mapping.rerankers.ParentReranker", {
    children: ["\uffee", "😀"],
    model: regression(),
    n_cells: 7,
    ...changes,
  });
const foreign = (changes: Entries = {}): Uint8Array =>
  pickled(object(FOREIGN, { ...NAMES, models: dict({ T: part(), B: "a" }), ...changes }));
const ofModel = (changes: Entries): Uint8Array =>
  foreign({ models: dict({ T: part({ model: regression(changes) }) }) });

/** An object of a class that is made of arguments. */
function made(path: string, args: readonly PickleValue[]): Uint8Array {
  const at = path.lastIndexOf(".");
  const value = new Instance(new Global(path.slice(0, at), path.slice(at + 1)), args);
  value.state = dict({ ...NAMES, models: dict({ T: part() }) });
  return pickled(value);
}
const inside = (depth: number, value: PickleValue): PickleValue => {
  let nested = value;
  for (let i = 0; i < depth; i++) nested = object(FOREIGN, { inner: nested });
  return nested;
};
/** A dict of `n` names for one value. */
const fanned = (n: number, value: PickleValue): PickleValue => new Map(many(n).map((name) => [name, value]));

const OTHERS: readonly Wrong[] = [
  ["nothing wrong", foreign(), ["opens"]],
  ["a class made of arguments", made(FOREIGN, ["touch canary"]), ["BAD_FORMAT"]],
  [
    "a class of another package",
    pickled(object("atlasmtl_evil.Thing", { ...NAMES, models: dict({ T: part() }) })),
    ["UNSUPPORTED"],
  ],
  [
    "a package that begins with its name and a dot in the name",
    pickled(object("atlasmtl.os.system", {})),
    ["BAD_FORMAT"],
  ],
  [
    "scikit-learn's pipeline",
    foreign({ models: dict({ T: object("sklearn.pipeline.Pipeline", {}) }) }),
    ["UNSUPPORTED"],
  ],
  [
    "a forest beside it",
    foreign({ more: object("sklearn.ensemble._forest.RandomForestClassifier", {}) }),
    ["UNSUPPORTED"],
  ],
  ["no names", pickled(object(FOREIGN, { models: dict({ T: part() }) })), ["BAD_FORMAT"]],
  ["no models", foreign({ models: null }), ["BAD_FORMAT"]],
  ["models that are 7", foreign({ models: 7 }), ["BAD_FORMAT"]],
  ["models that are constants alone", foreign({ models: dict({ T: "a", B: "a" }) }), ["BAD_FORMAT", "opens"]],
  ["a constant that is no class", foreign({ models: dict({ T: part(), B: "z" }) }), ["BAD_DATA"]],
  [
    "a parent that is a number without names",
    foreign({ models: new Map<PickleValue, PickleValue>([[1, part()]]) }),
    ["BAD_FORMAT"],
  ],
  [
    "a parent of number 2^31",
    foreign({ parent_classes: ["B", "T"], models: new Map<PickleValue, PickleValue>([[2 ** 31, part()]]) }),
    ["BAD_FORMAT"],
  ],
  ["models too deep to be looked for", pickled(inside(12, dict({ T: part() }))), ["BAD_FORMAT"]],
  ["objects nested 600 deep", pickledDeep(600), ["LIMIT", "BAD_FORMAT"]],
  ["children that repeat", foreign({ models: dict({ T: part({ children: ["a", "a"] }) }) }), ["BAD_DATA"]],
  [
    "children that are numbers out of range",
    foreign({ models: dict({ T: part({ children: [7, 9] }) }) }),
    ["BAD_DATA"],
  ],
  [
    "children that are negative numbers",
    foreign({ models: dict({ T: part({ children: [-1, -2] }) }) }),
    ["BAD_DATA"],
  ],
  ["classes that are numbers out of range", ofModel({ classes_: floats([2], [0, 99]) }), ["BAD_DATA"]],
  ["classes that are not whole numbers", ofModel({ classes_: floats([2], [0.5, 1]) }), ["BAD_DATA"]],
  ["classes that are not numbers", ofModel({ classes_: floats([2], [Number.NaN, 1]) }), ["BAD_DATA"]],
  ["classes that repeat", ofModel({ classes_: texts(["a", "a"]) }), ["BAD_DATA"]],
  ["coefficients that are a text", ofModel({ coef_: "1, -1" }), ["BAD_DATA"]],
  ["coefficients without dimensions", ofModel({ coef_: floats([2], [1, -1]) }), ["BAD_DATA"]],
  [
    "coefficients of 2^40 × 0",
    ofModel({ coef_: new NdArray("f8", [2 ** 40, 0], new Float64Array()) }),
    ["BAD_DATA"],
  ],
  ["coefficients that are not finite", ofModel({ coef_: floats([1, 2], [Number.NaN, 1]) }), ["BAD_DATA"]],
  [
    "coefficients that are 1e308",
    ofModel({ coef_: floats([1, 2], [1e308, -1e308]), intercept_: floats([1], [1e308]) }),
    ["opens", "BAD_DATA"],
  ],
  ["coefficients that are texts in a list", ofModel({ coef_: [["a", "b"]] }), ["BAD_DATA"]],
  ["rows of coefficients of several lengths", ofModel({ coef_: [[1, 2], [1]] }), ["BAD_DATA"]],
  ["too many intercepts", ofModel({ intercept_: floats([3], [1, 2, 3]) }), ["BAD_DATA"]],
  ["no intercepts", ofModel({ intercept_: null }), ["BAD_DATA", "BAD_FORMAT"]],
  ["signs that are a list", ofModel({ multi_class: ["multinomial"] }), ["opens"]],
  [
    "two classes of 60,000 children",
    foreign({
      child_classes: many(60_000),
      models: dict({
        T: part({
          children: many(60_000),
          model: regression({
            classes_: texts(["0", "1"]),
            coef_: new NdArray("f8", [1, 60_000], new Float64Array(60_000)),
          }),
        }),
      }),
    }),
    ["BAD_DATA", "LIMIT"],
  ],
  [
    "200,000 classes and as many children",
    foreign({
      child_classes: many(200_000),
      models: dict({ T: part({ children: many(200_000).reverse() }) }),
    }),
    ["BAD_DATA", "LIMIT"],
  ],
  [
    "a part under 3,000 names under 3,000 names",
    pickled(object(FOREIGN, { ...NAMES, a: fanned(3000, fanned(3000, dict({ x: 1 }))) })),
    ["LIMIT", "BAD_FORMAT"],
  ],
  [
    "a part under 600 names, three times",
    pickled(object(FOREIGN, { ...NAMES, a: fanned(600, fanned(600, fanned(600, dict({ x: 1 })))) })),
    ["LIMIT", "BAD_FORMAT"],
  ],
  [
    "100,000 parents with a regression each",
    foreign({ models: new Map(many(100_000).map((name) => [name, part()])) }),
    ["MISMATCH", "LIMIT", "BAD_FORMAT"],
  ],
  [
    "a state that is two states",
    pickled(stateOf(new Tuple([dict(NAMES), dict({ models: dict({ T: part() }) })]))),
    ["BAD_FORMAT"],
  ],
  ["a state that is a text", pickled(stateOf("x".repeat(100))), ["BAD_FORMAT"]],
  [
    "fields like an object's own",
    pickled(object(FOREIGN, { __proto__: dict({ ...NAMES }), constructor: dict({ T: part() }) })),
    ["BAD_FORMAT", "opens"],
  ],
  [
    "an object inside itself",
    raw(
      "\x80\x04\x8c\x12atlasmtl.rerankers\x94\x8c\x08Reranker\x94\x93\x94)\x81\x94}\x94\x8c\x06models\x94h\x03sb.",
    ),
    ["BAD_FORMAT"],
  ],
];

function stateOf(state: PickleValue): Instance {
  const value = object(FOREIGN, {});
  value.state = state;
  return value;
}

/** Objects in objects, which the writer of pickles would refuse. */
function pickledDeep(depth: number): Uint8Array {
  const open = "\x8c\x12atlasmtl.rerankers\x8c\x08Reranker\x93)\x81}\x8c\x01x";
  return raw("\x80\x04", open.repeat(depth), "N", "sb".repeat(depth), ".");
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const GOOD_PLAN = {
  schema_version: 1,
  method: "auto_parent_conditioned_reranker",
  enabled: true,
  artifact_path: ARTIFACT,
};

const PLANS: readonly Wrong[] = [
  ["nothing wrong", jsonBytes(GOOD_PLAN), ["opens"]],
  ["that is the original's", jsonBytes({ activated: true, artifact_path: ARTIFACT }), ["opens"]],
  ["that is the original's, and is off", jsonBytes({ activate: false }), ["opens"]],
  ["of nothing", raw(), ["BAD_FORMAT", "USAGE"]],
  ["that is a list", text("[]"), ["BAD_FORMAT", "USAGE"]],
  ["that is cut off", text('{"enabled": true, "artifact_path": "re.p'), ["BAD_FORMAT"]],
  ["of 100,000 brackets", text("[".repeat(100_000)), ["BAD_FORMAT", "LIMIT"]],
  [
    "of 100,000 nested objects",
    text(`${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`),
    ["LIMIT", "BAD_FORMAT"],
  ],
  ["of bytes that are not UTF-8", raw('{"enabled": true, "artifact_path": "\xff"}'), ["BAD_FORMAT"]],
  ["that is on by a text", jsonBytes({ ...GOOD_PLAN, enabled: "yes" }), ["BAD_FORMAT"]],
  ["that names no artifact", jsonBytes({ ...GOOD_PLAN, artifact_path: null }), ["BAD_FORMAT"]],
  ["whose artifact is a number", jsonBytes({ ...GOOD_PLAN, artifact_path: 7 }), ["BAD_FORMAT"]],
  ["whose artifact is a list", jsonBytes({ ...GOOD_PLAN, artifact_path: [ARTIFACT] }), ["BAD_FORMAT"]],
  [
    "whose artifact is itself",
    jsonBytes({ ...GOOD_PLAN, artifact_path: PLAN }),
    ["BAD_FORMAT", "UNSUPPORTED"],
  ],
  ["whose artifact is not there", jsonBytes({ ...GOOD_PLAN, artifact_path: "other.pkl" }), ["NOT_FOUND"]],
  ["whose artifact is a folder", jsonBytes({ ...GOOD_PLAN, artifact_path: "." }), ["NOT_FOUND", "IO"]],
  [
    "whose artifact is an endless device",
    jsonBytes({ ...GOOD_PLAN, artifact_path: "/dev/zero" }),
    ["NOT_FOUND", "IO"],
  ],
  [
    "whose artifact is the process itself",
    jsonBytes({ ...GOOD_PLAN, artifact_path: "/proc/self/environ" }),
    ["NOT_FOUND", "IO", "BAD_FORMAT"],
  ],
  [
    "whose artifact climbs out",
    jsonBytes({ ...GOOD_PLAN, artifact_path: "../../../../../../etc/passwd" }),
    ["NOT_FOUND", "BAD_FORMAT", "UNSUPPORTED", "LIMIT"],
  ],
  [
    "whose artifact has a NUL",
    jsonBytes({ ...GOOD_PLAN, artifact_path: "re.pkl\0.txt" }),
    ["NOT_FOUND", "IO"],
  ],
  [
    "whose artifact is a path of a million characters",
    jsonBytes({ ...GOOD_PLAN, artifact_path: "x".repeat(1_000_000) }),
    ["NOT_FOUND", "IO"],
  ],
  [
    "with keys like an object's own",
    text('{"__proto__": {"enabled": true, "artifact_path": "re.pkl"}, "constructor": {}}'),
    ["USAGE"],
  ],
  [
    "with a million notes",
    jsonBytes({ ...GOOD_PLAN, note: new Array(1_000_001).fill(1) }),
    ["LIMIT", "BAD_FORMAT"],
  ],
];

const SETTINGS: readonly Wrong[] = [
  ["that name themselves as the plan", jsonBytes({ method: GOOD_PLAN.method, plan_path: PLAN }), ["USAGE"]],
  [
    "that name themselves by another way",
    jsonBytes({ method: GOOD_PLAN.method, plan_path: `./${PLAN}` }),
    ["USAGE"],
  ],
  [
    "whose plan is an endless device",
    jsonBytes({ method: GOOD_PLAN.method, plan_path: "/dev/zero" }),
    ["NOT_FOUND", "IO"],
  ],
  ["of another method", jsonBytes({ method: "os.system", artifact_path: ARTIFACT }), ["USAGE"]],
  [
    "whose method is a list",
    jsonBytes({ method: ["parent_conditioned_reranker"], artifact_path: ARTIFACT }),
    ["USAGE"],
  ],
];

const DESCRIPTIONS: readonly Wrong[] = [
  ["nothing wrong", jsonBytes({}), ["opens"]],
  ["nothing", raw(), ["BAD_FORMAT"]],
  ["a list", text("[]"), ["BAD_FORMAT"]],
  ["100,000 brackets", text("[".repeat(100_000)), ["BAD_FORMAT", "LIMIT"]],
  ["the digest of another artifact", jsonBytes({ artifact_sha256: "0".repeat(64) }), ["CHECKSUM"]],
  ["a digest that is a list", jsonBytes({ artifact_sha256: [] }), ["CHECKSUM"]],
  ["a digest that is null", jsonBytes({ artifact_sha256: null }), ["CHECKSUM", "opens"]],
];

async function writeBase(folder: string): Promise<void> {
  const home = join(dirname(folder), BASE);
  if (
    await access(home).then(
      () => true,
      () => false,
    )
  )
    return;
  await mkdir(home);
  await writeFiles(home, await wholeBundle());
  const rows = Array.from({ length: 12 }, (_, r) => [r % 3, (r + 1) % 2, r % 5]);
  await writeDataset(
    await createAnnData({
      X: dense(rows),
      obs: { index: rows.map((_, r) => `c${r}`), columns: {} },
      var: { index: ["g1", "__proto__", "g3"] },
    }),
    join(home, "query.h5ad"),
    {},
  );
}

function file(
  name: string,
  [open, files]: readonly [open: string, files: Readonly<Record<string, Uint8Array>>],
  codes: HostileFile["codes"],
  finish?: (folder: string) => Promise<void>,
): HostileFile {
  return {
    name,
    door: "refinement",
    codes,
    async make(folder) {
      await writeBase(folder);
      await writeFiles(folder, new Map(Object.entries(files)));
      await finish?.(folder);
      return join(folder, open);
    },
  };
}
const artifact = (what: string, bytes: Uint8Array, codes: HostileFile["codes"]): HostileFile =>
  file(`artifact: ${what}`, [ARTIFACT, { [ARTIFACT]: bytes }], codes);

const ANY = ["opens", "BAD_FORMAT", "BAD_DATA", "MISMATCH", "UNSUPPORTED", "LIMIT", "NOT_FOUND"] as const;

export async function refinementFiles(): Promise<HostileFile[]> {
  const cut = (bytes: Uint8Array, step: number, what: string): HostileFile[] =>
    Array.from({ length: Math.ceil(bytes.length / step) }, (_, i) =>
      artifact(`${what} cut off at byte ${step * i}`, bytes.subarray(0, step * i), ["BAD_FORMAT"]),
    );
  const flipped = (bytes: Uint8Array, step: number, what: string): HostileFile[] =>
    Array.from({ length: Math.ceil(bytes.length / step) }, (_, i) =>
      artifact(
        `${what}, byte ${step * i} flipped`,
        bytes.map((byte, at) => (at === step * i ? byte ^ 0xff : byte)),
        ANY,
      ),
    );
  const others = foreign();
  return [
    artifact("nothing wrong", whole, ["opens"]),
    ...GLOBALS.map((path, i) => {
      const [how, bytes] = calls(path)[i % calls(path).length];
      return artifact(`calls ${path} by ${how}`, bytes, ["UNSUPPORTED"]);
    }),
    ...BROKEN.map(([what, bytes, codes]) => artifact(what, bytes, codes)),
    ...OWN.map(([what, bytes, codes]) => artifact(`ours with ${what}`, bytes, codes)),
    ...OTHERS.map(([what, bytes, codes]) => artifact(`the original's with ${what}`, bytes, codes)),
    ...cut(whole, 9, "ours"),
    ...cut(others, 13, "the original's"),
    ...flipped(whole, 11, "ours"),
    ...flipped(others, 13, "the original's"),
    ...PLANS.map(([what, bytes, codes]) =>
      file(`a plan ${what}`, [PLAN, { [PLAN]: bytes, [ARTIFACT]: whole }], codes),
    ),
    ...SETTINGS.map(([what, bytes, codes]) =>
      file(`settings ${what}`, [PLAN, { [PLAN]: bytes, [ARTIFACT]: whole }], codes),
    ),
    ...DESCRIPTIONS.map(([what, bytes, codes]) =>
      file(`a description with ${what}`, [ARTIFACT, { [DESCRIPTION]: bytes, [ARTIFACT]: whole }], codes),
    ),
    file(
      "settings that name each other",
      [
        "a.json",
        {
          "a.json": jsonBytes({ method: GOOD_PLAN.method, plan_path: "b.json" }),
          "b.json": jsonBytes({ method: GOOD_PLAN.method, plan_path: "a.json" }),
        },
      ],
      ["USAGE"],
    ),
    file("an artifact that is an endless device", [ARTIFACT, {}], ["NOT_FOUND", "IO"], (folder) =>
      symlink("/dev/zero", join(folder, ARTIFACT)),
    ),
    file("an artifact that is a link to itself", [ARTIFACT, {}], ["NOT_FOUND", "IO"], (folder) =>
      symlink(ARTIFACT, join(folder, ARTIFACT)),
    ),
    file(
      "a description that is an endless device",
      [ARTIFACT, { [ARTIFACT]: whole }],
      ["NOT_FOUND", "IO", "opens"],
      (folder) => symlink("/dev/zero", join(folder, DESCRIPTION)),
    ),
    file(
      "a description that is a folder",
      [ARTIFACT, { [ARTIFACT]: whole }],
      ["NOT_FOUND", "IO", "opens"],
      async (folder) => {
        await mkdir(join(folder, DESCRIPTION));
        await writeFile(join(folder, DESCRIPTION, "x"), "");
      },
    ),
  ];
}
