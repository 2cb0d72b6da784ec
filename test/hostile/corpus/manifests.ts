/** Manifests, journals and run manifests. */
import { execFileSync } from "node:child_process";
import { mkdir, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { jsonBytes, MANIFEST, METADATA, MODEL, REFERENCE, spoiltBundle, wholeBundle } from "./bundles.ts";
import { raw } from "./bytes.ts";
import type { HostileFile } from "./hostile-file.ts";

const GOOD = {
  schema_version: 1,
  model_path: MODEL,
  metadata_path: METADATA,
  reference_path: REFERENCE,
  reference_storage: "external",
  input_transform: "binary",
};

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** What is wrong, the manifest, and the codes. */
const WRONG: readonly (readonly [string, Uint8Array, HostileFile["codes"]])[] = [
  ["nothing", raw(), ["BAD_FORMAT"]],
  ["text", text("hello"), ["BAD_FORMAT"]],
  ["a list", text("[]"), ["BAD_FORMAT"]],
  ["null", text("null"), ["BAD_FORMAT"]],
  ["NaN", text('{"schema_version": NaN}'), ["BAD_FORMAT"]],
  ["Infinity", text('{"schema_version": Infinity}'), ["BAD_FORMAT"]],
  ["a number beyond all bounds", text('{"schema_version": 1e999}'), ["BAD_FORMAT", "UNSUPPORTED"]],
  [
    "100,000 nested lists",
    text(`{"a": ${"[".repeat(100_000)}${"]".repeat(100_000)}}`),
    ["LIMIT", "BAD_FORMAT"],
  ],
  [
    "100,000 nested objects",
    text(`${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`),
    ["LIMIT", "BAD_FORMAT"],
  ],
  ["UTF-16", new Uint8Array(Buffer.from(`\ufeff${JSON.stringify(GOOD)}`, "utf16le")), ["BAD_FORMAT"]],
  ["bytes that are not UTF-8", raw('{"model_path": "\xff"}'), ["BAD_FORMAT"]],
  ["a comment", text(`// hello\n${JSON.stringify(GOOD)}`), ["BAD_FORMAT"]],
  ["no paths", jsonBytes({ schema_version: 1 }), ["BAD_FORMAT"]],
  ["a newer version", jsonBytes({ ...GOOD, schema_version: 2 }), ["UNSUPPORTED"]],
  ["a version of text", jsonBytes({ ...GOOD, schema_version: "1" }), ["BAD_FORMAT"]],
  ["a version of -1", jsonBytes({ ...GOOD, schema_version: -1 }), ["BAD_FORMAT"]],
  ["a version of 0.5", jsonBytes({ ...GOOD, schema_version: 0.5 }), ["BAD_FORMAT"]],
  ["a path that is a number", jsonBytes({ ...GOOD, model_path: 1 }), ["BAD_FORMAT"]],
  ["a path that is a list", jsonBytes({ ...GOOD, model_path: [MODEL] }), ["BAD_FORMAT"]],
  ["an empty path", jsonBytes({ ...GOOD, model_path: "" }), ["BAD_FORMAT"]],
  ["a path with NUL", jsonBytes({ ...GOOD, model_path: "model.pth\0.txt" }), ["NOT_FOUND", "IO"]],
  [
    "a path of a million characters",
    jsonBytes({ ...GOOD, model_path: "x".repeat(1_000_000) }),
    ["NOT_FOUND", "IO"],
  ],
  ["a path to itself", jsonBytes({ ...GOOD, model_path: MANIFEST }), ["BAD_FORMAT"]],
  ["a path to the metadata as model", jsonBytes({ ...GOOD, model_path: METADATA }), ["BAD_FORMAT"]],
  ["a path to the model as metadata", jsonBytes({ ...GOOD, metadata_path: MODEL }), ["UNSUPPORTED"]],
  ["a path to a folder", jsonBytes({ ...GOOD, model_path: "." }), ["NOT_FOUND"]],
  ["a path to an endless device", jsonBytes({ ...GOOD, model_path: "/dev/zero" }), ["NOT_FOUND"]],
  [
    "a path to the process itself",
    jsonBytes({ ...GOOD, metadata_path: "/proc/self/environ" }),
    ["BAD_FORMAT", "NOT_FOUND", "IO"],
  ],
  [
    "a path that climbs out",
    jsonBytes({ ...GOOD, model_path: "../../../../../../etc/passwd" }),
    ["BAD_FORMAT", "NOT_FOUND"],
  ],
  [
    "an absolute path",
    jsonBytes({ ...GOOD, metadata_path: "/etc/hostname" }),
    ["BAD_FORMAT", "NOT_FOUND", "UNSUPPORTED"],
  ],
  ["an address", jsonBytes({ ...GOOD, model_path: "https://example.org/model.pth" }), ["NOT_FOUND", "opens"]],
  ["an unknown storage", jsonBytes({ ...GOOD, reference_storage: "cloud" }), ["BAD_FORMAT"]],
  ["an unknown transform", jsonBytes({ ...GOOD, input_transform: "log" }), ["BAD_FORMAT"]],
  ["checksums that are a list", jsonBytes({ ...GOOD, checksums: [] }), ["BAD_FORMAT"]],
  ["a checksum that is no digest", jsonBytes({ ...GOOD, checksums: { model_path: "abc" } }), ["BAD_FORMAT"]],
  [
    "a checksum of another file",
    jsonBytes({ ...GOOD, checksums: { model_path: "0".repeat(64) } }),
    ["CHECKSUM"],
  ],
  [
    "keys like an object's own",
    text('{"__proto__": {"model_path": "model.pth", "metadata_path": "x"}, "constructor": {}}'),
    ["BAD_FORMAT"],
  ],
  [
    "checksums like an object's own",
    text(JSON.stringify({ ...GOOD }).replace("}", ', "checksums": {"__proto__": {"a": 1}}}')),
    ["BAD_FORMAT"],
  ],
];

/** A journal that wants `target` replaced. */
function journal(target: string): Uint8Array {
  const file = (path: string) => ({
    path,
    temporary: `.${path.split("/").at(-1)}.00000000-1-a-1.tmp`,
    size: 5,
    sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", // of "hello"
  });
  return jsonBytes({ format: "atlasmtl commit 1", replaces: null, files: [file(target), file(MANIFEST)] });
}

const JOURNAL = `.${MANIFEST}.commit`;

/** Void or foreign journals leave the bundle as it is. */
const JOURNALS: readonly (readonly [string, Uint8Array])[] = [
  ["that is empty", raw()],
  ["that is cut off", raw('{"format": "atlasmtl commit 1", "files": [')],
  ["that is deeply nested", text(`${"[".repeat(50_000)}${"]".repeat(50_000)}`)],
  ["of another format", jsonBytes({ format: "other", files: [] })],
  ["with keys like an object's own", text('{"__proto__": {"format": "atlasmtl commit 1"}, "files": []}')],
  ["that leads out of the folder", journal("../../victim.txt")],
  ["with an absolute path", journal("/etc/passwd")],
  ["whose files are not there", journal("model.pth")],
  [
    "of a million files",
    jsonBytes({ format: "atlasmtl commit 1", replaces: null, files: new Array(30_000).fill({}) }),
  ],
];

const bundle = spoiltBundle;
const none = (): Iterable<readonly [string, Uint8Array]> => [];

export async function manifestFiles(): Promise<HostileFile[]> {
  const whole = (await wholeBundle()).get(MANIFEST)!;
  const runs: readonly (readonly [string, Uint8Array, HostileFile["codes"]])[] = [
    ["a newer version", jsonBytes({ schema_version: 9, inputs: [], outputs: [] }), ["UNSUPPORTED"]],
    ["a version of text", jsonBytes({ schema_version: "1", inputs: [], outputs: [] }), ["BAD_FORMAT"]],
    ["inputs that are no list", jsonBytes({ schema_version: 1, inputs: {}, outputs: [] }), ["BAD_FORMAT"]],
    ["an output that is null", jsonBytes({ schema_version: 1, inputs: [], outputs: [null] }), ["BAD_FORMAT"]],
    [
      "an output without a digest",
      jsonBytes({ schema_version: 1, inputs: [], outputs: [{ path: "x" }] }),
      ["BAD_FORMAT"],
    ],
    [
      "an endless device as input",
      jsonBytes({ schema_version: 1, inputs: [{ path: "/dev/zero", size: 1, sha256: "x" }], outputs: [] }),
      ["CHECKSUM"],
    ],
    [
      "the root of the disk as input",
      jsonBytes({ schema_version: 1, inputs: [{ path: "/", size: 1, sha256: "x" }], outputs: [] }),
      ["CHECKSUM"],
    ],
    [
      "a pipe as input",
      jsonBytes({ schema_version: 1, inputs: [{ path: "pipe", size: 1, sha256: "x" }], outputs: [] }),
      ["CHECKSUM"],
    ],
    [
      "keys like an object's own",
      text('{"__proto__": {"schema_version": 1, "inputs": [], "outputs": []}}'),
      ["BAD_FORMAT"],
    ],
    ["100,000 nested lists", text("[".repeat(100_000)), ["BAD_FORMAT"]],
    ["nothing", raw(), ["BAD_FORMAT"]],
  ];
  return [
    ...WRONG.map(([what, bytes, codes]) => bundle(`${MANIFEST}: ${what}`, codes, () => [[MANIFEST, bytes]])),
    ...Array.from({ length: Math.ceil((whole.length - 2) / 3) }, (_, i) =>
      bundle(`${MANIFEST}: cut off at byte ${3 * i}`, ["BAD_FORMAT"], () => [
        [MANIFEST, whole.subarray(0, 3 * i)],
      ]),
    ),
    ...JOURNALS.map(([what, bytes]) =>
      bundle(`a journal ${what}`, ["opens"], () => [
        [JOURNAL, bytes],
        ["victim.txt", raw("mine")],
        [".victim.txt.00000000-1-a-1.tmp", raw("hello")],
        [`.${MODEL}.00000000-1-a-1.tmp`, raw("other")],
      ]),
    ),
    bundle("a manifest of 300 MB of nothing", ["LIMIT"], none, (folder) =>
      truncate(join(folder, MANIFEST), 300_000_000),
    ),
    bundle("a model of a terabyte of nothing", ["LIMIT", "IO"], none, (folder) =>
      truncate(join(folder, MODEL), 2 ** 40),
    ),
    bundle("a pipe in the place of the model", ["NOT_FOUND"], none, (folder) => pipe(folder, MODEL)),
    bundle("a pipe in the place of the metadata", ["NOT_FOUND"], none, (folder) => pipe(folder, METADATA)),
    bundle("a pipe in the place of the journal", ["opens"], none, (folder) => pipe(folder, JOURNAL)),
    bundle("a folder in the place of the journal", ["opens"], none, async (folder) => {
      await mkdir(join(folder, JOURNAL));
    }),
    bundle("a folder in the place of the metadata", ["NOT_FOUND"], none, async (folder) => {
      await rm(join(folder, METADATA));
      await mkdir(join(folder, METADATA));
    }),
    bundle("a link to itself in the place of the metadata", ["NOT_FOUND"], none, async (folder) => {
      await rm(join(folder, METADATA));
      await symlink(METADATA, join(folder, METADATA));
    }),
    bundle(
      "a link to an endless device in the place of the reference",
      ["NOT_FOUND"],
      none,
      async (folder) => {
        await rm(join(folder, REFERENCE));
        await symlink("/dev/zero", join(folder, REFERENCE));
      },
    ),
    ...runs.map(
      ([what, bytes, codes]): HostileFile => ({
        name: `run manifest: ${what}`,
        door: "manifest",
        codes,
        async make(folder) {
          await writeFile(join(folder, "train_run_manifest.json"), bytes);
          await pipe(folder, "pipe");
          return join(folder, "train_run_manifest.json");
        },
      }),
    ),
  ];
}

async function pipe(folder: string, name: string): Promise<void> {
  await rm(join(folder, name), { force: true });
  execFileSync("mkfifo", [join(folder, name)]);
}
