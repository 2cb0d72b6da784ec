import { expect, test } from "vitest";
import { layerOf, openOptions } from "./dataset-flags.ts";

test("--layer and --use-raw choose one matrix", () => {
  expect(layerOf({})).toBeUndefined();
  expect(layerOf({ layer: "counts" })).toBe("counts");
  expect(layerOf({ useRaw: true })).toBe("raw/X");
  expect(layerOf({ layer: "counts", useRaw: false })).toBe("counts");
  expect(() => layerOf({ layer: "counts", useRaw: true })).toThrow(
    expect.objectContaining({ code: "USAGE", where: "useRaw and layer" }),
  );
});

test("only what concerns opening is handed on", () => {
  expect(
    openOptions({
      genome: "mm10",
      varNames: "gene_ids",
      geneColumn: "symbol",
      modality: "rna",
      table: "cells",
      genesIn: "rows",
      layer: "x",
      useRaw: true,
    }),
  ).toEqual({
    genome: "mm10",
    varNames: "gene_ids",
    geneColumn: "symbol",
    modality: "rna",
    table: "cells",
    genesIn: "rows",
  });
});
