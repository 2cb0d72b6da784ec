/** What is fuzzed: for each door, whole files to damage and what is done with the damaged ones. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";

const built = (path) => import(new URL(`../../build/${path}`, import.meta.url).href);
const root = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** Whole files to damage, in the repository and, where it is there, in the data kept beside it. */
const GOLDEN = [root("test/golden/simulated"), root("../shared/golden")];
const ODD = [root("test/fixtures/odd"), root("../shared/data/oddities")];
const R_OBJECTS = root("test/fixtures/rds");
const MAX_SEED_BYTES = 300_000;
/** Enough cells for a component space and linear views. */
const N_CELLS = 30;

/** A small dataset with every kind of column. */
function tinyParts() {
  const n = N_CELLS;
  const cells = Array.from({ length: n }, (_, i) => i);
  const dense = Float32Array.from({ length: n * 6 }, (_, i) => (i * 7) % 5);
  const codes = Int32Array.from(cells, (i) => i % 3);
  return {
    X: { nRows: n, nCols: 6, data: dense },
    obs: {
      index: cells.map((i) => `c${i}`),
      columns: new Map([
        ["type", { kind: "categorical", codes, categories: ["a", "b", "😀"], ordered: false }],
        ["flag", { kind: "boolean", values: Uint8Array.from(cells, (i) => i % 2), missing: null }],
        ["text", { kind: "string", values: cells.map((i) => `t${i}`) }],
      ]),
    },
    var: { index: ["g0", "g1", "g2", "g3", "g4", "g5"] },
    obsm: new Map([["X_umap", { nRows: n, nCols: 2, data: dense.slice(0, 2 * n) }]]),
    uns: new Map([["a", new Map([["b", 1]])]]),
  };
}

const COUNTS_TEXT = `cell,g0,g1,g2\n${Array.from({ length: N_CELLS }, (_, i) => `c${i},${i % 3},0,${i}`).join("\n")}\n`;

/** Parquet tables of a prediction, and of one column that pages of every kind hold. */
async function parquetTables(toParquet, predictions) {
  const { parquetWriteBuffer } = await import("hyparquet-writer");
  const columnData = [
    { name: "obs_name", data: Array.from({ length: 40 }, (_, i) => `cell-${i}`), type: "STRING" },
    { name: "coded", data: Array.from({ length: 40 }, (_, i) => ["a", "b", null][i % 3]), type: "STRING" },
    { name: "score", data: Array.from({ length: 40 }, (_, i) => i / 7), type: "DOUBLE" },
    { name: "count", data: Array.from({ length: 40 }, (_, i) => i), type: "INT32" },
    { name: "flag", data: Array.from({ length: 40 }, (_, i) => i % 2 === 0), type: "BOOLEAN" },
  ];
  const tables = ["SNAPPY", "UNCOMPRESSED"].map(
    (codec) => new Uint8Array(parquetWriteBuffer({ columnData, codec, rowGroupSize: 16 })),
  );
  return [...tables, await toParquet(predictions, { mode: "full" })];
}

/** A store over bytes by name. */
function memoryStore(files, bytesSource, AtlasmtlError) {
  return {
    async open(path) {
      const bytes = files.get(path);
      if (bytes === undefined) throw new AtlasmtlError("NOT_FOUND", "no such file", { where: path });
      return bytesSource(bytes, path);
    },
    exists: async (path) => files.has(path),
    async writeAll(written) {
      for (const { path, bytes } of written) files.set(path, new Uint8Array(Buffer.concat([...bytes])));
    },
  };
}

/** Files of some folders with one of these endings, the smaller ones. */
function filesOf(folders, endings) {
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name))))
    .filter((path) => endings.some((end) => path.endsWith(end)))
    .filter((path) => statSync(path).isFile() && statSync(path).size <= MAX_SEED_BYTES)
    .sort()
    .map((path) => new Uint8Array(readFileSync(path)));
}

/** Numbers that break sums, roots, logarithms and sizes. */
const EXTREMES = [
  ...[Number.NaN, Infinity, -Infinity, 0, -0, -1, 1e-45, 5e-324, 3.4e38, -3.4e38, 1e300, -1e300],
  ...[1.7e308, 1 + 1e-12, 2 ** 31, 2 ** 32, 2 ** 53, 1e9],
];

/**
 * Views and component spaces of a default bundle whose numbers are damaged: a storage by the bytes, or any number by
 * an extreme one. Whatever loads must give a prediction of finite numbers.
 */
async function numbersTarget(files, query, { storeOf, zip, zipEmit, load, torch, openAnnData }) {
  const [{ predict }, { createWasmEngine }, { Float }] = await Promise.all([
    built("predict/predict.js"),
    built("kernels/wasm/engine.js"),
    built("core/config.js"),
  ]);
  const engine = await createWasmEngine({ numThreads: 1 });
  const adata = await openAnnData(query);
  const names = ["model_views.pt", "model_space.pt"];
  const isStorage = (entry) => /\/data\/\d+$/.test(entry);
  const withStorage = (whole, bytes, random) => {
    const archive = zip.openZip(whole);
    const replaced = random.pick(archive.names.filter(isStorage));
    const size = archive.read(replaced).length;
    const same = new Uint8Array(size).map((_, i) => bytes[i % Math.max(bytes.length, 1)] ?? 0);
    const entries = archive.names.map((entry) => ({
      name: entry,
      pieces: [entry === replaced ? (random.below(4) === 0 ? bytes : same) : archive.read(entry)],
    }));
    return new Uint8Array(Buffer.concat(zipEmit.emitZip(entries)));
  };
  /** Every number in a value, as a function that sets it. */
  const settersIn = (value, set) => {
    if (value instanceof Float) return [(x) => set(new Float(x))];
    if (typeof value === "number") return [(x) => set(Number.isSafeInteger(x) ? x : new Float(x))];
    if (value instanceof torch.TorchTensor)
      return [...value.data.keys()].map((i) => (x) => {
        value.data[i] = x;
      });
    if (Array.isArray(value))
      return value.flatMap((item, i) => settersIn(item, (x) => value.splice(i, 1, x)));
    if (value instanceof Map)
      return [...value].flatMap(([key, item]) => settersIn(item, (x) => value.set(key, x)));
    return [];
  };
  const withExtreme = (whole, random) => {
    const root = torch.parseTorch(whole.slice());
    // One of the numbers of one key, so that those outside tensors have their share.
    const [key, value] = random.pick([...root]);
    const setters = settersIn(value, (x) => root.set(key, x));
    for (let n = 1 + random.below(3); n > 0 && setters.length > 0; n--)
      random.pick(setters)(random.pick(EXTREMES));
    return new Uint8Array(Buffer.concat([...torch.emitTorch(root)]));
  };
  const numbersIn = (value) =>
    value instanceof Float
      ? [value.value]
      : value instanceof Map
        ? [...value.values()].flatMap(numbersIn)
        : [];
  return {
    name: "numbers of views and spaces",
    seeds: names.flatMap((name) => {
      const archive = zip.openZip(files.get(name));
      return archive.names.filter(isStorage).map((entry) => archive.read(entry));
    }),
    run: async (bytes, random) => {
      const name = random.pick(names);
      const whole = files.get(name);
      const held = new Map(files);
      held.set(name, random.below(2) === 0 ? withStorage(whole, bytes, random) : withExtreme(whole, random));
      const { model } = await load.loadModel("model.pth", { store: storeOf(held), verifyChecksums: false });
      const { labels, metadata } = await predict(model, adata, {}, { engine });
      const found = [...labels.flatMap(({ conf, margin }) => [...conf, ...margin]), ...numbersIn(metadata)];
      const wrong = found.find((x) => !Number.isFinite(x));
      if (wrong !== undefined) throw new Error(`the prediction holds ${wrong}`);
    },
  };
}

/** @returns every target: its name, whole inputs, and what to do with a damaged one. */
export async function createTargets() {
  const [
    { openAnnData },
    write,
    describe,
    compact,
    append,
    load,
    save,
    network,
    space,
    views,
    metadata,
    reference,
    manifest,
    runs,
  ] = await Promise.all([
    built("anndata/open.js"),
    built("anndata/write/write-h5ad.js"),
    built("anndata/inspect/describe.js"),
    built("anndata/read/whole-matrix.js"),
    built("anndata/write/append.js"),
    built("artifacts/load.js"),
    built("artifacts/save.js"),
    built("artifacts/network.js"),
    built("artifacts/component-space.js"),
    built("artifacts/linear-views.js"),
    built("artifacts/bundle-metadata.js"),
    built("artifacts/reference.js"),
    built("artifacts/bundle-manifest.js"),
    built("artifacts/run-manifest.js"),
  ]);
  const [readCsv, toCsv] = await Promise.all([built("output/read-csv.js"), built("output/to-csv.js")]);
  const { NO_PAUSE } = await built("core/progress.js");
  const [zip, zipEmit, gzip, torch, pickle, configValues, blobs, errors, parquet, toParquet, codecs] =
    await Promise.all([
      built("formats/zip/read.js"),
      built("formats/zip/emit.js"),
      built("formats/compression/gzip.js"),
      built("formats/torch.js"),
      built("formats/pickle/parse.js"),
      built("artifacts/config-values.js"),
      built("core/blob-source.js"),
      built("errors.js"),
      built("output/read-parquet.js"),
      built("output/to-parquet.js"),
      built("formats/zarr/codecs.js"),
    ]);
  const h5ad = await write.emitH5ad(tinyParts());
  const adata = await openAnnData(h5ad);
  const { buildModel } = await built("api/build-model.js");
  const model = await buildModel(adata, {
    labelColumns: ["type"],
    hiddenSizes: [4],
    numEpochs: 1,
    coordTargets: new Map([["umap", "X_umap"]]),
  });
  const { predict } = await built("api/predict.js");
  const predicted = await predict(model, adata, {});
  await adata.close();
  const files = new Map();
  const storeOf = (held) => memoryStore(held, blobs.bytesSource, errors.AtlasmtlError);
  await save.saveModel(model.data, "model.pth", {
    store: storeOf(files),
    featurePanel: new Map([["genes", ["g0"]]]),
  });
  const golden = (...endings) => filesOf(GOLDEN, endings);
  const parts = {
    model: [files.get("model.pth"), ...golden("model.pth")],
    metadata: [files.get("model_metadata.pkl"), ...golden("_metadata.pkl")],
    reference: [files.get("model_reference.pkl"), ...golden("_reference.pkl", ".pkl.gz")],
    manifest: [files.get("model_manifest.json"), ...golden("_manifest.json")],
  };
  const dataPickle = (bytes) => {
    const archive = zip.openZip(bytes);
    return archive.read(archive.names.find((name) => name.endsWith("data.pkl")));
  };
  /** The checksums inside a zip file stop most damage; this lets it through to the pickle. */
  const throughZip = (name, parse, seeds) => ({
    name: `data.pkl of ${name}`,
    seeds: seeds.map(dataPickle),
    run: (bytes) => {
      const archive = zip.openZip(seeds[0]);
      const entries = archive.names.map((entry) => ({
        name: entry,
        pieces: [entry.endsWith("data.pkl") ? bytes : archive.read(entry)],
      }));
      parse(new Uint8Array(Buffer.concat(zipEmit.emitZip(entries))));
    },
  });
  const readDataset = async (bytes) => {
    const opened = await openAnnData(bytes);
    try {
      await describe.describeAnnData(opened);
      await compact.readCompactCsr(await opened.matrix(), { binary: false });
      for (const key of opened.obsmKeys) await opened.obsm(key);
      for (const key of opened.unsKeys) await opened.uns(key);
    } finally {
      await opened.close();
    }
  };
  const numbers = await numbersTarget(files, h5ad, { storeOf, zip, zipEmit, load, torch, openAnnData });
  const flag = { kind: "boolean", values: new Uint8Array(N_CELLS), missing: null };
  return [
    {
      name: "model.pth",
      seeds: parts.model,
      run: (bytes) => network.parseNetwork(bytes),
    },
    throughZip("model.pth", network.parseNetwork, parts.model),
    throughZip("a space", space.parseComponentSpace, [files.get("model_space.pt")]),
    throughZip("views", views.parseLinearViews, [files.get("model_views.pt")]),
    numbers,
    { name: "metadata", seeds: parts.metadata, run: (bytes) => metadata.parseMetadata(bytes, NO_PAUSE) },
    { name: "reference", seeds: parts.reference, run: (bytes) => reference.parseReference(bytes, NO_PAUSE) },
    { name: "manifest", seeds: parts.manifest, run: (bytes) => manifest.parseManifest(bytes) },
    {
      name: "run manifest",
      seeds: [
        runs.emitRunManifest(
          runs.runManifest({
            command: "train",
            inputs: [{ path: "a.h5ad", sizeBytes: 1, sha256: "00".repeat(32) }],
            outputs: [{ path: "model.pth", sizeBytes: 1, sha256: "00".repeat(32) }],
            seeds: new Map([["random_state", 1]]),
            packageVersion: "0",
            gitCommit: null,
            argv: ["atlasmtl"],
            startedAt: "",
            finishedAt: "",
            details: new Map(),
          }),
        ),
      ],
      run: (bytes) => {
        let json;
        try {
          json = JSON.parse(new TextDecoder().decode(bytes));
        } catch {
          return;
        }
        runs.parseRunManifest(json, "run");
      },
    },
    {
      name: "pickle",
      seeds: [
        ...parts.metadata,
        ...parts.reference.filter((bytes) => bytes[0] === 0x80),
        ...parts.model.map(dataPickle),
      ],
      run: (bytes) => void configValues.toConfig(pickle.parsePickle(bytes)),
    },
    { name: "torch", seeds: parts.model, run: (bytes) => void torch.parseTorch(bytes) },
    {
      name: "zip",
      seeds: parts.model,
      run: (bytes) => {
        const archive = zip.openZip(bytes);
        for (const name of archive.names) archive.read(name);
      },
    },
    {
      name: "gzip",
      seeds: parts.metadata.map((bytes) => new Uint8Array(gzipSync(bytes))),
      run: (bytes) => void gzip.gunzip(bytes, { maxBytes: 1 << 24 }),
    },
    {
      // Unpacked, because a checksum stops most damage of gzip.
      name: "R objects",
      seeds: filesOf([R_OBJECTS], [".rds"]).flatMap((bytes) =>
        bytes[0] === 0x1f ? [new Uint8Array(gunzipSync(bytes)), bytes] : [bytes],
      ),
      run: async (bytes) => {
        const opened = await openAnnData(bytes);
        try {
          for (const name of ["X", ...opened.layerKeys.map((key) => `layers/${key}`)])
            await compact.readCompactCsr(await opened.matrix(name), { binary: false });
          for (const table of [opened.obs, opened.var])
            for (const column of table.columns) await table.column(column);
          for (const key of opened.obsmKeys) await opened.obsm(key);
        } finally {
          await opened.close();
        }
      },
    },
    {
      name: "parquet",
      seeds: await parquetTables(toParquet.toParquet, predicted.data),
      run: (bytes) => parquet.readParquetCells(bytes, "table.parquet", codecs.decompress),
    },
    {
      name: "csv",
      seeds: [{ mode: "full" }, { mode: "full", guardFormulas: true }].map(
        (options) => new Uint8Array(Buffer.concat([...toCsv.toCsv(predicted.data, options)])),
      ),
      run: (bytes) => readCsv.readCsvCells(bytes, "table.csv"),
    },
    {
      // Counts as text; the name decides, as there is nothing else to tell them by.
      name: "table of counts",
      seeds: [new TextEncoder().encode(COUNTS_TEXT), new Uint8Array(gzipSync(COUNTS_TEXT))],
      run: (bytes) => readDataset(new File([bytes], bytes[0] === 0x1f ? "counts.csv.gz" : "counts.csv")),
    },
    {
      name: "bundle",
      seeds: [...files.values()],
      run: async (bytes, random) => {
        const held = new Map(files);
        held.set(random.pick([...files.keys()]), bytes);
        const store = storeOf(held);
        const loaded = await load.loadModel("model.pth", { store, verifyChecksums: false });
        await loaded.model.reference();
      },
    },
    {
      name: "datasets",
      seeds: [h5ad, ...filesOf(ODD, [".h5ad", ".h5", ".zip"])],
      run: readDataset,
    },
    {
      name: "annotating",
      seeds: [h5ad],
      run: async (bytes) => {
        const out = await append.annotateBytes(bytes, { obs: new Map([["flag", flag]]) });
        await readDataset(out);
      },
    },
  ];
}
