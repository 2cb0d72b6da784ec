/** `atlasmtl inspect`: describes a file or folder in a screenful. @module */
import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { asFileError, isAtlasmtlError } from "../../api/errors.ts";
import {
  containerByName,
  findInput,
  isArchiveName,
  isDatasetFolder,
  MODEL_SUFFIX,
  RUN_MANIFEST_FILES,
} from "../../api/formats.ts";
import { compareCodePoints, webAddress } from "../../api/names.ts";
import type { CommandContext } from "../context.ts";
import type { InspectWork } from "../inspect/dataset.ts";
import { type Description, listed } from "../inspect/description.ts";
import { type OPEN_FLAGS, openOptions } from "../options/dataset-flags.ts";
import type { FlagValues } from "../options/flag.ts";
import { byteSize, indent, plural, table } from "../terminal/print.ts";
import { shellWord } from "../terminal/shell-word.ts";

/**
 * Prints what `path` holds. Unknown content is described by its first bytes. So is content that cannot be read, and
 * then
 * its error is thrown.
 * @throws NOT_FOUND when there is nothing at `path`, IO when it cannot be read; what opening throws for damaged
 * content.
 */
export async function runInspect(
  path: string,
  flags: FlagValues<typeof OPEN_FLAGS>,
  { output, signal }: CommandContext,
): Promise<void> {
  const description = await describe(path, { signal, open: openOptions(flags), inWords: output.inWords });
  output.result(output.heading(description.title));
  for (const { heading, text } of description.sections)
    if (text !== "") output.result(`\n${output.heading(heading)}\n${indent(text)}`);
  if (description.next !== null) output.result(`\n${output.heading("Next")}\n${indent(description.next)}`);
  output.json({ path, kind: description.kind, ...description.json });
  if (description.problem !== undefined) throw description.problem;
}

async function describe(path: string, work: InspectWork): Promise<Description> {
  if (webAddress(path) !== null) return describeData(path, work);
  if (await leadsElsewhere(path)) return describeData(path, work);
  const { size, isFolder, start } = await look(path);
  if (isFolder) return describeFolder(path, work);
  try {
    const known = await describeKnown(path, start, work);
    if (known !== null) return known;
  } catch (error) {
    if (work.signal.aborted) throw error;
    return { ...describeBytes("unreadable", "cannot be read", path, size, start), problem: error };
  }
  return describeBytes("unknown", "nothing that atlasmtl knows", path, size, start);
}

/** True for a prefix, and for a folder in which one dataset is meant. */
async function leadsElsewhere(path: string): Promise<boolean> {
  try {
    return (await findInput(path)).input !== path;
  } catch (error) {
    // A folder of several is described by its entries.
    if (isAtlasmtlError(error)) return false;
    throw error;
  }
}

async function look(path: string): Promise<{ size: number; isFolder: boolean; start: Buffer }> {
  try {
    const stats = await stat(path);
    if (stats.isDirectory()) return { size: 0, isFolder: true, start: Buffer.alloc(0) };
    if (!stats.isFile()) return { size: 0, isFolder: false, start: Buffer.alloc(0) };
    const handle = await open(path);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(16), 0, 16, 0);
      return { size: stats.size, isFolder: false, start: buffer.subarray(0, bytesRead) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw asFileError(error, path, "read");
  }
}

/** Recognises a file by its first bytes, else by the ending of its name; null for unknown content. */
async function describeKnown(path: string, start: Buffer, work: InspectWork): Promise<Description | null> {
  const isHdf5 = start.subarray(0, 4).equals(Buffer.from("\x89HDF", "latin1"));
  if (isArchiveName(path)) return describeArchive(path, work);
  // Files of R that are refused with what to do.
  const isRefused = /\.(rda|rdata|qs2?)$/i.test(path);
  if (isHdf5 || isRefused || containerByName(path) !== null) return describeData(path, work);
  if (path.endsWith(".pth")) return (await import("../inspect/bundle.ts")).describeBundle(path);
  const isPickle = start[0] === 0x80 && start[1] <= 5;
  if (isPickle || /\.pkl(\.gz)?$/.test(path)) return describePickleOrModel(path);
  if (path.endsWith(".json")) return (await import("../inspect/json-file.ts")).describeJson(path);
  return null;
}

/** A zip archive holds a dataset or a model. */
async function describeArchive(path: string, work: InspectWork): Promise<Description> {
  try {
    return await describeData(path, work);
  } catch (problem) {
    if (!isAtlasmtlError(problem, "BAD_FORMAT")) throw problem;
    const { describeBundle } = await import("../inspect/bundle.ts");
    return describeBundle(path).catch((error: unknown) => {
      // Neither a dataset nor a model is in it.
      throw isAtlasmtlError(error, "NOT_FOUND") ? problem : error;
    });
  }
}

/** A model of CellTypist is a pickle as well, of more than a bundle's pickles hold. */
async function describePickleOrModel(path: string): Promise<Description> {
  const { describePickle } = await import("../inspect/pickle.ts");
  try {
    return await describePickle(path);
  } catch (error) {
    if (!path.endsWith(".pkl") || !isAtlasmtlError(error, "UNSUPPORTED")) throw error;
    const { describeBundle } = await import("../inspect/bundle.ts");
    return describeBundle(path).catch(() => {
      throw error;
    });
  }
}

async function describeData(path: string, work: InspectWork): Promise<Description> {
  return (await import("../inspect/dataset.ts")).describeDataset(path, work);
}

/** Describes a file by its size and first bytes only. */
function describeBytes(kind: string, what: string, path: string, size: number, start: Buffer): Description {
  return {
    kind,
    title: `${path}: ${what}, ${byteSize(size)}`,
    sections: [{ heading: "First bytes", text: firstBytes(start) }],
    next: null,
    json: { size, first_bytes: start.toString("hex") },
  };
}

/** A dataset that is a folder, or a folder of other things. */
async function describeFolder(path: string, work: InspectWork): Promise<Description> {
  const names = (await readdir(path)).sort(compareCodePoints);
  if (isDatasetFolder(names))
    try {
      return await describeData(path, work);
    } catch (error) {
      if (work.signal.aborted) throw error;
      const title = `${path}: a dataset that cannot be read`;
      return { ...describeEntries(path, names), kind: "unreadable", title, next: null, problem: error };
    }
  return describePlainFolder(path, names);
}

/** Kinds of files in a folder, by the endings of names; the first match counts. */
const FILE_KINDS: readonly (readonly [kind: string, has: (name: string) => boolean])[] = [
  ["models", (name) => name.endsWith(MODEL_SUFFIX)],
  ["datasets", isDatasetName],
  ["run manifests", (name) => name.endsWith(RUN_MANIFEST_FILES.benchmark)],
  ["parts of models", (name) => /(_manifest\.json|_feature_panel\.json|\.pkl|\.pkl\.gz)$/.test(name)],
  ["other", () => true],
];

const kindOf = (name: string): string => FILE_KINDS.find(([, has]) => has(name))![0];

/** True for a name of a dataset only. Text tables are left out, as many are no dataset. */
function isDatasetName(name: string): boolean {
  const container = containerByName(name);
  return container !== null && container.sharesEndings !== true;
}

/** Describes the entries of a folder, and its model if it holds exactly one and no dataset. */
async function describePlainFolder(path: string, names: readonly string[]): Promise<Description> {
  const plain = describeEntries(path, names);
  const models = names.filter((name) => kindOf(name) === "models");
  if (models.length !== 1 || names.some((name) => kindOf(name) === "datasets")) return plain;
  try {
    const bundle = await (await import("../inspect/bundle.ts")).describeBundle(join(path, models[0]));
    return {
      kind: "folder",
      title: `${path}: a folder with the model ${models[0]}`,
      sections: [...bundle.sections, ...plain.sections],
      next: bundle.next,
      json: { ...plain.json, model: bundle.json },
    };
  } catch {
    return plain; // the command in `next` shows what is wrong with the model
  }
}

function describeEntries(path: string, names: readonly string[]): Description {
  const of = (kind: string): readonly string[] => names.filter((name) => kindOf(name) === kind);
  const content = FILE_KINDS.map(([kind]) => [kind, listed(of(kind), 6)]).filter(([, text]) => text !== "");
  return {
    kind: "folder",
    title: `${path}: a folder with ${plural(names.length, "entry", "entries")}`,
    sections: [{ heading: "Content", text: table(content) }],
    next:
      [...of("models"), ...of("datasets"), ...of("run manifests")]
        .slice(0, 4)
        .map((name) => `atlasmtl inspect ${shellWord(join(path, name))}`)
        .join("\n") || null,
    json: { entries: names },
  };
}

function firstBytes(start: Buffer): string {
  if (start.length === 0) return "none: the file is empty or no plain file";
  const text = start.toString("latin1").replace(/[^\x20-\x7e]/g, ".");
  return `${start.toString("hex").replace(/(..)(?=.)/g, "$1 ")}  ${text}`;
}
