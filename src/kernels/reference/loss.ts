/** The whole loss of one batch: its parts, its sum and the gradients by the network's outputs. @module */
import type { LossOptions, LossSummary, NetworkShape, TrainingData } from "../types.ts";
import { crossEntropy } from "./cross-entropy.ts";
import { domainAlignment } from "./domain.ts";
import { huber } from "./huber.ts";
import { type Activations, latentOf } from "./network.ts";
import { topology } from "./topology.ts";

/**
 * The loss of the cells `rows` given the network's outputs for them. `gradients`, if given, are overwritten
 * with the derivatives by logits, coordinates and latent. Source: docs/specification/2-training.md#loss.
 */
export function batchLoss(
  shape: NetworkShape,
  data: Omit<TrainingData, "x">,
  rows: Uint32Array,
  loss: LossOptions,
  values: Activations,
  gradients: Activations | null,
): LossSummary {
  const nRows = rows.length;
  if (gradients !== null) latentOf(gradients).fill(0);
  let total = 0;

  const labels = shape.nClasses.map((nClasses, j) => {
    const targets = gatherCodes(data.labels[j], rows);
    const weight = loss.taskWeights[j];
    const part = crossEntropy(
      { logits: values.logits[j], nRows, nClasses, targets, classWeights: loss.classWeights[j]! },
      weight,
      gradients?.logits[j] ?? null,
    );
    total += weight * part;
    return part;
  });

  const targets = data.coords.map(({ data: coords, nCols }) => gatherRows(coords, nCols, rows));
  const coords = shape.coordDims.map((dim, c) => {
    const weight = loss.coordWeights[c];
    const gradient = gradients?.coords[c] ?? null;
    const part = huber(values.coords[c], targets[c], nRows * dim, weight, gradient);
    total += weight * part;
    return part;
  });

  const nLatent = shape.hiddenSizes[shape.hiddenSizes.length - 1];
  let domain = 0;
  if (loss.domainWeight > 0 && data.domains !== null) {
    const codes = gatherCodes(data.domains, rows);
    const gradient = gradients === null ? null : latentOf(gradients);
    domain = domainAlignment(latentOf(values), nRows, nLatent, codes, loss.domainWeight, gradient);
    total += loss.domainWeight * domain;
  }

  let shapeLoss = 0;
  if (loss.topology !== null && loss.topology.weight > 0) {
    const { weight, k, coordHead } = loss.topology;
    const width = shape.coordDims[coordHead];
    const gradient = gradients?.coords[coordHead] ?? null;
    shapeLoss = topology(values.coords[coordHead], targets[coordHead], nRows, width, k, weight, gradient);
    total += weight * shapeLoss;
  }
  return { total, labels, coords, domain, topology: shapeLoss };
}

/** Adds up batch losses weighted by their cells. */
export function createLossMean(shape: NetworkShape): {
  add(loss: LossSummary, nRows: number): void;
  mean(): LossSummary;
} {
  const labels = new Float64Array(shape.nClasses.length);
  const coords = new Float64Array(shape.coordDims.length);
  let [total, domain, topologyLoss, n] = [0, 0, 0, 0];
  let [child, childRank] = [0, 0];
  let hasChild = false;
  return {
    add(loss, nRows) {
      loss.labels.forEach((part, j) => {
        labels[j] = labels[j] + nRows * part;
      });
      loss.coords.forEach((part, c) => {
        coords[c] = coords[c] + nRows * part;
      });
      total += nRows * loss.total;
      domain += nRows * loss.domain;
      topologyLoss += nRows * loss.topology;
      hasChild ||= loss.child !== undefined;
      child += nRows * (loss.child ?? 0);
      childRank += nRows * (loss.childRank ?? 0);
      n += nRows;
    },
    mean() {
      const over = n === 0 ? 1 : n;
      return {
        total: total / over,
        labels: [...labels].map((sum) => sum / over),
        coords: [...coords].map((sum) => sum / over),
        domain: domain / over,
        topology: topologyLoss / over,
        ...(hasChild ? { child: child / over, childRank: childRank / over } : {}),
      };
    },
  };
}

function gatherCodes(codes: Int32Array, rows: Uint32Array): Int32Array {
  return Int32Array.from(rows, (row) => codes[row]);
}

function gatherRows(matrix: Float32Array, nCols: number, rows: Uint32Array): Float64Array {
  const out = new Float64Array(rows.length * nCols);
  rows.forEach((row, r) => {
    for (let c = 0; c < nCols; c++) out[r * nCols + c] = matrix[row * nCols + c];
  });
  return out;
}
