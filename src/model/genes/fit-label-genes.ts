/** Finds the genes by which a trained model tells each class from its siblings. @module */
import type { Csr } from "../../core/csr.ts";
import { createPauser, nextTurn, type Pause, throwIfAborted } from "../../core/progress.ts";
import type { NetworkWeights } from "../../kernels/types.ts";
import type { ComponentValues } from "../components/types.ts";
import type { Level } from "../label-levels.ts";
import type { LinearViews } from "../linear/types.ts";
import { viewValuesInParts } from "../linear/view-values.ts";
import { countExpressing } from "./class-sums.ts";
import { type Evidence, networkEvidence, viewEvidence } from "./evidence.ts";
import { MOST_GENES } from "./most-genes.ts";
import { type Family, familiesOf } from "./siblings.ts";
import type { ClassGenes, LabelGene, LabelGenes } from "./types.ts";

/** Shares of the evidence below this are rounding. */
const LEAST_SCORE = 1e-6;

/** The trained model and the cells of its reference. */
export interface ReferenceCells {
  readonly genes: readonly string[];
  readonly labels: readonly Level[];
  readonly weights: NetworkWeights;
  /** The network's input. */
  readonly x: Csr;
  /** Beside the network, with the cells that say for what genes; null without views. */
  readonly views: {
    readonly linear: LinearViews;
    /** Values as the matrix has them. */
    readonly x: Csr;
    readonly values: ComponentValues;
    /** Their rows in the reference. */
    readonly rows: Uint32Array;
  } | null;
}

/**
 * The genes of every class of every label column. The network and each linear view say how much each gene speaks for a
 * class (gradient × input against the mean of its siblings: Shrikumar and others, 2016); the shares of what each says are
 * averaged.
 * @throws ABORTED by the signal.
 */
export async function fitLabelGenes(
  cells: ReferenceCells,
  signal: AbortSignal | undefined,
): Promise<LabelGenes[]> {
  const { labels, views, x, weights } = cells;
  const pause = createPauser(signal);
  const seen: { view: LinearViews["views"][number]; x: Csr }[] = [];
  for (const view of views?.linear.views ?? [])
    seen.push({ view, x: await viewValuesInParts(views!.x, view.input, views!.values, pause) });
  const fitted: LabelGenes[] = [];
  for (const [head, level] of labels.entries()) {
    const { codes, column } = level;
    const ofViews = views === null ? codes : Int32Array.from(views.rows, (row) => codes[row]);
    const families = familiesOf(level, labels[head - 1], countCells(codes, level.classes.length));
    const members: (() => Promise<Evidence>)[] = [
      () => networkEvidence(weights, head, x, codes, pause),
      ...seen.map((own) => () => viewEvidence(own.view, head, own.x, ofViews, pause)),
    ];
    const scores = new Float32Array(level.classes.length * x.nCols);
    for (const open of members) {
      throwIfAborted(signal);
      await nextTurn();
      const evidence = await open();
      for (const family of families)
        if (family.members.length > 1)
          await evidence(family, (code, genes) => {
            addShares(genes, scores.subarray(code * x.nCols, (code + 1) * x.nCols), members.length);
          });
    }
    fitted.push({ column, classes: await bestGenes(cells, level, families, scores, pause) });
  }
  return fitted;
}

function countCells(codes: Int32Array, nClasses: number): Uint32Array {
  const counts = new Uint32Array(nClasses);
  for (const code of codes) if (code >= 0) counts[code]++;
  return counts;
}

/** Adds to `scores` the share of each gene in what speaks for a class. */
function addShares(genes: Float64Array, scores: Float32Array, nMembers: number): void {
  let total = 0;
  for (const value of genes) if (value > 0) total += value;
  if (!(total > 0)) return;
  for (let g = 0; g < genes.length; g++) if (genes[g] > 0) scores[g] += genes[g] / total / nMembers;
}

async function bestGenes(
  { x, genes }: ReferenceCells,
  { classes, codes }: Level,
  families: readonly Family[],
  scores: Float32Array,
  pause: Pause,
): Promise<ClassGenes[]> {
  const nGenes = genes.length;
  const nCells = countCells(codes, classes.length);
  const expressing = new Uint32Array(classes.length * nGenes);
  await countExpressing(x, codes, expressing, pause);
  const found = classes.map(
    (label, code): ClassGenes => ({ label, parent: null, nCells: nCells[code], nSiblingCells: 0, genes: [] }),
  );
  for (const { parent, members, compared } of families) {
    const inFamily = new Uint32Array(nGenes);
    for (const code of members) for (let g = 0; g < nGenes; g++) inFamily[g] += expressing[code * nGenes + g];
    const total = members.reduce((sum, code) => sum + nCells[code], 0);
    for (const code of compared) {
      await pause();
      const own = expressing.subarray(code * nGenes, (code + 1) * nGenes);
      const nSiblingCells = total - nCells[code];
      const best = highest(scores.subarray(code * nGenes, (code + 1) * nGenes));
      found[code] = {
        label: classes[code],
        parent,
        nCells: nCells[code],
        nSiblingCells,
        genes: best.map(
          ([g, score]): LabelGene => ({
            gene: genes[g],
            score,
            expressing: Math.fround(own[g] / nCells[code]),
            siblingsExpressing: Math.fround((inFamily[g] - own[g]) / nSiblingCells),
          }),
        ),
      };
    }
  }
  return found;
}

/** The genes with the highest scores and these, the highest first; of equal ones the first. */
function highest(scores: Float32Array): (readonly [gene: number, score: number])[] {
  return Array.from(scores.entries())
    .filter(([, score]) => score > LEAST_SCORE)
    .sort(([a, first], [b, second]) => second - first || a - b)
    .slice(0, MOST_GENES);
}
