import type { PredictedLabels } from "../../src/predict/types.ts";

/** Labels as codes, categories in order of first appearance; null is a missing label. */
export function labels(names: readonly (string | null)[]): PredictedLabels {
  const categories = [...new Set(names)].filter((name) => name !== null);
  return {
    codes: Int32Array.from(names, (name) => (name === null ? -1 : categories.indexOf(name))),
    categories,
  };
}
