/** Pickles in the place of metadata, reference and the pickle of `model.pth`. */
import { gzipSync } from "node:zlib";
import { emitPickle } from "../../../src/formats/pickle/emit.ts";
import { parsePickle } from "../../../src/formats/pickle/parse.ts";
import { NdArray, type PickleValue, Tuple } from "../../../src/formats/pickle/values.ts";
import { openZip } from "../../../src/formats/zip/read.ts";
import { joinPieces } from "../../helpers/memory-store.ts";
import { METADATA, MODEL, REFERENCE, spoiltBundle, wholeBundle } from "./bundles.ts";
import { lyingZip, raw, u32, u64 } from "./bytes.ts";
import type { HostileFile } from "./hostile-file.ts";

/** What payloads in the wild call, and what they hide behind. */
export const GLOBALS = [
  "os.system",
  "posix.system",
  "nt.system",
  "os.popen",
  "os.execv",
  "subprocess.Popen",
  "subprocess.check_output",
  "builtins.eval",
  "builtins.exec",
  "builtins.compile",
  "builtins.getattr",
  "builtins.__import__",
  "builtins.open",
  "builtins.globals",
  "__builtin__.eval",
  "__builtin__.file",
  "functools.partial",
  "functools.reduce",
  "operator.attrgetter",
  "operator.methodcaller",
  "importlib.import_module",
  "runpy.run_path",
  "socket.socket",
  "webbrowser.open",
  "pty.spawn",
  "shutil.rmtree",
  "pickle.loads",
  "_pickle.loads",
  "marshal.loads",
  "types.FunctionType",
  "types.CodeType",
  "ctypes.CDLL",
  "numpy.load",
  "numpy.testing._private.utils.runstring",
  "numpy.core.multiarray.frombuffer",
  "torch.load",
  "torch.hub.load",
  "torch._dynamo.guards.GuardBuilder.get",
  "torch.serialization.load",
  "pandas.read_pickle",
  "pandas.io.common.get_handle",
  "sklearn.utils._joblib.load",
  "joblib.load",
  "collections.OrderedDict.__init__",
  "asyncio.unix_events._UnixSubprocessTransport._start",
  "pydoc.pipepager",
  "cProfile.runctx",
  "timeit.main",
  "code.interact",
  "pip.main",
] as const;

/** A call of a global with a command that leaves a file, in each way that pickles name globals. */
export function calls(path: string): readonly (readonly [string, Uint8Array])[] {
  const at = path.lastIndexOf(".");
  const [module, name] = [path.slice(0, at), path.slice(at + 1)];
  const command = "touch canary";
  const short = (text: string): Uint8Array => raw("\x8c", text.length, text);
  return [
    ["GLOBAL", raw("c", module, "\n", name, "\n(S'", command, "'\ntR.")],
    ["STACK_GLOBAL", raw("\x80\x04", short(module), short(name), "\x93", short(command), "\x85R.")],
    ["INST", raw("(S'", command, "'\ni", module, "\n", name, "\n.")],
    ["OBJ", raw("(c", module, "\n", name, "\nS'", command, "'\no.")],
    ["NEWOBJ", raw("\x80\x02c", module, "\n", name, "\nU", command.length, command, "\x85\x81.")],
  ];
}

const huge = u64(2n ** 62n);

/** What is wrong, the bytes, and the codes. */
export const BROKEN: readonly (readonly [string, Uint8Array, HostileFile["codes"]])[] = [
  ["nothing", raw(), ["BAD_FORMAT"]],
  ["only its end", raw("."), ["BAD_FORMAT"]],
  ["no end", raw("\x80\x04}\x94"), ["BAD_FORMAT"]],
  ["a text of 4 GB", raw("\x80\x04X", u32(0xffffffff), "a."), ["BAD_FORMAT"]],
  ["a text of 2^62 bytes", raw("\x80\x04\x8d", huge, "a."), ["BAD_FORMAT"]],
  ["bytes of 2^62 bytes", raw("\x80\x04\x8e", huge, "a."), ["BAD_FORMAT"]],
  ["a bytearray of 2^62 bytes", raw("\x80\x05\x96", huge, "a."), ["BAD_FORMAT"]],
  ["a frame of 2^62 bytes", raw("\x80\x04\x95", huge, "}."), ["BAD_FORMAT"]],
  ["an integer of 2 GB", raw("\x80\x04\x8b", u32(0x7fffffff), "."), ["LIMIT"]],
  ["an integer of a million digits", raw("L", "9".repeat(1_000_000), "L\n."), ["LIMIT"]],
  ["memo entry 4294967295", raw("}r", u32(0xffffffff), "."), ["LIMIT"]],
  [
    "memo entries far apart",
    raw("}", ...Array.from({ length: 2000 }, (_, i) => raw("r", u32(9 * i)))),
    ["BAD_FORMAT", "LIMIT"],
  ],
  ["500,000 nested lists", raw("]".repeat(500_000), "a".repeat(499_999), "."), ["LIMIT"]],
  ["500,000 nested tuples", raw("\x80\x04N", "\x85".repeat(500_000), "."), ["LIMIT"]],
  ["500,000 nested dicts", raw("}".repeat(500_000), "."), ["BAD_FORMAT", "LIMIT"]],
  ["500,000 open groups", raw("(".repeat(500_000), "."), ["LIMIT"]],
  ["three million empty lists", raw("(", "]".repeat(3_000_000), "l."), ["LIMIT"]],
  ["three million empty dicts", raw("(", "}".repeat(3_000_000), "l."), ["LIMIT"]],
  [
    "three million floats",
    raw("(", raw("G\x00\x00\x00\x00\x00\x00\x00\x00").length === 9 ? "F1\n".repeat(3_000_000) : "", "l."),
    ["LIMIT"],
  ],
  ["eight million Nones", raw("(", "N".repeat(8_000_000), "l."), ["LIMIT"]],
  [
    "a list that doubles a hundred times",
    raw("\x80\x04]\x94", ...Array.from({ length: 100 }, () => "2\x86\x94"), "."),
    ["BAD_FORMAT", "LIMIT"],
  ],
  [
    "one text turned into bytes a thousand times",
    raw(
      "c_codecs\nencode\nq\x00X",
      u32(1_000_000),
      "x".repeat(1_000_000),
      "q\x01X",
      u32(6),
      "latin1q\x02(",
      "h\x00h\x01h\x02\x86R".repeat(1000),
      "l.",
    ),
    ["LIMIT"],
  ],
  ["a dict that is its own value", raw("\x80\x04}\x94\x8c\x01ah\x00s."), ["BAD_FORMAT"]],
  ["a list inside itself", raw("\x80\x04]\x94h\x00a."), ["BAD_FORMAT"]],
  ["an unknown opcode", raw("\x80\x04\xff."), ["BAD_FORMAT"]],
  ["protocol 255", raw("\x80\xff}."), ["UNSUPPORTED"]],
  ["a persistent id", raw("\x80\x02X", u32(1), "aQ."), ["UNSUPPORTED", "BAD_FORMAT"]],
  ["an extension code", raw("\x80\x02\x82\x01."), ["UNSUPPORTED"]],
  ["an out-of-band buffer", raw("\x80\x05\x97."), ["UNSUPPORTED"]],
  ["text that is not UTF-8", raw("\x80\x04\x8c\x02\xff\xfe."), ["BAD_FORMAT"]],
  ["a list as a key", raw("\x80\x04}]K\x01s."), ["BAD_FORMAT"]],
  [
    "keys like an object's own",
    raw("\x80\x04}(\x8c\x09__proto__}\x8c\x08pollutedK\x01s\x8c\x0bconstructor}\x8c\x09prototypeNsu."),
    ["BAD_FORMAT"],
  ],
  ["an array of 2^62 elements", array([2 ** 31, 2 ** 31]), ["BAD_FORMAT"]],
  ["an array of negative size", array([-4]), ["BAD_FORMAT"]],
  ["an array of 64 dimensions", array(new Array<number>(64).fill(1)), ["LIMIT"]],
  ["a numpy dtype of fields", raw("cnumpy\ndtype\n(X", u32(2), "V8I00\nI01\ntR."), ["UNSUPPORTED"]],
  ...["U0", "S0", "<U0", "U", "S"].map(
    (dtype) =>
      [`2^40 elements of ${dtype}, which take no bytes`, withoutWidth(dtype), ["BAD_FORMAT"]] as const,
  ),
  ["tuples of two equal tuples, 60 deep", doubling((half) => new Tuple([half, half])), ["LIMIT"]],
  ["lists of two equal lists, 60 deep", doubling((half) => [half, half]), ["LIMIT"]],
  [
    "dicts of two equal dicts, 60 deep",
    doubling(
      (half) =>
        new Map([
          ["a", half],
          ["b", half],
        ]),
    ),
    ["LIMIT"],
  ],
  ["one array under 40,000 names", sharedArray(40_000), ["LIMIT"]],
  [
    "a numpy dtype of 10^9 characters",
    raw("cnumpy\ndtype\n(X", u32(11), "U1000000000I00\nI01\ntR."),
    ["BAD_FORMAT", "UNSUPPORTED"],
  ],
];

/** An array of 2^40 elements, described as numpy does, of a type that is stored in no bytes. */
function withoutWidth(dtype: string): Uint8Array {
  return raw(
    "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR(K\x01(J",
    u32(2 ** 20),
    "J",
    u32(2 ** 20),
    "tcnumpy\ndtype\n(U",
    dtype.length,
    dtype,
    "K\x00K\x01tR(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x00tb.",
  );
}

/** An empty list, then 60 times a container of twice the one before. */
function doubling(twice: (half: PickleValue) => PickleValue): Uint8Array {
  let value: PickleValue = [];
  for (let i = 0; i < 60; i++) value = twice(value);
  return joinPieces(emitPickle(value));
}

/** A dict of many names for the same array of texts. */
function sharedArray(nNames: number): Uint8Array {
  const texts = new NdArray("O", [10_000], new Array<string>(10_000).fill("B"));
  return joinPieces(emitPickle(new Map(Array.from({ length: nNames }, (_, i) => [`name ${i}`, texts]))));
}

function array(shape: readonly number[]): Uint8Array {
  return joinPieces(emitPickle(new NdArray("f4", shape, new Float32Array(4))));
}

const dictOf = (entries: Iterable<readonly [string, PickleValue]>): Map<PickleValue, PickleValue> =>
  new Map(entries);
const pickled = (value: PickleValue): Uint8Array => joinPieces(emitPickle(value));

/** The pickle with some entries of its top dict replaced. */
function withEntries(bytes: Uint8Array, changes: Readonly<Record<string, PickleValue>>): Uint8Array {
  return pickled(
    new Map([...(parsePickle(bytes) as ReadonlyMap<PickleValue, PickleValue>), ...Object.entries(changes)]),
  );
}

function wrongMetadata(bytes: Uint8Array): (readonly [string, Uint8Array, HostileFile["codes"]])[] {
  const make = (changes: Readonly<Record<string, PickleValue>>): Uint8Array => withEntries(bytes, changes);
  const encoders = (
    parsePickle(bytes) as ReadonlyMap<string, ReadonlyMap<string, { state: PickleValue }>>
  ).get("label_encoders")!;
  const classes = (names: readonly PickleValue[]): Uint8Array => {
    const first = encoders.get("level1")!;
    const changed = Object.assign(
      Object.create(Object.getPrototypeOf(first) as object) as typeof first,
      first,
      {
        state: dictOf([["classes_", new NdArray("O", [names.length], names)]]),
      },
    );
    return make({ label_encoders: new Map([...encoders, ["level1", changed]]) as unknown as PickleValue });
  };
  const stats = (mean: Float32Array): PickleValue =>
    dictOf([
      [
        "umap",
        dictOf([
          ["mean", new NdArray("f4", [mean.length], mean)],
          ["std", new NdArray("f4", [1], Float32Array.of(1))],
        ]),
      ],
    ]);
  return [
    ["duplicate classes", classes(["B", "B"]), ["BAD_DATA"]],
    ["classes that are numbers", classes([1, 2]), ["BAD_DATA"]],
    ["a class that is missing", classes(["B", null]), ["BAD_DATA"]],
    ["more classes than the head", classes(["B", "T", "X"]), ["MISMATCH"]],
    ["an encoder that is a dict", make({ label_encoders: dictOf([["level1", new Map()]]) }), ["BAD_FORMAT"]],
    ["no encoders", make({ label_encoders: new Map() }), ["BAD_FORMAT"]],
    [
      "label columns like an object's own",
      make({ label_columns: ["__proto__", "constructor"] }),
      ["BAD_FORMAT"],
    ],
    ["duplicate label columns", make({ label_columns: ["level1", "level1"] }), ["BAD_DATA"]],
    ["too many genes", make({ train_genes: ["a", "b", "c", "d"] }), ["MISMATCH"]],
    ["duplicate genes", make({ train_genes: ["a", "a", "b"] }), ["BAD_DATA"]],
    ["genes that are no list", make({ train_genes: "abc" }), ["BAD_DATA", "BAD_FORMAT"]],
    [
      "statistics that are not finite",
      make({ coord_stats: stats(Float32Array.of(Number.NaN)) }),
      ["BAD_DATA"],
    ],
    ["statistics of another size", make({ coord_stats: stats(new Float32Array(5)) }), ["MISMATCH"]],
    ["no statistics", make({ coord_stats: new Map() }), ["MISMATCH"]],
    ["an unknown transform", make({ input_transform: "log" }), ["UNSUPPORTED"]],
    ["an unknown storage", make({ reference_storage: "cloud" }), ["UNSUPPORTED"]],
    ["a reference path that is a number", make({ reference_path: 7 }), ["BAD_FORMAT"]],
    ["settings that are a list", make({ train_config: [] }), ["BAD_FORMAT"]],
  ];
}

function wrongReferences(bytes: Uint8Array): (readonly [string, Uint8Array, HostileFile["codes"]])[] {
  const dict = parsePickle(bytes) as ReadonlyMap<string, ReadonlyMap<PickleValue, PickleValue>>;
  const make = (
    coords: Readonly<Record<string, PickleValue>>,
    labels: Readonly<Record<string, PickleValue>> = {},
  ): Uint8Array =>
    pickled(
      dictOf([
        ["coords", new Map([...dict.get("coords")!, ...Object.entries(coords)])],
        ["labels", new Map([...dict.get("labels")!, ...Object.entries(labels)])],
      ]),
    );
  const points = (rows: number, cols: number, value = 0): NdArray =>
    new NdArray("f4", [rows, cols], new Float32Array(rows * cols).fill(value));
  const zipped = new Uint8Array(gzipSync(bytes));
  const bomb = new Uint8Array(gzipSync(new Uint8Array(400_000_000)));
  return [
    ["rows that do not match", make({ X_ref_umap: points(3, 1) }), ["MISMATCH"]],
    ["labels that do not match", make({}, { level1: new NdArray("O", [2], ["B", "T"]) }), ["MISMATCH"]],
    ["another latent space", make({ X_ref_latent_internal: points(4, 9) }), ["MISMATCH"]],
    ["coordinates that are not finite", make({ X_ref_umap: points(4, 1, Number.NaN) }), ["BAD_DATA"]],
    [
      "coordinates without dimensions",
      make({ X_ref_umap: new NdArray("f4", [2 ** 40, 0], new Float32Array()) }),
      ["BAD_DATA", "MISMATCH"],
    ],
    ["labels of no class", make({}, { level1: new NdArray("O", [4], ["B", "T", "X", "B"]) }), ["MISMATCH"]],
    [
      "labels that are numbers",
      make({}, { level1: new NdArray("f4", [4], new Float32Array(4)) }),
      ["BAD_DATA"],
    ],
    [
      "spaces like an object's own",
      make({ ["__proto__"]: points(1, 1), constructor: points(4, 1) }),
      ["MISMATCH"],
    ],
    ["a gzip bomb of 400 MB", bomb, ["LIMIT"]],
    [
      "a gzip bomb in many members",
      raw(...Array.from({ length: 60 }, () => new Uint8Array(gzipSync(new Uint8Array(2_000_000))))),
      ["LIMIT", "BAD_FORMAT"],
    ],
    ["gzip cut off", zipped.subarray(0, zipped.length - 9), ["BAD_FORMAT"]],
    ["gzip with a wrong checksum", raw(zipped.subarray(0, -8), u32(1), u32(bytes.length)), ["BAD_FORMAT"]],
    ["gzip with a wrong length", raw(zipped.subarray(0, -4), u32(0xfffffff0)), ["BAD_FORMAT"]],
    ["gzip in gzip", new Uint8Array(gzipSync(zipped)), ["BAD_FORMAT"]],
    ["gzip of nothing", new Uint8Array(gzipSync("")), ["BAD_FORMAT"]],
  ];
}

export async function pickleFiles(): Promise<HostileFile[]> {
  const files = await wholeBundle();
  const [metadata, reference] = [files.get(METADATA)!, files.get(REFERENCE)!];
  const archive = openZip(files.get(MODEL)!);
  const entries = archive.names.map((name) => ({ name, data: archive.read(name).slice() }));
  const inModel = (bytes: Uint8Array): Uint8Array =>
    lyingZip(entries.map((entry) => (entry.name.endsWith("data.pkl") ? { ...entry, data: bytes } : entry)));
  const found: HostileFile[] = [];
  for (const [i, path] of GLOBALS.entries()) {
    // Every way of naming in every place takes long and shows no more.
    for (const [j, [how, bytes]] of calls(path).entries()) {
      const places = [
        [METADATA, bytes],
        [REFERENCE, bytes],
        [`${REFERENCE}, gzipped`, new Uint8Array(gzipSync(bytes))],
        [MODEL, inModel(bytes)],
      ] as const;
      const [place, content] = places[(i + j) % places.length];
      found.push(
        spoiltBundle(`${place}: calls ${path} by ${how}`, ["UNSUPPORTED"], () => [
          [place.split(",")[0], content],
        ]),
      );
    }
  }
  for (const [what, bytes, codes] of BROKEN) {
    found.push(spoiltBundle(`${METADATA}: ${what}`, codes, () => [[METADATA, bytes]]));
    found.push(spoiltBundle(`${MODEL}: data.pkl with ${what}`, codes, () => [[MODEL, inModel(bytes)]]));
    found.push(spoiltBundle(`${REFERENCE}: ${what}`, codes, () => [[REFERENCE, bytes]]));
  }
  for (const [what, bytes, codes] of wrongMetadata(metadata))
    found.push(spoiltBundle(`${METADATA}: ${what}`, codes, () => [[METADATA, bytes]]));
  for (const [what, bytes, codes] of wrongReferences(reference))
    found.push(spoiltBundle(`${REFERENCE}: ${what}`, codes, () => [[REFERENCE, bytes]]));
  for (const [name, bytes] of [
    [METADATA, metadata],
    [REFERENCE, reference],
  ] as const)
    for (let at = 0; at < bytes.length; at += 5)
      found.push(
        spoiltBundle(`${name}: cut off at byte ${at}`, ["BAD_FORMAT"], () => [[name, bytes.subarray(0, at)]]),
      );
  return found;
}
