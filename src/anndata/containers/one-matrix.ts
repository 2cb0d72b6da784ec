/** Datasets that consist of one matrix with names, in any file format. @module */
import type { FileInput } from "../../core/bytes.ts";
import { didYouMean } from "../../core/nearest.ts";
import { AtlasmtlError } from "../../errors.ts";
import { frame } from "../read/dataframe.ts";
import type { AnnData, DataFrame, ElementSummary, Matrix, Notice } from "../types.ts";
import type { FrameInput } from "./in-memory.ts";
import { toColumn } from "./in-memory.ts";

export interface OneMatrixParts {
  readonly source: string;
  readonly input: FileInput;
  /** Name of the container, such as `10x-h5`. */
  readonly format: string;
  /** Paths of all its files, if it is not a single file. */
  readonly files?: readonly string[];
  readonly obs: DataFrame;
  readonly var: DataFrame;
  /** Opens X. */
  readonly matrix: () => Promise<Matrix>;
  readonly notices?: readonly Notice[];
  readonly notes?: readonly Notice[];
  readonly close?: () => Promise<void>;
}

/** A dataset with X, obs and var; reading after `close` is a USAGE error. */
export function oneMatrix(parts: OneMatrixParts): AnnData {
  const { source, input, format, files, obs, notices = [], notes = [] } = parts;
  let isOpen = true;
  let X: Promise<Matrix> | null = null;
  const openX = (): Promise<Matrix> => {
    X ??= parts.matrix();
    return X;
  };
  const missing = (what: string, name: string, names: readonly string[]): AtlasmtlError =>
    new AtlasmtlError("NOT_FOUND", `there is no ${what} "${name}"${didYouMean(name, names)}`, {
      where: source,
      hint: names.length === 0 ? `a dataset of this kind has no ${what}` : `there is ${names.join(", ")}`,
    });
  const checkName = (name: string): void => {
    if (!isOpen) throw new AtlasmtlError("USAGE", "the file is closed", { where: source });
    if (name !== "X") throw missing("matrix", name, ["X"]);
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
    obsmKeys: [],
    layerKeys: [],
    unsKeys: [],
    hasX: true,
    hasRaw: false,
    async matrix(name = "X") {
      checkName(name);
      return openX();
    },
    async varNames(name = "X") {
      checkName(name);
      return parts.var.index;
    },
    obsm: async (key) => {
      throw missing("obsm array", key, []);
    },
    uns: async (key) => {
      throw missing("uns element", key, []);
    },
    async elements() {
      checkName("X");
      const matrix = await openX();
      const { storage, dtype, nRows, nCols } = matrix;
      const summary: ElementSummary = {
        path: "X",
        encoding: storage === "dense" ? "array" : `${storage}_matrix`,
        dtype,
        shape: [nRows, nCols],
      };
      return [summary];
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
