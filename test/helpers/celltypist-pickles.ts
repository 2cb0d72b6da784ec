/** Models of CellTypist as the pickles that scikit-learn's objects make. */
import { emitPickle } from "../../src/formats/pickle/emit.ts";
import { Global, Instance, NdArray, type PickleValue } from "../../src/formats/pickle/values.ts";
import { joinPieces } from "./memory-store.ts";

export const GENES = ["CD3E", "MS4A1", "NKG7"];
export const CLASSES = ["B", "NK", "T"];
/** [classes, genes]. */
export const WEIGHTS = [-1, 2, -0.5, -0.7, -1, 1.5, 1.8, -1, 0.2];
export const INTERCEPTS = [-0.4, -0.3, 0.1];
export const [MEAN, SD] = [
  [1, 0.5, 0.25],
  [2, 1, 0.05],
];

export function object(path: string, state: Readonly<Record<string, PickleValue>>): Instance {
  const at = path.lastIndexOf(".");
  const made = new Instance(new Global(path.slice(0, at), path.slice(at + 1)), []);
  made.state = new Map(Object.entries(state));
  return made;
}
export const floats = (shape: readonly number[], values: readonly number[]): NdArray =>
  new NdArray("f8", shape, Float64Array.from(values));
export const texts = (names: readonly string[]): NdArray => new NdArray("O", [names.length], [...names]);

export const classifier = (path: string, more: Readonly<Record<string, PickleValue>> = {}): Instance =>
  object(path, {
    classes_: texts(CLASSES),
    coef_: floats([3, 3], WEIGHTS),
    intercept_: floats([3], INTERCEPTS),
    features: texts(GENES),
    _sklearn_version: "1.1.3",
    ...more,
  });
export const scaler = (more: Readonly<Record<string, PickleValue>> = {}): Instance =>
  object("sklearn.preprocessing._data.StandardScaler", {
    with_mean: true,
    with_std: true,
    mean_: floats([3], MEAN),
    scale_: floats([3], SD),
    ...more,
  });
export const LOGISTIC = "sklearn.linear_model._logistic.LogisticRegression";
export const SGD = "sklearn.linear_model._stochastic_gradient.SGDClassifier";

export function pickled(model: PickleValue, scaling: PickleValue = scaler()): Uint8Array<ArrayBuffer> {
  return new Uint8Array(
    joinPieces(
      emitPickle(
        new Map<PickleValue, PickleValue>([
          ["Model", model],
          ["Scaler_", scaling],
          ["description", new Map()],
        ]),
      ),
    ),
  );
}
