/** Pickles in the place of a model of CellTypist. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { NdArray, type PickleValue } from "../../../src/formats/pickle/values.ts";
import {
  CLASSES,
  classifier,
  floats,
  GENES,
  INTERCEPTS,
  LOGISTIC,
  object,
  pickled,
  SGD,
  scaler,
  texts,
  WEIGHTS,
} from "../../helpers/celltypist-pickles.ts";
import type { HostileFile } from "./hostile-file.ts";
import { BROKEN, calls, GLOBALS } from "./pickles.ts";

const huge = 2 ** 40;

/** What is wrong, the bytes, and the codes. */
const WRONG: readonly (readonly [string, Uint8Array, HostileFile["codes"]])[] = [
  [
    "weights of 2^40 classes",
    model({ coef_: new NdArray("f8", [huge, 0], new Float64Array()) }),
    ["MISMATCH"],
  ],
  ["weights of one class too few", model({ coef_: floats([2, 3], WEIGHTS.slice(0, 6)) }), ["MISMATCH"]],
  ["weights of one gene too few", model({ coef_: floats([3, 2], WEIGHTS.slice(0, 6)) }), ["MISMATCH"]],
  ["weights without dimensions", model({ coef_: floats([9], WEIGHTS) }), ["MISMATCH", "BAD_FORMAT"]],
  [
    "weights that are not finite",
    model({
      coef_: floats(
        [3, 3],
        WEIGHTS.map(() => Number.NaN),
      ),
    }),
    ["BAD_DATA"],
  ],
  [
    "weights that are infinite",
    model({
      coef_: floats(
        [3, 3],
        WEIGHTS.map(() => Infinity),
      ),
    }),
    ["BAD_DATA"],
  ],
  ["weights that are texts", model({ coef_: texts(GENES) }), ["BAD_FORMAT", "MISMATCH", "BAD_DATA"]],
  ["weights that are a list", model({ coef_: [1, 2, 3] }), ["BAD_FORMAT", "BAD_DATA"]],
  ["too many intercepts", model({ intercept_: floats([4], [...INTERCEPTS, 0]) }), ["MISMATCH"]],
  ["no intercepts", model({ intercept_: null }), ["BAD_FORMAT", "MISMATCH", "BAD_DATA"]],
  ["no classes", model({ classes_: texts([]) }), ["MISMATCH", "BAD_DATA"]],
  ["a class twice", model({ classes_: texts(["B", "B", "T"]) }), ["BAD_DATA"]],
  [
    "classes like an object's own",
    model({ classes_: texts(["__proto__", "constructor", "prototype"]) }),
    ["opens"],
  ],
  ["a gene twice", model({ features: texts(["CD3E", "CD3E", "NKG7"]) }), ["BAD_DATA"]],
  ["genes that are numbers, which are taken as text", model({ features: floats([3], [1, 2, 3]) }), ["opens"]],
  [
    "a scale of zero",
    pickled(classifier(LOGISTIC), scaler({ scale_: floats([3], [0, 1, 1]) })),
    ["BAD_DATA"],
  ],
  [
    "a negative scale",
    pickled(classifier(LOGISTIC), scaler({ scale_: floats([3], [-1, 1, 1]) })),
    ["BAD_DATA"],
  ],
  [
    "a scale of 1e-300",
    pickled(classifier(LOGISTIC), scaler({ scale_: floats([3], [1e-300, 1, 1]) })),
    ["BAD_DATA"],
  ],
  [
    "means of other genes",
    pickled(classifier(LOGISTIC), scaler({ mean_: floats([2], [0, 0]) })),
    ["MISMATCH"],
  ],
  ["a scaler that is a classifier", pickled(classifier(LOGISTIC), classifier(SGD)), ["BAD_FORMAT"]],
  ["a classifier that is a scaler", pickled(scaler()), ["BAD_FORMAT"]],
  ["a classifier that is a text", pickled("LogisticRegression"), ["BAD_FORMAT"]],
  ["no scaler", pickled(classifier(LOGISTIC), null), ["BAD_FORMAT"]],
  ["a pipeline", pickled(object("sklearn.pipeline.Pipeline", { steps: [] })), ["UNSUPPORTED"]],
  ["a forest", pickled(object("sklearn.ensemble._forest.RandomForestClassifier", {})), ["UNSUPPORTED"]],
];

function model(changes: Readonly<Record<string, PickleValue>>): Uint8Array {
  return pickled(classifier(LOGISTIC, { classes_: texts(CLASSES), ...changes }));
}

function file(name: string, bytes: Uint8Array, codes: HostileFile["codes"]): HostileFile {
  return {
    name: `model.pkl: ${name}`,
    door: "foreign",
    codes,
    async make(folder) {
      const path = join(folder, "model.pkl");
      await writeFile(path, bytes);
      return path;
    },
  };
}

export async function celltypistFiles(): Promise<HostileFile[]> {
  const whole = pickled(classifier(LOGISTIC));
  const flipped = (at: number): Uint8Array => whole.map((byte, i) => (i === at ? byte ^ 0xff : byte));
  return [
    ...GLOBALS.map((path, i) => {
      const [how, bytes] = calls(path)[i % calls(path).length];
      return file(`calls ${path} by ${how}`, bytes, ["UNSUPPORTED"]);
    }),
    ...BROKEN.map(([name, bytes, codes]) => file(name, bytes, codes)),
    ...WRONG.map(([name, bytes, codes]) => file(name, bytes, codes)),
    ...Array.from({ length: Math.ceil(whole.length / 7) }, (_, i) =>
      file(`cut off at byte ${7 * i}`, whole.subarray(0, 7 * i), ["BAD_FORMAT"]),
    ),
    ...Array.from({ length: Math.ceil(whole.length / 11) }, (_, i) =>
      file(`byte ${11 * i} flipped`, flipped(11 * i), [
        ...(["opens", "BAD_FORMAT", "BAD_DATA", "MISMATCH", "UNSUPPORTED", "LIMIT", "NOT_FOUND"] as const),
      ]),
    ),
  ];
}
