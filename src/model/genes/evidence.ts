/** What one member of a model, its network or a linear view, has to say for the classes of a label column. @module */
import type { Csr } from "../../core/csr.ts";
import type { Pause } from "../../core/progress.ts";
import type { Linear, NetworkWeights } from "../../kernels/types.ts";
import { scaledValues } from "../components/gene-scaling.ts";
import type { LinearView } from "../linear/types.ts";
import { classMeans, someRows } from "./class-sums.ts";
import type { Family } from "./siblings.ts";

/**
 * Gives `take` for every compared class of a family how much each gene adds to the class's score less the mean score of
 * its siblings: gradient × (input − mean input of the siblings), averaged over cells of the class. Zero for a gene that the
 * class has no more of than its siblings, as its absence is what would speak for the class. `take` must not keep the array.
 */
export type Evidence = (family: Family, take: (code: number, genes: Float64Array) => void) => Promise<void>;

/** Cells of each class that the network is differentiated at, and of all classes together at most. */
const [CELLS_PER_CLASS, MOST_CELLS, LEAST_CELLS] = [20, 1000, 3];

/** Of a linear view, for which it is exact; `x` are its values before scaling. */
export async function viewEvidence(
  view: LinearView,
  head: number,
  x: Csr,
  codes: Int32Array,
  pause: Pause,
): Promise<Evidence> {
  const { weights, intercepts } = view.heads[head];
  const nClasses = intercepts.length;
  const nGenes = x.nCols;
  const means = await classMeans(scaledValues(x, view.scaling), codes, nClasses, pause);
  return async ({ members, compared }, take) => {
    const mean = meanOf(members, means, nGenes);
    const weight = new Float64Array(nGenes);
    for (let g = 0; g < nGenes; g++) for (const code of members) weight[g] += weights[g * nClasses + code];
    const genes = new Float64Array(nGenes);
    const others = members.length - 1;
    for (const code of compared) {
      await pause();
      for (let g = 0; g < nGenes; g++) {
        const own = weights[g * nClasses + code];
        const difference = own - (weight[g] - own) / others;
        const above = aboveSiblings(means[code * nGenes + g], mean[g], members.length);
        genes[g] = above > 0 ? difference * above : 0;
      }
      take(code, genes);
    }
  };
}

/** Of the network, at some cells of each class; `x` is its input. */
export async function networkEvidence(
  { encoder, labelHeads }: NetworkWeights,
  head: number,
  x: Csr,
  codes: Int32Array,
  pause: Pause,
): Promise<Evidence> {
  const { weight, nIn: nLatent, nOut: nClasses } = labelHeads[head];
  const nGenes = x.nCols;
  const means = await classMeans(x, codes, nClasses, pause);
  const each = Math.max(LEAST_CELLS, Math.min(CELLS_PER_CLASS, Math.floor(MOST_CELLS / nClasses)));
  const rows = someRows(codes, nClasses, each);
  const cells = createGradients(encoder, x);
  return async ({ members, compared }, take) => {
    const mean = meanOf(members, means, nGenes);
    const genes = new Float64Array(nGenes);
    const direction = new Float64Array(nLatent);
    for (const code of compared) {
      direction.fill(0);
      for (const other of members) {
        const part = other === code ? 1 : -1 / (members.length - 1);
        for (let i = 0; i < nLatent; i++) direction[i] += part * weight[other * nLatent + i];
      }
      genes.fill(0);
      // Σ gradient · (input − baseline) = Σ gradient · input − baseline · Σ gradient
      const sum = await cells.addInputs(rows[code], direction, genes, pause);
      for (let g = 0; g < nGenes; g++) {
        const above = aboveSiblings(means[code * nGenes + g], mean[g], members.length);
        if (above <= 0) {
          genes[g] = 0;
          continue;
        }
        const baseline = means[code * nGenes + g] - above;
        if (baseline > 0) genes[g] -= baseline * cells.gradientOf(g, sum);
        genes[g] /= rows[code].length;
      }
      take(code, genes);
    }
  };
}

/** The mean over classes of their means. */
function meanOf(members: readonly number[], means: Float64Array, nGenes: number): Float64Array {
  const mean = new Float64Array(nGenes);
  for (const code of members)
    for (let g = 0; g < nGenes; g++) mean[g] += means[code * nGenes + g] / members.length;
  return mean;
}

/** The class's mean less that of its siblings, from the mean of all `n` classes. */
const aboveSiblings = (own: number, mean: number, n: number): number => ((own - mean) * n) / (n - 1);

interface Gradients {
  /** Adds gradient × input of each row to `genes`; returns the sum of the gradients by the first layer. */
  addInputs(
    rows: Uint32Array,
    direction: Float64Array,
    genes: Float64Array,
    pause: Pause,
  ): Promise<Float64Array>;
  /** The gradient by one gene, from that by the first layer. */
  gradientOf(gene: number, byFirst: Float64Array): number;
}

/** Gradients of a linear function of the latent space by the genes, through the ReLU layers of an encoder. */
function createGradients([first, ...hidden]: readonly Linear[], x: Csr): Gradients {
  const { nIn: nGenes, nOut: width } = first;
  const byGene = new Float32Array(first.weight.length);
  for (let h = 0; h < width; h++)
    for (let g = 0; g < nGenes; g++) byGene[g * width + h] = first.weight[h * nGenes + g];

  /** Outputs of all layers for one row, after ReLU. */
  function forward(row: number): Float64Array[] {
    let layer = Float64Array.from(first.bias);
    for (let e = x.indptr[row]; e < x.indptr[row + 1]; e++) {
      const value = x.data === null ? 1 : x.data[e];
      const at = x.indices[e] * width;
      for (let h = 0; h < width; h++) layer[h] += value * byGene[at + h];
    }
    relu(layer);
    const layers = [layer];
    for (const { weight, bias, nIn, nOut } of hidden) {
      const next = Float64Array.from(bias);
      for (let o = 0; o < nOut; o++) for (let i = 0; i < nIn; i++) next[o] += weight[o * nIn + i] * layer[i];
      relu(next);
      layers.push(next);
      layer = next;
    }
    return layers;
  }

  /** The gradient by the input of the first ReLU. */
  function backward(layers: readonly Float64Array[], direction: Float64Array): Float64Array {
    let gradient = where(layers[layers.length - 1], direction);
    for (let l = hidden.length - 1; l >= 0; l--) {
      const { weight, nIn, nOut } = hidden[l];
      const before = new Float64Array(nIn);
      for (let o = 0; o < nOut; o++) {
        if (gradient[o] === 0) continue;
        for (let i = 0; i < nIn; i++) before[i] += weight[o * nIn + i] * gradient[o];
      }
      gradient = where(layers[l], before);
    }
    return gradient;
  }

  function gradientOf(gene: number, byFirst: Float64Array): number {
    let sum = 0;
    for (let h = 0; h < width; h++) sum += byGene[gene * width + h] * byFirst[h];
    return sum;
  }

  return {
    async addInputs(rows, direction, genes, pause) {
      const total = new Float64Array(width);
      for (const row of rows) {
        await pause();
        const gradient = backward(forward(row), direction);
        for (let h = 0; h < width; h++) total[h] += gradient[h];
        for (let e = x.indptr[row]; e < x.indptr[row + 1]; e++) {
          const value = x.data === null ? 1 : x.data[e];
          genes[x.indices[e]] += value * gradientOf(x.indices[e], gradient);
        }
      }
      return total;
    },
    gradientOf,
  };
}

function relu(layer: Float64Array): void {
  for (let i = 0; i < layer.length; i++) if (layer[i] < 0) layer[i] = 0;
}

/** `gradient` where the ReLU lets it through. */
const where = (output: Float64Array, gradient: Float64Array): Float64Array =>
  gradient.map((value, i) => (output[i] > 0 ? value : 0));
