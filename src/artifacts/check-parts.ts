/** Checks that the files of a bundle belong together. @module */
import { AtlasmtlError } from "../errors.ts";
import type { ComponentSpace } from "../model/components/types.ts";
import type { LinearViews } from "../model/linear/types.ts";
import type { Reference } from "../model/types.ts";
import { LATENT_INTERNAL, referenceCoordsKey, SPACE_KEYS, VIEWS_KEYS } from "../schema/bundle.ts";
import type { Metadata } from "./bundle-metadata.ts";
import type { StoredNetwork } from "./network.ts";

/** @throws MISMATCH if the reference does not belong to the model. */
export function checkReference(reference: Reference, metadata: Metadata, latentSize: number): void {
  const key = referenceCoordsKey(LATENT_INTERNAL);
  const latent = reference.coords.get(key);
  if (latent !== undefined && latent.nCols !== latentSize)
    throw new AtlasmtlError(
      "MISMATCH",
      `${key} has ${latent.nCols} dimensions; the encoder has ${latentSize}`,
    );
  for (const { column, classes } of metadata.labelHeads) {
    const labels = reference.labels.get(column);
    const known = new Set(classes);
    const foreign = labels?.categories.find((label) => !known.has(label));
    if (foreign !== undefined)
      throw new AtlasmtlError(
        "MISMATCH",
        `the reference label ${JSON.stringify(foreign)} of ${column} is none of the model's ${classes.length} classes`,
      );
  }
}

/** @throws MISMATCH if weights and metadata describe different models; `where` names the metadata. */
export function checkFit(network: StoredNetwork, metadata: Metadata, where: string): void {
  const { shape, coordNames } = network;
  const mismatch = (message: string): AtlasmtlError =>
    new AtlasmtlError("MISMATCH", message, {
      where,
      hint: "the model and metadata files belong to different trainings; restore the pair",
    });
  if (metadata.trainGenes.length !== shape.nGenes)
    throw mismatch(`${metadata.trainGenes.length} train_genes; the network takes ${shape.nGenes}`);
  if (metadata.labelHeads.length !== shape.nClasses.length)
    throw mismatch(
      `${metadata.labelHeads.length} label columns; the network has ${shape.nClasses.length} heads`,
    );
  metadata.labelHeads.forEach(({ column, classes }, j) => {
    if (classes.length !== shape.nClasses[j])
      throw mismatch(`${column} has ${classes.length} classes; its head has ${shape.nClasses[j]}`);
  });
  coordNames.forEach((name, j) => {
    const head = metadata.coordHeads.get(name);
    if (head === undefined) throw mismatch(`coord_stats lacks the head ${name}`);
    if (head.mean.length !== shape.coordDims[j] || head.std.length !== shape.coordDims[j])
      throw mismatch(
        `coord_stats of ${name} have ${head.mean.length} dimensions; the head has ${shape.coordDims[j]}`,
      );
  });
}

/** @throws MISMATCH when the component space is not that of the model; `where` names its file. */
export function checkSpace(
  { components, columns }: ComponentSpace,
  { trainGenes, labelHeads }: Metadata,
  where: string,
): void {
  const mismatch = (key: string, message: string): AtlasmtlError =>
    new AtlasmtlError("MISMATCH", message, {
      where: `${where} › ${key}`,
      hint: "the component space belongs to another training; restore the file that was saved with this model",
    });
  if (components.nGenes !== trainGenes.length)
    throw mismatch(
      SPACE_KEYS.nGenes,
      `the components have ${components.nGenes} genes; the model has ${trainGenes.length}`,
    );
  const own = columns.map(({ column, quartiles }) => ({ column, nClasses: quartiles.length }));
  if (!areColumns(own, labelHeads))
    throw mismatch(
      SPACE_KEYS.columns,
      `distances to the classes of ${told(own)}; the model has ${told(ofModel(labelHeads))}`,
    );
}

/** @throws MISMATCH when the linear views are not those of the model; `where` names their file. */
export function checkViews(
  { geneShares, networkTemperatures, views, ladder }: LinearViews,
  { trainGenes, labelHeads }: Metadata,
  where: string,
): void {
  const mismatch = (key: string, message: string): AtlasmtlError =>
    new AtlasmtlError("MISMATCH", message, {
      where: `${where} › ${key}`,
      hint: "the linear views belong to another training; restore the file that was saved with this model",
    });
  if (geneShares.length !== trainGenes.length)
    throw mismatch(
      VIEWS_KEYS.nGenes,
      `the linear views have ${geneShares.length} genes; the model has ${trainGenes.length}`,
    );
  if (networkTemperatures.length !== labelHeads.length)
    throw mismatch(
      VIEWS_KEYS.networkTemperatures,
      `there are ${networkTemperatures.length} temperatures for ${labelHeads.length} label columns`,
    );
  ladder.forEach(({ temperatures }, i) => {
    if (temperatures.length !== labelHeads.length)
      throw mismatch(
        `${VIEWS_KEYS.ladder}[${i}] › ${VIEWS_KEYS.temperatures}`,
        `there are ${temperatures.length} temperatures for ${labelHeads.length} label columns`,
      );
  });
  views.forEach(({ heads }, v) => {
    const own = heads.map(({ column, intercepts }) => ({ column, nClasses: intercepts.length }));
    if (!areColumns(own, labelHeads))
      throw mismatch(
        `${VIEWS_KEYS.views}[${v}] › ${VIEWS_KEYS.heads}`,
        `the view scores the classes of ${told(own)}; the model has ${told(ofModel(labelHeads))}`,
      );
  });
}

/** A label column and how many classes it has. */
interface ColumnSize {
  readonly column: string;
  readonly nClasses: number;
}

const ofModel = (labelHeads: Metadata["labelHeads"]): ColumnSize[] =>
  labelHeads.map(({ column, classes }) => ({ column, nClasses: classes.length }));

/** The same columns in the same order, with as many classes. */
function areColumns(own: readonly ColumnSize[], labelHeads: Metadata["labelHeads"]): boolean {
  const expected = ofModel(labelHeads);
  return (
    own.length === expected.length &&
    own.every(({ column, nClasses }, j) => column === expected[j].column && nClasses === expected[j].nClasses)
  );
}

function told(columns: readonly ColumnSize[]): string {
  if (columns.length === 0) return "no label column";
  return columns.map(({ column, nClasses }) => `${column} (${nClasses})`).join(", ");
}
