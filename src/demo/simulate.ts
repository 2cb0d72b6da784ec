/**
 * A simulated single-cell atlas with a known truth: four label levels, donors with batch effects, dropouts
 * and a cell type that the reference lacks.
 *
 * Every cell is a pure function of (seed, part, cell number), so that an atlas of any size can be made in
 * blocks, in any order, without being held in memory.
 *
 * ```ts
 * const simulation = createSimulation({ nReference: 1000, nQuery: 200 });
 * const cells = simulateCells(simulation, "query", 0, 200);
 * ```
 * @module
 */
import type { Csr } from "../core/csr.ts";
import { exp } from "../core/math.ts";
import { randomUint32, streamKey } from "../core/rng.ts";
import { AtlasmtlError } from "../errors.ts";
import { type TypePath, typePaths } from "./cell-types.ts";
import { drawProfiles, type ExpressionProfiles } from "./profiles.ts";
import { negativeBinomial, openUniform, standardNormal } from "./samplers.ts";

const PARTS = ["reference", "query"] as const;
export type Part = (typeof PARTS)[number];

export interface SimulationOptions {
  readonly seed: number;
  readonly nReference: number;
  readonly nQuery: number;
  /** At least 200. */
  readonly nGenes: number;
  /** Finest cell types, the unseen one included; at least 2. */
  readonly nStates: number;
  readonly nReferenceDonors: number;
  /** Donors of the query are not in the reference. */
  readonly nQueryDonors: number;
  /** A finest type that occurs in the query only, or null. */
  readonly unseenState: string | null;
  /** Share of query cells that are of the unseen type, 0 to 1. */
  readonly unseenShare: number;
  /** Mean molecules per cell before dropout. */
  readonly meanMolecules: number;
  /** Standard deviation of a donor's gene-wise shift of log abundance. */
  readonly donorShift: number;
  /** Expected count at which half of the non-zero counts are lost. */
  readonly dropoutCount: number;
  /** Share of cells in transition to a sister type. */
  readonly transitionShare: number;
}

export const SIMULATION_DEFAULTS: SimulationOptions = {
  seed: 20,
  nReference: 4000,
  nQuery: 1500,
  nGenes: 2000,
  nStates: 32,
  nReferenceDonors: 4,
  nQueryDonors: 2,
  unseenState: "Mast cell",
  unseenShare: 0.06,
  meanMolecules: 600,
  donorShift: 0.25,
  dropoutCount: 0.25,
  transitionShare: 0.15,
};

/** The size parameter of the counts' negative binomial: variance = mean + mean²/size. */
const COUNT_SIZE = 3;

/** The tables from which cells are drawn. */
export interface Simulation extends ExpressionProfiles {
  readonly options: SimulationOptions;
  /** The labels of each finest type, coarse to fine. */
  readonly paths: readonly TypePath[];
  /** The number of the unseen type, -1 for none. */
  readonly unseen: number;
  /** Donors of the reference, then those of the query. */
  readonly donors: readonly Donor[];
  /** Per finest type the sister type of its transition cells. */
  readonly sisters: Int32Array;
}

interface Donor {
  readonly name: string;
  /** Per gene the factor on its abundance. */
  readonly factors: Float64Array;
  /** Per finest type the sum of abundance × factor. */
  readonly totals: Float64Array;
  /** Factors of the molecules per cell and of the dropout count. */
  readonly depth: number;
  readonly dropout: number;
  /** Cumulative shares of the finest types, ending at 1. */
  readonly composition: Float64Array;
}

/**
 * Draws the tables of an atlas.
 * @throws USAGE for a size below its bound or an unseen type that is not among the types.
 */
export function createSimulation(options: Partial<SimulationOptions> = {}): Simulation {
  const settings = { ...SIMULATION_DEFAULTS, ...options };
  requireAtLeast(settings, {
    nReference: 0,
    nQuery: 0,
    nGenes: 200,
    nStates: 2,
    nReferenceDonors: 1,
    nQueryDonors: 1,
  });
  const { seed, nStates, unseenState, nReferenceDonors, nQueryDonors } = settings;
  const paths = typePaths(nStates);
  const unseen = unseenState === null ? -1 : paths.findIndex(([, , , state]) => state === unseenState);
  if (unseenState !== null && unseen < 0)
    throw new AtlasmtlError("USAGE", `'${unseenState}' is not among the ${nStates} simulated types`, {
      hint: `name one of ${paths.map(([, , , state]) => state).join(", ")}`,
    });
  const profiles = drawProfiles(seed, settings.nGenes, paths);
  const donors = Array.from({ length: nReferenceDonors + nQueryDonors }, (_, d) =>
    drawDonor(settings, d, profiles, unseen),
  );
  return { ...profiles, options: settings, paths, unseen, donors, sisters: findSisters(paths, unseen) };
}

function requireAtLeast(
  options: SimulationOptions,
  least: { readonly [K in keyof SimulationOptions]?: number },
): void {
  for (const [name, bound] of Object.entries(least)) {
    const value = options[name as keyof typeof least];
    if (!Number.isSafeInteger(value) || Number(value) < bound)
      throw new AtlasmtlError("USAGE", `${name} is ${value}, expected an integer of at least ${bound}`);
  }
}

function drawDonor(
  options: SimulationOptions,
  d: number,
  profiles: ExpressionProfiles,
  unseen: number,
): Donor {
  const { seed, nGenes, donorShift, nReferenceDonors, unseenShare } = options;
  const name = `donor_${String(d + 1).padStart(2, "0")}`;
  const key = streamKey(seed, name);
  const factors = Float64Array.from({ length: nGenes }, (_, g) => exp(donorShift * standardNormal(key, g)));
  const totals = Float64Array.from(profiles.abundance, (shares) =>
    shares.reduce((sum, share, g) => sum + share * factors[g], 0),
  );
  const own = streamKey(seed, `${name} depth`);
  const common = streamKey(seed, "composition");
  const weights = Float64Array.from(profiles.abundance, (_, s) =>
    s === unseen ? 0 : exp(0.6 * standardNormal(common, s) + 0.3 * standardNormal(key, nGenes + s)),
  );
  const seenWeight = weights.reduce((sum, weight) => sum + weight, 0);
  if (unseen >= 0 && d >= nReferenceDonors) weights[unseen] = (seenWeight * unseenShare) / (1 - unseenShare);
  let sum = 0;
  const running = weights.map((weight) => (sum += weight));
  return {
    name,
    factors,
    totals,
    depth: exp(0.2 * standardNormal(own, 0)),
    dropout: exp(0.3 * standardNormal(own, 1)),
    composition: running.map((weight) => weight / sum),
  };
}

/** The next type under the nearest common parent. The unseen type is never a sister. */
function findSisters(paths: readonly TypePath[], unseen: number): Int32Array {
  return Int32Array.from(paths, (path, s) => {
    let best = s;
    let bestShared = 0;
    for (let step = 1; step < paths.length; step++) {
      const other = (s + step) % paths.length;
      const shared = path.findIndex((label, level) => label !== paths[other][level]);
      if (other === unseen || shared <= bestShared) continue;
      best = other;
      bestShared = shared;
    }
    return best;
  });
}

/** Type, donor and depth of the cells, without their counts; arrays have one entry per cell. */
export interface CellIdentities {
  readonly states: Int32Array;
  /** Index into `simulation.donors`. */
  readonly donors: Int32Array;
  /** Position between the own profile (0) and that of the sister type (1): 0 to 0.5. */
  readonly transition: Float64Array;
  /** Molecules expected before dropout. */
  readonly molecules: Float64Array;
}

/** Random numbers used per cell in the stream of identities. */
const IDENTITY_DRAWS = 8;

/** Draws type, donor and depth of cells `start` (inclusive) to `end` (exclusive) of a part. */
export function simulateIdentities(
  simulation: Simulation,
  part: Part,
  start: number,
  end: number,
): CellIdentities {
  const { seed, nReferenceDonors, nQueryDonors, meanMolecules, transitionShare } = simulation.options;
  const key = streamKey(seed, `${part} identities`);
  const [firstDonor, nDonors] =
    part === "reference" ? [0, nReferenceDonors] : [nReferenceDonors, nQueryDonors];
  const n = end - start;
  const states = new Int32Array(n);
  const donors = new Int32Array(n);
  const transition = new Float64Array(n);
  const molecules = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const draw = (start + i) * IDENTITY_DRAWS;
    const d = firstDonor + Math.floor(openUniform(key, draw) * nDonors);
    const donor = simulation.donors[d];
    const u = openUniform(key, draw + 1);
    donors[i] = d;
    states[i] = donor.composition.findIndex((limit) => u <= limit);
    const moves = openUniform(key, draw + 2) < transitionShare;
    transition[i] = moves ? 0.5 * openUniform(key, draw + 3) : 0;
    molecules[i] = meanMolecules * donor.depth * exp(0.35 * standardNormal(key, draw + 4));
  }
  return { states, donors, transition, molecules };
}

/** Cells with their counts; row 0 of `counts` is the first cell asked for. */
export interface SimulatedCells extends CellIdentities {
  readonly counts: Csr;
}

/** Draws cells `start` (inclusive) to `end` (exclusive) of a part. */
export function simulateCells(
  simulation: Simulation,
  part: Part,
  start: number,
  end: number,
): SimulatedCells {
  const { abundance, donors, sisters, options } = simulation;
  const { nGenes, seed } = options;
  const identities = simulateIdentities(simulation, part, start, end);
  const partKey = streamKey(seed, `${part} counts`);
  const n = end - start;
  const indptr = new Uint32Array(n + 1);
  const entries = new GrowingEntries(nGenes, n);
  for (let i = 0; i < n; i++) {
    const key = randomUint32(partKey, start + i) | 0;
    const state = identities.states[i];
    const sister = sisters[state];
    const t = identities.transition[i];
    const { factors, totals, dropout } = donors[identities.donors[i]];
    const own = abundance[state];
    const other = abundance[sister];
    const scale = identities.molecules[i] / ((1 - t) * totals[state] + t * totals[sister]);
    const half = options.dropoutCount * dropout;
    for (let g = 0; g < nGenes; g++) {
      const mean = scale * factors[g] * ((1 - t) * own[g] + t * other[g]);
      const count = negativeBinomial(openUniform(key, g), mean, COUNT_SIZE);
      if (count > 0 && openUniform(key, nGenes + g) * (mean + half) < mean) entries.push(g, count);
    }
    indptr[i + 1] = entries.length;
  }
  const { indices, data } = entries.finish();
  return { ...identities, counts: { nRows: n, nCols: nGenes, indptr, indices, data } };
}

class GrowingEntries {
  length = 0;
  private indices: Uint16Array | Uint32Array;
  private data: Float32Array;

  constructor(
    private readonly nGenes: number,
    nCells: number,
  ) {
    const capacity = Math.max(1024, Math.ceil(nCells * nGenes * 0.12));
    this.indices = this.allocate(capacity);
    this.data = new Float32Array(capacity);
  }

  private allocate(length: number): Uint16Array | Uint32Array {
    return this.nGenes <= 65536 ? new Uint16Array(length) : new Uint32Array(length);
  }

  push(gene: number, count: number): void {
    if (this.length === this.data.length) {
      const [indices, data] = [this.allocate(2 * this.length), new Float32Array(2 * this.length)];
      indices.set(this.indices);
      data.set(this.data);
      this.indices = indices;
      this.data = data;
    }
    this.indices[this.length] = gene;
    this.data[this.length++] = count;
  }

  finish(): { indices: Uint16Array | Uint32Array; data: Float32Array } {
    return { indices: this.indices.slice(0, this.length), data: this.data.slice(0, this.length) };
  }
}
