/** Checks that the files of a bundle belong together. @module */
import { AtlasmtlError } from "../errors.ts";
import type { ComponentSpace } from "../model/components/types.ts";
import type { LinearViews } from "../model/linear/types.ts";
import type { Reference } from "../model/types.ts";
import { LATENT_INTERNAL, referenceCoordsKey } from "../schema/bundle.ts";
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
  const mismatch = (message: string): AtlasmtlError =>
    new AtlasmtlError("MISMATCH", message, {
      where,
      hint: "the component space belongs to another training; restore the file that was saved with this model",
    });
  if (components.nGenes !== trainGenes.length)
    throw mismatch(`the components have ${components.nGenes} genes; the model has ${trainGenes.length}`);
  const same =
    columns.length === labelHeads.length && columns.every(({ column }, j) => column === labelHeads[j].column);
  if (!same)
    throw mismatch(
      `distances to the classes of ${columns.map(({ column }) => column).join(", ")}; the model has ${labelHeads.map(({ column }) => column).join(", ")}`,
    );
  columns.forEach(({ column, quartiles }, j) => {
    if (quartiles.length !== labelHeads[j].classes.length)
      throw mismatch(
        `${column} has ${quartiles.length} classes in the component space and ${labelHeads[j].classes.length} in the model`,
      );
  });
}

/** @throws MISMATCH when the linear views are not those of the model; `where` names their file. */
export function checkViews(
  { geneShares, networkTemperatures, views }: LinearViews,
  { trainGenes, labelHeads }: Metadata,
  where: string,
): void {
  const mismatch = (message: string): AtlasmtlError =>
    new AtlasmtlError("MISMATCH", message, {
      where,
      hint: "the linear views belong to another training; restore the file that was saved with this model",
    });
  if (geneShares.length !== trainGenes.length)
    throw mismatch(`the linear views have ${geneShares.length} genes; the model has ${trainGenes.length}`);
  if (networkTemperatures.length !== labelHeads.length)
    throw mismatch(
      `there are ${networkTemperatures.length} temperatures for ${labelHeads.length} label columns`,
    );
  for (const { heads } of views) {
    const own = heads.map(({ column, intercepts }) => `${column} (${intercepts.length})`).join(", ");
    const expected = labelHeads.map(({ column, classes }) => `${column} (${classes.length})`).join(", ");
    if (own !== expected)
      throw mismatch(`a view has the label columns ${own} with their classes; the model has ${expected}`);
  }
}
