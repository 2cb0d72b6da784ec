/** Opens a bundle (docs/specification/1-artifacts.md#loading). @module */
import { platform } from "#platform";
import type { CommittedStore, FileStore } from "../core/bytes.ts";
import { readWhole, sha256 } from "../core/checksums.ts";
import type { ConfigMap } from "../core/config.ts";
import type { FileSet } from "../core/file-set.ts";
import { parseJsonObject } from "../core/json.ts";
import { MAX_MANIFEST_BYTES } from "../core/limits.ts";
import { baseName, joinPath } from "../core/paths.ts";
import { createPauser, throwIfAborted, type WorkOptions } from "../core/progress.ts";
import { AtlasmtlError, locate } from "../errors.ts";
import { normalizationOf } from "../model/normalization.ts";
import type { CoordHead, Model, Warning } from "../model/types.ts";
import {
  LINEAR_TRANSFORM,
  MANIFEST_KEYS,
  METADATA_KEYS,
  MODEL_SUFFIX,
  NORMALISED_TRANSFORM,
  type PathKey,
  VIEWS_TRANSFORM,
} from "../schema/bundle.ts";
import type { InputTransform } from "../schema/training-options.ts";
import { locateInArtifact } from "./artifact-errors.ts";
import { isArchiveName, openArchiveAt } from "./bundle-files.ts";
import { type Manifest, parseManifest } from "./bundle-manifest.ts";
import { type Metadata, parseMetadata } from "./bundle-metadata.ts";
import type { CellTypistOptions } from "./celltypist.ts";
import { checkFit, checkSpace, checkViews } from "./check-parts.ts";
import { bundleAt, chooseBundle, isForeignModel } from "./choose-bundle.ts";
import { within } from "./fields.ts";
import { embeddedReference, externalReference, type LazyReference } from "./lazy-reference.ts";
import {
  type FoundFile,
  findFile,
  type Location,
  legacyReferenceLocation,
  linkTarget,
  manifestLocation,
  pathWarnings,
  siblingPath,
  storedPath,
} from "./locations.ts";
import { parseNetwork, type StoredNetwork } from "./network.ts";

export interface LoadModelOptions extends Pick<WorkOptions, "signal"> {
  /** The store of the files; by default the file system. */
  readonly store?: FileStore;
  /** Compare every file with the manifest's SHA-256 before it is parsed. */
  readonly verifyChecksums?: boolean | undefined;
  /** What a model of CellTypist does not say of itself. */
  readonly celltypist?: CellTypistOptions | undefined;
}

const LOAD_MODEL_DEFAULTS = { verifyChecksums: true } as const satisfies LoadModelOptions;

/** A model and the other content of its bundle. */
export interface LoadedModel {
  readonly model: Model;
  /** Null for a bundle without a manifest. */
  readonly manifest: Manifest | null;
  /** The files that were or will be read; the reference is null if it is embedded or missing. */
  readonly paths: {
    readonly manifest: string | null;
    readonly model: string;
    /** Null for a model of another program. */
    readonly metadata: string | null;
    readonly reference: string | null;
    readonly featurePanel: string | null;
    readonly space: string | null;
    readonly views: string | null;
  };
  /** The same in one list; of a bundle in an archive, the archive. */
  readonly files: readonly string[];
  /** The feature panel's JSON, or null. */
  readonly featurePanel: ConfigMap | null;
  readonly warnings: readonly Warning[];
  /** The model file was compared with a recorded digest. */
  readonly isVerified: boolean;
}

/** The located files of a bundle. */
interface Bundle {
  readonly path: string;
  readonly manifestPath: string | null;
  readonly manifest: Manifest | null;
  readonly locate: (key: PathKey) => Location | null;
}

/**
 * Loads a bundle by its `.pth`, its manifest, its folder or its `.zip`; the reference is read on first use.
 *
 * @throws NOT_FOUND, BAD_FORMAT, UNSUPPORTED, BAD_DATA, MISMATCH, LIMIT or CHECKSUM, with the faulty file and
 * the subject `artifact`; USAGE for a path that is neither; ABORTED.
 */
export async function loadModel(given: string, options: LoadModelOptions = {}): Promise<LoadedModel> {
  const { store } = options;
  if (store === undefined && isArchiveName(given)) return loadModelIn(await openArchiveAt(given), options);
  return locateInArtifact(async () => {
    const loaded = await loadFrom(store ?? platform.files, store ? given : await bundleAt(given), options);
    const files = Object.values(loaded.paths).filter((path) => path !== null);
    return { ...loaded, files };
  });
}

/**
 * Loads the only bundle of a set of files, or the one at `path` in it.
 * @throws as {@link loadModel}; NOT_FOUND or USAGE if it holds none or several.
 */
export async function loadModelIn(
  store: FileSet,
  options: LoadModelOptions & { readonly path?: string },
): Promise<LoadedModel> {
  const { archive, paths } = store;
  const path = options.path === undefined ? chooseBundle(paths) : inArchive(options.path, archive);
  const loaded = await loadModel(path, { ...options, store });
  return archive === undefined ? loaded : { ...loaded, files: [archive] };
}

/** A path in an archive may be given without the archive's name. */
const inArchive = (path: string, archive: string | undefined): string =>
  archive === undefined || path.startsWith(archive) ? path : joinPath(archive, path);

type Opened = Omit<LoadedModel, "files">;

async function loadFrom(store: FileStore, path: string, options: LoadModelOptions): Promise<Opened> {
  const { signal } = options;
  // An undefined option is treated as missing.
  const verifyChecksums = options.verifyChecksums ?? LOAD_MODEL_DEFAULTS.verifyChecksums;
  for (let attempt = 1; ; attempt++) {
    const view = store.committedView?.() ?? null;
    const before = view === null ? null : await manifestDigest(view, path);
    try {
      if (isForeignModel(path)) return await loadForeign(view ?? store, path, options.celltypist);
      const loaded = await loadOnce(view ?? store, path, verifyChecksums, signal);
      return { ...loaded, warnings: [...loaded.warnings, ...unfinishedWarnings(view, path)] };
    } catch (error) {
      if (signal?.aborted || before === null || attempt === MAX_ATTEMPTS) throw error;
      // If another save has replaced the bundle in between, files of two saves were read; the manifest
      // shows it.
      if ((await manifestDigest(store.committedView!(), path)) === before) throw error;
    }
  }
}

/** A model that CellTypist trained, whose reader is loaded on first use. */
async function loadForeign(
  store: FileStore,
  path: string,
  options: CellTypistOptions | undefined,
): Promise<Opened> {
  const bytes = await readWhole(store, path, null);
  const { parseCellTypist } = await import("./celltypist.ts");
  const none = {
    manifest: null,
    metadata: null,
    reference: null,
    featurePanel: null,
    space: null,
    views: null,
  };
  try {
    return {
      model: parseCellTypist(bytes, options),
      manifest: null,
      paths: { ...none, model: path },
      featurePanel: null,
      warnings: [],
      isVerified: false,
    };
  } catch (error) {
    throw locate(error, path);
  }
}

/** Attempts to load a bundle that is being replaced at the same time. */
const MAX_ATTEMPTS = 5;

/** SHA-256 of the bundle's manifest; null if it has none. */
async function manifestDigest(store: FileStore, path: string): Promise<string | null> {
  const manifestPath = path.endsWith(MODEL_SUFFIX) ? siblingPath(path, "manifest") : path;
  if (!manifestPath.endsWith(".json") || !(await store.exists(manifestPath))) return null;
  return sha256([await readWhole(store, manifestPath, null, MAX_MANIFEST_BYTES)]);
}

async function loadOnce(
  store: FileStore,
  path: string,
  verifyChecksums: boolean,
  signal: AbortSignal | undefined,
): Promise<Opened> {
  const bundle = await openBundle(store, path);
  const pause = createPauser(signal);
  const read = new BundleReader(store, bundle, verifyChecksums, signal);
  const modelFile = await read.file(MANIFEST_KEYS.modelPath, parseNetwork);
  throwIfAborted(signal);
  const metadataFile = await read.file(MANIFEST_KEYS.metadataPath, (bytes) => parseMetadata(bytes, pause));
  throwIfAborted(signal);
  const panelFile = bundle.locate(MANIFEST_KEYS.featurePanelPath)
    ? await read.file(MANIFEST_KEYS.featurePanelPath, parseJsonObject)
    : null;
  // Loaded on first use: bundles of the Python original have no component space.
  const spaceFile = bundle.locate(MANIFEST_KEYS.spacePath)
    ? await read.file(MANIFEST_KEYS.spacePath, (await import("./component-space.ts")).parseComponentSpace)
    : null;
  const viewsFile = bundle.locate(MANIFEST_KEYS.viewsPath)
    ? await read.file(MANIFEST_KEYS.viewsPath, (await import("./linear-views.ts")).parseLinearViews)
    : null;
  const [network, metadata] = [modelFile.content, metadataFile.content];
  checkFit(network, metadata, metadataFile.path);
  const labelGenes = await genesOf(metadata, metadataFile.path);
  if (spaceFile !== null) checkSpace(spaceFile.content, metadata, spaceFile.path);
  if (viewsFile !== null) checkViews(viewsFile.content.linear, metadata, viewsFile.path);
  const inputTransform = networkTransform(
    metadata,
    bundle,
    metadataFile.path,
    viewsFile?.content.inputTransform ?? null,
    network.oneVsRest !== null,
  );
  const reference = within(metadataFile.path, () =>
    read.reference(metadata, modelFile.path, network.shape.hiddenSizes.at(-1) ?? 0),
  );
  const paths = {
    model: modelFile.path,
    metadata: metadataFile.path,
    reference: await reference.path(),
    featurePanel: panelFile?.path ?? null,
    space: spaceFile?.path ?? null,
    views: viewsFile?.path ?? null,
    manifest: bundle.manifestPath,
  };
  return {
    model: {
      ...assemble(network, metadata, bundle.manifest, reference, inputTransform),
      ...(spaceFile === null ? {} : { space: spaceFile.content }),
      ...(viewsFile === null ? {} : { linear: viewsFile.content.linear }),
      ...(labelGenes === null ? {} : { labelGenes }),
    },
    manifest: bundle.manifest,
    paths,
    featurePanel: panelFile?.content ?? null,
    isVerified: read.expected(MANIFEST_KEYS.modelPath) !== null,
    warnings: [
      ...(await pathWarnings(store, bundle.manifestPath ?? path, namedFiles(bundle, paths))),
      ...bundleWarnings(bundle, metadata),
      ...networkWarnings(network, modelFile.path),
    ],
  };
}

/** The genes of the labels, whose reader is loaded on first use. */
async function genesOf(metadata: Metadata, path: string) {
  const { labelGenes } = metadata;
  if (labelGenes === null) return null;
  const { readLabelGenes } = await import("./label-genes.ts");
  return within(path, () => readLabelGenes(labelGenes, metadata));
}

/** The files of the bundle besides the one it was opened by. */
function namedFiles(
  { manifest }: Bundle,
  paths: LoadedModel["paths"] & { readonly metadata: string },
): FoundFile[] {
  const found: Readonly<Record<PathKey, string | null>> = {
    [MANIFEST_KEYS.modelPath]: paths.model,
    [MANIFEST_KEYS.metadataPath]: paths.metadata,
    [MANIFEST_KEYS.referencePath]: paths.reference,
    [MANIFEST_KEYS.featurePanelPath]: paths.featurePanel,
    [MANIFEST_KEYS.spacePath]: paths.space,
    [MANIFEST_KEYS.viewsPath]: paths.views,
  };
  if (manifest !== null)
    return Array.from(manifest.paths, ([key, stored]) => ({ key, stored, path: found[key] }));
  // The files are found by their names or by the metadata. A warning is given only for their real location.
  const files: FoundFile[] = [
    { key: MANIFEST_KEYS.metadataPath, stored: baseName(paths.metadata), path: paths.metadata },
  ];
  if (paths.reference !== null)
    files.push({
      key: METADATA_KEYS.referencePath,
      stored: storedPath(paths.model, paths.reference),
      path: paths.reference,
    });
  return files;
}

function unfinishedWarnings(view: CommittedStore | null, path: string): readonly Warning[] {
  const files = view?.unfinished() ?? [];
  if (files.length === 0) return [];
  return [
    {
      message: `a save was interrupted after its files were complete; ${files.length} of them are read from their temporary names`,
      where: path,
      hint: "other programs cannot read them until they are in place: atlasmtl verify --finish on this path",
    },
  ];
}

/** The three rules of docs/specification/1-artifacts.md#loading. */
async function openBundle(store: FileStore, path: string): Promise<Bundle> {
  if (path.endsWith(".json")) return openManifest(store, path, path);
  if (!path.endsWith(MODEL_SUFFIX))
    throw new AtlasmtlError(
      "USAGE",
      "a model is named by its NAME.pth, its NAME_manifest.json, its folder or its NAME.zip",
      {
        where: path,
        hint: "give one of these",
      },
    );
  const manifestPath = siblingPath(path, "manifest");
  if (await store.exists(manifestPath)) return openManifest(store, path, manifestPath);
  // Workflow managers stage a file as a link to it: what is not beside the link is beside its target.
  const isAlone = !(await store.exists(siblingPath(path, "metadata")));
  const target = isAlone ? await linkTarget(store, path) : null;
  if (target?.endsWith(MODEL_SUFFIX)) return openBundle(store, target);
  const legacy: Partial<Record<PathKey, Location>> = {
    [MANIFEST_KEYS.modelPath]: { candidates: [path] },
    [MANIFEST_KEYS.metadataPath]: { candidates: [siblingPath(path, "metadata")] },
  };
  return { path, manifestPath: null, manifest: null, locate: (key) => legacy[key] ?? null };
}

async function openManifest(store: FileStore, path: string, manifestPath: string): Promise<Bundle> {
  const bytes = await readWhole(store, manifestPath, null, MAX_MANIFEST_BYTES);
  try {
    const manifest = parseManifest(bytes);
    const target = await linkTarget(store, manifestPath);
    const find = (key: PathKey): Location | null => {
      const stored = manifest.paths.get(key);
      return stored === undefined ? null : manifestLocation(manifestPath, stored, target);
    };
    return { path, manifestPath, manifest, locate: find };
  } catch (error) {
    throw locate(error, manifestPath);
  }
}

class BundleReader {
  constructor(
    private readonly store: FileStore,
    private readonly bundle: Bundle,
    private readonly verify: boolean,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** @throws ABORTED by the signal. */
  async file<T>(
    key: PathKey,
    parse: (bytes: Uint8Array) => T | Promise<T>,
  ): Promise<{ path: string; content: T }> {
    const location = this.bundle.locate(key)!;
    const path = await findFile(this.store, location);
    if (path === null) throw this.missing(key, location);
    const bytes = await readWhole(this.store, path, this.expected(key), undefined, this.signal);
    try {
      return { path, content: await parse(bytes) };
    } catch (error) {
      throw locate(error, path);
    }
  }

  /** The digest with which a file is compared; null for none. */
  expected(key: PathKey): string | null {
    return this.verify ? (this.bundle.manifest?.checksums.get(key) ?? null) : null;
  }

  private missing(key: PathKey, { candidates }: Location): AtlasmtlError {
    const { path, manifestPath } = this.bundle;
    const where = candidates[0];
    const fix =
      manifestPath !== null
        ? `put the file back beside ${manifestPath}, where ${key} names it`
        : "keep NAME.pth and NAME_metadata.pkl together, or pass the manifest of the bundle";
    return new AtlasmtlError("NOT_FOUND", `the bundle's ${key.replace("_path", "")} file is missing`, {
      where,
      hint: where === path ? "check the path" : fix,
    });
  }

  reference(metadata: Metadata, modelPath: string, latentSize: number): LazyReference {
    if (metadata.reference !== null) return embeddedReference(metadata.reference, metadata, latentSize);
    const key = MANIFEST_KEYS.referencePath;
    const storage = this.bundle.manifest?.referenceStorage ?? metadata.referenceStorage;
    const location =
      this.bundle.locate(key) ??
      (storage === "full" ? { candidates: [] } : legacyReferenceLocation(modelPath, metadata.referencePath));
    return externalReference(this.store, location, this.expected(key), metadata, latentSize);
  }
}

function assemble(
  network: StoredNetwork,
  metadata: Metadata,
  manifest: Manifest | null,
  reference: LazyReference,
  inputTransform: InputTransform,
): Model {
  return {
    labelHeads: metadata.labelHeads,
    coordHeads: network.coordNames.map((name): CoordHead => metadata.coordHeads.get(name)!),
    trainGenes: metadata.trainGenes,
    inputTransform,
    latentSource: metadata.latentSource,
    shape: network.shape,
    weights: network.weights,
    dropoutRate: network.dropoutRate,
    childCorrection: network.childCorrection,
    ...(network.oneVsRest === null ? {} : { oneVsRest: network.oneVsRest }),
    trainConfig: metadata.trainConfig,
    referenceStorage: manifest?.referenceStorage ?? metadata.referenceStorage,
    reference: reference.load,
    hasReference: reference.exists,
  };
}

/**
 * What the network makes of its input; `ofViews` is what the file of linear views says, null without the file.
 * @throws NOT_FOUND if the bundle was saved with views and their file is not named; MISMATCH if it names the file and says
 * that its labels are those of a network alone, or says that it normalises and does not.
 */
function networkTransform(
  metadata: Metadata,
  { manifest, manifestPath }: Bundle,
  metadataPath: string,
  ofViews: InputTransform | null,
  isLinear: boolean,
): InputTransform {
  const ofManifest = manifest?.inputTransform ?? null;
  const stored = ofManifest ?? metadata.inputTransform;
  const source = ofManifest === null || manifestPath === null ? metadataPath : manifestPath;
  const at = (path: string) => `${path} › ${MANIFEST_KEYS.inputTransform}`;
  if (isLinear || stored === LINEAR_TRANSFORM) {
    if (isLinear && stored === LINEAR_TRANSFORM) return "float";
    throw new AtlasmtlError(
      "MISMATCH",
      `the weights are those of a ${isLinear ? "linear model" : "network"}, and input_transform is ${stored}`,
      { where: at(source), hint: "open the bundle by the manifest that was saved with it" },
    );
  }
  if (ofViews !== null) {
    if (stored === VIEWS_TRANSFORM) return ofViews;
    throw new AtlasmtlError(
      "MISMATCH",
      `the bundle names linear views, and its input_transform is ${stored}; expected is ${VIEWS_TRANSFORM}`,
      { where: at(source), hint: "open the bundle by the manifest that was saved with it" },
    );
  }
  if (stored !== VIEWS_TRANSFORM && metadata.inputTransform !== VIEWS_TRANSFORM)
    return stored === NORMALISED_TRANSFORM ? normalisedTransform(metadata, at(source)) : stored;
  throw new AtlasmtlError(
    "NOT_FOUND",
    `the bundle was saved with linear views, and ${manifest === null ? "without its manifest they cannot be found" : `its manifest has no ${MANIFEST_KEYS.viewsPath}`}`,
    {
      where: at(stored === VIEWS_TRANSFORM ? source : metadataPath),
      hint: "open the bundle by the manifest that was saved with it",
    },
  );
}

/** @throws MISMATCH for a bundle that says it normalises, and whose training configuration does not. */
function normalisedTransform({ trainConfig }: Metadata, where: string): InputTransform {
  if (normalizationOf({ trainConfig }) === NORMALISED_TRANSFORM) return "float";
  throw new AtlasmtlError(
    "MISMATCH",
    `input_transform is ${NORMALISED_TRANSFORM}, and train_config › preprocess › normalize is not there`,
    { where, hint: "save the bundle again with the program that wrote it" },
  );
}

function bundleWarnings({ manifest, manifestPath }: Bundle, metadata: Metadata): readonly Warning[] {
  if (manifest === null || manifestPath === null) return [];
  const { inputTransform } = manifest;
  const differs = inputTransform !== null && inputTransform !== metadata.inputTransform;
  return [
    ...(differs
      ? [
          {
            message: `the manifest says input_transform ${inputTransform}, the metadata ${metadata.inputTransform}; the manifest is followed`,
            where: manifestPath,
          },
        ]
      : []),
  ];
}

function networkWarnings({ unusedTensors }: StoredNetwork, where: string): readonly Warning[] {
  if (unusedTensors.length === 0) return [];
  const names = unusedTensors.slice(0, 3).join(", ");
  return [
    { message: `${unusedTensors.length} tensors are not used by the network, such as ${names}`, where },
  ];
}
