/** The expected outputs beside the bundles of the golden data. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { DenseMatrix } from "../../src/core/dense.ts";
import type { GoldenSet } from "./golden-sets.ts";
import { readNpz } from "./npz.ts";

export interface GoldenCase {
  readonly folder: string;
  readonly name: string;
  readonly model: string;
  /** Options by their snake_case names. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The JSON text, which tells floats from ints. */
  readonly text: string;
  readonly index: readonly string[];
  /** Columns in order, as text; the empty text stands for NaN. */
  readonly columns: ReadonlyMap<string, readonly string[]>;
  readonly coords: ReadonlyMap<string, DenseMatrix> | null;
}

/** Folder and name of every case of a set, without reading them. */
export function listGoldenCases(set: GoldenSet): { readonly folder: string; readonly name: string }[] {
  const folders = readdirSync(set.path(""), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.flatMap(({ name: folder }) =>
    readdirSync(set.path(folder))
      .filter((file) => /^expected_.*\.json$/.test(file))
      .map((file) => ({ folder, name: file.slice("expected_".length, -".json".length) })),
  );
}

export function readGoldenCase(set: GoldenSet, folder: string, name: string): GoldenCase {
  const path = set.path(`${folder}/expected_${name}`);
  const text = readFileSync(`${path}.json`, "utf8");
  const { options, metadata } = JSON.parse(text);
  const [header, ...rows] = gunzipSync(readFileSync(`${path}.csv.gz`))
    .toString("utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.split(","));
  const columns = header.slice(1).map((column, c) => [column, rows.map((row) => row[c + 1])] as const);
  const files = readdirSync(set.path(folder));
  const model =
    files.find((file) => file.endsWith("_manifest.json")) ?? files.find((file) => file.endsWith(".pth"));
  return {
    folder,
    name,
    model: set.path(`${folder}/${model}`),
    options,
    metadata,
    text,
    index: rows.map(([index]) => index),
    columns: new Map(columns),
    coords: existsSync(`${path}_coords.npz`) ? readNpz(`${path}_coords.npz`) : null,
  };
}
