/** What is written is what is read, for every format and whatever the values. */
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { zipSync } from "fflate";
import { parquetReadObjects } from "hyparquet";
import { describe, expect, test } from "vitest";
import { openAnnData } from "../../src/anndata/open.ts";
import { readCompactCsr } from "../../src/anndata/read/whole-matrix.ts";
import type { Column } from "../../src/anndata/types.ts";
import { emitH5ad } from "../../src/anndata/write/write-h5ad.ts";
import { emitManifest, parseManifest } from "../../src/artifacts/bundle-manifest.ts";
import { loadModel } from "../../src/artifacts/load.ts";
import { saveModel } from "../../src/artifacts/save.ts";
import { type ConfigValue, Float } from "../../src/core/config.ts";
import { emitGzip, plainBytes } from "../../src/formats/compression/gzip.ts";
import { emitPickle } from "../../src/formats/pickle/emit.ts";
import { parsePickle } from "../../src/formats/pickle/parse.ts";
import { NdArray, OrderedDict, type PickleValue, Tuple } from "../../src/formats/pickle/values.ts";
import { emitTorch, parseTorch, TorchTensor } from "../../src/formats/torch.ts";
import { emitZip } from "../../src/formats/zip/emit.ts";
import { openZip } from "../../src/formats/zip/read.ts";
import type { Linear } from "../../src/kernels/types.ts";
import type { Model } from "../../src/model/types.ts";
import { toCsv } from "../../src/output/to-csv.ts";
import { toParquet } from "../../src/output/to-parquet.ts";
import type { Predictions } from "../../src/predict/types.ts";
import { MANIFEST_KEYS } from "../../src/schema/bundle.ts";
import { joinPieces, memoryStore } from "../helpers/memory-store.ts";
import { cText, float32, numericArray, pickleValue, text } from "./arbitraries.ts";
import { parseCsv } from "./parse-csv.ts";

/** A seed of its own, so that a failure comes back; `ATLASMTL_FUZZ_SEED` and `_RUNS` change what is tried. */
const seed = Number(process.env.ATLASMTL_FUZZ_SEED ?? 1);
const runs = (usual: number): { seed: number; numRuns: number } => ({
  seed,
  numRuns: Math.ceil(usual * Number(process.env.ATLASMTL_FUZZ_RUNS ?? 1)),
});

/** Splits bytes into pieces, as writers get them. */
const inPieces = (bytes: Uint8Array, size: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));

describe("pickles", () => {
  test.each([2, 4] as const)("of protocol %i", (protocol) => {
    fc.assert(
      fc.property(pickleValue(protocol), (value) => {
        const read = parsePickle(joinPieces(emitPickle(value, { protocol })));
        expect(plain(read)).toEqual(plain(value));
      }),
      runs(500),
    );
  });

  test.each([2, 4] as const)(
    "of protocol %i refuse half a character, which no UTF-8 can hold",
    (protocol) => {
      for (const value of ["\ud800", "a\udc00b", "\udc00\ud800"])
        expect(() => emitPickle([value], { protocol })).toThrow(
          expect.objectContaining({ code: "BAD_DATA" }),
        );
    },
  );
});

/** Classes told apart, and -0 from 0. */
function plain(value: PickleValue): unknown {
  if (value instanceof Float) return { float: Object.is(value.value, -0) ? "-0" : value.value };
  if (value instanceof Tuple) return { tuple: value.items.map(plain) };
  if (value instanceof NdArray)
    return value.dtype === "O"
      ? { dtype: "O", shape: value.shape, items: [...(value.data as readonly PickleValue[])] }
      : { dtype: value.dtype, shape: value.shape, bytes: bytesOf(value.data as Uint8Array) };
  if (value instanceof Map)
    return {
      kind: value instanceof OrderedDict ? "OrderedDict" : "dict",
      entries: Array.from(value as ReadonlyMap<PickleValue, PickleValue>, ([k, v]) => [k, plain(v)]),
    };
  if (value instanceof Uint8Array) return { bytes: [...value] };
  if (Array.isArray(value)) return (value as readonly PickleValue[]).map(plain);
  return value;
}

const bytesOf = (data: ArrayBufferView): number[] => [
  ...new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
];

test("torch files of tensors of any shape", () => {
  const tensor = fc
    .tuple(fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 4 }), fc.infiniteStream(float32))
    .map(([shape, values]) => {
      const size = shape.reduce((n, m) => n * m, 1);
      return new TorchTensor(
        shape,
        Float32Array.from({ length: size }, () => values.next().value as number),
      );
    });
  fc.assert(
    fc.property(fc.array(fc.tuple(text, tensor), { maxLength: 6 }), (entries) => {
      const state = new OrderedDict(entries);
      const read = parseTorch(joinPieces(emitTorch(new Map([["state_dict", state]])))) as Map<
        string,
        typeof state
      >;
      const found = read.get("state_dict")!;
      expect([...found.keys()]).toEqual([...state.keys()]);
      for (const [name, expected] of state as Map<string, TorchTensor>) {
        const tensor = found.get(name) as TorchTensor;
        expect(tensor.shape).toEqual(expected.shape);
        expect(bytesOf(tensor.data)).toEqual(bytesOf(expected.data));
      }
    }),
    runs(200),
  );
});

describe("zip archives", () => {
  const entries = fc.uniqueArray(
    fc.tuple(
      text.filter((name) => name !== "" && name.length < 10_000),
      fc.uint8Array({ maxLength: 5000 }),
    ),
    {
      maxLength: 8,
      selector: ([name]) => name,
    },
  );

  test.each(["auto", "always"] as const)("of stored entries, zip64 %s", (zip64) => {
    fc.assert(
      fc.property(entries, fc.constantFrom(1, 64, 4096), (items, alignment) => {
        const pieces = items.map(([name, bytes]) => ({ name, pieces: inPieces(bytes, 1000) }));
        const archive = openZip(joinPieces(emitZip(pieces, { alignment, zip64 })));
        expect(archive.names).toEqual(items.map(([name]) => name));
        for (const [name, bytes] of items) expect(archive.read(name)).toEqual(bytes);
      }),
      runs(100),
    );
  });

  test("deflated by another program", () => {
    fc.assert(
      fc.property(entries, (items) => {
        const archive = openZip(zipSync(Object.fromEntries(items.filter(([name]) => name !== "__proto__"))));
        for (const [name, bytes] of items)
          if (name !== "__proto__") expect(archive.read(name)).toEqual(bytes);
      }),
      runs(100),
    );
  });
});

test("gzip, with another program on either side", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 5000 }),
    fc
      .tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.integer({ min: 0, max: 60_000 }))
      .map(([unit, times]) => joinPieces(Array.from({ length: times % 300 }, () => unit))),
  );
  fc.assert(
    fc.property(
      bytes,
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 0, max: 9 }),
      (content, size, level) => {
        const zipped = joinPieces(emitGzip(inPieces(content, size)));
        expect(new Uint8Array(gunzipSync(zipped))).toEqual(content);
        expect(plainBytes(zipped)).toEqual(content);
        expect(plainBytes(new Uint8Array(gzipSync(content, { level })))).toEqual(content);
        // Two members are one file.
        expect(plainBytes(joinPieces([zipped, zipped]))).toEqual(joinPieces([content, content]));
      },
    ),
    runs(100),
  );
});

test("manifests, with keys of others and half characters", () => {
  const json = fc.letrec<{ value: ConfigValue }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom(null, true, false),
      fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
      fc.maxSafeInteger(),
      fc
        .double({ noNaN: true, noDefaultInfinity: true })
        .filter((x) => !Number.isSafeInteger(x))
        .map((x) => new Float(x)),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.array(fc.tuple(text, tie("value")), { maxLength: 4 }).map((items) => new Map(items)),
    ),
  })).value;
  const known = new Set<string>(Object.values(MANIFEST_KEYS));
  const extra = fc
    .array(
      fc.tuple(
        text.filter((key) => !known.has(key)),
        json,
      ),
      { maxLength: 4 },
    )
    .map((items) => new Map(items));
  const path = text.filter(Boolean);
  fc.assert(
    fc.property(path, path, fc.option(path), extra, (model, metadata, reference, others) => {
      const manifest = {
        schemaVersion: 1,
        kind: null,
        paths: new Map([
          [MANIFEST_KEYS.modelPath, model],
          [MANIFEST_KEYS.metadataPath, metadata],
          ...(reference === null ? [] : [[MANIFEST_KEYS.referencePath, reference] as const]),
        ]),
        referenceStorage: "external" as const,
        inputTransform: "binary" as const,
        checksums: new Map([[MANIFEST_KEYS.modelPath, "ab".repeat(32)]]),
        preprocess: null,
        writtenBy: null,
        extra: others,
      };
      const read = parseManifest(emitManifest(manifest));
      expect(sorted(read.extra)).toEqual(sorted(others));
      expect({ ...read, extra: null }).toEqual({ ...manifest, extra: null });
    }),
    runs(200),
  );
});

/** Settings without the order of keys, which JSON files sort; floats told from ints. */
function sorted(value: ConfigValue): unknown {
  if (value instanceof Float) return { float: value.value };
  if (Array.isArray(value)) return (value as readonly ConfigValue[]).map(sorted);
  if (!(value instanceof Map)) return value;
  return { map: new Map([...(value as ReadonlyMap<string, ConfigValue>)].map(([k, v]) => [k, sorted(v)])) };
}

const names = (min: number, max: number): fc.Arbitrary<string[]> =>
  fc.uniqueArray(text, { minLength: min, maxLength: max });

test("whole bundles of models of any size and any names", async () => {
  const shape = fc.record({
    genes: names(1, 6),
    columns: names(1, 3),
    classes: fc.infiniteStream(names(1, 5)),
    heads: fc.uniqueArray(text.filter(Boolean), { maxLength: 2 }),
    hidden: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
    values: fc.infiniteStream(float32.filter(Number.isFinite)),
    cells: fc.integer({ min: 1, max: 7 }),
    storage: fc.constantFrom("external" as const, "full" as const),
  });
  await fc.assert(
    fc.asyncProperty(shape, async ({ genes, columns, classes, heads, hidden, values, cells, storage }) => {
      const floats = (n: number): Float32Array =>
        Float32Array.from({ length: n }, () => values.next().value as number);
      const linear = (nIn: number, nOut: number): Linear => ({
        nIn,
        nOut,
        weight: floats(nIn * nOut),
        bias: floats(nOut),
      });
      const labelHeads = columns.map((column) => ({ column, classes: classes.next().value as string[] }));
      const latent = hidden.at(-1)!;
      const reference = {
        coords: new Map([
          ["X_ref_latent_internal", { nRows: cells, nCols: latent, data: floats(cells * latent) }],
        ]),
        labels: new Map(
          labelHeads.map(({ column, classes: all }) => [
            column,
            { codes: new Int32Array(cells), categories: [all[0]] },
          ]),
        ),
      };
      const sizes = [genes.length, ...hidden];
      const model: Model = {
        labelHeads,
        coordHeads: heads.map((name) => ({ name, obsmKey: `X_${name}`, mean: floats(2), std: floats(2) })),
        trainGenes: genes,
        inputTransform: "float",
        latentSource: "internal_preferred",
        shape: {
          nGenes: genes.length,
          hiddenSizes: hidden,
          nClasses: labelHeads.map((head) => head.classes.length),
          coordDims: heads.map(() => 2),
        },
        weights: {
          encoder: hidden.map((size, i) => linear(sizes[i], size)),
          labelHeads: labelHeads.map((head) => linear(latent, head.classes.length)),
          coordHeads: heads.map(() => linear(latent, 2)),
        },
        dropoutRate: 0.25,
        childCorrection: null,
        trainConfig: new Map([["num_epochs", 1]]),
        referenceStorage: storage,
        reference: async () => reference,
        hasReference: async () => true,
      };
      const store = memoryStore();
      await saveModel(model, "m.pth", { store });
      const { model: read } = await loadModel("m.pth", { store });
      for (const key of [
        "labelHeads",
        "coordHeads",
        "trainGenes",
        "shape",
        "weights",
        "trainConfig",
      ] as const)
        expect(read[key]).toEqual(model[key]);
      expect(await read.reference()).toEqual(reference);
    }),
    runs(60),
  );
});

test("h5ad files of any names, kinds of columns and shapes", async () => {
  const name = cText.filter(
    (value) =>
      value !== "" &&
      value !== "." &&
      value !== ".." &&
      !/[/\\]/.test(value) &&
      value !== "_index" &&
      value !== "__categories",
  );
  const table = fc.record({
    n: fc.integer({ min: 1, max: 8 }),
    genes: fc.uniqueArray(cText, { minLength: 1, maxLength: 5 }),
    columns: fc.uniqueArray(name, { maxLength: 4 }),
    kinds: fc.infiniteStream(fc.constantFrom("categorical", "string", "number", "boolean")),
    texts: fc.infiniteStream(cText),
    values: fc.infiniteStream(float32.filter(Number.isFinite)),
  });
  await fc.assert(
    fc.asyncProperty(table, async ({ n, genes, columns, kinds, texts, values }) => {
      const many = <T>(make: () => T): T[] => Array.from({ length: n }, make);
      const column = (): Column => {
        const kind = kinds.next().value as Column["kind"];
        if (kind === "string") return { kind, values: many(() => texts.next().value as string) };
        if (kind === "boolean") return { kind, values: Uint8Array.from(many(() => n % 2)), missing: null };
        if (kind === "number")
          return {
            kind,
            dtype: "float64",
            values: Float64Array.from(many(() => values.next().value as number)),
            missing: null,
          };
        const categories = [...new Set(many(() => texts.next().value as string))];
        return {
          kind: "categorical",
          categories,
          codes: Int32Array.from(many(() => n % categories.length)),
          ordered: false,
        };
      };
      const parts = {
        X: {
          nRows: n,
          nCols: genes.length,
          data: Float32Array.from({ length: n * genes.length }, () => values.next().value as number),
        },
        obs: {
          index: many(() => texts.next().value as string),
          columns: new Map(columns.map((key) => [key, column()])),
        },
        var: { index: genes },
      };
      const adata = await openAnnData(await emitH5ad(parts));
      expect(adata.obs.index).toEqual(parts.obs.index);
      expect(adata.var.index).toEqual(genes);
      expect(adata.obs.columns).toEqual(columns);
      for (const [key, expected] of parts.obs.columns) expect(await adata.obs.column(key)).toEqual(expected);
      const csr = await readCompactCsr(await adata.matrix(), { binary: false });
      const dense = new Float32Array(n * genes.length);
      for (let row = 0; row < n; row++)
        for (let at = csr.indptr[row]; at < csr.indptr[row + 1]; at++)
          dense[row * genes.length + csr.indices[at]] = csr.data![at];
      // Zeros are not kept, so -0 comes back as 0.
      expect(dense).toEqual(parts.X.data.map((value) => (value === 0 ? 0 : value)));
      await adata.close();
    }),
    runs(60),
  );
});

describe("tables of predictions", () => {
  const predictions = fc
    .record({
      cells: fc.array(text, { maxLength: 12 }),
      columns: fc.uniqueArray(text, { minLength: 1, maxLength: 3, selector: (value) => value }),
      labels: fc.infiniteStream(text),
      scores: fc.infiniteStream(fc.oneof(fc.float({ min: 0, max: 1 }), fc.constant(Number.NaN))),
    })
    .map(({ cells, columns, labels, scores }): Predictions => {
      const n = cells.length;
      const score = (): Float32Array => Float32Array.from({ length: n }, () => scores.next().value as number);
      const flag = (): Uint8Array => Uint8Array.from({ length: n }, (_, i) => i % 2);
      const label = () => {
        const categories = [...new Set(Array.from({ length: 3 }, () => labels.next().value as string))];
        return { codes: Int32Array.from({ length: n }, (_, i) => i % categories.length), categories };
      };
      return {
        obsNames: cells,
        labels: columns.map((column) => ({
          column,
          raw: label(),
          conf: score(),
          margin: score(),
          isLowConf: flag(),
          knn: label(),
          knnVoteFrac: score(),
          isLowKnnConf: flag(),
          usedKnn: flag(),
          isUnknown: flag(),
          unknownReasons: Int32Array.from({ length: n }, (_, i) => (i % 5) - 1),
          final: label(),
        })),
        coords: new Map(),
        spaces: [],
        metadata: new Map(),
        warnings: [],
      };
    });

  test("as CSV, read back by a strict parser", () => {
    fc.assert(
      fc.property(predictions, (given) => {
        const rows = parseCsv(
          new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(joinPieces(toCsv(given))),
        );
        expect(rows.length).toBe(given.obsNames.length + 1);
        const columns = ["conf_", "margin_", "is_unknown_", "pred_"];
        expect(rows[0]).toEqual([
          "obs_name",
          ...given.labels.flatMap(({ column }) => columns.map((prefix) => prefix + column)),
        ]);
        for (const [i, cell] of given.obsNames.entries()) {
          const row = rows[i + 1];
          expect(row[0]).toBe(cell);
          for (const [j, { conf, isUnknown, final }] of given.labels.entries()) {
            const [shown, , unknown, label] = row.slice(1 + 4 * j);
            expect(shown === "" ? Number.NaN : Math.fround(Number(shown))).toBe(
              conf[i] === 0 ? Number(shown) : conf[i],
            );
            expect(unknown).toBe(isUnknown[i] === 1 ? "True" : "False");
            expect(label).toBe(final.categories[final.codes[i]]);
          }
        }
      }),
      runs(100),
    );
  });

  test("as Parquet, read back by another library", async () => {
    // That library's decoder takes a byte order mark at the beginning for none of the text.
    const shown = (value: string): string => value.replace(/^\ufeff/, "");
    await fc.assert(
      fc.asyncProperty(predictions, async (given) => {
        const bytes = await toParquet(given);
        const rows = await parquetReadObjects({ file: bytes.slice().buffer as ArrayBuffer });
        expect(rows.length).toBe(given.obsNames.length);
        for (const [i, row] of rows.entries()) {
          expect(row.obs_name).toBe(shown(given.obsNames[i]));
          for (const { column, conf, isUnknown, final } of given.labels) {
            expect(row[`pred_${column}`]).toBe(shown(final.categories[final.codes[i]]));
            expect(row[`is_unknown_${column}`]).toBe(isUnknown[i] === 1);
            const score = row[`conf_${column}`] as number | null;
            expect(score ?? Number.NaN).toBe(conf[i]);
          }
        }
      }),
      runs(60),
    );
  });

  test("write U+FFFD for half a character", async () => {
    const base = fc
      .sample(predictions, { seed: 3, numRuns: 20 })
      .find(({ obsNames }) => obsNames.length > 0)!;
    const given = { ...base, obsNames: base.obsNames.map(() => "a\ud800b") };
    const [, row] = parseCsv(new TextDecoder().decode(joinPieces(toCsv(given))));
    expect(row[0]).toBe("a\ufffdb");
    const [first] = await parquetReadObjects({ file: (await toParquet(given)).buffer });
    expect(first.obs_name).toBe("a\ufffdb");
  });
});

test("arrays of every type keep their bytes", () => {
  fc.assert(
    fc.property(numericArray, (array) => {
      const read = parsePickle(joinPieces(emitPickle(array))) as NdArray;
      expect([read.dtype, read.shape]).toEqual([array.dtype, array.shape]);
      expect(bytesOf(read.data as Uint8Array)).toEqual(bytesOf(array.data as Uint8Array));
    }),
    runs(200),
  );
});
