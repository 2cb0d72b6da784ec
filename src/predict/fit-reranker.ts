/** Fits a reranker on labelled cells (docs/specification/3-prediction.md#refinement). @module */
import type { AnnData } from "../anndata/types.ts";
import { didYouMean } from "../core/nearest.ts";
import { compareCodePoints } from "../core/order.ts";
import { throwIfAborted } from "../core/progress.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";
import { fitLogisticRegression } from "../model/logistic-regression.ts";
import type { ParentReranker, Reranker } from "../model/reranker.ts";
import type { Model } from "../model/types.ts";
import { runNetwork } from "./forward.ts";
import type { PredictOptions } from "./options.ts";
import { resolvePredictOptions } from "./options.ts";
import type { PredictWork } from "./predict.ts";
import { openQueryRows } from "./query-rows.ts";
import type { PredictedLabels } from "./types.ts";

/** The input of a fit. */
export interface RerankerTarget {
  readonly parentLevel: string;
  readonly childLevel: string;
  /** Parents whose children are reranked. */
  readonly parents: readonly string[];
  readonly childToParent: ReadonlyMap<string, string>;
  /** True labels of the cells; a code of -1 is missing. */
  readonly truth: { readonly parent: PredictedLabels; readonly child: PredictedLabels };
}

/**
 * Fits, for each parent, a regression from the network's child logits to the child, on the cells of that parent.
 *
 * The children of a parent are those of `childToParent` that occur among its cells; cells of other children
 * are left out. Logits are taken before calibration.
 * @throws USAGE for a parent or level that the model does not have; BAD_DATA for a parent without a usable
 * cell; as `predict` for what it reads; ABORTED.
 */
export async function fitReranker(
  model: Model,
  adata: AnnData,
  target: RerankerTarget,
  options: PredictOptions,
  work: PredictWork,
): Promise<Reranker> {
  const { parentLevel, childLevel, childToParent } = target;
  const heads = model.labelHeads.map(({ column }) => column);
  const [parentHead, childHead] = [heads.indexOf(parentLevel), heads.indexOf(childLevel)];
  if (parentHead < 0 || childHead <= parentHead)
    throw new AtlasmtlError(
      "USAGE",
      phrase`${option("parentLevel")} is "${parentLevel}" and ${option("childLevel")} "${childLevel}", expected the coarser and the finer of two label columns`,
      { hint: `choose two of ${heads.join(", ")}, which go from coarse to fine` },
    );
  const { classes } = model.labelHeads[childHead];
  const parents = target.parents.map((parent) => new Cells(parent, target, classes));
  const unknown = target.parents.find((name) => !model.labelHeads[parentHead].classes.includes(name));
  if (unknown !== undefined)
    throw new AtlasmtlError(
      "USAGE",
      phrase`${option("parents")} names "${unknown}", which is no class of ${parentLevel}${didYouMean(unknown, model.labelHeads[parentHead].classes)}`,
      { hint: `choose among ${model.labelHeads[parentHead].classes.slice(0, 10).join(", ")}` },
    );
  const settings = resolvePredictOptions(options, model);
  const { rows, average } = await openQueryRows(model, adata, settings, work.signal);
  await runNetwork(
    model,
    rows,
    {
      nObs: adata.nObs,
      keep: () => false,
      temperatures: new Map(),
      beforeScores: async (block, firstRow) => {
        await average?.(block, firstRow, null);
        for (const cells of parents) cells.collect(block.logits[childHead], block.nRows, firstRow);
      },
    },
    work,
  );
  const fitted: ParentReranker[] = [];
  for (const cells of parents) {
    throwIfAborted(work.signal);
    fitted.push(await cells.fitted());
  }
  return { parentLevel, childLevel, childClasses: classes, childToParent, parents: fitted };
}

/** The cells of one parent and their logits. */
class Cells {
  private readonly children: readonly string[];
  private readonly childIndices: readonly number[];
  private readonly targets: Int32Array;
  private readonly rows: Int32Array;
  private readonly features: Float64Array;

  constructor(
    private readonly parent: string,
    { parentLevel, childToParent, truth }: RerankerTarget,
    childClasses: readonly string[],
  ) {
    const isLegal = truth.child.categories.map(
      (child) => childToParent.get(child) === parent && childClasses.includes(child),
    );
    const parentCode = truth.parent.categories.indexOf(parent);
    const isUsed = (i: number): boolean =>
      truth.parent.codes[i] === parentCode && isLegal[truth.child.codes[i]] === true;
    const used = [...truth.child.codes.keys()].filter(isUsed);
    if (parentCode < 0 || used.length === 0)
      throw new AtlasmtlError("BAD_DATA", `no cell of ${parentLevel} "${parent}" has a child of it`, {
        hint: "leave the parent out, or fit on more cells",
      });
    this.children = [...new Set(used.map((i) => truth.child.categories[truth.child.codes[i]]))].sort(
      compareCodePoints,
    );
    this.childIndices = this.children.map((child) => childClasses.indexOf(child));
    const classOf = truth.child.categories.map((child) => this.children.indexOf(child));
    this.targets = Int32Array.from(used, (i) => classOf[truth.child.codes[i]]);
    this.rows = new Int32Array(truth.child.codes.length).fill(-1);
    used.forEach((i, at) => {
      this.rows[i] = at;
    });
    this.features = new Float64Array(used.length * this.children.length);
  }

  collect(logits: Float32Array, nRows: number, firstRow: number): void {
    const width = logits.length / nRows;
    for (let r = 0; r < nRows; r++) {
      const at = this.rows[firstRow + r];
      if (at < 0) continue;
      this.childIndices.forEach((child, f) => {
        this.features[at * this.childIndices.length + f] = logits[r * width + child];
      });
    }
  }

  /** As scikit-learn's `LogisticRegression(class_weight="balanced")` would be. */
  async fitted(): Promise<ParentReranker> {
    const { parent, children, features, targets } = this;
    const nCols = children.length;
    const rows = { nRows: targets.length, nCols, values: features };
    const regression =
      nCols === 1
        ? null
        : await fitLogisticRegression([{ rows, targets }], nCols, {
            isBalanced: true,
            // Two classes share one weight vector there: here that is a penalty twice as strong.
            penalty: nCols === 2 ? 2 : 1,
          });
    return { parent, children, regression, nCells: targets.length };
  }
}
