/** The genes of the simulated atlas and their mean expression by cell type. @module */
import { exp } from "../core/math.ts";
import { compareCodePoints } from "../core/order.ts";
import { randomBelow, streamKey } from "../core/rng.ts";
import { NAMED_MARKERS, type TypePath } from "./cell-types.ts";
import { geneSymbols } from "./gene-names.ts";
import { standardNormal } from "./samplers.ts";

/** Spread of a gene's log abundance over genes. */
const BASE_SPREAD = 1.6;
/** Log abundance of a marker gene in cells that it does not mark. */
const MARKER_BASE = -1.5;

/** The spread of log abundance between the nodes of one level: large for coarse levels, small for fine ones. */
const LEVEL_EFFECTS = [
  { markerShare: 0.01, markerShift: 3.2, spread: 0.3 },
  { markerShare: 0.01, markerShift: 3.1, spread: 0.22 },
  { markerShare: 0.008, markerShift: 3.0, spread: 0.16 },
  { markerShare: 0.007, markerShift: 2.9, spread: 0.1 },
] as const;

export interface ExpressionProfiles {
  /** Gene symbols, sorted by code point. */
  readonly genes: readonly string[];
  /** Per gene the node of the tree that it marks, or "" for none; the finest one if it marks several. */
  readonly markerOf: readonly string[];
  /** Per finest type the share of each gene in its molecules; sums to 1. */
  readonly abundance: readonly Float64Array[];
}

/**
 * Draws the profile of every type: a common baseline plus the shift of each node on the path of the type.
 *
 * The shift of a node depends on `seed` and its path only, so adding a type does not change the others.
 */
export function drawProfiles(seed: number, nGenes: number, paths: readonly TypePath[]): ExpressionProfiles {
  const named = [...NAMED_MARKERS.values()].flat().slice(0, Math.floor(nGenes / 2));
  const generated = geneSymbols(seed, nGenes - named.length, new Set([...NAMED_MARKERS.values()].flat()));
  const genes = [...named, ...generated].sort(compareCodePoints);
  const geneIndex = new Map(genes.map((gene, g) => [gene, g]));

  const namedGenes = new Set(named.map((gene) => geneIndex.get(gene)!));

  const nodes = new Map<string, Node>();
  for (const path of paths)
    for (let level = 0; level < path.length; level++) {
      const id = path.slice(0, level + 1).join(" / ");
      if (!nodes.has(id)) nodes.set(id, drawNode(seed, id, path[level], level, geneIndex, namedGenes));
    }

  const base = new Float64Array(nGenes);
  const baseKey = streamKey(seed, "base-abundance");
  for (let g = 0; g < nGenes; g++) base[g] = BASE_SPREAD * standardNormal(baseKey, g);
  const markerOf = new Array<string>(nGenes).fill("");
  for (const node of [...nodes.values()].sort((a, b) => a.level - b.level))
    for (const g of node.markers) {
      base[g] = MARKER_BASE;
      markerOf[g] = node.name;
    }

  const abundance = paths.map((path) => {
    const logs = Float64Array.from(base);
    for (let level = 0; level < path.length; level++) {
      const { shift } = nodes.get(path.slice(0, level + 1).join(" / "))!;
      for (let g = 0; g < nGenes; g++) logs[g] += shift[g];
    }
    const shares = logs.map(exp);
    const total = shares.reduce((sum, value) => sum + value, 0);
    return shares.map((value) => value / total);
  });
  return { genes, markerOf, abundance };
}

interface Node {
  readonly name: string;
  readonly level: number;
  readonly markers: readonly number[];
  /** Per gene the shift of its log abundance. */
  readonly shift: Float64Array;
}

function drawNode(
  seed: number,
  id: string,
  name: string,
  level: number,
  geneIndex: ReadonlyMap<string, number>,
  named: ReadonlySet<number>,
): Node {
  const key = streamKey(seed, `node ${id}`);
  const nGenes = geneIndex.size;
  const { markerShare, markerShift, spread } = LEVEL_EFFECTS[level];
  const shift = new Float64Array(nGenes);
  for (let g = 0; g < nGenes; g++) shift[g] = spread * standardNormal(key, g);
  const markers = new Set<number>();
  for (const symbol of NAMED_MARKERS.get(name) ?? []) {
    const g = geneIndex.get(symbol);
    if (g !== undefined) markers.add(g);
  }
  const nMarkers = Math.max(3, Math.round(markerShare * nGenes));
  // The rest come from genes without a known role, which may mark several nodes.
  for (let draw = 0; markers.size < nMarkers; draw++) {
    const g = randomBelow(key, nGenes + draw, nGenes);
    if (!named.has(g)) markers.add(g);
  }
  for (const g of markers) shift[g] = markerShift + 0.3 * shift[g];
  return { name, level, markers: [...markers], shift };
}
