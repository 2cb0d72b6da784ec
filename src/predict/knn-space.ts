/** Chooses the space of the KNN search (docs/specification/3-prediction.md#knn-correction). @module */
import type { AnnData } from "../anndata/types.ts";
import type { RowRange } from "../core/csr.ts";
import type { DenseMatrix } from "../core/dense.ts";
import { didYouMean } from "../core/nearest.ts";
import { AtlasmtlError, locate, option, phrase } from "../errors.ts";
import { knnSpaceName } from "../model/resolve-options.ts";
import type { Model, ReferenceLabels } from "../model/types.ts";
import { LATENT_INTERNAL, referenceCoordsKey } from "../schema/bundle.ts";
import type { PredictSettings } from "./options.ts";

/** Spaces that are tried in this order if none is requested. */
const PREFERENCE = [LATENT_INTERNAL, "latent", "umap"];
const REFERENCE_PREFIX = referenceCoordsKey("");

/** The reference points of the search, and the source of the query's points. */
export interface KnnSpace {
  /** Recorded as `knn_space_used`. */
  readonly name: string;
  /** The requested space, or null. */
  readonly preferred: string | null;
  /** Points of the reference cells; null if no option needs neighbours. */
  readonly reference: DenseMatrix | null;
  readonly labels: ReadonlyMap<string, ReferenceLabels>;
  /** Points of the query's cells in the range from obsm; null if the network predicts them. */
  readonly queryObsm: DenseMatrix | null;
}

/**
 * Chooses the space and loads its points, of the query those of the cells in `range`. It reads the reference only if neighbours are needed.
 * @throws NOT_FOUND if reference or query lacks the requested space, or the reference file is missing;
 * MISMATCH if they have no space in common, widths differ, or labels do not belong to the points; BAD_DATA
 * for a reference without cells or points that are not finite.
 */
export async function chooseKnnSpace(
  model: Model,
  adata: AnnData,
  settings: PredictSettings,
  range: RowRange = { start: 0, end: adata.nObs },
  signal?: AbortSignal,
): Promise<KnnSpace> {
  const { knnCorrection, opensetMethod, knnQueryObsmKey, transfer } = settings;
  const preferred =
    knnQueryObsmKey === null ? settings.knnSpace : knnSpaceName(knnQueryObsmKey, settings.knnSpace);
  if (knnCorrection === "off" && opensetMethod === null && transfer === null)
    return {
      name: preferred ?? LATENT_INTERNAL,
      preferred,
      reference: null,
      labels: new Map(),
      queryObsm: null,
    };

  const { coords, labels } = await model.reference(signal);
  const widths = predictedWidths(model);
  const name =
    preferred ?? PREFERENCE.find((space) => widths.has(space) && coords.has(referenceCoordsKey(space)));
  if (name === undefined)
    throw new AtlasmtlError(
      "MISMATCH",
      `none of the spaces ${PREFERENCE.join(", ")} is both predicted by the model (${list(widths.keys())}) and ` +
        `in its reference (${list(spacesOf(coords))})`,
      {
        where: "reference › coords",
        hint: phrase`choose ${option("knnSpace")} with ${option("knnQueryObsmKey")}`,
      },
    );
  const reference = coords.get(referenceCoordsKey(name));
  if (reference === undefined)
    throw new AtlasmtlError(
      "NOT_FOUND",
      `the model's reference has no space "${name}", it has ${list(spacesOf(coords))}` +
        didYouMean(name, spacesOf(coords)),
      {
        where: "reference › coords",
        hint: phrase`choose one of them as ${option("knnSpace")}, or leave it out`,
      },
    );
  if (reference.nRows === 0)
    throw new AtlasmtlError("BAD_DATA", "the model's reference has no cells", {
      where: "reference",
      hint: phrase`predict with ${option("knnCorrection", "off")}`,
    });
  const queryObsm =
    knnQueryObsmKey === null ? null : rowsOf(await queryPoints(adata, knnQueryObsmKey), range);
  const width = queryObsm?.nCols ?? widths.get(name);
  if (width === undefined)
    throw new AtlasmtlError(
      "NOT_FOUND",
      `the model does not predict the space "${name}", it predicts ${list(widths.keys())}`,
      {
        where: phrase`${option("knnSpace")}`,
        hint: phrase`name the query's obsm array for this space with ${option("knnQueryObsmKey")}`,
      },
    );
  if (width !== reference.nCols)
    throw new AtlasmtlError(
      "MISMATCH",
      `the query has ${width} dimensions in the space "${name}", the reference ${reference.nCols}`,
      {
        where: queryObsm === null ? "reference › coords" : `${adata.source} › obsm › ${knnQueryObsmKey}`,
        hint: "use the array that was made together with the reference's",
      },
    );
  checkLabels(model, settings, labels, reference.nRows);
  return { name, preferred, reference, labels, queryObsm };
}

const rowsOf = ({ nCols, data }: DenseMatrix, { start, end }: RowRange): DenseMatrix => ({
  nRows: end - start,
  nCols,
  data: data.subarray(start * nCols, end * nCols),
});

function predictedWidths(model: Model): ReadonlyMap<string, number> {
  const widths = new Map(model.coordHeads.map((head) => [head.name, head.mean.length]));
  return model.oneVsRest ? widths : widths.set(LATENT_INTERNAL, model.shape.hiddenSizes.at(-1) ?? 0);
}

async function queryPoints(adata: AnnData, key: string): Promise<DenseMatrix> {
  const points = await adata.obsm(key);
  const where = `${adata.source} › obsm › ${key}`;
  if (points.nRows !== adata.nObs)
    throw new AtlasmtlError("BAD_DATA", `the array has ${points.nRows} rows for ${adata.nObs} cells`, {
      where,
    });
  const at = points.data.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) {
    const row = Math.floor(at / points.nCols);
    throw new AtlasmtlError("BAD_DATA", `row ${row} holds ${points.data[at]}, expected finite numbers`, {
      where,
      hint: phrase`leave out the cells without coordinates, or use another ${option("knnSpace")}`,
    });
  }
  return points;
}

/** Every column that votes or defines centroids needs a label for each reference point. */
function checkLabels(
  model: Model,
  settings: PredictSettings,
  labels: ReadonlyMap<string, ReferenceLabels>,
  nPoints: number,
): void {
  const columns = model.labelHeads.map((head) => head.column);
  const needed = settings.knnCorrection === "off" ? [] : columns;
  const openset = settings.opensetMethod === "prototype" ? [settings.opensetLabelColumn ?? columns[0]] : [];
  for (const column of new Set([...needed, ...openset])) {
    const nLabels = labels.get(column)?.codes.length;
    if (nLabels === nPoints) continue;
    throw locate(
      new AtlasmtlError(
        "MISMATCH",
        nLabels === undefined
          ? `the reference has no labels for ${column}, it has ${list(labels.keys())}`
          : `the reference has ${nLabels} labels of ${column} for ${nPoints} points`,
        { hint: "restore the reference file that was saved with this model" },
      ),
      "reference › labels",
      "artifact",
    );
  }
}

function spacesOf(coords: ReadonlyMap<string, DenseMatrix>): string[] {
  return [...coords.keys()]
    .filter((key) => key.startsWith(REFERENCE_PREFIX))
    .map((key) => key.slice(REFERENCE_PREFIX.length));
}

function list(names: Iterable<string>): string {
  return [...names].join(", ") || "none";
}
