/**
 * The golden sets: bundles that the Python original wrote, with what it predicts. One, on simulated cells, is in the
 * repository; one, on real cells, lies in the shared data. A test runs on every set that is there.
 */
import { fileURLToPath } from "node:url";
import { describe } from "vitest";
import { hasShared, sharedPath } from "./shared.ts";

export interface GoldenBundle {
  /** The weights or the manifest: what is opened. */
  readonly entry: string;
  readonly coordNames: readonly string[];
  readonly transform: "binary" | "float";
  readonly storage: "external" | "full";
  readonly isCalibrated: boolean;
  readonly hiddenSizes: readonly number[];
  readonly numEpochs: number;
}

export interface GoldenSet {
  readonly name: "simulated" | "real";
  /** Absolute path of a file of the set. */
  readonly path: (file: string) => string;
  /** The three label columns, coarse to fine. */
  readonly columns: readonly string[];
  readonly nClasses: readonly number[];
  /** The classes of the first column. */
  readonly classes: readonly string[];
  readonly firstGenes: readonly string[];
  readonly bundles: readonly GoldenBundle[];
}

const BUNDLE: Omit<GoldenBundle, "entry" | "numEpochs"> = {
  coordNames: [],
  transform: "binary",
  storage: "external",
  isCalibrated: false,
  hiddenSizes: [64, 32],
};
const BOTH = ["latent", "umap"];
const FULL = { transform: "float", storage: "full" } as const;

const simulatedFolder = fileURLToPath(new URL("../golden/simulated/", import.meta.url));

/** The set of the repository. */
export const SIMULATED: GoldenSet = {
  name: "simulated",
  path: (file) => `${simulatedFolder}${file}`,
  columns: ["lineage", "type", "state"],
  nClasses: [4, 20, 31],
  classes: ["Epithelial", "Lymphoid", "Myeloid", "Stromal"],
  firstGenes: ["ABCA3", "AC001415.1", "AC001545.1"],
  bundles: [
    { ...BUNDLE, entry: "external/model.pth", coordNames: BOTH, isCalibrated: true, numEpochs: 15 },
    { ...BUNDLE, entry: "external/model_manifest.json", coordNames: BOTH, isCalibrated: true, numEpochs: 15 },
    { ...BUNDLE, ...FULL, entry: "full/model.pth", numEpochs: 15 },
    { ...BUNDLE, entry: "gz/atlas_manifest.json", coordNames: ["umap"], numEpochs: 12 },
    { ...BUNDLE, entry: "child_correction/model.pth", coordNames: BOTH, numEpochs: 15 },
    { ...BUNDLE, entry: "legacy_no_manifest/model.pth", hiddenSizes: [256, 128], numEpochs: 10 },
    { ...BUNDLE, entry: "moved/model.pth", numEpochs: 10 },
  ],
};

const REAL: GoldenSet = {
  name: "real",
  path: (file) => sharedPath(`golden/${file}`),
  columns: ["cell_type_l1", "cell_type_l2", "cell_type_l3_nested"],
  nClasses: [6, 8, 14],
  classes: ["B", "DC", "MK", "Mono", "NK", "T"],
  firstGenes: ["LYZ", "FTL", "HLA-DRA"],
  bundles: [
    { ...BUNDLE, entry: "external/model.pth", coordNames: BOTH, isCalibrated: true, numEpochs: 20 },
    { ...BUNDLE, entry: "external/model_manifest.json", coordNames: BOTH, isCalibrated: true, numEpochs: 20 },
    { ...BUNDLE, ...FULL, entry: "full/model.pth", numEpochs: 20 },
    { ...BUNDLE, entry: "gz/pbmc_manifest.json", numEpochs: 20 },
    { ...BUNDLE, entry: "child_correction/model.pth", numEpochs: 20 },
    { ...BUNDLE, entry: "legacy_no_manifest/model.pth", coordNames: BOTH, isCalibrated: true, numEpochs: 20 },
    { ...BUNDLE, entry: "moved/model.pth", coordNames: BOTH, isCalibrated: true, numEpochs: 20 },
  ],
};

/** The sets that are there; the one of the repository is the first. */
export const GOLDEN_SETS: readonly GoldenSet[] = hasShared ? [SIMULATED, REAL] : [SIMULATED];

/** `describe` on each set that is there; a plain line says when the one of real cells is not. */
export function describeGolden(name: string, body: (set: GoldenSet) => void): void {
  if (!hasShared) console.log(`on simulated cells only, without ../shared: ${name}`);
  for (const set of GOLDEN_SETS) describe(`${name}, ${set.name} cells`, () => body(set));
}
