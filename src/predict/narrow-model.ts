/** A model that knows fewer labels (docs/specification/3-prediction.md#allowed-labels). @module */
import { notice } from "../errors.ts";
import type { ClassDistances } from "../model/components/types.ts";
import type { ViewHead } from "../model/linear/types.ts";
import type { Model, Reference, ReferenceLabels } from "../model/types.ts";
import type { HierarchyRules } from "./hierarchy-rules.ts";
import { resolveAllowed } from "./only-labels.ts";
import type { PredictSettings } from "./options.ts";
import type { Warning } from "./types.ts";

/** A model and settings as a call wants them. */
export interface CalledModel {
  readonly model: Model;
  readonly settings: PredictSettings;
  /** The positions of its classes among those of the network, by label column; null for all. */
  readonly kept: readonly Int32Array[] | null;
  readonly notes: readonly Warning[];
  readonly warnings: readonly Warning[];
}

/** The model with the labels that a call allows. @throws like `allowedLabels`. */
export async function modelForCall(model: Model, settings: PredictSettings): Promise<CalledModel> {
  const allowed = await resolveAllowed(model, settings);
  if (allowed === null) return { model, settings, kept: null, notes: [], warnings: [] };
  const narrowed = narrowModel(model, allowed.classes);
  const counts = model.labelHeads.map(
    ({ column, classes }, h) => `${allowed.classes[h].length} of ${classes.length} of ${column}`,
  );
  return {
    model: narrowed,
    settings: { ...settings, hierarchyRules: narrowRules(settings.hierarchyRules, narrowed) },
    kept: allowed.classes,
    notes: [notice(`labels that may be given: ${counts.join(", ")}`)],
    warnings: settings.predictionSets === null ? allowed.warnings : [...allowed.warnings, FEWER_SETS],
  };
}

/** A cell of another type has a set without its type, whatever the coverage. */
const FEWER_SETS: Warning = {
  message:
    "prediction sets promise their coverage for cells whose type is among the labels that may be given",
  hint: "predict with all labels for the promise of the model as trained",
};

/**
 * `model` with the classes `kept` of each label column, in its heads, linear views, distances and reference labels. Its
 * network has all classes still, so that child correction works as it was trained: {@link keepClasses} takes their logits.
 */
export function narrowModel(model: Model, kept: readonly Int32Array[]): Model {
  const labelHeads = model.labelHeads.map(({ column, classes }, h) => ({
    column,
    classes: [...kept[h]].map((c) => classes[c]),
  }));
  const names = new Map(labelHeads.map(({ column, classes }) => [column, new Set(classes)]));
  return {
    ...model,
    labelHeads,
    linear: model.linear && {
      ...model.linear,
      views: model.linear.views.map((view) => ({
        ...view,
        heads: view.heads.map((head, h) => narrowHead(head, kept[h])),
      })),
    },
    space: model.space && {
      ...model.space,
      columns: model.space.columns.map((column, h) => narrowDistances(column, kept[h])),
    },
    reference: async (signal) => narrowReference(await model.reference(signal), names),
  };
}

/** The columns `kept` of a matrix `[nRows, …]`; the matrix itself if all are. */
export function keepClasses(matrix: Float32Array, nRows: number, kept: Int32Array): Float32Array {
  const width = nRows === 0 ? kept.length : matrix.length / nRows;
  if (width === kept.length) return matrix;
  const out = new Float32Array(nRows * kept.length);
  for (let r = 0; r < nRows; r++)
    for (let k = 0; k < kept.length; k++) out[r * kept.length + k] = matrix[r * width + kept[k]];
  return out;
}

function narrowHead(head: ViewHead, kept: Int32Array): ViewHead {
  const nGenes = head.weights.length / head.intercepts.length;
  return {
    ...head,
    weights: keepClasses(head.weights, nGenes, kept),
    intercepts: Float32Array.from(kept, (c) => head.intercepts[c]),
  };
}

function narrowDistances(column: ClassDistances, kept: Int32Array): ClassDistances {
  const width = column.quartiles.length === 0 ? 0 : column.means.length / column.quartiles.length;
  const means = new Float32Array(kept.length * width);
  kept.forEach((c, k) => {
    means.set(column.means.subarray(c * width, (c + 1) * width), k * width);
  });
  const chosen = (values: Float32Array): Float32Array => Float32Array.from(kept, (c) => values[c]);
  return { ...column, means, quartiles: chosen(column.quartiles), medians: chosen(column.medians) };
}

/** Cells of other labels keep their place and have none. */
function narrowReference(
  { labels, ...others }: Reference,
  names: ReadonlyMap<string, ReadonlySet<string>>,
): Reference {
  const narrowed = [...labels].map(([column, own]): [string, ReferenceLabels] => {
    const allowed = names.get(column);
    if (allowed === undefined) return [column, own];
    const categories = own.categories.filter((name) => allowed.has(name));
    const codeOf = own.categories.map((name) => categories.indexOf(name));
    return [column, { codes: own.codes.map((code) => (code < 0 ? -1 : codeOf[code])), categories }];
  });
  return { ...others, labels: new Map(narrowed) };
}

/** The rules of a call without labels that a model does not have. */
export function narrowRules(
  rules: HierarchyRules | "derive" | null,
  { labelHeads }: Pick<Model, "labelHeads">,
): HierarchyRules | "derive" | null {
  if (rules === null || rules === "derive") return rules;
  const has = (column: string, label: string): boolean =>
    labelHeads.find((head) => head.column === column)?.classes.includes(label) ?? true;
  return new Map(
    [...rules].map(([column, { parentColumn, childToParent }]) => [
      column,
      {
        parentColumn,
        childToParent: new Map(
          [...childToParent].filter(([child, parent]) => has(column, child) && has(parentColumn, parent)),
        ),
      },
    ]),
  );
}
