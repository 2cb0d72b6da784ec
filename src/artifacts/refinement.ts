/**
 * Reads and writes the files of a refinement: the artifact, its description and the plan
 * (docs/specification/3-prediction.md#refinement-files).
 * @module
 */
import { platform } from "#platform";
import { type FileInput, type FileToWrite, joinBytes } from "../core/bytes.ts";
import { sha256 } from "../core/checksums.ts";
import type { ConfigMap, ConfigValue } from "../core/config.ts";
import { emitJson, parseJsonObject } from "../core/json.ts";
import { MAX_JSON_BYTES } from "../core/limits.ts";
import { compareCodePoints } from "../core/order.ts";
import { baseName, folderName, joinPath } from "../core/paths.ts";
import { readInput } from "../core/read-input.ts";
import { AtlasmtlError, locate } from "../errors.ts";
import { emitPickle } from "../formats/pickle/emit.ts";
import { parsePickle } from "../formats/pickle/parse.ts";
import { readTexts } from "../formats/pickle/strings.ts";
import { type Dict, describeValue, NdArray, type PickleValue } from "../formats/pickle/values.ts";
import type { LogisticRegression } from "../model/logistic-regression.ts";
import type { ParentReranker, Reranker } from "../model/reranker.ts";
import { SCHEMA_VERSION } from "../schema/bundle.ts";
import {
  FOREIGN_PLAN_ENABLED,
  REFINEMENT_KEYS,
  REFINEMENT_METHODS,
  REFINEMENT_SUFFIXES,
  RERANKER_KEYS,
} from "../schema/refinement.ts";
import { locateInArtifact } from "./artifact-errors.ts";
import { asDict, countField, dictField, textField, within } from "./fields.ts";
import { RERANKER_GLOBALS, readForeignReranker } from "./foreign-reranker.ts";

/** An artifact is small: a few numbers per pair of children. */
const MAX_ARTIFACT_BYTES = 256 * 1024 * 1024;

/** A plan: whether to refine, why, and with which artifact. */
export interface RefinementPlan {
  readonly enabled: boolean;
  readonly note: string;
  /** The artifact, relative to the plan's folder; null if the plan is disabled and has none. */
  readonly artifactPath: string | null;
  readonly ruleVersion: string | null;
}

/** How a refinement was made. */
export interface RefinementRecord {
  /** How the parents were chosen. */
  readonly selection: ConfigMap;
  readonly enabled: boolean;
  readonly note: string;
  readonly ruleVersion: string;
  readonly features: ConfigMap;
}

/**
 * SHA-256 of names or of a mapping between them, as the JSON that Python's `json.dumps(value, sort_keys=True,
 * separators=(",", ":"))` writes: sorted keys, no blanks, escapes beyond ASCII.
 */
export function namesHash(value: readonly string[] | ReadonlyMap<string, string>): string {
  const text =
    value instanceof Map
      ? `{${[...value]
          .sort(([a], [b]) => compareCodePoints(a, b))
          .map(([key, item]) => `${asciiJson(key)}:${asciiJson(item)}`)
          .join(",")}}`
      : `[${[...(value as readonly string[])].map(asciiJson).join(",")}]`;
  return sha256([new TextEncoder().encode(text)]);
}

function asciiJson(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (unit) =>
    unit === "\u007f" ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * Writes the artifact as a pickle of dicts, lists and float64 arrays, which Python can load with numpy alone.
 */
export function emitReranker(reranker: Reranker): Uint8Array {
  const keys = REFINEMENT_KEYS;
  const parents = new Map<PickleValue, PickleValue>();
  for (const { parent, children, regression, nCells } of reranker.parents) {
    const size = children.length;
    parents.set(
      parent,
      new Map<PickleValue, PickleValue>([
        [RERANKER_KEYS.children, children],
        [
          RERANKER_KEYS.coef,
          // By class in the file, by feature in memory; both are the children.
          regression === null ? null : new NdArray("f8", [size, size], transposed(regression.weights, size)),
        ],
        [
          RERANKER_KEYS.intercept,
          regression === null ? null : new NdArray("f8", [size], regression.intercepts),
        ],
        [RERANKER_KEYS.nCells, nCells],
      ]),
    );
  }
  return joinBytes(
    emitPickle(
      new Map<PickleValue, PickleValue>([
        [keys.schemaVersion, SCHEMA_VERSION],
        [keys.method, REFINEMENT_METHODS.artifact],
        [keys.parentLevel, reranker.parentLevel],
        [keys.childLevel, reranker.childLevel],
        [keys.childClasses, reranker.childClasses],
        [keys.childToParent, reranker.childToParent],
        [keys.parents, parents],
      ]),
    ),
  );
}

/**
 * Reads an artifact, ours or one of the Python original, which `description` may complete.
 * @throws BAD_FORMAT for a missing key or a wrong type, UNSUPPORTED for a newer schema or another method,
 * BAD_DATA for inconsistent numbers.
 */
export function parseReranker(bytes: Uint8Array, description: ConfigMap | null = null): Reranker {
  const keys = REFINEMENT_KEYS;
  const root = parsePickle(bytes, { globals: RERANKER_GLOBALS });
  if (!(root instanceof Map) || !root.has(keys.schemaVersion) || !root.has(keys.parents))
    return readForeignReranker(root, description);
  const dict = asDict(root, "refinement");
  const version = countField(dict, keys.schemaVersion);
  const method = textField(dict, keys.method);
  if (version > SCHEMA_VERSION || method !== REFINEMENT_METHODS.artifact)
    throw new AtlasmtlError(
      "UNSUPPORTED",
      `the file holds a ${method} of schema version ${version}, expected ${REFINEMENT_METHODS.artifact} of up to ${SCHEMA_VERSION}`,
      { where: keys.method, hint: "update atlasmtl, or fit the refinement again" },
    );
  const childClasses = namesField(dict, keys.childClasses);
  const childToParent = new Map<string, string>();
  for (const [child, parent] of dictField(dict, keys.childToParent)) {
    if (typeof child !== "string" || typeof parent !== "string")
      throw new AtlasmtlError(
        "BAD_FORMAT",
        `expected labels, got ${describeValue(child)} and ${describeValue(parent)}`,
        {
          where: keys.childToParent,
        },
      );
    childToParent.set(child, parent);
  }
  const known = new Set(childClasses);
  const parents = [...dictField(dict, keys.parents)].map(([parent, value]) =>
    within(`${keys.parents} › ${String(parent)}`, () =>
      readParent(String(parent), asDict(value, "the parent"), known),
    ),
  );
  return {
    parentLevel: textField(dict, keys.parentLevel),
    childLevel: textField(dict, keys.childLevel),
    childClasses,
    childToParent,
    parents,
  };
}

function readParent(parent: string, dict: Dict, childClasses: ReadonlySet<string>): ParentReranker {
  const children = namesField(dict, RERANKER_KEYS.children);
  const strange = children.find((child) => !childClasses.has(child));
  if (children.length === 0 || strange !== undefined)
    throw new AtlasmtlError(
      "BAD_DATA",
      strange === undefined ? "the parent has no children" : `"${strange}" is not one of the child classes`,
      { where: RERANKER_KEYS.children },
    );
  const nCells = countField(dict, RERANKER_KEYS.nCells);
  return {
    parent,
    children,
    regression: children.length === 1 ? null : readRegression(dict, children.length),
    nCells,
  };
}

function readRegression(dict: Dict, size: number): LogisticRegression {
  return {
    nFeatures: size,
    nClasses: size,
    weights: transposed(numbersField(dict, RERANKER_KEYS.coef, [size, size]), size),
    intercepts: numbersField(dict, RERANKER_KEYS.intercept, [size]),
  };
}

/** A square matrix with rows as columns. */
function transposed(values: Float64Array, size: number): Float64Array {
  return values.map((_, at) => values[(at % size) * size + Math.floor(at / size)]);
}

function numbersField(dict: Dict, key: string, shape: readonly number[]): Float64Array {
  const value = dict.get(key);
  if (
    !(value instanceof NdArray) ||
    !(value.data instanceof Float64Array) ||
    value.shape.join() !== shape.join()
  )
    throw new AtlasmtlError(
      "BAD_DATA",
      `a float64 array [${shape.join(", ")}] is expected; this is ${describeValue(value)}`,
      { where: key },
    );
  if (!value.data.every(Number.isFinite))
    throw new AtlasmtlError("BAD_DATA", "a number is not finite", { where: key });
  return value.data;
}

function namesField(dict: Dict, key: string): readonly string[] {
  return within(key, () => {
    const texts = readTexts(dict.get(key) ?? null);
    const names = texts.filter((text) => text !== null);
    if (names.length !== texts.length || new Set(names).size !== names.length)
      throw new AtlasmtlError("BAD_DATA", "the names are not all there, or repeat");
    return names;
  });
}

/**
 * The files of a refinement: artifact at `path`, its description and its plan beside it; the plan comes last.
 * @throws USAGE for a path that does not end in `.pkl`.
 */
export function refinementFiles(
  reranker: Reranker,
  record: RefinementRecord,
  path: string,
): readonly FileToWrite[] {
  const paths = refinementPaths(path);
  const keys = REFINEMENT_KEYS;
  const artifact = emitReranker(reranker);
  const shared: readonly (readonly [string, ConfigValue])[] = [
    [keys.schemaVersion, SCHEMA_VERSION],
    [keys.parentLevel, reranker.parentLevel],
    [keys.childLevel, reranker.childLevel],
    [keys.hotspotParents, reranker.parents.map(({ parent }) => parent)],
    [keys.selection, record.selection],
  ];
  const description = new Map<string, ConfigValue>([
    ...shared,
    [keys.method, REFINEMENT_METHODS.artifact],
    [keys.childClasses, reranker.childClasses],
    [keys.childToParent, reranker.childToParent],
    [keys.childClassesHash, namesHash(reranker.childClasses)],
    [keys.hierarchyChildToParentHash, namesHash(reranker.childToParent)],
    [keys.artifactSha256, sha256([artifact])],
  ]);
  const plan = new Map<string, ConfigValue>([
    ...shared,
    [keys.method, REFINEMENT_METHODS.plan],
    [keys.enabled, record.enabled],
    [keys.note, record.note],
    [keys.ruleVersion, record.ruleVersion],
    [keys.features, record.features],
    [keys.artifactPath, baseName(path)],
  ]);
  return [
    { path: paths.artifact, bytes: [artifact] },
    { path: paths.description, bytes: [emitJson(description)] },
    { path: paths.plan, bytes: [emitJson(plan)] },
  ];
}

/** The paths of the files of the artifact at `path`. @throws USAGE for a path that does not end in `.pkl`. */
export function refinementPaths(path: string): { artifact: string; description: string; plan: string } {
  if (!path.endsWith(REFINEMENT_SUFFIXES.artifact))
    throw new AtlasmtlError("USAGE", `got ${JSON.stringify(path)}, expected a name that ends in .pkl`);
  const stem = path.slice(0, -REFINEMENT_SUFFIXES.artifact.length);
  return {
    artifact: path,
    description: stem + REFINEMENT_SUFFIXES.description,
    plan: stem + REFINEMENT_SUFFIXES.plan,
  };
}

/**
 * Loads an artifact; for a path, it is checked against the description beside it, if there is one.
 * @throws NOT_FOUND, LIMIT, the errors of {@link parseReranker}, CHECKSUM if the description belongs to
 * another file.
 */
export async function loadReranker(input: FileInput): Promise<Reranker> {
  return locateInArtifact(async () => {
    const { bytes, name } = await readInput(input, MAX_ARTIFACT_BYTES);
    try {
      const description = typeof input === "string" ? await readDescription(input, bytes) : null;
      return parseReranker(bytes, description);
    } catch (error) {
      throw locate(error, name);
    }
  });
}

/** The JSON beside an artifact; null if there is none. @throws CHECKSUM if it is of another artifact. */
async function readDescription(path: string, artifact: Uint8Array): Promise<ConfigMap | null> {
  if (!path.endsWith(REFINEMENT_SUFFIXES.artifact)) return null;
  const { description } = refinementPaths(path);
  if (!(await platform.files.exists(description))) return null;
  const { bytes } = await readInput(description, MAX_JSON_BYTES);
  const content = parseJsonObject(bytes);
  const expected = content.get(REFINEMENT_KEYS.artifactSha256);
  const found = sha256([artifact]);
  if (expected !== undefined && expected !== found)
    throw new AtlasmtlError(
      "CHECKSUM",
      `the file has SHA-256 ${found}; ${description} expects ${String(expected)}`,
      { hint: "copy both files again from where they were made, or fit the refinement again" },
    );
  return content;
}

/**
 * Loads a plan; its artifact is searched in the plan's folder.
 * @throws NOT_FOUND, LIMIT, BAD_FORMAT for a file that is not a plan.
 */
export async function loadRefinementPlan(path: string): Promise<RefinementPlan> {
  return locateInArtifact(async () => {
    const { bytes } = await readInput(path, MAX_JSON_BYTES);
    try {
      return await parsePlan(parseJsonObject(bytes), folderName(path));
    } catch (error) {
      throw locate(error, path);
    }
  });
}

async function parsePlan(plan: ConfigMap, folder: string): Promise<RefinementPlan> {
  const keys = REFINEMENT_KEYS;
  const enabled = [keys.enabled, ...FOREIGN_PLAN_ENABLED]
    .map((key) => plan.get(key))
    .find((value) => value !== undefined);
  const artifactPath = plan.get(keys.artifactPath) ?? null;
  if (typeof enabled !== "boolean")
    throw new AtlasmtlError("BAD_FORMAT", "a plan says true or false here", { where: keys.enabled });
  if (artifactPath === null ? enabled : typeof artifactPath !== "string")
    throw new AtlasmtlError("BAD_FORMAT", "an enabled plan names its artifact here", {
      where: keys.artifactPath,
    });
  const text = (value: ConfigValue | undefined): string | null => (typeof value === "string" ? value : null);
  return {
    enabled,
    note: text(plan.get(keys.note)) ?? "",
    artifactPath: artifactPath === null ? null : await artifactOf(artifactPath as string, folder),
    ruleVersion: text(plan.get(keys.ruleVersion)),
  };
}

/**
 * The path that a plan names: from the plan's folder; else as given from the working folder, as the Python original writes it; else the
 * same name beside the plan, where both were moved.
 */
async function artifactOf(given: string, folder: string): Promise<string> {
  const beside = joinPath(folder, given);
  for (const path of [beside, given, joinPath(folder, baseName(given.replaceAll("\\", "/")))])
    if (await platform.files.exists(path)) return path;
  return beside;
}
