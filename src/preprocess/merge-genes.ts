/**
 * Which genes of the input make which gene of the output (docs/specification/4-preprocessing.md#gene-identifiers and
 * docs/specification/4-preprocessing.md#feature-panel).
 * @module
 */
import { AtlasmtlError, option, phrase } from "../errors.ts";
import { examples, type GeneIds } from "./gene-ids.ts";
import type { PreprocessSettings } from "./options.ts";

/** The genes of an output. */
export interface GenePlan {
  readonly names: readonly string[];
  /** Per gene of the input its place in the output, -1 when it is left out. */
  readonly target: Int32Array;
  /** Per gene of the output the first of the input that makes it, -1 when none does. */
  readonly first: Int32Array;
  /** Per gene of the output how many of the input make it. */
  readonly groupSize: Int32Array;
  /** Per gene of the output; null where there is none. */
  readonly ids: readonly (string | null)[];
  readonly symbols: readonly (string | null)[];
  readonly nDropped: number;
  /** Ids that several genes have. */
  readonly duplicated: readonly string[];
}

/**
 * The genes of the output, in the order in which they first appear.
 * @throws BAD_DATA when nothing is mapped, or for what a policy calls an error.
 */
export function planGenes(
  names: readonly string[],
  genes: GeneIds,
  settings: Pick<PreprocessSettings, "unmappedPolicy" | "duplicatePolicy">,
  source: string,
): GenePlan {
  const { unmappedPolicy, duplicatePolicy } = settings;
  const { ids, unmapped, causes, naming } = genes;
  const where = `${source} › var names`;
  const because = causes.length === 0 ? "" : `; ${causes.join("; ")}`;
  if (unmapped.length === names.length && names.length > 0 && unmappedPolicy !== "keep_original")
    throw new AtlasmtlError(
      "BAD_DATA",
      `none of ${names.length} genes has a ${naming.species} Ensembl id, such as ${examples(unmapped)}${because}`,
      {
        where,
        hint: phrase`give the right ${option("species")}, a table of these names with ${option("geneIdTable")}, or the var column of Ensembl ids with ${option("ensemblSourceColumn")}`,
      },
    );
  if (unmapped.length > 0 && unmappedPolicy === "error")
    throw new AtlasmtlError(
      "BAD_DATA",
      `${unmapped.length} of ${names.length} genes have no ${naming.species} Ensembl id, such as ${examples(unmapped)}${because}`,
      {
        where,
        hint: phrase`correct the names, or leave these genes out with ${option("unmappedPolicy", "drop")}`,
      },
    );
  const place = new Map<string, number>();
  const first: number[] = [];
  const groupSize: number[] = [];
  let nDropped = 0;
  const target = Int32Array.from(ids, (id, gene) => {
    const name = id ?? (unmappedPolicy === "keep_original" ? names[gene] : null);
    if (name === null) {
      nDropped++;
      return -1;
    }
    const known = place.get(name);
    if (known !== undefined) {
      groupSize[known]++;
      return known;
    }
    place.set(name, first.length);
    first.push(gene);
    groupSize.push(1);
    return first.length - 1;
  });
  const outNames = [...place.keys()];
  const duplicated = outNames.filter((_, out) => groupSize[out] > 1);
  if (duplicated.length > 0 && duplicatePolicy === "error")
    throw new AtlasmtlError(
      "BAD_DATA",
      `${duplicated.length} ids have several genes, such as ${examples(duplicated)}`,
      {
        where,
        hint: phrase`add them up with ${option("duplicatePolicy", "sum")}, or keep the first with ${option("duplicatePolicy", "first")}`,
      },
    );
  return {
    names: outNames,
    target,
    first: Int32Array.from(first),
    groupSize: Int32Array.from(groupSize),
    ids: first.map((gene) => ids[gene]!),
    symbols: first.map((gene) => genes.symbols[gene]!),
    nDropped,
    duplicated,
  };
}

/** The genes `wanted` of a plan, by name, in that order; those it lacks are made by none. */
export function selectGenes(plan: GenePlan, wanted: readonly string[]): GenePlan {
  const place = new Map(plan.names.map((name, out) => [name, out]));
  const from = wanted.map((name) => place.get(name) ?? -1);
  const moved = new Int32Array(plan.names.length).fill(-1);
  from.forEach((old, out) => {
    if (old >= 0) moved[old] = out;
  });
  return {
    ...plan,
    names: wanted,
    target: plan.target.map((old) => (old < 0 ? -1 : moved[old])),
    first: Int32Array.from(from, (old) => (old < 0 ? -1 : plan.first[old])),
    groupSize: Int32Array.from(from, (old) => (old < 0 ? 0 : plan.groupSize[old])),
    ids: from.map((old, out) => (old < 0 ? wanted[out] : plan.ids[old]!)),
    symbols: from.map((old) => (old < 0 ? null : plan.symbols[old]!)),
  };
}
