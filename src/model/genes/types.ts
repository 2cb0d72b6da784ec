/**
 * The genes by which a model tells a class from its siblings (docs/specification/2-training.md#genes-of-the-labels).
 * @module
 */

/** One gene that speaks for a class. */
export interface LabelGene {
  /** Its name among the genes of the model. */
  readonly gene: string;
  /** Its share of all that speaks for the class, above 0 and up to 1. */
  readonly score: number;
  /** Share of the reference cells of the class that express it, 0 to 1; null in a model of CellTypist, which knows of no cells. */
  readonly expressing: number | null;
  /** The same of the cells of the siblings. */
  readonly siblingsExpressing: number | null;
}

/** What speaks for one class. */
export interface ClassGenes {
  readonly label: string;
  /** The label of the column before under which the siblings are; null if the class was compared with all others. */
  readonly parent: string | null;
  /** Cells of the reference; null in a model of CellTypist. */
  readonly nCells: number | null;
  readonly nSiblingCells: number | null;
  /** The best first; none where the column has one class only. */
  readonly genes: readonly LabelGene[];
}

/** The genes of every class of one label column, in the order of its classes. */
export interface LabelGenes {
  readonly column: string;
  readonly classes: readonly ClassGenes[];
}
