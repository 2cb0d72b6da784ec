/** Checks that the files of a bundle belong together. @module */
import { AtlasmtlError } from "../errors.ts";
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
