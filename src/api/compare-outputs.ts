/** Compares the output files of two runs without times and memory use (Node). @module */
import { platform } from "#platform";
import { columnStrings } from "../anndata/read/column-values.ts";
import { loadModel } from "../artifacts/load.ts";
import { fingerprintFile } from "../artifacts/run-manifest.ts";
import { emitBundle } from "../artifacts/save.ts";
import { withoutTimes } from "../benchmark/times.ts";
import { readWhole, sha256 } from "../core/checksums.ts";
import type { ConfigMap, ConfigValue } from "../core/config.ts";
import { emitJson, parseJsonObject } from "../core/json.ts";
import { isAtlasmtlError } from "../errors.ts";
import { openCellTable } from "../output/read-predictions.ts";
import { holdsMetadata } from "../output/table-formats.ts";
import { FILE_SUFFIXES, MANIFEST_KEYS, MODEL_SUFFIX } from "../schema/bundle.ts";

/** `SAME`: every byte is equal; `SAME BUT TIMES`: only times and memory use differ. */
export type Sameness = "SAME" | "SAME BUT TIMES" | "DIFFERENT" | "HOLDS TIMES" | "MISSING";

/** Compares two files, or two folders of results, by what they are. */
export async function compareOutputs(before: string, after: string): Promise<Sameness> {
  const [old, now] = await Promise.all([before, after].map(digestOf));
  if (now === null || old === null) return "MISSING";
  if (old === now) return "SAME";
  try {
    if (before.endsWith(".json")) return verdict(await timelessJson(before), await timelessJson(after));
    if (before.endsWith("_metadata.pkl")) return verdict(await metadataOf(before), await metadataOf(after));
    if (holdsMetadata(before)) return (await sameCells(before, after)) ? "SAME BUT TIMES" : "DIFFERENT";
  } catch (error) {
    if (isAtlasmtlError(error)) return "DIFFERENT";
    throw error;
  }
  // Reports of benchmarks show the time that the run took, and all reports name their files.
  return before.endsWith(".html") ? "HOLDS TIMES" : "DIFFERENT";
}

/** Null for a file that is missing or cannot be read. */
async function digestOf(path: string): Promise<string | null> {
  return fingerprintFile(path).then(
    ({ sha256 }) => sha256,
    () => null,
  );
}

async function timelessJson(path: string): Promise<string> {
  return timeless(parseJsonObject(await readWhole(platform.files, path, null)));
}

const verdict = (a: string, b: string): Sameness => (a === b ? "SAME BUT TIMES" : "DIFFERENT");

/** The digest of a bundle's metadata as it would be written without times. */
async function metadataOf(path: string): Promise<string> {
  const { model } = await loadModel(path.replace(/_metadata\.pkl$/, MODEL_SUFFIX));
  const trainConfig = withoutTimes(model.trainConfig) as ConfigMap;
  const files = await emitBundle({ ...model, trainConfig }, `model${MODEL_SUFFIX}`);
  const metadata = files.find((file) => file.path.endsWith(FILE_SUFFIXES.metadata));
  return sha256([...(metadata?.bytes ?? [])]);
}

/** As text, without times and without the digests of files that hold times. */
function timeless(value: ConfigValue): string {
  return new TextDecoder().decode(emitJson(withoutDigests(withoutTimes(value))));
}

function withoutDigests(value: ConfigValue): ConfigValue {
  if (Array.isArray(value)) return value.map(withoutDigests);
  if (!(value instanceof Map)) return value;
  return new Map(
    [...(value as ConfigMap)].map(([key, item]) => [
      key,
      key === MANIFEST_KEYS.metadataPath && typeof item === "string" && /^[0-9a-f]{64}$/.test(item)
        ? null
        : withoutDigests(item),
    ]),
  );
}

async function sameCells(before: string, after: string): Promise<boolean> {
  const [a, b] = await Promise.all([openCellTable(before), openCellTable(after)]);
  if (JSON.stringify([a.obsNames, a.columns]) !== JSON.stringify([b.obsNames, b.columns])) return false;
  for (const name of a.columns) {
    const [x, y] = await Promise.all([a.column(name), b.column(name)]);
    if (JSON.stringify(columnStrings(x)) !== JSON.stringify(columnStrings(y))) return false;
  }
  return true;
}
