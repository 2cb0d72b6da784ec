/** Probabilities in every format of a result. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tableFromIPC } from "@uwdata/flechette";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toyPredictions } from "../../test/helpers/toy-predictions.ts";
import { openAnnData } from "../anndata/open.ts";
import { openDataFrame } from "../anndata/read/dataframe.ts";
import { writeDataset } from "../anndata/write/write-annotated.ts";
import { emitH5ad } from "../anndata/write/write-h5ad.ts";
import { storedColumn } from "../predict/probability-store.ts";
import type { Predictions } from "../predict/types.ts";
import { openCellTable } from "./read-predictions.ts";
import { TABLE_FORMATS } from "./table-formats.ts";
import { additionNames, toAnnDataAdditions } from "./to-anndata.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "atlasmtl-probabilities-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const CLASSES = ["T/NK", "B, naive"];
function withProbabilities(classes = CLASSES): Predictions {
  const toy = toyPredictions();
  const columns = classes.map((name, c) => ({
    name,
    kind: "score" as const,
    values: Float32Array.of(0.25 + c / 2, 1 - c, 0.1 + 0.8 * c),
  }));
  const top = [
    {
      name: "label_1",
      kind: "label" as const,
      labels: { codes: Int32Array.of(1, 0, -1), categories: ["x", "😀"] },
    },
    { name: "prob_1", kind: "score" as const, values: Float32Array.of(0.5, 0.75, 0.125) },
  ];
  return {
    ...toy,
    probabilities: [
      { column: "group", columns },
      { column: "kind", columns: top },
    ],
  };
}
const FIRST = [0.25, 1, Math.fround(0.1)];

test.each(TABLE_FORMATS.flatMap(({ endings }) => endings))(
  "are wide columns of a %s table",
  async (ending) => {
    const path = join(folder, `t${ending}`);
    const format = TABLE_FORMATS.find(({ endings }) => endings.includes(ending));
    writeFileSync(path, Buffer.concat([...(await format!.emit(withProbabilities(), path, {}))]));
    const wide = ["prob_group:T/NK", "prob_group:B, naive", "prob_kind:label_1", "prob_kind:prob_1"];
    if (ending === ".arrow") {
      const table = tableFromIPC(readFileSync(path));
      expect(table.schema.fields.map(({ name }) => name).slice(-4)).toEqual(wide);
      expect([...(table.getChild(wide[0])?.toArray() ?? [])]).toEqual(FIRST);
      expect(table.getChild(wide[2])?.toArray()).toEqual(["😀", "x", null]);
      return;
    }
    const table = await openCellTable(path);
    expect(table.columns.slice(-4)).toEqual(wide);
    const first = await table.column(wide[0]);
    const numbers = first.kind === "number" ? [...first.values] : first.kind === "string" ? first.values : [];
    expect(numbers.map((value) => Math.fround(Number(value)))).toEqual(FIRST);
  },
);

/** As a large result has them: read from a store when they are asked for. */
function fromStore({ probabilities, ...others }: Predictions, nObs: number): Predictions {
  const tables = (probabilities ?? []).map(({ column, columns }) => ({
    column,
    columns: columns.map((each) =>
      each.kind === "score"
        ? storedColumn(each.name, nObs, (start, end) => each.values.slice(start, end))
        : each,
    ),
  }));
  return { ...others, probabilities: tables };
}

test.each(TABLE_FORMATS.flatMap(({ endings }) => endings))(
  "that wait in a file give the same bytes of a %s table",
  async (ending) => {
    const nObs = ending === ".arrow" ? 70_000 : 5000; // more than one batch or piece
    const toy = withProbabilities();
    const codes = new Int32Array(nObs);
    const values = (c: number) => Float32Array.from({ length: nObs }, (_, i) => ((i * 7 + c) % 999) / 999);
    const large: Predictions = {
      obsNames: Array.from({ length: nObs }, (_, i) => `c${i}`),
      labels: [],
      coords: new Map(),
      spaces: [],
      metadata: toy.metadata,
      warnings: [],
      probabilities: [
        { column: "a", columns: [0, 1].map((c) => ({ name: `${c}`, kind: "score", values: values(c) })) },
        { column: "b", columns: [{ name: "label_1", kind: "label", labels: { codes, categories: ["x"] } }] },
        { column: "c", columns: [{ name: "2", kind: "score", values: values(2) }] },
      ],
    };
    const format = TABLE_FORMATS.find(({ endings }) => endings.includes(ending));
    const bytes = async (predictions: Predictions) =>
      Buffer.concat([...(await format!.emit(predictions, `t${ending}`, {}))]);
    expect((await bytes(fromStore(large, nObs))).equals(await bytes(large))).toBe(true);
  },
);

async function query(path: string): Promise<string> {
  const index = [...toyPredictions().obsNames];
  const X = {
    nRows: 3,
    nCols: 1,
    indptr: Uint32Array.of(0, 0, 0, 0),
    indices: new Uint16Array(0),
    data: new Float32Array(0),
  };
  writeFileSync(path, await emitH5ad({ X, obs: { index }, var: { index: ["g"] } }));
  return path;
}

test.each([".h5ad", ".zarr"])(
  "are a data frame in obsm of a %s, which a later run takes away",
  async (ending) => {
    const predictions = fromStore(withProbabilities(), 3);
    const path = join(folder, `a${ending}`);
    const adata = await openAnnData(await query(join(folder, "q.h5ad")));
    await writeDataset(adata, path, toAnnDataAdditions(predictions, adata));
    const found = await openAnnData(path);
    expect([...found.obsmKeys].sort()).toEqual(["prob_group", "prob_kind"]);
    const table = await openDataFrame(found.stored!.store!, "obsm/prob_group");
    expect(table.columns).toEqual(CLASSES);
    expect(table.index).toEqual(toyPredictions().obsNames);
    expect(await table.column("T/NK")).toMatchObject({ dtype: "float32", values: Float64Array.from(FIRST) });
    const top = await openDataFrame(found.stored!.store!, "obsm/prob_kind");
    expect(await top.column("label_1")).toMatchObject({
      kind: "categorical",
      codes: Int32Array.of(1, 0, -1),
    });
    const again = join(folder, `b${ending}`);
    await writeDataset(found, again, toAnnDataAdditions(toyPredictions(), found));
    await found.close();
    await adata.close();
    const left = await openAnnData(again);
    expect(left.obsmKeys).toEqual([]);
    await left.close();
  },
);

test("names that an AnnData file cannot hold are known before the work", async () => {
  const { checkAnnotatable } = await import("../anndata/write/append.ts");
  const adata = await openAnnData(await query(join(folder, "names.h5ad")));
  const model = (classes: string[]) => ({ labelHeads: [{ column: "group", classes }], coordHeads: [] });
  const check = (classes: string[], probabilities = "all") =>
    checkAnnotatable(adata, additionNames(model(classes), adata, { probabilities }));
  await check(["T", "B/NK"]);
  await expect(check(["T", "T/NK"])).rejects.toMatchObject({
    code: "USAGE",
    message: expect.stringContaining('"T" and "T/NK"'),
  });
  await expect(check(["T//NK"])).rejects.toMatchObject({
    where: expect.stringContaining("obsm › prob_group"),
  });
  await check(["T", "T/NK"], "top=1");
  await adata.close();
});
