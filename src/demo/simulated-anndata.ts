/** A part of a simulated atlas as an {@link AnnData} whose counts are drawn while they are read. @module */

import type { AnnData, Column, DataFrame, Matrix, MatrixName, RowsOptions } from "../anndata/types.ts";
import type { RowBlock } from "../core/csr.ts";
import { compareCodePoints } from "../core/order.ts";
import { createPauser, throwIfAborted } from "../core/progress.ts";
import { hash32, streamKey } from "../core/rng.ts";
import { AtlasmtlError } from "../errors.ts";
import { DEMO_COLUMNS } from "../schema/demo.ts";
import { LEVELS } from "./cell-types.ts";
import { type Part, type Simulation, simulateCells, simulateIdentities } from "./simulate.ts";

/** Counts that are drawn between two pauses, and rows of a block at most. */
const BLOCK_COUNTS = 1 << 18;
const MAX_BLOCK_ROWS = 512;

/**
 * The cells of one part: counts as `X`; obs has the four label columns, `donor` and, in the query,
 * `is_unseen_type`; var has `is_marker` and `marker_of`.
 */
export function simulatedAnnData(simulation: Simulation, part: Part): AnnData {
  const nObs = part === "reference" ? simulation.options.nReference : simulation.options.nQuery;
  const nVars = simulation.genes.length;
  const obs = cellFrame(simulation, part, nObs);
  const source = `simulated ${part}`;
  const matrix: Matrix = {
    name: "X",
    nRows: nObs,
    nCols: nVars,
    storage: "csr",
    dtype: "float32",
    nStored: null,
    rows: (options) => countRows(simulation, part, nObs, options),
  };
  return {
    source,
    input: null,
    nObs,
    nVars,
    obs,
    var: geneFrame(simulation),
    obsmKeys: [],
    layerKeys: [],
    hasX: true,
    hasRaw: false,
    async matrix(name: MatrixName = "X") {
      if (name === "X") return matrix;
      throw absent(source, `matrix '${name}'`, "it has X");
    },
    varNames: async () => simulation.genes,
    async obsm(key) {
      throw absent(source, `obsm '${key}'`, "it has no obsm arrays");
    },
    unsKeys: [],
    async uns(key) {
      throw absent(source, `uns '${key}'`, "it has no uns elements");
    },
    elements: async () => [],
    close: async () => undefined,
  };
}

async function* countRows(
  simulation: Simulation,
  part: Part,
  nObs: number,
  { blockRows, start = 0, end = nObs, signal }: RowsOptions = {},
): AsyncGenerator<RowBlock> {
  const usual = Math.max(1, Math.min(MAX_BLOCK_ROWS, Math.floor(BLOCK_COUNTS / simulation.genes.length)));
  const step = blockRows ?? usual;
  const pause = createPauser(signal);
  throwIfAborted(signal);
  for (let firstRow = start; firstRow < end; firstRow += step) {
    await pause();
    const stop = Math.min(end, firstRow + step);
    yield { firstRow, csr: simulateCells(simulation, part, firstRow, stop).counts };
  }
}

function cellFrame(simulation: Simulation, part: Part, nObs: number): DataFrame {
  const { states, donors } = simulateIdentities(simulation, part, 0, nObs);
  const donorNames = simulation.donors.map(({ name }) => name);
  const columns = new Map<string, Column>();
  for (const [level, name] of LEVELS.entries())
    columns.set(name, categorical(Array.from(states, (state) => simulation.paths[state][level])));
  columns.set("donor", categorical(Array.from(donors, (donor) => donorNames[donor])));
  if (part === "query")
    columns.set(DEMO_COLUMNS.isUnseenType, {
      kind: "boolean",
      values: Uint8Array.from(states, (state) => (state === simulation.unseen ? 1 : 0)),
      missing: null,
    });
  const key = streamKey(simulation.options.seed, `${part} barcodes`);
  const index = Array.from(donors, (donor, cell) => `${donorNames[donor]}_${barcode(hash32(cell ^ key))}-1`);
  return frame(index, columns);
}

/** Sixteen letters, two bits each, so that different numbers have different barcodes. */
function barcode(bits: number): string {
  let letters = "";
  for (let shift = 0; shift < 32; shift += 2) letters += "ACGT"[(bits >>> shift) & 3];
  return letters;
}

function geneFrame({ genes, markerOf }: Simulation): DataFrame {
  return frame(
    genes,
    new Map<string, Column>([
      [
        DEMO_COLUMNS.isMarker,
        { kind: "boolean", values: Uint8Array.from(markerOf, (of) => (of === "" ? 0 : 1)), missing: null },
      ],
      [DEMO_COLUMNS.markerOf, { kind: "string", values: markerOf }],
    ]),
  );
}

function frame(index: readonly string[], columns: ReadonlyMap<string, Column>): DataFrame {
  const names = [...columns.keys()];
  return {
    length: index.length,
    index,
    columns: names,
    async column(name) {
      const found = columns.get(name);
      if (found !== undefined) return found;
      throw absent("simulation", `column '${name}'`, `it has ${names.join(", ")}`);
    },
  };
}

function categorical(values: readonly string[]): Column {
  const categories = [...new Set(values)].sort(compareCodePoints);
  const codeOf = new Map(categories.map((name, code) => [name, code]));
  return {
    kind: "categorical",
    codes: Int32Array.from(values, (value) => codeOf.get(value)!),
    categories,
    ordered: false,
  };
}

function absent(where: string, what: string, hint: string): AtlasmtlError {
  return new AtlasmtlError("NOT_FOUND", `there is no ${what}`, { where, hint });
}
