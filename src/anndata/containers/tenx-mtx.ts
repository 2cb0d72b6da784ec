/**
 * 10x Genomics folders: a Matrix Market file of genes × cells with lists of both, each gzipped or not.
 *
 * Source: 10x Genomics, "Feature-Barcode Matrices (MEX)".
 * @module
 */
import { platform } from "#platform";
import { AtlasmtlError, locate } from "../../errors.ts";
import { textBlocks } from "../../formats/text/blocks.ts";
import {
  isMatrixMarket,
  matrixMarketEntries,
  readMatrixMarketHeader,
} from "../../formats/text/matrix-market.ts";
import { listed } from "../read/dataframe.ts";
import { matrixOf } from "../read/matrix.ts";
import type { Matrix } from "../types.ts";
import { withColumns } from "../views/some-columns.ts";
import { type Container, hasEnding } from "./container.ts";
import { entryArrays } from "./entry-matrix.ts";
import { namedFrame, oneMatrix } from "./one-matrix.ts";
import type { Probe } from "./probe.ts";
import { type Features, keepGenes } from "./tenx-features.ts";

const MATRIX_FILE = /^(.*)matrix\.mtx(\.gz)?$/;

/** Bytes of a list of names. */
const MAX_LIST_BYTES = 1 << 28;

/** Maximum number of rows in such a list. */
const MIN_LIST_ROWS = 65_536;

export const tenxMtx: Container = {
  format: "10x-mtx",
  title: "10x Genomics folder (matrix.mtx, barcodes.tsv, features.tsv or genes.tsv, .gz or not)",
  short: "10x folder or .mtx",
  endings: [".mtx"],
  isFolderOf: (entries) => entries.some((name) => MATRIX_FILE.test(name)),
  recognises: (probed) =>
    probed.kind === "folder"
      ? probed.entries.some((name) => MATRIX_FILE.test(name))
      : probed.kind === "file" && (isMatrixMarket(probed.head) || hasEnding(probed.name, tenxMtx.endings)),
  async open(probed, options) {
    const files = await findFiles(probed);
    const source = probed.name;
    const barcodes = await readTable(files.barcodes);
    const features = featuresOf(await readTable(files.features), files.features);
    const kept = await keepGenes(features, files.features, options);
    const obs = await namedFrame(files.barcodes, { index: barcodes.map(([name]) => name) });
    return oneMatrix({
      source,
      input: probed.input,
      format: tenxMtx.format,
      files: [files.matrix, files.barcodes, files.features],
      obs,
      var: kept.frame,
      notes: kept.notes,
      matrix: async () =>
        withColumns(
          await openCells(files.matrix, features.symbols, obs.index),
          kept.toColumn,
          kept.frame.length,
        ),
    });
  },
};

interface Files {
  readonly matrix: string;
  readonly barcodes: string;
  readonly features: string;
}

/** @throws NOT_FOUND that names the missing file, USAGE if a folder holds several matrices. */
async function findFiles(probed: Probe): Promise<Files> {
  const { input, name } = probed;
  if (typeof input !== "string")
    throw new AtlasmtlError("UNSUPPORTED", "a matrix.mtx needs the two lists beside it", {
      where: name,
      hint: "pass the path of the folder, or convert the data to .h5ad",
    });
  const folder =
    probed.kind === "folder" ? name : name.replace(/[^/\\]*$/, "").replace(/(.)[/\\]$/, "$1") || ".";
  const entries = probed.kind === "folder" ? probed.entries : ((await platform.files.list(folder)) ?? []);
  const found =
    probed.kind === "folder"
      ? entries.filter((entry) => MATRIX_FILE.test(entry))
      : [name.split(/[/\\]/).at(-1)!];
  // A file and its .gz are the same matrix.
  const prefixes = [...new Set(found.map((entry) => MATRIX_FILE.exec(entry)?.[1] ?? ""))];
  if (prefixes.length > 1)
    throw new AtlasmtlError("USAGE", `the folder holds ${prefixes.length} matrices: ${listed(found)}`, {
      where: name,
      hint: "pass the path of one of these files",
    });
  const prefix = prefixes[0];
  const find = (...names: readonly string[]): string => {
    const wanted = names.flatMap((each) => [`${prefix}${each}.gz`, `${prefix}${each}`]);
    const entry = wanted.find((each) => entries.includes(each));
    if (entry !== undefined) return `${folder}/${entry}`;
    throw new AtlasmtlError("NOT_FOUND", `there is no ${wanted.join(", ")}`, {
      where: folder,
      hint: "a 10x folder holds matrix.mtx, barcodes.tsv, and features.tsv or genes.tsv",
    });
  };
  return {
    matrix: probed.kind === "folder" ? `${folder}/${found[0]}` : name,
    barcodes: find("barcodes.tsv"),
    features: find("features.tsv", "genes.tsv"),
  };
}

/** The fields of every line, none of which is empty. */
async function readTable(path: string): Promise<string[][]> {
  const source = await platform.openFile(path);
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
        const fields = line.replace(/\r$/, "").split("\t");
        if (fields[0] === "" || table.length >= most) throw badName(fields[0], table.length + 1);
        table.push(fields);
      }
    }
    return table;
  } catch (error) {
    throw locate(error, path);
  } finally {
    await source.close();
  }
}

function badName(name: string, line: number): AtlasmtlError {
  return name === ""
    ? new AtlasmtlError("BAD_FORMAT", "a name is missing", { where: `line ${line}` })
    : new AtlasmtlError("LIMIT", "there are more names than a file of its size can hold unlike ones", {
        where: `line ${line}`,
      });
}

/** Id and symbol, since Cell Ranger 3 also the type; these files do not distinguish genomes. */
function featuresOf(table: readonly (readonly string[])[], where: string): Features {
  const short = table.findIndex((fields) => fields.length < 2);
  if (short >= 0)
    throw new AtlasmtlError(
      "BAD_FORMAT",
      `it has ${table[short].length} field; an id and a symbol are expected`,
      {
        where: `${where} › line ${short + 1}`,
        hint: "separate id and symbol by a tab",
      },
    );
  const hasTypes = table.length > 0 && table.every((fields) => fields.length >= 3);
  return {
    ids: table.map(([id]) => id),
    symbols: table.map(([, symbol]) => symbol),
    types: hasTypes ? table.map((fields) => fields[2]) : null,
    genomes: null,
  };
}

async function openCells(path: string, genes: readonly string[], cells: readonly string[]): Promise<Matrix> {
  const source = await platform.openFile(path);
  try {
    const { nGenes, nCells, nEntries, field } = await readMatrixMarketHeader(source);
    if (nGenes !== genes.length || nCells !== cells.length)
      throw new AtlasmtlError(
        "BAD_DATA",
        `the matrix is ${nGenes} × ${nCells}; there are ${genes.length} features and ${cells.length} barcodes`,
        { hint: "the three files must come from one run; genes are in rows" },
      );
    return matrixOf({
      name: "X",
      where: path,
      dtype: field === "real" ? "float64" : "int64",
      nStored: nEntries,
      arrays: entryArrays({ storage: "csr", nCells, scan: (signal) => scan(path, signal) }),
      frame: { nRows: nCells, nCols: nGenes, rowNames: async () => cells, columnNames: async () => genes },
    });
  } catch (error) {
    throw locate(error, path);
  } finally {
    await source.close();
  }
}

async function* scan(path: string, signal: AbortSignal | undefined) {
  const source = await platform.openFile(path);
  try {
    yield* matrixMarketEntries(source, signal);
  } finally {
    await source.close();
  }
}
