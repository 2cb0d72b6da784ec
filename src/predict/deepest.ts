/** The finest reliable label of each cell. @module */
import type { HierarchyRules } from "./hierarchy-rules.ts";
import type { DeepestLabels, LabelPrediction } from "./types.ts";
import { UNKNOWN } from "./unknown.ts";

/**
 * Goes through the label columns from coarse to fine while the label is known and is a child of the label
 * before it, and returns the last such label of each cell. It is `Unknown`, of no column, if the coarsest
 * label is.
 *
 * A label without a rule is accepted.
 */
export function deepestLabels(labels: readonly LabelPrediction[], rules: HierarchyRules): DeepestLabels {
  const categories = [...new Set(labels.flatMap(({ final }) => final.categories)).add(UNKNOWN)];
  const codeOf = new Map(categories.map((label, code) => [label, code]));
  const nObs = labels[0]?.final.codes.length ?? 0;
  const codes = new Int32Array(nObs).fill(codeOf.get(UNKNOWN)!);
  const columns = new Int32Array(nObs).fill(-1);
  labels.forEach(({ column, final, isUnknown }, level) => {
    const rule = rules.get(column);
    const parentAt = labels.findIndex((other) => other.column === rule?.parentColumn);
    const parent = labels[parentAt]?.final;
    const parentOf = final.categories.map((label) => rule?.childToParent.get(label));
    const common = final.categories.map((label) => codeOf.get(label)!);
    for (let i = 0; i < nObs; i++) {
      if (columns[i] !== level - 1 || isUnknown[i] === 1) continue;
      const expected = parentOf[final.codes[i]];
      if (parent !== undefined && expected !== undefined && parent.categories[parent.codes[i]] !== expected)
        continue;
      columns[i] = level;
      codes[i] = common[final.codes[i]];
    }
  });
  return {
    labels: { codes, categories },
    columns: { codes: columns, categories: labels.map(({ column }) => column) },
  };
}
