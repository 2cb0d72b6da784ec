/** Writes a bundle (docs/specification/1-artifacts.md#bundle-files). @module */
import { platform } from "#platform";
import type { AlsoWrite, FileStore, FileToWrite } from "../core/bytes.ts";
import { readWhole, sha256InTurns } from "../core/checksums.ts";
import { type ConfigMap, type ConfigValue, configEntries, Float } from "../core/config.ts";
import { emitJson } from "../core/json.ts";
import { MAX_MANIFEST_BYTES } from "../core/limits.ts";
import { folderName, relativePath } from "../core/paths.ts";
import { createPauser, type Pause, throwIfAborted, type WorkOptions } from "../core/progress.ts";
import { WRITTEN_BY } from "../core/version.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";
import { emitGzip } from "../formats/compression/gzip.ts";
import type { Model, Reference } from "../model/types.ts";
import {
  LINEAR_KIND,
  MANIFEST_KEYS,
  MODEL_SUFFIX,
  PANEL_KEY,
  type PathKey,
  SCHEMA_VERSION,
} from "../schema/bundle.ts";
import { locateInArtifact } from "./artifact-errors.ts";
import { isArchiveName, modelInArchive } from "./bundle-files.ts";
import { emitManifest, parseManifest, storedTransform } from "./bundle-manifest.ts";
import { emitMetadata } from "./bundle-metadata.ts";
import { checkModelPath, siblingPath, storedPath } from "./locations.ts";
import { emitNetwork } from "./network.ts";
import { emitReference } from "./reference.ts";

export interface EmitBundleOptions extends Pick<WorkOptions, "signal"> {
  /** Path of an external reference, `.pkl` or `.pkl.gz`; by default beside the model. */
  readonly referencePath?: string | undefined;
  /** The feature panel; by default the one of `train_config.preprocess`, null for none. */
  readonly featurePanel?: ConfigMap | null | undefined;
  /** Manifest keys of other programs, which are kept. */
  readonly extra?: ConfigMap | undefined;
}

export interface SaveModelOptions extends EmitBundleOptions, WorkOptions {
  /** The store of the files; by default the file system. */
  readonly store?: FileStore;
  /** More files to save with the bundle, such as a run manifest. */
  readonly also?: AlsoWrite | undefined;
}

/** One file of a bundle. */
interface BundleFile {
  readonly key: PathKey;
  readonly path: string;
  readonly bytes: readonly Uint8Array[];
}

/**
 * The files of a bundle as bytes, in writing order, the manifest last. The same model gives the same bytes.
 *
 * @param path where `model.pth` is to be; the other names derive from it.
 * @throws USAGE for a path that does not end in `.pth`, or a reference path that ends in neither `.pkl` nor
 * `.pkl.gz` or is another file of the bundle; the errors of `model.reference()`; ABORTED.
 */
export async function emitBundle(
  model: Model,
  path: string,
  options: EmitBundleOptions = {},
): Promise<readonly FileToWrite[]> {
  checkModelPath(path);
  const { referencePath, signal } = options;
  const pause = createPauser(signal);
  if (referencePath !== undefined) checkReferencePath(path, referencePath);
  const reference =
    (await model.hasReference()) || model.referenceStorage === "external"
      ? await model.reference(signal)
      : null;
  const preprocess = asMap(model.trainConfig.get(MANIFEST_KEYS.preprocess));
  const { featurePanel = asMap(preprocess?.get(PANEL_KEY)) } = options;
  const files = await bundleFiles(model, path, reference, { ...options, featurePanel }, pause);
  const checksums = new Map<PathKey, string>();
  for (const { key, bytes } of files) checksums.set(key, await sha256InTurns(bytes, pause));
  const manifestPath = siblingPath(path, "manifest");
  const manifest = emitManifest({
    schemaVersion: SCHEMA_VERSION,
    kind: model.oneVsRest ? LINEAR_KIND : null,
    paths: new Map(files.map((file) => [file.key, storedPath(manifestPath, file.path)])),
    referenceStorage: model.referenceStorage,
    inputTransform: storedTransform(model),
    checksums,
    preprocess: preprocess === null ? null : new Map([...preprocess].filter(([key]) => key !== PANEL_KEY)),
    writtenBy: WRITTEN_BY,
    extra: options.extra ?? new Map<string, ConfigValue>(),
  });
  return [...files.map(({ path, bytes }) => ({ path, bytes })), { path: manifestPath, bytes: [manifest] }];
}

/** A dict of settings as a map; null for any other value. */
function asMap(value: ConfigValue | undefined): ConfigMap | null {
  const isDict =
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Float);
  return isDict ? new Map(configEntries(value as ConfigMap)) : null;
}

async function bundleFiles(
  model: Model,
  path: string,
  reference: Reference | null,
  options: EmitBundleOptions,
  pause: Pause,
): Promise<readonly BundleFile[]> {
  const isExternal = model.referenceStorage === "external";
  const given = options.referencePath ?? null;
  // Loaded on first use, like what follows: a page that never saves does not carry it.
  const labelGenes = model.labelGenes
    ? (await import("./label-genes.ts")).emitLabelGenes(model.labelGenes, model.trainGenes)
    : null;
  const files: BundleFile[] = [
    { key: MANIFEST_KEYS.modelPath, path, bytes: emitNetwork(model) },
    {
      key: MANIFEST_KEYS.metadataPath,
      path: siblingPath(path, "metadata"),
      bytes: await emitMetadata(
        model,
        {
          reference: isExternal ? null : reference,
          referencePath: isExternal ? given : null,
          labelGenes,
        },
        pause,
      ),
    },
  ];
  if (isExternal && reference !== null) {
    const target = given ?? siblingPath(path, "reference");
    const pickle = await emitReference(reference, pause);
    const bytes = target.endsWith(".gz") ? emitGzip(pickle) : pickle;
    files.push({ key: MANIFEST_KEYS.referencePath, path: target, bytes });
  }
  const panel = options.featurePanel ?? null;
  if (panel !== null)
    files.push({
      key: MANIFEST_KEYS.featurePanelPath,
      path: siblingPath(path, "featurePanel"),
      bytes: [emitJson(panel)],
    });
  if (model.space) {
    // Loaded on first use, so that a page which never saves a space does not carry it.
    const { emitComponentSpace } = await import("./component-space.ts");
    files.push({
      key: MANIFEST_KEYS.spacePath,
      path: siblingPath(path, "space"),
      bytes: emitComponentSpace(model.space),
    });
  }
  if (model.linear) {
    const { emitLinearViews } = await import("./linear-views.ts");
    files.push({
      key: MANIFEST_KEYS.viewsPath,
      path: siblingPath(path, "views"),
      bytes: emitLinearViews({ linear: model.linear, inputTransform: model.inputTransform }),
    });
  }
  return files;
}

function checkReferencePath(path: string, referencePath: string): void {
  if (!/\.pkl(\.gz)?$/.test(referencePath))
    throw new AtlasmtlError(
      "USAGE",
      `got ${JSON.stringify(referencePath)}, expected a name that ends in .pkl or .pkl.gz`,
      {
        where: option("referencePath"),
      },
    );
  const metadata = siblingPath(path, "metadata");
  if (relativePath(folderName(metadata), referencePath) === relativePath(folderName(metadata), metadata))
    throw new AtlasmtlError("USAGE", `the reference would replace the metadata, ${referencePath}`, {
      where: option("referencePath"),
      hint: "give it another name",
    });
}

/**
 * Saves a bundle to `path` atomically: a `.pth` with its files beside it, or a `.zip` of all of them. Unknown keys of a replaced
 * manifest are kept; those in a replaced archive are not.
 * @throws USAGE like {@link emitBundle}; IO if a file cannot be written; ABORTED.
 */
export async function saveModel(model: Model, path: string, options: SaveModelOptions = {}): Promise<void> {
  const { store = platform.files, signal, onProgress } = options;
  await locateInArtifact(async () => {
    throwIfAborted(signal);
    onProgress?.({ phase: "save", done: 0, total: 2 });
    const files = isArchiveName(path)
      ? await archiveFiles(model, path, options)
      : await emitBundle(model, path, { ...options, extra: options.extra ?? (await keptKeys(store, path)) });
    throwIfAborted(signal);
    onProgress?.({ phase: "save", done: 1, total: 2 });
    await store.writeAll(files, options.also);
    onProgress?.({ phase: "save", done: 2, total: 2 });
  });
}

/** @throws USAGE for a reference of its own path, which would not be in the archive. */
async function archiveFiles(
  model: Model,
  path: string,
  { referencePath, ...options }: EmitBundleOptions,
): Promise<readonly FileToWrite[]> {
  if (referencePath !== undefined)
    throw new AtlasmtlError(
      "USAGE",
      `${path} holds the reference, and ${referencePath} would be another place of it`,
      {
        where: option("referencePath"),
        hint: phrase`leave ${option("referencePath")} out, or save the model as a ${MODEL_SUFFIX}`,
      },
    );
  const { emitZippedBundle } = await import("./zipped-bundle.ts");
  const files = await emitBundle(model, modelInArchive(path), options);
  return [{ path, bytes: await emitZippedBundle(files, createPauser(options.signal)) }];
}

/** The unknown keys of the manifest that will be replaced; none if it cannot be read. */
async function keptKeys(target: FileStore, path: string): Promise<ConfigMap> {
  checkModelPath(path);
  const store = target.committedView?.() ?? target;
  const manifestPath = siblingPath(path, "manifest");
  if (!(await store.exists(manifestPath))) return new Map();
  try {
    return parseManifest(await readWhole(store, manifestPath, null, MAX_MANIFEST_BYTES)).extra;
  } catch (error) {
    if (error instanceof AtlasmtlError && error.code !== "IO") return new Map();
    throw error;
  }
}
