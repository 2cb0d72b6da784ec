/**
 * Selects the genes among the features of 10x Genomics data and names them.
 *
 * Source: 10x Genomics, "Feature-Barcode Matrices"; the default selection is that of scanpy.
 * @module
 */
import { AtlasmtlError, option, phrase } from "../../errors.ts";
import { listed } from "../read/dataframe.ts";
import type { DataFrame, Notice } from "../types.ts";
import { leftOutNote } from "../views/known-genes.ts";
import type { ColumnInput } from "./in-memory.ts";
import { namedFrame } from "./one-matrix.ts";
import type { OpenOptions } from "./probe.ts";

/** The feature type of genes. */
const GENES = "Gene Expression";

/** One entry per feature in each list. */
export interface Features {
  readonly ids: readonly string[];
  readonly symbols: readonly string[];
  /** Absent in files of Cell Ranger before 3, where all features are genes. */
  readonly types: readonly string[] | null;
  readonly genomes: readonly string[] | null;
}

export interface KeptFeatures {
  readonly frame: DataFrame;
  /** For each feature its column; -1 if it is dropped. */
  readonly toColumn: Int32Array;
  /** What is left out. */
  readonly notes: readonly Notice[];
}

/**
 * The genes of one genome among `features`, as a frame named by symbol or id.
 * @throws USAGE if there are several genomes and none is chosen, NOT_FOUND for a missing one; both list the
 * genomes.
 */
export async function keepGenes(
  features: Features,
  where: string,
  { genome, varNames = "gene_symbols" }: OpenOptions,
): Promise<KeptFeatures> {
  const { ids, symbols, types, genomes } = features;
  const isGene = types === null ? null : types.map((type) => type === GENES);
  const present = [...new Set(genomes?.filter((_, i) => isGene?.[i] !== false) ?? [])];
  const chosen = chooseGenome(present, genome, where);
  const rows: number[] = [];
  const toColumn = new Int32Array(ids.length).fill(-1);
  for (let i = 0; i < ids.length; i++) {
    if (isGene?.[i] === false || (chosen !== null && genomes?.[i] !== chosen)) continue;
    toColumn[i] = rows.length;
    rows.push(i);
  }
  if (rows.length === 0 && ids.length > 0)
    throw new AtlasmtlError("BAD_DATA", `none of its ${ids.length} features is of type "${GENES}"`, {
      where,
      hint: `feature types: ${listed([...new Set(types)])}`,
    });
  const pick = (names: readonly string[]): readonly string[] => rows.map((i) => names[i]);
  const bySymbol = varNames === "gene_symbols";
  const columns = new Map<string, ColumnInput>();
  if (bySymbol) columns.set("gene_ids", text(pick(ids)));
  else columns.set("gene_symbols", text(pick(symbols)));
  if (types !== null) columns.set("feature_types", pick(types));
  if (genomes !== null) columns.set("genome", pick(genomes));
  const note = types === null ? null : leftOutNote(types, (i) => isGene?.[i] !== false, where);
  return {
    frame: await namedFrame(where, { index: pick(bySymbol ? symbols : ids), columns }),
    toColumn,
    notes: note === null ? [] : [note],
  };
}

const text = (values: readonly string[]) => ({ kind: "string", values }) as const;

/** Null if there is nothing to choose. */
export function chooseGenome(
  present: readonly string[],
  asked: string | undefined,
  where: string,
): string | null {
  const names = present.filter((name) => name !== "");
  if (asked !== undefined) {
    if (names.includes(asked)) return asked;
    throw new AtlasmtlError("NOT_FOUND", `there is no genome "${asked}"`, {
      where,
      hint:
        names.length === 0
          ? phrase`the file names no genome; leave ${option("genome")} out`
          : `genomes: ${listed(names)}`,
    });
  }
  if (names.length <= 1) return null;
  throw new AtlasmtlError("USAGE", `the file holds ${names.length} genomes: ${listed(names)}`, {
    where,
    hint: phrase`choose one of them, such as ${option("genome", names[0])}`,
  });
}
