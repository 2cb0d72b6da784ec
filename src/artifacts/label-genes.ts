/** The genes of the labels between the metadata pickle and the model (docs/specification/1-artifacts.md#metadata-file). @module */
import { AtlasmtlError } from "../errors.ts";
import { type Dict, describeValue, NdArray, type PickleValue } from "../formats/pickle/values.ts";
import type { ClassGenes, LabelGene, LabelGenes } from "../model/genes/types.ts";
import { LABEL_GENES_KEYS, METADATA_KEYS } from "../schema/bundle.ts";
import type { Metadata } from "./bundle-metadata.ts";
import { dictField, listField, within } from "./fields.ts";

const KEYS = LABEL_GENES_KEYS;

/** A dict of label columns; a class with fewer genes than others has −1 for the rest. */
export function emitLabelGenes(columns: readonly LabelGenes[], trainGenes: readonly string[]): PickleValue {
  const place = new Map(trainGenes.map((gene, g) => [gene, g]));
  return new Map(columns.map(({ column, classes }) => [column, emitColumn(classes, place)]));
}

function emitColumn(classes: readonly ClassGenes[], place: ReadonlyMap<string, number>): PickleValue {
  const width = Math.max(0, ...classes.map(({ genes }) => genes.length));
  const counts = (pick: (own: ClassGenes) => number): NdArray =>
    new NdArray("i4", [classes.length], Int32Array.from(classes, pick));
  const filled = <T extends Int32Array | Float32Array>(into: T, pick: (gene: LabelGene) => number): T => {
    classes.forEach(({ genes }, c) => {
      for (const [i, gene] of genes.entries()) into[c * width + i] = pick(gene);
    });
    return into;
  };
  const floats = (pick: (gene: LabelGene) => number): NdArray =>
    new NdArray("f4", [classes.length, width], filled(new Float32Array(classes.length * width), pick));
  const indices = new Int32Array(classes.length * width).fill(-1);
  return new Map<PickleValue, PickleValue>([
    [KEYS.parents, classes.map(({ parent }) => parent)],
    [KEYS.nCells, counts(({ nCells }) => nCells ?? 0)],
    [KEYS.nSiblingCells, counts(({ nSiblingCells }) => nSiblingCells ?? 0)],
    [
      KEYS.genes,
      new NdArray(
        "i4",
        [classes.length, width],
        filled(indices, ({ gene }) => place.get(gene) ?? -1),
      ),
    ],
    [KEYS.scores, floats(({ score }) => score)],
    [KEYS.expressing, floats(({ expressing }) => expressing ?? 0)],
    [KEYS.siblingsExpressing, floats(({ siblingsExpressing }) => siblingsExpressing ?? 0)],
  ]);
}

/**
 * Reads the genes of every label column.
 * @throws BAD_FORMAT for a missing key or a wrong type; MISMATCH for other label columns or numbers of classes than the
 * model has; BAD_DATA for a gene that the model lacks, one that is there twice, and numbers out of their range.
 */
export function readLabelGenes(
  dict: Dict,
  { labelHeads, trainGenes }: Pick<Metadata, "labelHeads" | "trainGenes">,
): LabelGenes[] {
  return within(METADATA_KEYS.labelGenes, () => {
    if (dict.size !== labelHeads.length)
      throw new AtlasmtlError(
        "MISMATCH",
        `there are genes of ${dict.size} label columns; the model has ${labelHeads.length}`,
      );
    return labelHeads.map(({ column, classes }) => ({
      column,
      classes: readColumn(dictField(dict, column), column, classes, trainGenes),
    }));
  });
}

function readColumn(
  dict: Dict,
  column: string,
  classes: readonly string[],
  trainGenes: readonly string[],
): ClassGenes[] {
  return within(column, () => {
    const n = classes.length;
    const genes = arrayField(dict, KEYS.genes, "i4", [n, null]);
    const width = genes.shape[1];
    const floats = (key: string) => sharesField(dict, key, [n, width]);
    const [scores, expressing, siblings] = [
      floats(KEYS.scores),
      floats(KEYS.expressing),
      floats(KEYS.siblingsExpressing),
    ];
    const nCells = cellsField(dict, KEYS.nCells, n);
    const nSiblingCells = cellsField(dict, KEYS.nSiblingCells, n);
    const parents = readParents(dict, n);
    return classes.map((label, c): ClassGenes => {
      const indices = listed(genes.data.subarray(c * width, (c + 1) * width), label, trainGenes.length);
      return {
        label,
        parent: parents[c],
        nCells: nCells[c],
        nSiblingCells: nSiblingCells[c],
        genes: Array.from(indices, (gene, i) => ({
          gene: trainGenes[gene],
          score: scores[c * width + i],
          expressing: expressing[c * width + i],
          siblingsExpressing: siblings[c * width + i],
        })),
      };
    });
  });
}

/** The genes of one class, before the −1 that fill its row. */
function listed(row: Int32Array, label: string, nGenes: number): Int32Array {
  const end = row.indexOf(-1);
  const genes = end < 0 ? row : row.subarray(0, end);
  const wrong =
    genes.find((gene) => gene < 0 || gene >= nGenes) ??
    row.subarray(genes.length).find((gene) => gene !== -1);
  if (wrong !== undefined)
    throw new AtlasmtlError(
      "BAD_DATA",
      `${JSON.stringify(label)} has the gene ${wrong}; the model has ${nGenes}`,
      {
        where: KEYS.genes,
      },
    );
  if (new Set(genes).size === genes.length) return genes;
  throw new AtlasmtlError("BAD_DATA", `a gene of ${JSON.stringify(label)} is there twice`, {
    where: KEYS.genes,
  });
}

function readParents(dict: Dict, n: number): readonly (string | null)[] {
  const parents = listField(dict, KEYS.parents);
  if (parents.length !== n)
    throw new AtlasmtlError("MISMATCH", `there are ${parents.length} parents for ${n} classes`, {
      where: KEYS.parents,
    });
  return parents.map((parent, i) => {
    if (parent === null || typeof parent === "string") return parent;
    throw new AtlasmtlError("BAD_FORMAT", `a str or None is expected; this is ${describeValue(parent)}`, {
      where: `${KEYS.parents}[${i}]`,
    });
  });
}

/** Arrays of the two kinds that are written. */
interface Arrays {
  readonly i4: Int32Array;
  readonly f4: Float32Array;
}

/** A numpy array of `shape`, whose null is any size. */
function arrayField<K extends keyof Arrays>(
  dict: Dict,
  key: string,
  dtype: K,
  shape: readonly (number | null)[],
): { readonly shape: readonly number[]; readonly data: Arrays[K] } {
  const value = dict.get(key);
  if (!(value instanceof NdArray) || value.dtype !== dtype)
    throw new AtlasmtlError(
      "BAD_FORMAT",
      `a numpy array ${dtype} is expected; this is ${describeValue(value)}`,
      {
        where: key,
      },
    );
  const fits =
    value.shape.length === shape.length && shape.every((size, i) => size === null || size === value.shape[i]);
  if (fits) return { shape: value.shape, data: value.data as Arrays[K] };
  throw new AtlasmtlError(
    "MISMATCH",
    `the array is [${value.shape.join(", ")}]; expected is [${shape.map((size) => size ?? "any").join(", ")}]`,
    { where: key },
  );
}

function sharesField(dict: Dict, key: string, shape: readonly number[]): Float32Array {
  const { data } = arrayField(dict, key, "f4", shape);
  const wrong = data.findIndex((share) => !(share >= 0 && share <= 1));
  if (wrong < 0) return data;
  throw new AtlasmtlError("BAD_DATA", `element ${wrong} is ${data[wrong]}, expected a share from 0 to 1`, {
    where: key,
  });
}

function cellsField(dict: Dict, key: string, n: number): Int32Array {
  const { data } = arrayField(dict, key, "i4", [n]);
  const wrong = data.findIndex((count) => count < 0);
  if (wrong < 0) return data;
  throw new AtlasmtlError("BAD_DATA", `element ${wrong} is ${data[wrong]}, expected at least 0`, {
    where: key,
  });
}
