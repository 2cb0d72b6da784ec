/** Small h5ad files for the tests, written by h5wasm itself and not by the code under test. */
import { File, type Group, ready } from "h5wasm/node";

export interface TinyAtlas {
  readonly obsNames: readonly string[];
  readonly varNames: readonly string[];
  /** Cells by genes, stored as CSR; zeros are not stored. */
  readonly x: readonly (readonly number[])[];
  /** Categorical columns; null is a missing value. */
  readonly obs: Readonly<Record<string, readonly (string | null)[]>>;
  readonly obsm?: Readonly<Record<string, readonly (readonly number[])[]>>;
}

/** Cells of `nTypes` types, in turn; each type expresses genes of its own, with seeded noise. */
export function tinyAtlas(nCells: number, nTypes = 4, seed = 1, genePrefix = "G"): TinyAtlas {
  const nGenes = nTypes * 6;
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
  const cells = Array.from({ length: nCells }, (_, i) => i);
  const type = (cell: number): number => cell % nTypes;
  return {
    obsNames: cells.map((cell) => `cell-${seed}-${cell}`),
    varNames: Array.from({ length: nGenes }, (_, gene) => `${genePrefix}${gene}`),
    x: cells.map((cell) =>
      Array.from({ length: nGenes }, (_, gene) => {
        const isMarker = gene % nTypes === type(cell);
        return random() < (isMarker ? 0.9 : 0.1) ? 1 + Math.floor(random() * 5) : 0;
      }),
    ),
    obs: {
      lineage: cells.map((cell) => (type(cell) < nTypes / 2 ? "first half" : "second half")),
      cell_type: cells.map((cell) => `type ${type(cell)}`),
      donor: cells.map((cell) => `D${cell % 3}`),
    },
    obsm: { X_umap: cells.map((cell) => [type(cell) + random(), type(cell) - random()]) },
  };
}

/** A filter that compresses, by its number in HDF5's registry. */
export interface Compression {
  readonly filter: number;
  readonly settings: readonly number[];
}

/** Writes the atlas in the layout of anndata 0.8 and later; the values of X with `compression`. */
export async function writeH5ad(path: string, atlas: TinyAtlas, compression?: Compression): Promise<void> {
  await ready;
  const file = new File(path, "w");
  encode(file, "anndata", "0.1.0");
  writeCsr(file, atlas, compression);
  writeFrame(file, "obs", atlas.obsNames, atlas.obs);
  writeFrame(file, "var", atlas.varNames, {});
  const obsm = dict(file, "obsm");
  for (const [key, rows] of Object.entries(atlas.obsm ?? {})) {
    const width = rows[0]?.length ?? 2;
    encode(dataset(obsm, key, Float32Array.from(rows.flat()), [rows.length, width]), "array", "0.2.0");
  }
  for (const name of ["layers", "obsp", "uns", "varm", "varp"]) dict(file, name);
  file.close();
}

type Encodable = Pick<Group, "create_attribute">;

function encode(target: Encodable, type: string, version: string): void {
  target.create_attribute("encoding-type", type);
  target.create_attribute("encoding-version", version);
}

function dict(parent: Group, name: string): Group {
  const group = parent.create_group(name);
  encode(group, "dict", "0.1.0");
  return group;
}

function dataset(
  parent: Group,
  name: string,
  data: Float32Array | Int32Array | Int8Array | string[],
  shape: number[],
  compression?: Compression,
): Encodable {
  const dtype = Array.isArray(data) ? { dtype: "S" } : {};
  const filtered =
    compression === undefined
      ? {}
      : { chunks: shape, compression: compression.filter, compression_opts: [...compression.settings] };
  return parent.create_dataset({ name, data, shape, ...dtype, ...filtered });
}

function writeCsr(file: Group, { x, varNames }: TinyAtlas, compression?: Compression): void {
  const data: number[] = [];
  const indices: number[] = [];
  const indptr = [0];
  for (const row of x) {
    row.forEach((value, column) => {
      if (value === 0) return;
      data.push(value);
      indices.push(column);
    });
    indptr.push(data.length);
  }
  const group = file.create_group("X");
  encode(group, "csr_matrix", "0.1.0");
  group.create_attribute("shape", new BigInt64Array([BigInt(x.length), BigInt(varNames.length)]));
  dataset(group, "data", Float32Array.from(data), [data.length], compression);
  dataset(group, "indices", Int32Array.from(indices), [indices.length]);
  dataset(group, "indptr", Int32Array.from(indptr), [indptr.length]);
}

function writeFrame(
  file: Group,
  name: "obs" | "var",
  index: readonly string[],
  columns: TinyAtlas["obs"],
): void {
  const group = file.create_group(name);
  encode(group, "dataframe", "0.2.0");
  group.create_attribute("_index", "_index");
  const order = Object.keys(columns);
  if (order.length === 0) group.create_attribute("column-order", new Float64Array(0), [0]);
  else group.create_attribute("column-order", order);
  encode(dataset(group, "_index", [...index], [index.length]), "string-array", "0.2.0");
  for (const [column, values] of Object.entries(columns)) {
    const categories = [...new Set(values.filter((value) => value !== null))].sort();
    const codes = Int8Array.from(values, (value) => (value === null ? -1 : categories.indexOf(value)));
    const categorical = group.create_group(column);
    encode(categorical, "categorical", "0.2.0");
    categorical.create_attribute("ordered", 0, null, "<b");
    encode(dataset(categorical, "categories", categories, [categories.length]), "string-array", "0.2.0");
    encode(dataset(categorical, "codes", codes, [codes.length]), "array", "0.2.0");
  }
}
