/**
 * Reads and writes files of `torch.save` since torch 1.6: a zip of a pickle and raw storages
 * (docs/specification/1-artifacts.md#network-file).
 * @module
 */

import { MAX_ARRAY_DIMENSIONS, MAX_EXPANDED_ELEMENTS, maxInflatedBytes } from "../core/limits.ts";
import { AtlasmtlError, locate } from "../errors.ts";
import { emitPickle, type PersistentForm } from "./pickle/emit.ts";
import { BUNDLE_GLOBALS, type GlobalRule, type GlobalTable } from "./pickle/globals.ts";
import { halvesToFloats, viewAs } from "./pickle/ndarray.ts";
import { parsePickle } from "./pickle/parse.ts";
import {
  describeValue,
  Global,
  OrderedDict,
  PersistentObject,
  type PickleValue,
  Tuple,
} from "./pickle/values.ts";
import { isZip } from "./zip/directory.ts";
import { emitZip } from "./zip/emit.ts";
import { openZip, type ZipArchive } from "./zip/read.ts";

/** A float32 tensor in row-major order. */
export class TorchTensor extends PersistentObject {
  constructor(
    readonly shape: readonly number[],
    readonly data: Float32Array,
  ) {
    super();
  }

  override get byteLength(): number {
    return this.data.byteLength;
  }
}

/** A storage of the pickle, read on first use. */
class TorchStorage extends PersistentObject {
  private floats: Float32Array | null = null;

  constructor(
    readonly key: string,
    readonly length: number,
    private readonly load: () => Float32Array,
  ) {
    super();
  }

  values(): Float32Array {
    this.floats ??= this.load();
    return this.floats;
  }
}

interface StorageType {
  readonly itemSize: number;
  readonly toFloats: (bytes: Uint8Array, length: number) => Float32Array;
}

/** Storages of floating-point numbers; the weights of a network are not integers. */
const STORAGE_TYPES: ReadonlyMap<string, StorageType> = new Map<string, StorageType>([
  ["FloatStorage", { itemSize: 4, toFloats: (b, n) => viewAs(Float32Array, b, n) as Float32Array }],
  [
    "DoubleStorage",
    { itemSize: 8, toFloats: (b, n) => Float32Array.from(viewAs(Float64Array, b, n) as Float64Array) },
  ],
  [
    "HalfStorage",
    { itemSize: 2, toFloats: (b, n) => halvesToFloats(viewAs(Uint16Array, b, n) as Uint16Array) },
  ],
  [
    "BFloat16Storage",
    { itemSize: 2, toFloats: (b, n) => bfloatsToFloats(viewAs(Uint16Array, b, n) as Uint16Array) },
  ],
]);

const ARCHIVE = "archive";
const VERSION = "3\n";

const REBUILD_TENSOR = new Global("torch._utils", "_rebuild_tensor_v2");
const FLOAT_STORAGE = new Global("torch", "FloatStorage");

const TORCH_GLOBALS: GlobalTable = new Map<string, GlobalRule>([
  ...BUNDLE_GLOBALS,
  ["torch._utils._rebuild_tensor_v2", rebuildTensor],
  ...[...STORAGE_TYPES.keys()].map((name): [string, GlobalRule] => [`torch.${name}`, null]),
]);

const bad = (message: string): AtlasmtlError => new AtlasmtlError("BAD_FORMAT", message);

/**
 * Reads the value that `torch.load` would return; every tensor becomes a {@link TorchTensor}.
 * @throws UNSUPPORTED for the format before torch 1.6, big-endian files, other storages and foreign
 * globals; BAD_FORMAT for a damaged file; LIMIT for tensors beyond safe bounds.
 */
export function parseTorch(bytes: Uint8Array): PickleValue {
  if (!isZip(bytes)) throw notZip(bytes);
  const archive = openZip(bytes);
  checkInflation(archive, bytes.length);
  const prefix = findPrefix(archive);
  const order = archive.has(`${prefix}byteorder`) ? textOf(archive.read(`${prefix}byteorder`)) : "little";
  if (order !== "little")
    throw new AtlasmtlError("UNSUPPORTED", `the file has byte order ${JSON.stringify(order.slice(0, 20))}`, {
      where: "byteorder",
      hint: "save it on a little-endian machine (x86 or ARM)",
    });
  const storages = new Map<string, TorchStorage>();
  try {
    return parsePickle(archive.read(`${prefix}data.pkl`), {
      globals: TORCH_GLOBALS,
      expandedBytes: bytes.length,
      persistentLoad: (id) => loadStorage(archive, prefix, storages, id),
    });
  } catch (error) {
    throw locate(error, "data.pkl");
  }
}

/** Torch stores its entries uncompressed; a recompressed file may have deflated ones within bounds. */
function checkInflation(archive: ZipArchive, byteLength: number): void {
  const total = archive.names.reduce((sum, name) => sum + archive.size(name), 0);
  if (total > maxInflatedBytes(byteLength))
    throw new AtlasmtlError("LIMIT", `a file of ${byteLength} bytes claims to expand to ${total}`);
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).trim();

function notZip(bytes: Uint8Array): AtlasmtlError {
  const isPickle = bytes[0] === 0x80 && bytes[2] === 0x8a && bytes[3] === 0x0a;
  if (!isPickle)
    return new AtlasmtlError("BAD_FORMAT", "this is no torch file: it does not begin as a zip archive", {
      hint: "check that the path names a model.pth; a file that was cut off or replaced must be copied again",
    });
  return new AtlasmtlError("UNSUPPORTED", "this torch file has the layout from before torch 1.6", {
    hint: "save it again with torch 1.6 or later: torch.save(torch.load(path), path)",
  });
}

/** The archive's folder, with its slash: the path of the only `data.pkl`. */
function findPrefix(archive: ZipArchive): string {
  const found = archive.names.filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (found.length !== 1)
    throw bad(`a torch file has one entry <folder>/data.pkl; this archive has ${found.length}`);
  return found[0].slice(0, -"data.pkl".length);
}

function loadStorage(
  archive: ZipArchive,
  prefix: string,
  storages: Map<string, TorchStorage>,
  id: PickleValue,
): TorchStorage {
  const [tag, type, key, , length] = id instanceof Tuple ? id.items : [];
  if (tag !== "storage" || !(type instanceof Global) || typeof key !== "string" || typeof length !== "number")
    throw bad(`a storage is named by ${describeValue(id)}`);
  const known = storages.get(key);
  if (known !== undefined) return known;
  const kind = STORAGE_TYPES.get(type.name);
  const entry = `${prefix}data/${key}`;
  if (kind === undefined || !archive.has(entry))
    throw bad(`storage ${key} of ${type.path} is not in the file`);
  const size = archive.size(entry);
  if (length < 0 || size !== length * kind.itemSize)
    throw bad(`storage ${key} has ${size} bytes; ${length} elements of ${type.name} are declared`);
  const storage = new TorchStorage(key, length, () => kind.toFloats(archive.read(entry), length));
  storages.set(key, storage);
  return storage;
}

function bfloatsToFloats(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16;
  return new Float32Array(bits.buffer);
}

/** `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks)`. */
function rebuildTensor(args: readonly PickleValue[]): TorchTensor {
  const [storage, offset, size, stride] = args;
  if (!(storage instanceof TorchStorage) || typeof offset !== "number")
    throw bad(`a tensor is made of ${describeValue(storage)} at ${describeValue(offset)}`);
  const shape = readCounts(size, "size");
  const strides = readCounts(stride, "stride");
  if (shape.length !== strides.length)
    throw bad(`a tensor of ${shape.length} sizes has ${strides.length} strides`);
  const count = shape.reduce((product, n) => product * n, 1);
  const last = shape.reduce((sum, n, d) => sum + (n - 1) * strides[d], offset);
  if (count === 0) return new TorchTensor(shape, new Float32Array());
  if (offset < 0 || last >= storage.length)
    throw bad(`a tensor reaches to element ${last} of storage ${storage.key}, which has ${storage.length}`);
  if (count > storage.length && count > MAX_EXPANDED_ELEMENTS)
    throw new AtlasmtlError("LIMIT", `a tensor expands ${storage.length} stored elements to ${count}`);
  return new TorchTensor(shape, gather(storage.values(), offset, shape, strides, count));
}

function readCounts(value: PickleValue | undefined, what: string): readonly number[] {
  const items = value instanceof Tuple ? value.items : [null];
  if (items.length > MAX_ARRAY_DIMENSIONS)
    throw new AtlasmtlError(
      "LIMIT",
      `a tensor has ${items.length} dimensions; at most ${MAX_ARRAY_DIMENSIONS}`,
    );
  for (const n of items)
    if (typeof n !== "number" || n < 0) throw bad(`the ${what} of a tensor is ${describeValue(value)}`);
  return items as readonly number[];
}

function gather(
  values: Float32Array,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
  count: number,
): Float32Array {
  let dense = 1;
  const isRowMajor = shape.reduceRight((ok, n, d) => {
    const fits = n === 1 || strides[d] === dense;
    dense *= n;
    return ok && fits;
  }, true);
  if (isRowMajor) return values.subarray(offset, offset + count);
  const out = new Float32Array(count);
  const index = new Array<number>(shape.length).fill(0);
  let from = offset;
  for (let to = 0; to < count; to++) {
    out[to] = values[from];
    for (let d = shape.length - 1; d >= 0; d--) {
      from += strides[d];
      if (++index[d] < shape[d]) break;
      from -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
  return out;
}

/**
 * Writes `value` like `torch.save`, with one float32 storage per {@link TorchTensor}. The same value gives
 * the same bytes, and `torch.load(path, weights_only=True)` opens them.
 */
export function emitTorch(value: PickleValue): readonly Uint8Array[] {
  const tensors = new Map<TorchTensor, StorageReference>();
  const pickle = emitPickle(value, {
    protocol: 2,
    persistentValue: (object) => persistentForm(object, tensors),
  });
  return emitZip([
    { name: `${ARCHIVE}/data.pkl`, pieces: pickle },
    { name: `${ARCHIVE}/byteorder`, pieces: [new TextEncoder().encode("little")] },
    ...[...tensors.keys()].map(({ data }, i) => ({
      name: `${ARCHIVE}/data/${i}`,
      pieces: [new Uint8Array(data.buffer, data.byteOffset, data.byteLength)],
    })),
    { name: `${ARCHIVE}/version`, pieces: [new TextEncoder().encode(VERSION)] },
  ]);
}

/** Represents the storage of a tensor that is written. */
class StorageReference extends PersistentObject {
  constructor(
    readonly key: string,
    readonly length: number,
  ) {
    super();
  }
}

function persistentForm(
  object: PersistentObject,
  tensors: Map<TorchTensor, StorageReference>,
): PersistentForm {
  if (object instanceof StorageReference)
    return { kind: "id", id: new Tuple(["storage", FLOAT_STORAGE, object.key, "cpu", object.length]) };
  if (!(object instanceof TorchTensor)) throw new AtlasmtlError("BUG", "not a tensor to write");
  const storage = new StorageReference(String(tensors.size), object.data.length);
  tensors.set(object, storage);
  const strides = object.shape.map((_, d) =>
    object.shape.slice(d + 1).reduce((product, n) => product * n, 1),
  );
  return {
    kind: "call",
    callee: REBUILD_TENSOR,
    args: new Tuple([storage, 0, new Tuple(object.shape), new Tuple(strides), false, new OrderedDict()]),
  };
}
