/**
 * The file of a shard: scored cells of a part of a query, as an archive of arrays that numpy opens
 * (docs/specification/6-cli.md#shards).
 * @module
 */
import type { ByteSource } from "../core/bytes.ts";
import { type ConfigMap, type ConfigValue, keyed } from "../core/config.ts";
import { emitJson, parseJsonObject } from "../core/json.ts";
import { MAX_JSON_BYTES } from "../core/limits.ts";
import { AtlasmtlError, locate } from "../errors.ts";
import { emitNpy, parseNpy } from "../formats/npy.ts";
import { emitZip, type ZipEntry } from "../formats/zip/emit.ts";
import { openZipStore, type ZipStore } from "../formats/zip/store.ts";
import { type CellsPart, mapArrays } from "../predict/cell-arrays.ts";
import type { ScoredCells } from "../predict/score-cells.ts";
import {
  SHARD_ENTRIES,
  SHARD_FOUND,
  SHARD_IDENTITY,
  SHARD_PLACE,
  SHARD_SCHEMA_VERSION,
} from "../schema/shards.ts";

/** An open file of a shard. Close it when done. */
export interface ShardFile {
  readonly path: string;
  readonly index: number;
  readonly of: number;
  readonly start: number;
  readonly end: number;
  /** SHA-256 of the names of its cells. */
  readonly cellsSha256: string;
  /** What it is of (docs/specification/6-cli.md#shards). */
  readonly identity: ConfigMap;
  /** The bytes of {@link identity} as they stand in the file. */
  readonly identityBytes: Uint8Array;
  readonly cells: CellsPart;
  /** Reads every array. @throws BAD_FORMAT for one that is damaged. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** The pieces of the file; the same cells give the same bytes. */
export function emitShard(identity: ConfigMap, cells: ScoredCells): readonly Uint8Array[] {
  const found = keyed(SHARD_FOUND, {
    nRefined: cells.nRefined,
    nShared: cells.nShared,
    nBatches: cells.nBatches,
    seenValues: seenConfig(cells),
    sets: [...cells.sets.values()].map(({ members }) => members),
    probMatch: cells.probMatch?.categories ?? [],
  });
  const arrays: ZipEntry[] = [];
  mapArrays(cells, (array, { name, width }) => {
    arrays.push({ name: `${name}.npy`, pieces: emitNpy(array, width) });
    return array;
  });
  return emitZip([
    { name: SHARD_ENTRIES.identity, pieces: [emitJson(identity)] },
    { name: SHARD_ENTRIES.found, pieces: [emitJson(found)] },
    ...arrays,
  ]);
}

const NOTHING_SEEN = { n: 0, nWhole: 0, least: 0, largest: 0 };

/** As text where a number of JSON would lose it. */
function seenConfig({ placed }: ScoredCells): ConfigValue {
  const { n, nWhole, least, largest } = placed?.seen ?? NOTHING_SEEN;
  return [n, nWhole, least, largest].map(String);
}

/**
 * Opens the file of a shard; closing it closes `source`.
 * @throws BAD_FORMAT for another file, located at `path`; UNSUPPORTED for a later layout.
 */
export async function openShardFile(source: ByteSource, path: string): Promise<ShardFile> {
  try {
    return await open(await openZipStore(source).catch(asNoShard), path);
  } catch (error) {
    await source.close();
    throw locate(error, path, "artifact");
  }
}

function asNoShard(error: unknown): never {
  if (error instanceof AtlasmtlError && error.code === "BAD_FORMAT") throw noShard();
  throw error;
}

async function open(store: ZipStore, path: string): Promise<ShardFile> {
  const identityBytes = await entry(store, SHARD_ENTRIES.identity);
  const identity = parseJsonObject(identityBytes);
  const found = parseJsonObject(await entry(store, SHARD_ENTRIES.found));
  if (identity.get(SHARD_IDENTITY.schemaVersion) !== SHARD_SCHEMA_VERSION)
    throw new AtlasmtlError("UNSUPPORTED", "the shard has a layout of another version of atlasmtl", {
      hint: "merge it with the version that made it",
    });
  const given = identity.get(SHARD_IDENTITY.shard);
  const place: ConfigMap = given instanceof Map ? (given as ConfigMap) : new Map();
  const at = (key: string): number => wholeNumber(place.get(key));
  const [index, of, start, end] = [SHARD_PLACE.index, SHARD_PLACE.of, SHARD_PLACE.start, SHARD_PLACE.end].map(
    at,
  );
  if (!(index >= 1 && index <= of && start <= end)) throw noShard();
  const [n, nWhole, least, largest] = listOf(found.get(SHARD_FOUND.seenValues)).map(Number);
  const array = async (name: string) => {
    const bytes = await store.get(`${name}.npy`);
    if (bytes === undefined)
      throw locate(new AtlasmtlError("BAD_FORMAT", `the shard has no ${name}`), path, "artifact");
    try {
      return parseNpy(bytes);
    } catch (error) {
      throw locate(error, `${path} › ${name}`, "artifact");
    }
  };
  const cellsSha256 = String(place.get(SHARD_PLACE.cellsSha256));
  return {
    ...{ path, index, of, start, end, cellsSha256, identity, identityBytes },
    cells: {
      name: path,
      nCells: end - start,
      array,
      nRefined: wholeNumber(found.get(SHARD_FOUND.nRefined)),
      nShared: wholeNumber(found.get(SHARD_FOUND.nShared)),
      nBatches: wholeNumber(found.get(SHARD_FOUND.nBatches)),
      seen: { n, nWhole, least, largest },
      sets: listOf(found.get(SHARD_FOUND.sets)).map((sets) =>
        listOf(sets).map((set) => listOf(set).map(wholeNumber)),
      ),
      probMatch: listOf(found.get(SHARD_FOUND.probMatch)).map(String),
    },
    async check() {
      for (const key of store.keys) if (key.endsWith(".npy")) await array(key.slice(0, -".npy".length));
    },
    close: async () => void (await store.close?.()),
  };
}

async function entry(store: ZipStore, name: string): Promise<Uint8Array> {
  const bytes = await store.get(name, MAX_JSON_BYTES);
  if (bytes === undefined) throw noShard();
  return bytes;
}

const listOf = (value: ConfigValue | undefined): readonly ConfigValue[] => {
  if (Array.isArray(value)) return value as readonly ConfigValue[];
  throw noShard();
};

function wholeNumber(value: ConfigValue | undefined): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw noShard();
}

function noShard(): AtlasmtlError {
  return new AtlasmtlError("BAD_FORMAT", "this is no shard of a prediction", {
    hint: "give files that predict wrote with a shard",
  });
}
