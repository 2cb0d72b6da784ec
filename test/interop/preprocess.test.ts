/** Preprocessed files are valid to Python's anndata, and keep what has nothing to do with genes. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openAnnData } from "../../src/anndata/open.ts";
import { writeDataset } from "../../src/anndata/write/write-annotated.ts";
import { preprocessReference } from "../../src/preprocess/pipeline.ts";
import { PYTHON, runPython } from "../helpers/python.ts";

const script = fileURLToPath(new URL("preprocess_files.py", import.meta.url));

test("a preprocessed file opens in Python with all that it held", async () => {
  const folder = await mkdtemp(join(tmpdir(), "atlasmtl-"));
  try {
    const [from, to] = [join(folder, "in.h5ad"), join(folder, "out.h5ad")];
    runPython(PYTHON, script, "write", from);
    const source = await openAnnData(from);
    const { adata } = await preprocessReference(source, { featureSpace: "whole" });
    await writeDataset(adata, to, {});
    const before: number[] = [];
    const X = await source.matrix();
    for await (const { csr } of X.rows())
      csr.indices.forEach((gene, e) => {
        before[gene] = (before[gene] ?? 0) + csr.data![e];
      });
    await source.close();
    const seen = JSON.parse(runPython(PYTHON, script, "read", to));
    const ids = [
      "ENSG00000141510",
      "ENSG00000198851",
      "ENSG00000075624",
      "ENSG00000111640",
      "ENSG00000166710",
      "ENSG00000087086",
    ];
    const first = [0, 1, 2, 4, 6, 7]; // gene 3 is unknown, gene 5 is TP53 again
    const summed = first.map((gene) => before[gene] + (gene === 0 ? before[5] : 0));
    expect(seen).toMatchObject({
      shape: [30, 6],
      var_names: ids,
      x: summed,
      counts: summed,
      raw_shape: [30, 8],
      raw_x: before,
      pcs: first.map((gene) => [2 * gene, 2 * gene + 1]),
      frame: first,
      frame_index: ids,
      cor: first.map((row) => first.map((gene) => row * 8 + gene)),
      nested: [1, 2],
      species: "human",
      panel: ids,
    });
    expect(seen.var).toMatchObject({
      length: first.map(String),
      chromosome: first.map((gene) => "abcdefgh"[gene]),
      ensembl_gene_id: ids,
      gene_symbol: ["TP53", "CD3E", "ACTB", "GAPDH", "B2M", "FTL"],
      atlasmtl_original_var_name: ["TP53", "CD3E", "ACTB", "GAPDH", "B2M", "FTL"],
      atlasmtl_duplicate_group_size: ["2", "1", "1", "1", "1", "1"],
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
