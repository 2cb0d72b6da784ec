/**
 * Finds the model's genes among those of a query, whatever they are called by
 * (docs/specification/3-prediction.md#gene-alignment).
 * @module
 */
import { inspectGenes } from "../anndata/inspect/inspect-genes.ts";
import type { DataFrame, Matrix } from "../anndata/types.ts";
import { type ConfigMap, keyed } from "../core/config.ts";
import { grouped } from "../core/shown.ts";
import { AtlasmtlError, isAtlasmtlError, type Notice, option, phrase } from "../errors.ts";
import type { Model } from "../model/types.ts";
import { canonicalGenes, examples, type GeneIds, namingFields, otherTable } from "../preprocess/gene-ids.ts";
import { matchSpellings } from "../preprocess/gene-spelling.ts";
import { moveGenes } from "../preprocess/gene-view.ts";
import type { GenePlan } from "../preprocess/merge-genes.ts";
import { PREPROCESS_DEFAULTS } from "../preprocess/options.ts";
import { type Orthologues, orthologues } from "../preprocess/orthologues.ts";
import { type FeaturePanel, panelSymbols } from "../preprocess/panel.ts";
import { GENE_MAPPING } from "../schema/prediction.ts";
import { SPECIES, type Species } from "../schema/preprocess-options.ts";
import { repeatedGenes } from "./align.ts";
import { type GeneSettings, modelPanel, wantsMapping } from "./model-panel.ts";

/** The query's genes with the model's names. */
export interface QueryGenes {
  readonly names: readonly string[];
  readonly matrix: Matrix;
  /** How they were mapped by tables, for the metadata; null if they were not. */
  readonly mapping: ConfigMap | null;
  /** What was done to them. */
  readonly notes: readonly Notice[];
  /** The stored names of genes that are none of the model's. */
  readonly unmatched: readonly string[];
}

export interface NamedMatrix {
  readonly matrix: Matrix;
  readonly names: readonly string[];
  /** The table of the matrix's genes; null without one. */
  readonly var: DataFrame | null;
  readonly source: string;
}

/**
 * The query's matrix with the model's names of genes.
 *
 * A gene of the model is taken from the genes with its very name; where there is none, from those with another spelling of
 * it; and where there is none of these either, and `settings` or the model's feature panel ask for it, from those that
 * tables of genes lead to. So mapping never takes a gene away. Several genes of one kind are merged.
 * @throws MISMATCH if mapping was requested and nothing matches; BAD_DATA for a gene of the model that the query has twice,
 * unless mapping was requested or the model has a panel; the errors of `canonicalGenes` if nothing matches otherwise.
 */
export async function queryGenes(
  query: NamedMatrix,
  model: Pick<Model, "trainGenes" | "trainConfig">,
  settings: GeneSettings,
): Promise<QueryGenes> {
  const { names, matrix, source } = query;
  const { trainGenes } = model;
  const inModel = new Set(trainGenes);
  const target = names.map((name) => (inModel.has(name) ? name : null));
  const found = new Set<string>(target.filter((name) => name !== null));
  const nDirect = found.size;
  const isUnique = target.reduce((n, name) => n + (name === null ? 0 : 1), 0) === nDirect;
  const isAsked = wantsMapping(settings);
  const panel = modelPanel(model);
  const merges = isAsked || panel !== null;
  if (!isUnique && !merges) throw repeatedGenes(names, inModel, source);
  const notes: Notice[] = [];

  const spelled = nDirect === inModel.size ? [] : matchSpellings(names, trainGenes, found);
  take(target, found, spelled);
  const nSpelled = found.size - nDirect;
  if (nSpelled > 0) notes.push(respelled(names, target, inModel, nSpelled));

  const nOfNames = found.size;
  let mapping: ConfigMap | null = null;
  if (settings.unmappedPolicy === "drop" || settings.unmappedPolicy === "error")
    await applyUnmappedPolicy(target, found, query, panel, settings);
  const isCut = found.size < nOfNames;
  if (merges && found.size < inModel.size) {
    const before = found.size;
    const mapped = await mappedGenes(query, model, panel, settings, before).catch((error: unknown) => {
      if (!isAtlasmtlError(error) || (isAsked && (before === 0 || !TOLERATED.has(error.code)))) throw error;
      if (isAsked) notes.push({ message: `genes are not mapped by tables: ${error.message}`, where: source });
      return null;
    });
    if (mapped !== null) {
      take(target, found, mapped.target);
      const nDuplicated = nRepeated(target);
      if (isAsked || found.size > before) mapping = mappingOf(mapped, nDirect, found.size, nDuplicated);
      if (found.size > before) notes.push(told(mapped, nDirect, found.size, inModel.size, query.source));
      const missing = inModel.size - found.size;
      const tables =
        panel === null ? null : otherTable(panel, mapped.genes.naming, missing, `${source} › var names`);
      if (tables !== null) notes.push(tables);
    }
  }
  const unmatched = names.filter((_, gene) => target[gene] === null);
  if (found.size === nDirect && isUnique && !isCut) return { names, matrix, mapping, notes, unmatched };
  const wanted = trainGenes.filter((name) => found.has(name));
  const policy = settings.duplicatePolicy ?? PREPROCESS_DEFAULTS.duplicatePolicy;
  const plan = planOf(target, wanted);
  if (policy === "error" && plan.duplicated.length > 0)
    throw new AtlasmtlError(
      "BAD_DATA",
      `${plan.duplicated.length} of the model's genes have several genes in the query, such as ${examples(plan.duplicated)}`,
      {
        where: `${source} › var names`,
        hint: phrase`add them up with ${option("duplicatePolicy", "sum")}, or keep the first with ${option("duplicatePolicy", "first")}`,
      },
    );
  return { names: wanted, matrix: moveGenes(matrix, plan, policy), mapping, notes, unmatched };
}

/** Errors of naming that leave a query as it is, where some of its genes match. */
const TOLERATED: ReadonlySet<string> = new Set(["BAD_DATA", "UNSUPPORTED"]);

/** Gives genes without a target the ones of `more` that no other gene has yet. */
function take(target: (string | null)[], found: Set<string>, more: readonly (string | null)[]): void {
  const added = new Set<string>();
  more.forEach((name, gene) => {
    if (name === null || target[gene] !== null || found.has(name)) return;
    target[gene] = name;
    added.add(name);
  });
  for (const name of added) found.add(name);
}

/**
 * Takes away genes that no table has an id for, also where they have the very names of the model's.
 * @throws BAD_DATA for such genes if the policy is `error`.
 */
async function applyUnmappedPolicy(
  target: (string | null)[],
  found: Set<string>,
  query: NamedMatrix,
  panel: FeaturePanel | null,
  settings: GeneSettings,
): Promise<void> {
  const known = { idOf: panel === null ? new Map<string, string>() : panelSymbols(panel) };
  const species = settings.species ?? (settings.orthologues ? null : panel?.species) ?? "infer";
  const { ids } = await canonicalGenes(query, { ...PREPROCESS_DEFAULTS, ...given(settings), species }, known);
  const without = query.names.filter((_, gene) => ids[gene] === null);
  if (without.length === 0) return;
  if (settings.unmappedPolicy === "error")
    throw new AtlasmtlError(
      "BAD_DATA",
      `${without.length} of ${query.names.length} genes of the query have no id, such as ${examples(without)}`,
      {
        where: `${query.source} › var names`,
        hint: phrase`leave them out with ${option("unmappedPolicy", "drop")}, or match them by their names with ${option("unmappedPolicy", "keep_original")}`,
      },
    );
  found.clear();
  ids.forEach((id, gene) => {
    if (id === null) target[gene] = null;
    const name = target[gene];
    if (name !== null) found.add(name);
  });
}

function nRepeated(target: readonly (string | null)[]): number {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const name of target) if (name !== null) (seen.has(name) ? twice : seen).add(name);
  return twice.size;
}

/** The genes `wanted`, each made of those whose target it is. */
function planOf(target: readonly (string | null)[], wanted: readonly string[]): GenePlan {
  const place = new Map(wanted.map((name, out) => [name, out]));
  const first = new Int32Array(wanted.length).fill(-1);
  const groupSize = new Int32Array(wanted.length);
  const to = Int32Array.from(target, (name, gene) => {
    const out = name === null ? undefined : place.get(name);
    if (out === undefined) return -1;
    if (first[out] < 0) first[out] = gene;
    groupSize[out]++;
    return out;
  });
  return {
    names: wanted,
    target: to,
    first,
    groupSize,
    ids: wanted,
    symbols: wanted,
    nDropped: target.reduce((n, name) => n + (name === null ? 1 : 0), 0),
    duplicated: wanted.filter((_, out) => groupSize[out] > 1),
  };
}

/** What tables of genes lead to. */
interface MappedGenes {
  readonly genes: GeneIds;
  /** Null if genes were not carried over to another species. */
  readonly carried: { readonly to: Species; readonly name: string; readonly nGenes: number } | null;
  /** Per gene of the query the model's name. */
  readonly target: readonly (string | null)[];
  readonly modelKind: string;
}

/**
 * Null for a query of another species, unless its genes are carried over: the tables of one species do not know those of
 * another.
 * @throws MISMATCH if mapping was requested and leads to no gene; the errors of `canonicalGenes` and `orthologues`.
 */
async function mappedGenes(
  query: NamedMatrix,
  model: Pick<Model, "trainGenes">,
  panel: FeaturePanel | null,
  settings: GeneSettings,
  nFound: number,
): Promise<MappedGenes | null> {
  const idSettings = { ...PREPROCESS_DEFAULTS, ...given(settings) };
  const modelIds = await idsOfModel(model, panel, idSettings);
  const ofModel = modelIds.species;
  if (settings.species === null && !settings.orthologues && isOfOther(query.names, ofModel)) return null;
  const species = settings.species ?? (settings.orthologues ? "infer" : ofModel);
  const known = { idOf: panel === null ? new Map<string, string>() : panelSymbols(panel) };
  const genes = await canonicalGenes(query, { ...idSettings, species }, known);
  const others = settings.orthologues ? await orthologuesFor(genes.naming.species, ofModel) : null;
  let nGenes = 0;
  const target = genes.ids.map((id) => {
    const own = id === null || others === null ? id : (others.of.get(id) ?? null);
    if (others !== null && own !== null) nGenes++;
    return own === null ? null : (modelIds.nameOf.get(own) ?? null);
  });
  if (nFound === 0 && target.every((name) => name === null) && wantsMapping(settings))
    throw new AtlasmtlError(
      "MISMATCH",
      `none of the model's ${model.trainGenes.length} genes is in the query, as ${genes.naming.species} genes of ${genes.naming.table} or as they are (query: ${examples(query.names)}; model: ${examples(model.trainGenes)})`,
      {
        where: `${query.source} › var names`,
        hint: phrase`check the species; a table of other names can be given with ${option("geneIdTable")}, a var column of Ensembl ids with ${option("ensemblSourceColumn")}, of names with ${option("geneColumn")}`,
      },
    );
  const carried = others === null ? null : { to: ofModel, name: others.name, nGenes };
  return { genes, carried, target, modelKind: modelIds.kind };
}

/** True for names of a species that has tables and is not the model's. */
function isOfOther(names: readonly string[], ofModel: Species): boolean {
  const { species } = inspectGenes(names);
  return (
    species !== null &&
    !species.split(" or ").includes(ofModel) &&
    SPECIES.some((each) => species.includes(each))
  );
}

/** Null if both are of one species, so that nothing is to be carried over. */
async function orthologuesFor(from: Species, to: Species): Promise<Orthologues | null> {
  return from === to ? null : orthologues(from, to);
}

function given(settings: GeneSettings) {
  const { varNamesType, geneIdTable, ensemblSourceColumn } = settings;
  return {
    ...(varNamesType === null ? {} : { varNamesType }),
    ...(geneIdTable === null ? {} : { geneIdTable }),
    ...(ensemblSourceColumn === null ? {} : { ensemblSourceColumn }),
  };
}

interface ModelIds {
  /** The model's name for a canonical id. */
  readonly nameOf: ReadonlyMap<string, string>;
  readonly species: Species;
  readonly kind: string;
}

async function idsOfModel(
  { trainGenes }: Pick<Model, "trainGenes">,
  panel: FeaturePanel | null,
  settings: typeof PREPROCESS_DEFAULTS,
): Promise<ModelIds> {
  if (panel !== null)
    return {
      nameOf: new Map(trainGenes.map((name) => [name, name])),
      species: panel.species,
      kind: KINDS.ensembl,
    };
  const genes = await canonicalGenes(
    { names: trainGenes, var: null, source: "the model" },
    { ...settings, varNamesType: "infer", species: "infer", ensemblSourceColumn: null },
  );
  const nameOf = new Map<string, string>();
  trainGenes.forEach((name, gene) => {
    const id = genes.ids[gene] ?? name;
    if (!nameOf.has(id)) nameOf.set(id, name);
  });
  return { nameOf, species: genes.naming.species, kind: KINDS[genes.naming.varNamesType] };
}

const KINDS = {
  symbol: "symbols",
  ensembl: "Ensembl ids",
  ensembl_versioned: "Ensembl ids with versions",
  mixed: "symbols and Ensembl ids",
} as const;

function mappingOf(
  { genes, carried }: MappedGenes,
  nDirect: number,
  nMapped: number,
  nDuplicated: number,
): ConfigMap {
  return keyed(GENE_MAPPING, {
    ...namingFields(genes.naming),
    nOrthologues: carried?.nGenes,
    nMatchedAsTheyAre: nDirect,
    nMatchedMapped: nMapped,
    nDuplicatedIds: nDuplicated,
  });
}

function respelled(
  names: readonly string[],
  target: readonly (string | null)[],
  inModel: ReadonlySet<string>,
  nSpelled: number,
): Notice {
  const example = names.findIndex((name, gene) => target[gene] !== null && !inModel.has(name));
  return {
    message: `${nSpelled} of the model's genes are spelled otherwise in the query, such as '${names[example]}' for '${target[example]}'`,
  };
}

function told(
  { genes: { naming }, carried, modelKind }: MappedGenes,
  nDirect: number,
  nMapped: number,
  nGenes: number,
  source: string,
): Notice {
  const { varNamesType, species, column, table, guessed } = naming;
  const sure = guessed.varNamesType ? " (a guess)" : "";
  const by = column === null ? table : `the var column ${column}`;
  if (carried !== null)
    return {
      message: `${grouped(carried.nGenes)} genes of ${species} were carried over to ${carried.to} by one-to-one orthologues (${carried.name}); the query now has ${grouped(nMapped)} of the model's genes`,
      where: `${source} › var names`,
    };
  return {
    message:
      `the query's genes are ${species} ${KINDS[varNamesType]}${sure} and the model's ${modelKind}: ` +
      `mapped by ${by}, ${nMapped} of the model's ${nGenes} genes are in the query; as they are, ${nDirect} would be`,
    where: `${source} › var names`,
  };
}
