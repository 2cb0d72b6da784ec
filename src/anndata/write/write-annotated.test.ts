import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { treeFingerprint } from "../../formats/zarr/tree-fingerprint.ts";
import { createAnnData } from "../containers/in-memory.ts";
import { openAnnData } from "../open.ts";
import type { AnnData, Column } from "../types.ts";
import type { Additions } from "./additions.ts";
import { checkDatasetOutput, writeDataset } from "./write-annotated.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "atlasmtl-zarr-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const categorical = (values: readonly string[]): Column => {
  const categories = [...new Set(values)].sort();
  return {
    kind: "categorical",
    codes: Int32Array.from(values, (v) => categories.indexOf(v)),
    categories,
    ordered: true,
  };
};

/** Three cells and two genes with something of everything. */
const small = (): Promise<AnnData> =>
  createAnnData({
    X: {
      nRows: 3,
      nCols: 2,
      indptr: Uint32Array.of(0, 1, 1, 3),
      indices: Uint32Array.of(1, 0, 1),
      data: Float32Array.of(1, 2, 3),
    },
    layers: { dense: { nRows: 3, nCols: 2, data: Float32Array.of(0, 1, 0, 0, 2.5, 3) } },
    obs: {
      index: ["a", "b", "ü"],
      columns: new Map<string, Column>([
        ["kind", categorical(["x", "y", "x"])],
        ["text", { kind: "string", values: ["p", "", "😀"] }],
        [
          "n",
          {
            kind: "number",
            dtype: "int64",
            values: Float64Array.of(1, -2, 3),
            missing: Uint8Array.of(0, 1, 0),
          },
        ],
        ["flag", { kind: "boolean", values: Uint8Array.of(1, 0, 1), missing: null }],
      ]),
    },
    var: { index: ["g1", "g2"] },
    obsm: { X_umap: { nRows: 3, nCols: 2, data: Float32Array.of(1, 2, 3, 4, 5, 6) } },
    uns: new Map<string, never>([
      [
        "settings",
        new Map<string, unknown>([
          ["k", 5],
          ["name", "n"],
        ]),
      ],
    ] as never),
  });

const results: Additions = {
  obs: new Map<string, Column>([
    ["pred_kind", categorical(["y", "y", "x"])],
    ["conf_kind", { kind: "number", dtype: "float32", values: Float64Array.of(0.5, 0.25, 1), missing: null }],
  ]),
  obsm: new Map([["X_pred_umap", { nRows: 3, nCols: 1, data: Float32Array.of(7, 8, 9) }]]),
  uns: new Map([["atlasmtl", new Map([["knn_k", 15]])]]) as Additions["uns"],
  removeObs: (name) => name === "text",
};

async function contentOf(adata: AnnData): Promise<unknown> {
  const columns: unknown[] = [];
  for (const name of adata.obs.columns) columns.push([name, await adata.obs.column(name)]);
  const matrices: unknown[] = [];
  for (const name of ["X", ...adata.layerKeys.map((key) => `layers/${key}`)] as const) {
    const rows: unknown[] = [];
    for await (const { csr } of (await adata.matrix(name as "X")).rows())
      rows.push([Array.from(csr.indptr), Array.from(csr.indices), Array.from(csr.data ?? [])]);
    matrices.push([name, rows]);
  }
  const obsm: unknown[] = [];
  for (const key of [...adata.obsmKeys].sort()) obsm.push([key, await adata.obsm(key)]);
  const uns: unknown[] = [];
  for (const key of [...adata.unsKeys].sort()) uns.push([key, await adata.uns(key)]);
  return { obs: adata.obs.index, var: adata.var.index, columns, matrices, obsm, uns };
}

async function opened(path: string): Promise<unknown> {
  const adata = await openAnnData(path);
  try {
    return await contentOf(adata);
  } finally {
    await adata.close();
  }
}

async function write(from: string | null, name: string, additions: Additions = {}): Promise<string> {
  const adata = from === null ? await small() : await openAnnData(from);
  const path = join(folder, name);
  try {
    await writeDataset(adata, path, additions, { inPlace: true });
  } finally {
    await adata.close();
  }
  return path;
}

test("a dataset goes through every container and comes back the same", async () => {
  const first = await contentOf(await small());
  const zarr = await write(null, "a.zarr");
  expect(await opened(zarr)).toEqual(first);
  const h5ad = await write(zarr, "b.h5ad");
  expect(await opened(h5ad)).toEqual(first);
  expect(await opened(await write(h5ad, "c.zarr"))).toEqual(first);
  expect(await opened(await write(zarr, "d.zarr"))).toEqual(first);
});

test("results are added alike, whatever the containers, and replaced when they are written again", async () => {
  const zarr = await write(null, "from.zarr");
  const h5ad = await write(null, "from.h5ad");
  const all = [
    await opened(await write(zarr, "zz.zarr", results)),
    await opened(await write(zarr, "zh.h5ad", results)),
    await opened(await write(h5ad, "hz.zarr", results)),
    await opened(await write(h5ad, "hh.h5ad", results)),
    await opened(await write(join(folder, "zz.zarr"), "again.zarr", results)),
    await opened(await write(join(folder, "hz.zarr"), "hz.zarr", results)),
  ];
  for (const each of all) expect(each).toEqual(all[0]);
  expect((all[0] as { columns: [string][] }).columns.map(([name]) => name)).toEqual([
    "kind",
    "n",
    "flag",
    "pred_kind",
    "conf_kind",
  ]);
});

test("a copy keeps every other file byte for byte", async () => {
  const from = await write(null, "keep.zarr");
  const to = await write(from, "kept.zarr", results);
  for (const key of [
    "X/data/c/0",
    "X/indptr/zarr.json",
    "obs/kind/codes/c/0",
    "obsm/X_umap/zarr.json",
    "var/zarr.json",
  ])
    expect(readFileSync(join(to, key))).toEqual(readFileSync(join(from, key)));
  expect(existsSync(join(to, "obs/text"))).toBe(false);
});

test("the same dataset gives the same bytes", async () => {
  const [one, two] = [await write(null, "one.zarr", results), await write(null, "two.zarr", results)];
  expect(await treeFingerprint(one)).toEqual(await treeFingerprint(two));
});

test("a folder of other content is not replaced, a failure leaves the old output, and nothing else stays", async () => {
  const home = join(folder, "home.zarr");
  mkdirSync(home);
  writeFileSync(join(home, "letter.txt"), "dear");
  await expect(write(null, "home.zarr")).rejects.toMatchObject({
    code: "USAGE",
    hint: expect.stringContaining("new folder"),
  });
  await expect(checkDatasetOutput(await small(), home)).rejects.toMatchObject({ code: "USAGE" });
  expect(readdirSync(home)).toEqual(["letter.txt"]);

  const path = await write(null, "old.zarr");
  const before = await treeFingerprint(path);
  const wrong: Additions = { obs: new Map<string, Column>([["bad", categorical(["only", "two"])]]) };
  await expect(write(null, "old.zarr", wrong)).rejects.toMatchObject({ code: "MISMATCH" });
  await expect(write(path, "old.zarr", wrong)).rejects.toMatchObject({ code: "MISMATCH" });
  expect(await treeFingerprint(path)).toEqual(before);
  expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
});

test("a folder that was set aside when its process died is put back by the next write", async () => {
  const path = await write(null, "crash.zarr");
  const before = await treeFingerprint(path);
  const { renameSync } = await import("node:fs");
  renameSync(path, join(folder, ".crash.zarr.previous"));
  const wrong: Additions = { obs: new Map<string, Column>([["bad", categorical(["only", "two"])]]) };
  await expect(write(null, "crash.zarr", wrong)).rejects.toMatchObject({ code: "MISMATCH" });
  expect(await treeFingerprint(path)).toEqual(before);
});

test("another ending is refused", async () => {
  await expect(write(null, "x.loom")).rejects.toMatchObject({
    code: "USAGE",
    where: expect.stringContaining("x.loom"),
  });
});

describe("on the web", () => {
  let server: Server;
  let address: string;
  const asked: string[] = [];
  let knowsRanges = true;

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request.url ?? "");
      const path = join(folder, decodeURIComponent(new URL(request.url ?? "", "http://x").pathname));
      if (path.includes("secret")) return void response.writeHead(403).end();
      if (!existsSync(path)) return void response.writeHead(404).end();
      const bytes = readFileSync(path);
      const range = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? "");
      if (range === null || !knowsRanges) return void response.end(bytes);
      const start = range[1] === "" ? bytes.length - Number(range[2]) : Number(range[1]);
      const end = range[1] === "" || range[2] === "" ? bytes.length : Number(range[2]) + 1;
      response.writeHead(206, { "content-range": `bytes ${start}-${end - 1}/${bytes.length}` });
      response.end(bytes.subarray(start, end));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  test("a store is read from its address, and only below it", async () => {
    const path = await write(null, "web.zarr", results);
    asked.length = 0;
    expect(await opened(`${address}/web.zarr`)).toEqual(await opened(path));
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.filter((url) => !url.startsWith("/web.zarr/"))).toEqual([]);
    expect(await opened(await write(`${address}/web.zarr/`, "fetched.zarr"))).toEqual(await opened(path));
  });

  test("a zipped store is read in ranges; a server without them is refused", async () => {
    const path = await write(null, "zipped.zarr");
    const { zipSync } = await import("fflate");
    const files = Object.fromEntries(
      readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((file) => [file.slice(folder.length + 1), new Uint8Array(readFileSync(file))]),
    );
    writeFileSync(join(folder, "zipped.zarr.zip"), zipSync(files));
    expect(await opened(`${address}/zipped.zarr.zip`)).toEqual(await opened(path));
    expect(await opened(join(folder, "zipped.zarr.zip"))).toEqual(await opened(path));
    const bytes = new Uint8Array(readFileSync(join(folder, "zipped.zarr.zip")));
    expect(await contentOf(await openAnnData(bytes))).toEqual(await opened(path));
    expect(await contentOf(await openAnnData(new Blob([bytes])))).toEqual(await opened(path));
    knowsRanges = false;
    await expect(openAnnData(`${address}/zipped.zarr.zip`)).rejects.toMatchObject({ code: "UNSUPPORTED" });
    knowsRanges = true;
  });

  test.each([
    ["nothing.zarr", "BAD_FORMAT"],
    ["secret.zarr", "IO"],
    ["file.h5ad", "UNSUPPORTED"],
    ["nothing.zarr.zip", "NOT_FOUND"],
  ])("%s is refused with %s", async (name, code) => {
    await expect(openAnnData(`${address}/${name}`)).rejects.toMatchObject({
      code,
      where: expect.stringContaining(name),
    });
  });

  test("a server that is not there is named", async () => {
    await expect(openAnnData("http://127.0.0.1:9/x.zarr")).rejects.toMatchObject({
      code: "IO",
      where: expect.stringContaining(":9"),
    });
  });
});
