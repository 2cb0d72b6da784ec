/** Rows that threads read are the rows, and the errors, of one thread. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { File } from "#h5wasm";
import { platform } from "#platform";
import { randomUniform } from "../../core/rng.ts";
import type { StoredArray } from "../../formats/array-store.ts";
import { loadHdf5 } from "../../formats/hdf5/library.ts";
import { openHdf5 } from "../../formats/hdf5/open.ts";
import { nodeThreads } from "../../node/workers.ts";
import { streamRows } from "./rows.ts";
import { storedSource } from "./sequential-array.ts";

const folder = mkdtempSync(join(tmpdir(), "atlasmtl-"));
afterAll(() => rmSync(folder, { recursive: true }));
/** As it is before a test watches it. */
const { start: original } = nodeThreads;
afterEach(() => vi.restoreAllMocks());

const N_COLS = 500;
/** Enough entries for threads to be worth their start. */
const N_ENTRIES = 4_300_000;
const CHUNK = 60_000;

/** Rows of many lengths, some of them unsorted, with columns that occur twice and values of zero. */
function makeMatrix() {
  let drawn = 0;
  const uniform = (): number => randomUniform(5, drawn++);
  const starts = [0];
  const columns = new Int32Array(N_ENTRIES);
  const values = new Float32Array(N_ENTRIES);
  for (let at = 0; at < N_ENTRIES; ) {
    const n = Math.min(N_ENTRIES - at, Math.floor(uniform() * 300));
    const isOdd = uniform() < 0.02;
    for (let i = 0; i < n; i++) columns[at + i] = isOdd ? Math.floor(uniform() * N_COLS) : i + 7;
    for (let i = 0; i < n; i++) values[at + i] = isOdd ? Math.floor(uniform() * 3) - 1 : (i % 5) + 1;
    at += n;
    starts.push(at);
  }
  return { starts: Float64Array.from(starts), columns, values };
}

const matrix = makeMatrix();

interface Stored {
  readonly indices: StoredArray;
  readonly data: StoredArray;
  close(): Promise<void>;
}

async function write(
  name: string,
  wide: boolean,
  options: object,
  { columns, values } = matrix,
): Promise<string> {
  const plugins = platform.hdf5Plugins();
  if (plugins === null) throw new Error("dist/hdf5-filters is missing: run `npm run build` first");
  (await loadHdf5()).insert_plugin_search_path(plugins, 0);
  const path = join(folder, name);
  const file = new File(path, "w");
  const add = (key: string, data: Int32Array | BigInt64Array | Float32Array | Float64Array, dtype: string) =>
    file.create_dataset({ name: key, data, shape: [N_ENTRIES], dtype, chunks: [CHUNK], ...options });
  add("indices", wide ? BigInt64Array.from(columns, BigInt) : columns, wide ? "<q" : "<i");
  add("data", wide ? Float64Array.from(values) : values, wide ? "<d" : "<f");
  file.close();
  return path;
}

async function open(path: string): Promise<Stored> {
  const file = await openHdf5(path);
  const [indices, data] = [await file.open("indices"), await file.open("data")];
  if (indices?.kind !== "array" || data?.kind !== "array") throw new Error("no arrays");
  return { indices, data, close: () => file.close() };
}

/** A digest of every block, and the error that ended them. */
async function read({ indices, data }: Stored, numThreads: number, reuse = true) {
  const arrays = {
    storage: "csr" as const,
    starts: matrix.starts,
    indices: storedSource(indices),
    data: storedSource(data),
  };
  const layout = {
    nRows: matrix.starts.length - 1,
    nCols: N_COLS,
    arrays,
    report: (problem: object): never => {
      throw new Error(JSON.stringify(problem));
    },
  };
  const blocks: unknown[] = [];
  let error = "";
  try {
    for await (const { firstRow, csr } of streamRows(layout, { numThreads, reuse, start: 3 })) {
      const hash = platform.createSha256();
      for (const part of [csr.indptr, csr.indices, csr.data ?? new Uint8Array(0)])
        hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
      blocks.push([firstRow, csr.nRows, csr.indices.length, hash.hex()]);
    }
  } catch (caught) {
    error = String(caught);
  }
  return { blocks, error };
}

const gzip = { compression: 1, compression_opts: [1] };

test("threads read what one thread reads, and nothing is lost where the host gives none or they end", async () => {
  const stored = await open(await write("gzip.h5", false, gzip));
  try {
    const alone = await read(stored, 1);
    expect(alone.error).toBe("");
    const start = vi.spyOn(platform.threads, "start");
    expect(await read(stored, 3)).toEqual(alone);
    expect(start).toHaveBeenCalledTimes(3);
    start.mockImplementation((_body, listener) =>
      original("function start() { process.exit(1); }", listener),
    );
    expect(await read(stored, 2)).toEqual(alone);
    start.mockImplementation(() => {
      throw new Error("no threads here");
    });
    expect(await read(stored, 3)).toEqual(alone);
  } finally {
    await stored.close();
  }
});

test("64-bit numbers with lzf, blocks that are kept", async () => {
  const stored = await open(await write("wide.h5", true, { compression: 32000, compression_opts: [] }));
  try {
    expect(await read(stored, 2, false)).toEqual(await read(stored, 1));
  } finally {
    await stored.close();
  }
});

test("an entry that cannot be used is the same error, after the same blocks", async () => {
  const values = matrix.values.slice();
  const columns = matrix.columns.slice();
  values[2_500_000] = Number.NaN;
  columns[3_900_000] = N_COLS;
  const stored = await open(await write("nan.h5", false, gzip, { ...matrix, values, columns }));
  try {
    const alone = await read(stored, 1);
    expect(alone.error).toContain('"kind":"value"');
    expect(alone.blocks.length).toBeGreaterThan(5);
    expect(await read(stored, 2)).toEqual(alone);
  } finally {
    await stored.close();
  }
});

test("a damaged chunk is the same error, after the same blocks", async () => {
  const path = await write("damaged.h5", false, gzip);
  let stored = await open(path);
  const { at, bytes } = stored.data.storedChunks?.() ?? { at: [], bytes: [] };
  await stored.close();
  const file = openSync(path, "r+");
  writeSync(file, new Uint8Array(40).fill(0xa5), 0, 40, at[40] + Math.floor(bytes[40] / 2));
  closeSync(file);
  stored = await open(path);
  try {
    const alone = await read(stored, 1);
    expect(alone.error).toMatch(/rows \d+ to \d+ of "\/data" cannot be read/);
    expect(alone.blocks.length).toBeGreaterThan(5);
    expect(await read(stored, 2)).toEqual(alone);
  } finally {
    await stored.close();
  }
});

test("a chunk that says to be far longer than its values is left to the library, which refuses it", async () => {
  const path = await write("long.h5", false, gzip);
  let stored = await open(path);
  const { bytes } = stored.data.storedChunks?.() ?? { bytes: [] };
  await stored.close();
  // Its entry in the index: stored bytes, filters left out, first value.
  const entry = Buffer.alloc(16);
  entry.writeUInt32LE(bytes[40], 0);
  entry.writeBigUInt64LE(BigInt(40 * CHUNK), 8);
  const at = readFileSync(path).indexOf(entry);
  expect(at).toBeGreaterThan(0);
  const file = openSync(path, "r+");
  writeSync(file, Uint8Array.of(0xff, 0xff, 0xff, 0), 0, 4, at);
  closeSync(file);
  stored = await open(path);
  try {
    expect(stored.data.storedChunks?.()).toBeNull();
    const alone = await read(stored, 1);
    expect(alone.error).toMatch(/"\/data" cannot be read/);
    expect(await read(stored, 2)).toEqual(alone);
  } finally {
    await stored.close();
  }
});
