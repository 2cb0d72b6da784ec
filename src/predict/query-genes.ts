/**
 * Maps the gene names of a query to the model's (docs/specification/3-prediction.md#gene-alignment).
 * @module
 */
import type { DataFrame, Matrix } from "../anndata/types.ts";
import { type ConfigMap, keyed } from "../core/config.ts";
import { AtlasmtlError, isAtlasmtlError, type Notice, option, phrase } from "../errors.ts";
import type { Model } from "../model/types.ts";
import { canonicalGenes, examples, type GeneIds, namingFields } from "../preprocess/gene-ids.ts";
import { moveGenes } from "../preprocess/gene-view.ts";
import { type GenePlan, planGenes, selectGenes } from "../preprocess/merge-genes.ts";
import { PREPROCESS_DEFAULTS } from "../preprocess/options.ts";
import { type FeaturePanel, panelSymbols } from "../preprocess/panel.ts";
import { GENE_MAPPING } from "../schema/prediction.ts";
import { type GeneSettings, modelPanel, wantsMapping } from "./model-panel.ts";

/** The query's genes with the model's names. */
export interface QueryGenes {
  readonly names: readonly string[];
  readonly matrix: Matrix;
  /** How they were mapped, for the metadata; null if they were not. */
  readonly mapping: ConfigMap | null;
  /** What was done to them; null if nothing was. */
  readonly note: Notice | null;
}

export interface NamedMatrix {
  readonly matrix: Matrix;
  readonly names: readonly string[];
  /** The table of the matrix's genes; null for `raw/X`. */
  readonly var: DataFrame | null;
  readonly source: string;
}

/**
 * The query's matrix with the model's names of genes.
 *
 * Names are mapped if `settings` request it, or if the model has a feature panel and mapping matches more
 * genes. Otherwise nothing changes.
 * @throws MISMATCH if mapping was requested and matches no gene; the errors of `canonicalGenes`.
 */
export async function queryGenes(
  query: NamedMatrix,
  model: Pick<Model, "trainGenes" | "trainConfig">,
  settings: GeneSettings,
): Promise<QueryGenes> {
  const { names, matrix } = query;
  const asIs: QueryGenes = { names, matrix, mapping: null, note: null };
  const isAsked = wantsMapping(settings);
  const panel = modelPanel(model);
  const inModel = new Set(model.trainGenes);
  const nDirect = new Set(names.filter((name) => inModel.has(name))).size;
  const isUnique = new Set(names).size === names.length;
  if (!isAsked && (panel === null || (nDirect === inModel.size && isUnique))) return asIs;
  const idSettings = { ...PREPROCESS_DEFAULTS, ...given(settings) };
  const modelIds = await idsOfModel(model, panel, idSettings);
  let genes: GeneIds;
  try {
    const species = settings.species ?? modelIds.species ?? "infer";
    const known = { idOf: panel === null ? new Map<string, string>() : panelSymbols(panel) };
    genes = await canonicalGenes(query, { ...idSettings, species }, known);
  } catch (error) {
    if (isAsked || !isAtlasmtlError(error)) throw error;
    return asIs; // the match by name reports what is wrong with the names
  }
  const policies = {
    unmappedPolicy: "keep_original",
    duplicatePolicy: settings.duplicatePolicy ?? PREPROCESS_DEFAULTS.duplicatePolicy,
  } as const;
  const plan = planGenes(names, genes, policies, query.source);
  const renamed = inModelNames(plan, modelIds.nameOf);
  const inQuery = new Set(renamed.names);
  const wanted = model.trainGenes.filter((name) => inQuery.has(name));
  const nMapped = wanted.length;
  if (!isAsked && nMapped <= nDirect && isUnique) return asIs;
  if (nMapped === 0) {
    if (!isAsked) return asIs;
    throw new AtlasmtlError(
      "MISMATCH",
      `none of the model's ${inModel.size} genes is in the query, as ${genes.naming.species} genes of ${genes.naming.table} or as they are (query: ${examples(names)}; model: ${examples(model.trainGenes)})`,
      {
        where: `${query.source} › var names`,
        hint: phrase`check the species; a table of other names can be given with ${option("geneIdTable")}, a var column of Ensembl ids with ${option("ensemblSourceColumn")}`,
      },
    );
  }
  const chosen = selectGenes(renamed, wanted);
  return {
    names: wanted,
    matrix: moveGenes(matrix, chosen, policies.duplicatePolicy),
    mapping: mappingOf(genes, nDirect, nMapped, plan.duplicated.length),
    note:
      nMapped === nDirect && isUnique
        ? null
        : told(genes, modelIds.kind, nDirect, nMapped, inModel.size, query.source),
  };
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
  /** The model's name for a canonical id, or for a name without one. */
  readonly nameOf: ReadonlyMap<string, string>;
  readonly species: FeaturePanel["species"] | null;
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

/** The mapping, with the model's names for the genes that it has. */
function inModelNames(plan: GenePlan, nameOf: ReadonlyMap<string, string>): GenePlan {
  const taken = new Set<string>();
  const names = plan.names.map((id) => {
    const name = nameOf.get(id) ?? id;
    const free = taken.has(name) ? id : name;
    taken.add(free);
    return free;
  });
  return { ...plan, names };
}

const KINDS = {
  symbol: "symbols",
  ensembl: "Ensembl ids",
  ensembl_versioned: "Ensembl ids with versions",
  mixed: "symbols and Ensembl ids",
} as const;

function mappingOf({ naming }: GeneIds, nDirect: number, nMapped: number, nDuplicated: number): ConfigMap {
  return keyed(GENE_MAPPING, {
    ...namingFields(naming),
    nMatchedAsTheyAre: nDirect,
    nMatchedMapped: nMapped,
    nDuplicatedIds: nDuplicated,
  });
}

function told(
  { naming }: GeneIds,
  modelKind: string,
  nDirect: number,
  nMapped: number,
  nGenes: number,
  source: string,
): Notice {
  const { varNamesType, species, column, table, guessed } = naming;
  const sure = guessed.varNamesType ? " (a guess)" : "";
  const by = column === null ? table : `the var column ${column}`;
  return {
    message:
      `the query's genes are ${species} ${KINDS[varNamesType]}${sure} and the model's ${modelKind}: ` +
      `mapped by ${by}, ${nMapped} of the model's ${nGenes} genes are in the query; as they are, ${nDirect} would be`,
    where: `${source} › var names`,
  };
}
