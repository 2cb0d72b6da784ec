/** Reads a Matrix Market file with its lists of cells and genes. @module */
import type { FileTree } from "../../core/file-tree.ts";
import { AtlasmtlError, locate } from "../../errors.ts";
import { textBlocks } from "../../formats/text/blocks.ts";
import type { EntryBatch } from "../../formats/text/entries.ts";
import { matrixMarketEntries, readMatrixMarketHeader } from "../../formats/text/matrix-market.ts";
import { listed } from "../read/dataframe.ts";
import { matrixOf } from "../read/matrix.ts";
import type { AnnData, Matrix } from "../types.ts";
import { withColumns } from "../views/some-columns.ts";
import { entryArrays } from "./entry-matrix.ts";
import { namedFrame, oneMatrix } from "./one-matrix.ts";
import { folderOf, type OpenOptions, type Probe } from "./probe.ts";
import { type Features, keepGenes } from "./tenx-features.ts";

/** Bytes of a list of names. */
const MAX_LIST_BYTES = 1 << 28;

/** Maximum number of rows in such a list. */
const MIN_LIST_ROWS = 65_536;

/** The files of a tool: the matrix, and the lists of cells and genes beside it with the same prefix. */
export interface MtxLayout {
  /** For messages. */
  readonly tool: string;
  /** The name of the matrix; its first group is the prefix. */
  readonly matrix: RegExp;
  /** Names of the list of cells, of which one is there, and of each list of genes. */
  readonly cells: readonly string[];
  readonly genes: readonly string[];
  /** Lists that may be there. */
  readonly also?: readonly string[];
  readonly genesIn: "rows" | "columns";
  readCells(table: Table): readonly string[];
  /** `also` holds the lists of {@link MtxLayout.also} that are there. */
  readGenes(table: Table, also: ReadonlyMap<string, Table>): Features;
}

/** The lines of a list with their fields. */
export interface Table {
  readonly path: string;
  readonly lines: readonly (readonly string[])[];
}

/** The dataset of a matrix and its lists. */
export async function openMtx(
  probed: Probe,
  options: OpenOptions,
  layout: MtxLayout,
  format: string,
): Promise<AnnData> {
  const files = await findFiles(probed, layout);
  const { files: tree } = probed;
  const cells = layout.readCells(await readTable(files.cells, tree));
  const also = new Map<string, Table>();
  for (const [name, path] of files.also) also.set(name, await readTable(path, tree));
  const features = layout.readGenes(await readTable(files.genes, tree), also);
  const kept = await keepGenes(features, files.genes, options);
  const obs = await namedFrame(files.cells, { index: cells });
  return oneMatrix({
    source: probed.name,
    input: probed.input,
    format,
    ...(probed.input === null
      ? {}
      : { files: [files.matrix, files.cells, files.genes, ...files.also.values()] }),
    obs,
    var: kept.frame,
    notes: kept.notes,
    matrix: async () =>
      withColumns(
        await openCells(files.matrix, tree, features.symbols, obs.index, layout.genesIn),
        kept.toColumn,
        kept.frame.length,
      ),
  });
}

interface Files {
  readonly matrix: string;
  readonly cells: string;
  readonly genes: string;
  readonly also: ReadonlyMap<string, string>;
}

/** @throws NOT_FOUND that names the missing file, USAGE if a folder holds several matrices. */
async function findFiles(
  probed: Probe,
  { tool, matrix, cells, genes, also = [] }: MtxLayout,
): Promise<Files> {
  const { input, name } = probed;
  if (input !== null && typeof input !== "string")
    throw new AtlasmtlError("UNSUPPORTED", "a matrix.mtx needs the two lists beside it", {
      where: name,
      hint: "pass the path of the folder, or its three files together",
    });
  const { folder, entries } = await folderOf(probed);
  const found =
    probed.kind === "folder" ? entries.filter((entry) => matrix.test(entry)) : [name.split(/[/\\]/).at(-1)!];
  // A file and its .gz are the same matrix.
  const prefixes = [...new Set(found.map((entry) => matrix.exec(entry)?.[1] ?? ""))];
  if (prefixes.length > 1)
    throw new AtlasmtlError("USAGE", `the folder holds ${prefixes.length} matrices: ${listed(found)}`, {
      where: name,
      hint: "pass the path of one of these files",
    });
  const wanted = (names: readonly string[]): string[] =>
    names.flatMap((each) => [`${prefixes[0]}${each}.gz`, `${prefixes[0]}${each}`]);
  const find = (names: readonly string[]): string => {
    const entry = wanted(names).find((each) => entries.includes(each));
    if (entry !== undefined) return `${folder}/${entry}`;
    throw new AtlasmtlError("NOT_FOUND", `there is no ${wanted(names).join(", ")}`, {
      where: folder,
      hint: `a ${tool} folder holds the matrix, ${cells.join(" or ")}, and ${genes.join(" or ")}`,
    });
  };
  const there = also.filter((each) => wanted([each]).some((file) => entries.includes(file)));
  return {
    matrix: probed.kind === "folder" ? `${folder}/${found[0]}` : name,
    cells: find(cells),
    genes: find(genes),
    also: new Map(there.map((each) => [each, find([each])])),
  };
}

/** The fields of every line, of which the first is not empty; a `.csv` is separated by commas, other lists by tabs. */
async function readTable(path: string, files: FileTree): Promise<Table> {
  const split = /\.csv(\.gz)?$/.test(path) ? commaFields : (line: string) => line.split("\t");
  const source = await files.open(path);
  try {
    const decoder = new TextDecoder();
    const table: string[][] = [];
    // Names are unique, so each takes at least one byte, gzipped or not.
    const most = MIN_LIST_ROWS + source.byteLength;
    let listBytes = 0;
    for await (const { bytes } of textBlocks(source)) {
      listBytes += bytes.length;
      if (listBytes > MAX_LIST_BYTES)
        throw new AtlasmtlError("LIMIT", `a list of names is longer than ${MAX_LIST_BYTES} bytes`);
      const lines = decoder.decode(bytes).split("\n");
      if (lines.at(-1) === "") lines.pop();
      for (const line of lines) {
        const fields = split(line.replace(/\r$/, ""));
        if (fields[0] === "" || table.length >= most) throw badName(fields[0], table.length + 1);
        table.push(fields);
      }
    }
    return { path, lines: table };
  } catch (error) {
    throw locate(error, path);
  } finally {
    await source.close();
  }
}

const commaFields = (line: string): string[] =>
  Array.from(line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g), ([, quoted, plain]) =>
    quoted === undefined ? plain : quoted.replaceAll('""', '"'),
  );

function badName(name: string, line: number): AtlasmtlError {
  return name === ""
    ? new AtlasmtlError("BAD_FORMAT", "a name is missing", { where: `line ${line}` })
    : new AtlasmtlError("LIMIT", "there are more names than a file of its size can hold unlike ones", {
        where: `line ${line}`,
      });
}

async function openCells(
  path: string,
  files: FileTree,
  genes: readonly string[],
  cells: readonly string[],
  genesIn: MtxLayout["genesIn"],
): Promise<Matrix> {
  const source = await files.open(path);
  try {
    const header = await readMatrixMarketHeader(source);
    const { nEntries, field } = header;
    const [nGenes, nCells] =
      genesIn === "rows" ? [header.nGenes, header.nCells] : [header.nCells, header.nGenes];
    if (nGenes !== genes.length || nCells !== cells.length)
      throw new AtlasmtlError(
        "BAD_DATA",
        `the matrix is ${nGenes} × ${nCells}; there are ${genes.length} features and ${cells.length} barcodes`,
        { hint: `the files must come from one run; genes are in ${genesIn}` },
      );
    return matrixOf({
      name: "X",
      where: path,
      dtype: field === "real" ? "float64" : "int64",
      nStored: nEntries,
      arrays: entryArrays({ storage: "csr", nCells, scan: (signal) => scan(path, files, genesIn, signal) }),
      frame: { nRows: nCells, nCols: nGenes, rowNames: async () => cells, columnNames: async () => genes },
    });
  } catch (error) {
    throw locate(error, path);
  } finally {
    await source.close();
  }
}

async function* scan(
  path: string,
  files: FileTree,
  genesIn: MtxLayout["genesIn"],
  signal: AbortSignal | undefined,
): AsyncGenerator<EntryBatch> {
  const source = await files.open(path);
  try {
    for await (const batch of matrixMarketEntries(source, signal))
      yield genesIn === "rows" ? batch : { ...batch, cells: batch.genes, genes: batch.cells };
  } finally {
    await source.close();
  }
}
