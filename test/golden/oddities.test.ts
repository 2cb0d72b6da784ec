/** Every array of the odd files is read, and matrices hold what Python finds in them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openAnnData } from "../../src/anndata/open.ts";
import type { AnnData, Column, MatrixName } from "../../src/anndata/types.ts";
import { Float } from "../../src/core/config.ts";
import { isAtlasmtlError } from "../../src/errors.ts";
import { type Hdf5File, openHdf5 } from "../../src/formats/hdf5/open.ts";
import { describeOdd } from "../helpers/odd-sets.ts";

/** Reads everything below `path`; returns how many arrays there are. */
async function readAll(file: Hdf5File, path = ""): Promise<number> {
  const element = await file.open(path);
  if (element === null) return 0;
  for (const name of element.attributeNames) element.attribute(name);
  if (element.kind === "group") {
    let n = 0;
    for (const key of element.keys) n += await readAll(file, path === "" ? key : `${path}/${key}`);
    return n;
  }
  if (element.element === "string") await element.readStrings();
  else if (element.element !== "compound") await element.readNumbers();
  else for (const field of element.fields) await element.readField(field);
  return 1;
}

const closeTo = (found: unknown, expected: unknown): boolean => {
  const value = found instanceof Float ? found.value : found;
  return typeof expected === "number" && !Number.isInteger(expected)
    ? Math.abs(Number(value) - expected) <= 1e-6 * Math.max(1, Math.abs(expected))
    : value === expected;
};

/** The first values of a column as Python shows them: None where one is missing. */
function firstValues(column: Column, n: number): unknown[] {
  const rows = Array.from({ length: n }, (_, i) => i);
  switch (column.kind) {
    case "categorical":
      return rows.map((i) => column.categories[column.codes[i]] ?? null);
    case "string":
      return rows.map((i) => column.values[i]);
    case "boolean":
      return rows.map((i) => (column.missing?.[i] === 1 ? null : column.values[i] === 1));
    case "number":
      return rows.map((i) => (column.missing?.[i] === 1 ? null : Number(column.values[i])));
  }
}

/** A table of rows in uns: its fields by name. */
async function tableAt(adata: AnnData, path: string): Promise<ReadonlyMap<string, ArrayLike<unknown>>> {
  const [key, ...rest] = path.split("/");
  let value: unknown = await adata.uns(key);
  for (const part of rest) value = (value as ReadonlyMap<string, unknown>).get(part);
  return value as ReadonlyMap<string, ArrayLike<unknown>>;
}

describeOdd("what scanpy and anndata find in odd files is found here", ({ folder, files, facts }) => {
  const withFile = async (name: string, work: (adata: AnnData) => Promise<void>): Promise<void> => {
    const adata = await openAnnData(join(folder, name));
    try {
      await work(adata);
    } finally {
      await adata.close();
    }
  };

  test.each(facts.matrices)("%s %s is %i × %i", (file, name, nRows, nCols, nStored, sum) =>
    withFile(file, async (adata) => {
      const matrix = await adata.matrix(name as MatrixName);
      let [n, total] = [0, 0];
      for await (const { csr } of matrix.rows()) {
        n += csr.indices.length;
        for (const value of csr.data ?? []) total += value;
      }
      expect([matrix.nRows, matrix.nCols, n]).toEqual([nRows, nCols, nStored]);
      expect(total).toBeCloseTo(sum, 2);
    }),
  );

  test.each(Object.keys(facts.names))("%s has these cells, genes and columns", (file) =>
    withFile(file, async (adata) => {
      const [cells, genes] = facts.names[file];
      expect([adata.obs.index.slice(0, 3), adata.var.index.slice(0, 3)]).toEqual([cells, genes]);
      for (const [name, [, ...values]] of Object.entries(facts.columns[file])) {
        const found = firstValues(await adata.obs.column(name), values.length);
        expect([name, found.every((value, i) => closeTo(value, values[i])) ? values : found]).toEqual([
          name,
          values,
        ]);
      }
    }),
  );

  test.each(Object.keys(facts.tables))("%s: tables of rows in uns are maps of their fields", (file) =>
    withFile(file, async (adata) => {
      for (const [path, fields] of Object.entries(facts.tables[file])) {
        const table = await tableAt(adata, path);
        expect([...table.keys()]).toEqual(Object.keys(fields));
        for (const [field, values] of Object.entries(fields)) {
          const found = Array.from(table.get(field)!).slice(0, values.length);
          expect([field, found.every((value, i) => closeTo(value, values[i])) ? values : found]).toEqual([
            field,
            values,
          ]);
        }
      }
    }),
  );

  test.each(Object.keys(facts.frames))("%s: coordinates in a table or a sparse matrix", (file) =>
    withFile(file, async (adata) => {
      for (const [key, [nRows, nCols, ...values]] of Object.entries(facts.frames[file])) {
        const points = await adata.obsm(key);
        expect([points.nRows, points.nCols, ...points.data.subarray(0, 2 * nCols)]).toEqual([
          nRows,
          nCols,
          ...values.map(Math.fround),
        ]);
      }
      for (const [key, [nRows, nCols, nStored, sum]] of Object.entries(facts.sparse[file])) {
        const { data, ...size } = await adata.obsm(key);
        expect(size).toMatchObject({ nRows, nCols });
        expect(data.filter((value) => value !== 0).length).toBe(nStored);
        expect(data.reduce((total, value) => total + value, 0)).toBeCloseTo(sum, 4);
      }
    }),
  );

  test("all arrays and attributes of all HDF5 files are read", async () => {
    const names = readdirSync(folder).filter((each) => /\.h5(ad)?$/.test(each));
    expect(names.length).toBeGreaterThan(8);
    for (const name of names) {
      const file = await openHdf5(join(folder, name));
      expect(await readAll(file)).toBeGreaterThan(0);
      await file.close();
    }
  });

  test("a damaged lzf file gives an error of ours or data, and nothing else", async () => {
    const bytes = new Uint8Array(readFileSync(files.denseLzf));
    let errors = 0;
    for (let i = 0; i < 60; i++) {
      const damaged = bytes.slice(0, i % 4 === 0 ? Math.floor((bytes.length * (i + 1)) / 61) : bytes.length);
      for (let k = 0; k < 40; k++)
        damaged[(i * 7919 + k * 104_729) % damaged.length] ^= (i * 31 + k * 17) & 255;
      try {
        const file = await openHdf5(damaged);
        try {
          await readAll(file);
        } finally {
          await file.close();
        }
      } catch (error) {
        errors++;
        if (!isAtlasmtlError(error) || error.code === "BUG") throw error;
      }
    }
    expect(errors).toBeGreaterThan(10);
  });
});
