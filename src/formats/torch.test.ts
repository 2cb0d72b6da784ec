import fc from "fast-check";
import { expect, test } from "vitest";
import { joinPieces } from "../../test/helpers/memory-store.ts";
import { Float } from "../core/config.ts";
import { emitPickle } from "./pickle/emit.ts";
import { Global, Instance, OrderedDict, PersistentObject, type PickleValue, Tuple } from "./pickle/values.ts";
import { emitTorch, parseTorch, TorchTensor } from "./torch.ts";
import { emitZip, type ZipEntry } from "./zip/emit.ts";
import { openZip } from "./zip/read.ts";

/** A tensor over a named storage, as torch describes views. */
class View extends PersistentObject {
  constructor(
    readonly args: (storage: PickleValue) => readonly PickleValue[],
    readonly storage: Storage,
  ) {
    super();
  }
}
class Storage extends PersistentObject {
  constructor(
    readonly type: string,
    readonly bytes: Uint8Array,
    readonly length: number,
    readonly key = "0",
    readonly device = "cpu",
  ) {
    super();
  }
}

const view = (storage: Storage, offset: number, size: number[], stride: number[]): View =>
  new View((s) => [s, offset, new Tuple(size), new Tuple(stride), false, new OrderedDict()], storage);

/** A file as torch writes it, with whatever tensors the test wants. */
function torchFile(
  value: PickleValue,
  storages: Storage[],
  more: ZipEntry[] = [],
  folder = "model",
): Uint8Array {
  const pickle = emitPickle(value, {
    protocol: 2,
    persistentValue: (object) =>
      object instanceof View
        ? {
            kind: "call",
            callee: new Global("torch._utils", "_rebuild_tensor_v2"),
            args: new Tuple(object.args(object.storage)),
          }
        : {
            kind: "id",
            id: new Tuple([
              "storage",
              new Global("torch", (object as Storage).type),
              (object as Storage).key,
              (object as Storage).device,
              (object as Storage).length,
            ]),
          },
  });
  return joinPieces(
    emitZip([
      { name: `${folder}/data.pkl`, pieces: [...pickle] },
      ...storages.map(({ key, bytes }) => ({ name: `${folder}/data/${key}`, pieces: [bytes] })),
      { name: `${folder}/version`, pieces: [new TextEncoder().encode("3\n")] },
      ...more,
    ]),
  );
}

const floats = (values: ArrayLike<number>): Storage =>
  new Storage("FloatStorage", new Uint8Array(Float32Array.from(values).buffer), values.length);
const parseOne = (tensor: View, folder?: string): TorchTensor =>
  parseTorch(torchFile(tensor, [tensor.storage], [], folder)) as TorchTensor;
const numbers = (tensor: TorchTensor): number[] => Array.from(tensor.data);

test("tensors and settings come back as they were emitted, and the same value gives the same bytes", () => {
  const payload = (): PickleValue =>
    new Map<PickleValue, PickleValue>([
      ["state_dict", new OrderedDict([["w", new TorchTensor([2, 2], Float32Array.of(1, 2, 3, 4))]])],
      ["dropout_rate", new Float(0)],
      ["sizes", [1, 2]],
      ["scalar", new TorchTensor([], Float32Array.of(7))],
      ["none", new TorchTensor([0, 3], new Float32Array())],
    ]);
  const bytes = joinPieces(emitTorch(payload()));
  expect(parseTorch(bytes)).toEqual(payload());
  expect(joinPieces(emitTorch(payload()))).toEqual(bytes);
});

test("the archive has torch's entries, all stored and aligned", () => {
  const bytes = joinPieces(emitTorch([new TorchTensor([3], Float32Array.of(1, 2, 3))]));
  const archive = openZip(bytes);
  expect(archive.names).toEqual([
    "archive/data.pkl",
    "archive/byteorder",
    "archive/data/0",
    "archive/version",
  ]);
  expect(archive.read("archive/data/0").byteOffset % 64).toBe(0);
  expect(new TextDecoder().decode(archive.read("archive/version"))).toBe("3\n");
});

test.each([
  ["a transposed matrix", view(floats([0, 1, 2, 3, 4, 5]), 0, [3, 2], [1, 3]), [0, 3, 1, 4, 2, 5]],
  ["a view with an offset", view(floats([0, 1, 2, 3, 4, 5]), 4, [2], [1]), [4, 5]],
  ["every second element", view(floats([0, 1, 2, 3, 4]), 0, [3], [2]), [0, 2, 4]],
  ["an expanded row", view(floats([1, 2]), 0, [3, 2], [0, 1]), [1, 2, 1, 2, 1, 2]],
  ["a size of one with any stride", view(floats([1, 2]), 0, [1, 2], [77, 1]), [1, 2]],
])("reads %s", (_, tensor, expected) => expect(numbers(parseOne(tensor))).toEqual(expected));

test("any strides agree with indexing element by element", () => {
  const dims = fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 5 })), {
    maxLength: 4,
  });
  fc.assert(
    fc.property(dims, fc.integer({ min: 0, max: 3 }), (sizes, offset) => {
      const shape = sizes.map(([n]) => n);
      const stride = sizes.map(([, s]) => s);
      const last = sizes.reduce((sum, [n, s]) => sum + (n - 1) * s, offset);
      const storage = floats(Array.from({ length: last + 1 }, (_, i) => i));
      let expected = [offset];
      for (const [n, s] of sizes)
        expected = expected.flatMap((at) => Array.from({ length: n }, (_, i) => at + i * s));
      expect(numbers(parseOne(view(storage, offset, shape, stride)))).toEqual(expected);
    }),
  );
});

test("tensors may share one storage", () => {
  const storage = floats([0, 1, 2, 3]);
  const value = [view(storage, 0, [2], [1]), view(storage, 2, [2], [1])];
  expect((parseTorch(torchFile(value, [storage])) as TorchTensor[]).map(numbers)).toEqual([
    [0, 1],
    [2, 3],
  ]);
});

test.each([
  ["HalfStorage", new Uint8Array(Uint16Array.of(0x3c00, 0xc100, 0x0001).buffer), [1, -2.5, 2 ** -24]],
  ["BFloat16Storage", new Uint8Array(Uint16Array.of(0x3f80, 0xc020, 0x4049).buffer), [1, -2.5, 3.140625]],
  ["DoubleStorage", new Uint8Array(Float64Array.of(1, -2.5, 0.1).buffer), [1, -2.5, Math.fround(0.1)]],
])("%s becomes float32", (type, bytes, expected) => {
  expect(numbers(parseOne(view(new Storage(type, bytes, 3), 0, [3], [1])))).toEqual(expected);
});

test("the archive's folder and the device of a storage do not matter", () => {
  const storage = new Storage("FloatStorage", new Uint8Array(Float32Array.of(5).buffer), 1, "0", "cuda:0");
  expect(numbers(parseOne(view(storage, 0, [1], [1]), "pbmc é"))).toEqual([5]);
});

test.each([
  ["elements beyond the storage", view(floats([1, 2]), 1, [2], [1]), "BAD_FORMAT"],
  ["a negative stride", view(floats([1, 2]), 1, [2], [-1]), "BAD_FORMAT"],
  ["strides for other dimensions", view(floats([1, 2]), 0, [2], [1, 1]), "BAD_FORMAT"],
  ["an expansion beyond bounds", view(floats([1]), 0, [2 ** 20, 2 ** 20], [0, 0]), "LIMIT"],
  [
    "a storage of another length",
    view(new Storage("FloatStorage", new Uint8Array(8), 3), 0, [3], [1]),
    "BAD_FORMAT",
  ],
  ["integers", view(new Storage("LongStorage", new Uint8Array(8), 1), 0, [1], [1]), "UNSUPPORTED"],
])("refuses %s", (_, tensor, code) => {
  expect(() => parseOne(tensor)).toThrow(expect.objectContaining({ code }));
});

test("a storage that is not in the archive is refused", () => {
  expect(() => parseTorch(torchFile(view(floats([1]), 0, [1], [1]), []))).toThrow(
    expect.objectContaining({ code: "BAD_FORMAT" }),
  );
});

test("big-endian files are refused by name", () => {
  const order = { name: "model/byteorder", pieces: [new TextEncoder().encode("big")] };
  const storage = floats([1]);
  expect(() => parseTorch(torchFile(view(storage, 0, [1], [1]), [storage], [order]))).toThrow(
    expect.objectContaining({ code: "UNSUPPORTED", where: "byteorder" }),
  );
});

test("the layout before torch 1.6 is refused with the way out", () => {
  const legacy = new Uint8Array([0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46]);
  expect(() => parseTorch(legacy)).toThrow(
    expect.objectContaining({ code: "UNSUPPORTED", hint: expect.stringContaining("torch.save") }),
  );
});

test.each([new Uint8Array(), new TextEncoder().encode("<html>not found</html>")])(
  "a file that is no torch file is refused",
  (bytes) => expect(() => parseTorch(bytes)).toThrow(expect.objectContaining({ code: "BAD_FORMAT" })),
);

test("code in the pickle is named, not run", () => {
  const value = new Instance(new Global("posix", "system"), ["echo owned"]);
  expect(() => parseTorch(torchFile(value, []))).toThrow(/"posix\.system".*never executed/);
});
