/**
 * SummarizedExperiment and SingleCellExperiment of Bioconductor.
 *
 * Source: the reference of the R packages SummarizedExperiment, SingleCellExperiment and S4Vectors.
 * @module
 */
import type { Notice } from "../../../errors.ts";
import type { RFile } from "../../../formats/rds/open.ts";
import type { RValue } from "../../../formats/rds/types.ts";
import { EXPERIMENT, SLOT } from "../../../schema/r-objects.ts";
import type { OpenOptions } from "../probe.ts";
import { checkPart, type FoundObject, matricesOf, stored } from "./dataset.ts";
import { tableOf } from "./frames.ts";
import { attributesOf, badObject, dimNames, fieldOf, itemsOf, listIn, namesOf, slot } from "./objects.ts";

export const isExperiment = (value: RValue): boolean =>
  value?.kind === "s4" && slot(value, EXPERIMENT.cells) !== null && slot(value, EXPERIMENT.assays) !== null;

export async function readExperiment(
  file: RFile,
  { modality }: OpenOptions,
): Promise<Omit<FoundObject, "input" | "format">> {
  const { root } = file;
  const isSingleCell = attributesOf(root).has(EXPERIMENT.internal);
  const title = isSingleCell ? "SingleCellExperiment" : "SummarizedExperiment";
  const internal = await itemsOf(file, slot(root, EXPERIMENT.internal));
  const others = await itemsOf(file, internal.get(EXPERIMENT.others) ?? null);
  const settings = await itemsOf(file, slot(root, EXPERIMENT.internalSettings));
  const mainName = (await namesOf(file, settings.get(EXPERIMENT.mainName) ?? null))?.[0];
  if (modality !== undefined)
    checkPart(modality, [...(mainName === undefined ? [] : [mainName]), ...others.keys()], title);
  const isOther = modality !== undefined && modality !== mainName;
  const chosen = isOther ? slot(others.get(modality)!, SLOT.experiment) : root;
  const { found, notices } = await matricesOf(file, await assaysOf(file, chosen));
  const [first] = found.values();
  if (first === undefined)
    throw badObject(`this ${title} has no assay`, "in R, keep counts in the object before saveRDS");
  const genes = (await geneNames(file, chosen)) ?? (await dimNames(file, first.value, 0));
  if (genes === null)
    throw badObject(
      `the genes of this ${title} have no names`,
      "in R, name them: rownames(x) <- rowData(x)$Symbol",
    );
  const cellTable = await tableOf(file, slot(root, EXPERIMENT.cells));
  const named = cellTable.rowNames ?? (await dimNames(file, first.value, 1));
  const cells = named ?? Array.from({ length: first.nCells }, (_, cell) => String(cell + 1));
  const said: Notice[] =
    named === null ? [{ message: "the cells have no names: they are numbered", where: file.name }] : [];
  const also = [...others.keys()].join(", ");
  return {
    file,
    title,
    ...(isOther ? { part: `${EXPERIMENT.others}/${modality}` } : {}),
    cells,
    genes,
    matrices: new Map([...found].map(([name, matrix]) => [name, stored(file, matrix)])),
    usual: EXPERIMENT.usual,
    cellTable,
    geneTable: { ...(await tableOf(file, geneTable(chosen))), rowNames: null },
    reductions: isOther ? new Map() : await reductions(file, root, internal),
    notices: [...notices, ...said],
    notes:
      others.size === 0 || isOther
        ? []
        : [
            {
              message: `reads the main experiment of this ${title}, which has ${also} as well`,
              where: file.name,
            },
          ],
  };
}

/** The list of assays: in a slot of a slot now, in a field of a reference object before Bioconductor 3.11. */
async function assaysOf(file: RFile, experiment: RValue): Promise<Map<string, RValue>> {
  const assays = slot(experiment, EXPERIMENT.assays);
  const list = slot(assays, SLOT.data) ?? fieldOf(assays, SLOT.data) ?? assays;
  const named = await itemsOf(file, list);
  const items = listIn(list)?.items ?? [];
  // Assays need no names.
  return named.size > 0 || items.length === 0 ? named : new Map([["counts", items[0]]]);
}

/** The names of genes: those of ranges, or in a slot of their own. */
async function geneNames(file: RFile, experiment: RValue): Promise<string[] | null> {
  const ranges = slot(experiment, EXPERIMENT.ranges);
  for (const holder of [experiment, slot(ranges, "partitioning"), slot(ranges, "ranges")]) {
    const names = await namesOf(file, slot(holder, EXPERIMENT.names));
    if (names !== null) return names;
  }
  return namesOf(file, slot(slot(experiment, EXPERIMENT.genes), SLOT.rowNames));
}

/** What is known of genes: beside ranges, or in a slot of its own. */
const geneTable = (experiment: RValue): RValue =>
  slot(slot(experiment, EXPERIMENT.ranges), EXPERIMENT.genes) ?? slot(experiment, EXPERIMENT.genes);

async function reductions(
  file: RFile,
  root: RValue,
  internal: ReadonlyMap<string, RValue>,
): Promise<Map<string, RValue>> {
  const value = internal.get(EXPERIMENT.reductions) ?? slot(root, EXPERIMENT.reductions);
  const found = new Map<string, RValue>();
  for (const [name, matrix] of await itemsOf(file, value))
    found.set(/^X_/.test(name) ? name : `X_${name.toLowerCase()}`, matrix);
  return found;
}
