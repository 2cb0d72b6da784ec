/** Datasets of one matrix with names, and of layers where there are any, in any file format. @module */
import type { FileInput } from "../../core/bytes.ts";
import type { DenseMatrix } from "../../core/dense.ts";
import { didYouMean } from "../../core/nearest.ts";
import { AtlasmtlError } from "../../errors.ts";
import { frame } from "../read/dataframe.ts";
import type { AnnData, DataFrame, ElementSummary, Matrix, Notice } from "../types.ts";
import type { FrameInput } from "./in-memory.ts";
import { toColumn } from "./in-memory.ts";

/** One obsm array that is read on request. */
export interface StoredCoordinates {
  readonly nCols: number;
  readonly dtype: string;
  read(): Promise<DenseMatrix>;
}

export interface OneMatrixParts {
  readonly source: string;
  readonly input: FileInput | null;
  /** Name of the container, such as `10x-h5`. */
  readonly format: string;
  /** Paths of all its files, if it is not a single file. */
  readonly files?: readonly string[];
  readonly obs: DataFrame;
  readonly var: DataFrame;
  /** Opens X. */
  readonly matrix: () => Promise<Matrix>;
  /** Opens each layer. */
  readonly layers?: ReadonlyMap<string, () => Promise<Matrix>>;
  /** Another name of X, such as `layers/counts`. */
  readonly nameOfX?: string;
  readonly obsm?: ReadonlyMap<string, StoredCoordinates>;
  readonly notices?: readonly Notice[];
  readonly notes?: readonly Notice[];
  readonly close?: () => Promise<void>;
}

/** A dataset with X, layers, obs and var; reading after `close` is a USAGE error. */
export function oneMatrix(parts: OneMatrixParts): AnnData {
  const { source, input, format, files, obs, notices = [], notes = [] } = parts;
  const obsm: ReadonlyMap<string, StoredCoordinates> = parts.obsm ?? new Map();
  let isOpen = true;
  const openers = new Map([["X", parts.matrix]]);
  for (const [key, open] of parts.layers ?? []) openers.set(`layers/${key}`, open);
  const opened = new Map<string, Promise<Matrix>>();
  const openOnce = (name: string): Promise<Matrix> => {
    const matrix = opened.get(name) ?? openers.get(name)!();
    opened.set(name, matrix);
    return matrix;
  };
  const own = (name: string): string => (name === parts.nameOfX ? "X" : name);
  const checkOpen = (): void => {
    if (!isOpen) throw new AtlasmtlError("USAGE", "the file is closed", { where: source });
  };
  const missing = (what: string, name: string, names: readonly string[]): AtlasmtlError =>
    new AtlasmtlError("NOT_FOUND", `there is no ${what} "${name}"${didYouMean(name, names)}`, {
      where: source,
      hint: names.length === 0 ? `a dataset of this kind has no ${what}` : `there is ${names.join(", ")}`,
    });
  const checkName = (name: string): void => {
    checkOpen();
    if (!openers.has(own(name))) throw missing("matrix", name, [...openers.keys()]);
  };
  return {
    source,
    input,
    stored: { format, store: null, ...(files === undefined ? {} : { files }) },
    notices,
    notes,
    nObs: obs.length,
    nVars: parts.var.length,
    obs,
    var: parts.var,
    obsmKeys: [...obsm.keys()],
    layerKeys: [...(parts.layers?.keys() ?? [])],
    unsKeys: [],
    hasX: true,
    hasRaw: false,
    async matrix(name = "X") {
      checkName(name);
      return openOnce(own(name));
    },
    async varNames(name = "X") {
      checkName(name);
      return parts.var.index;
    },
    async obsm(key) {
      checkOpen();
      const found = obsm.get(key);
      if (found === undefined) throw missing("obsm array", key, [...obsm.keys()]);
      return found.read();
    },
    uns: async (key) => {
      throw missing("uns element", key, []);
    },
    async elements() {
      checkName("X");
      const matrices = await Promise.all(
        [...openers.keys()].map(async (path): Promise<ElementSummary> => {
          const { storage, dtype, nRows, nCols } = await openOnce(path);
          return {
            path,
            encoding: storage === "dense" ? "array" : `${storage}_matrix`,
            dtype,
            shape: [nRows, nCols],
          };
        }),
      );
      return [
        ...matrices,
        ...[...obsm].map(([key, { dtype, nCols }]) => ({
          path: `obsm/${key}`,
          encoding: "array",
          dtype,
          shape: [obs.length, nCols],
        })),
      ];
    },
    async close() {
      isOpen = false;
      await parts.close?.();
    },
  };
}

/** A data frame of names and columns in memory; `where` is for messages. */
export function namedFrame(where: string, { index, columns = {} }: FrameInput): Promise<DataFrame> {
  const entries = columns instanceof Map ? [...columns] : Object.entries(columns);
  const made = new Map(entries.map(([name, column]) => [name, toColumn(column)]));
  return frame({
    where,
    length: index.length,
    columns: [...made.keys()],
    readIndex: async () => index,
    readColumn: async (name) => made.get(name)!,
  });
}
