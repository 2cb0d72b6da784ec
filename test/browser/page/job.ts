/** What the page, its worker and Node do alike with a bundle and a dataset; results are digests, compared to the bit. */
import type * as Atlasmtl from "../../../src/api/index.ts";

/** The façade, in whichever host this runs. */
export type Api = typeof Atlasmtl;

export interface PredictJob {
  readonly kind: "predict";
  /** The files of the bundle as they were picked. */
  readonly bundle: Iterable<File>;
  readonly query: File;
  /** Options of prediction by the name of their golden case. */
  readonly cases: Readonly<Record<string, Atlasmtl.PredictOptions>>;
}

export interface TrainJob {
  readonly kind: "train";
  readonly reference: File;
  readonly options: Atlasmtl.TrainOptions;
}

export interface ReadJob {
  readonly kind: "read";
  readonly datasets: Iterable<File>;
}

export type Job = PredictJob | TrainJob | ReadJob;

export interface CaseResult {
  /** SHA-256 of the bytes of every array, by name. */
  readonly digests: Readonly<Record<string, string>>;
  /** The table with every column. */
  readonly csv: string;
  readonly warnings: readonly string[];
}

/** One result per case. */
export type JobResult = Readonly<Record<string, CaseResult>>;

export async function runJob(api: Api, job: Job): Promise<JobResult> {
  switch (job.kind) {
    case "predict":
      return predictCases(api, job);
    case "train":
      return { train: await trainTiny(api, job) };
    case "read":
      return readAll(api, job);
  }
}

async function predictCases(api: Api, { bundle, query, cases }: PredictJob): Promise<JobResult> {
  const model = await api.TrainedModel.load(bundle);
  const adata = await api.openAnnData(query);
  try {
    const results: Record<string, CaseResult> = {};
    for (const [name, options] of Object.entries(cases)) {
      const result = await api.predict(model, adata, options);
      results[name] = {
        digests: await digestsOf(result, adata),
        csv: await textOf(result.toCsvPieces("full")),
        warnings: result.warnings.map(({ message }) => message),
      };
    }
    return results;
  } finally {
    await adata.close();
  }
}

async function digestsOf(
  result: Atlasmtl.PredictionResult,
  adata: Atlasmtl.AnnData,
): Promise<Record<string, string>> {
  const arrays: [string, Bytes][] = [["obs names", textBytes(result.data.obsNames)]];
  for (const { column, raw, knn, final, sets, nearest, second, consensus, probMatch, ...values } of result
    .data.labels) {
    for (const [name, labels] of Object.entries({ raw, knn, final })) {
      arrays.push([`${column} ${name} codes`, labels.codes]);
      arrays.push([`${column} ${name} categories`, textBytes(labels.categories)]);
    }
    if (consensus !== undefined) arrays.push([`${column} consensus`, consensus.codes]);
    if (probMatch !== undefined) arrays.push([`${column} matches`, probMatch.codes]);
    if (second !== undefined) arrays.push([`${column} second`, second.codes]);
    if (nearest !== undefined) arrays.push([`${column} nearest`, nearest.codes]);
    if (sets !== undefined) arrays.push([`${column} sets`, sets.codes]);
    for (const [name, value] of Object.entries(values)) arrays.push([`${column} ${name}`, value]);
  }
  for (const [name, { data }] of result.data.coords) arrays.push([`coords ${name}`, data]);
  // Without the metadata, which name threads. Only of small files: annotating reads the query whole; objects of R are not annotated.
  if (adata.input instanceof Blob && adata.input.size < 1e8 && adata.stored?.format !== "rds") {
    const options = { mode: "full", includeCoords: true, includeMetadata: false } as const;
    const bytes = await result.toAnnDataBytes(adata, options);
    arrays.push(["annotated .h5ad", bytes]);
    const { file, content } = await emptyFile();
    await result.toAnnDataFile(adata, file, options);
    arrays.push(["annotated in place", await content()]);
  }
  return digest(arrays);
}

/** In a worker a file of the browser's private file system, else one in memory. */
async function emptyFile(): Promise<{ file: Atlasmtl.SyncFile; content(): Promise<Uint8Array> }> {
  if ("DedicatedWorkerGlobalScope" in globalThis) {
    const folder = await navigator.storage.getDirectory();
    const handle = await folder.getFileHandle(`${crypto.randomUUID()}.h5ad`, { create: true });
    const access = await (
      handle as unknown as {
        createSyncAccessHandle(): Promise<Atlasmtl.SyncFile & { close(): void }>;
      }
    ).createSyncAccessHandle();
    const content = async (): Promise<Uint8Array> => {
      access.close();
      const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
      await folder.removeEntry(handle.name);
      return bytes;
    };
    return { file: access, content };
  }
  let held = new Uint8Array(0);
  const truncate = (size: number): void => {
    const next = new Uint8Array(size);
    next.set(held.subarray(0, size));
    held = next;
  };
  const file = {
    read(into: Uint8Array, { at }: { readonly at: number }): number {
      const part = held.subarray(at, at + into.length);
      into.set(part);
      return part.length;
    },
    write(from: Uint8Array, { at }: { readonly at: number }): number {
      if (at + from.length > held.length) truncate(at + from.length);
      held.set(from, at);
      return from.length;
    },
    truncate,
    getSize: () => held.length,
    flush: () => undefined,
  };
  return { file, content: async () => held };
}

async function trainTiny(api: Api, { reference, options }: TrainJob): Promise<CaseResult> {
  const adata = await api.openAnnData(reference);
  try {
    const model = await api.buildModel(adata, options);
    const files = await model.toFiles();
    // The metadata and, through its checksum, the manifest hold clocks.
    const exact = [...files].filter(([name]) => !/_(metadata\.pkl|manifest\.json)$/.test(name));
    const again = await api.TrainedModel.load(files);
    const result = await api.predict(again, adata, { knnCorrection: "all" });
    return {
      digests: { ...(await digest(exact)), ...(await digestsOf(result, adata)) },
      csv: await textOf(result.toCsvPieces("full")),
      warnings: [...model.warnings, ...again.warnings, ...result.warnings].map(({ message }) => message),
    };
  } finally {
    await adata.close();
  }
}

/** Every dataset whole; one that cannot be read leaves what the error says. */
async function readAll(api: Api, { datasets }: ReadJob): Promise<JobResult> {
  const results: Record<string, CaseResult> = {};
  for (const file of datasets)
    try {
      const adata = await api.openAnnData(file);
      try {
        results[file.name] = { digests: await digest(await arraysOf(adata)), csv: "", warnings: [] };
      } finally {
        await adata.close();
      }
    } catch (error) {
      const { code, message, where } = error as Atlasmtl.AtlasmtlError;
      results[file.name] = { digests: {}, csv: "", warnings: [`${code} ${message} ${where}`] };
    }
  return results;
}

async function arraysOf(adata: Atlasmtl.AnnData): Promise<[string, Bytes][]> {
  const arrays: [string, Bytes][] = [["obs names", textBytes(adata.obs.index)]];
  for (const name of adata.obs.columns) {
    const column = await adata.obs.column(name);
    if (column.kind === "categorical")
      arrays.push([`obs ${name} codes`, column.codes], [`obs ${name}`, textBytes(column.categories)]);
  }
  const { obsmKeys } = adata;
  // `df` is a table in two of the files, which is refused.
  for (const key of obsmKeys.filter((key) => key !== "df"))
    arrays.push([`obsm ${key}`, (await adata.obsm(key)).data]);
  const names: Atlasmtl.MatrixName[] = adata.layerKeys.map((key) => `layers/${key}` as const);
  if (adata.hasX) names.push("X");
  if (adata.hasRaw) names.push("raw/X");
  for (const name of names) {
    arrays.push([`${name} genes`, textBytes(await adata.varNames(name))]);
    for await (const { firstRow, csr } of (await adata.matrix(name)).rows()) {
      const { indptr, indices, data } = csr;
      for (const [part, values] of Object.entries({ indptr, indices, data }))
        if (values !== null) arrays.push([`${name} ${firstRow} ${part}`, values]);
    }
  }
  return arrays;
}

type Bytes = Float32Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;

/** Texts, which may hold anything but a lone surrogate. */
const textBytes = (texts: readonly string[]): Uint8Array => new TextEncoder().encode(JSON.stringify(texts));

async function digest(arrays: readonly (readonly [string, Bytes])[]): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const [name, { buffer, byteOffset, byteLength }] of arrays) {
    const bytes = new Uint8Array(buffer, byteOffset, byteLength).slice();
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    digests[name] = Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  return digests;
}

async function textOf(pieces: Iterable<Uint8Array>): Promise<string> {
  return new Blob([...pieces].map((piece) => new Uint8Array(piece))).text();
}
