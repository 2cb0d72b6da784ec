import { describe, expect, it } from "vitest";
import { AtlasmtlError } from "../errors.ts";
import type { ComponentSpace } from "../model/components/types.ts";
import type { LinearViews } from "../model/linear/types.ts";
import { alignGenes } from "./align.ts";
import type { QuerySide } from "./gene-mismatch.ts";
import { geneOverlap } from "./gene-overlap.ts";

const IDS = Array.from({ length: 10 }, (_, i) => `ENSG${String(i + 1).padStart(11, "0")}`);
const SYMBOLS = ["TP53", "CD3E", "ACTB", "FTL", "GAPDH", "MALAT1", "B2M", "LYZ", "NKG7", "MS4A1"];

function overlap(
  names: readonly string[],
  trainGenes: readonly string[],
  {
    shares,
    linear,
    ...side
  }: Partial<QuerySide> & {
    shares?: readonly number[];
    linear?: LinearViews;
  } = {},
) {
  const inModel = new Set(trainGenes);
  const space = shares === undefined ? null : ({ geneShares: Float32Array.from(shares) } as ComponentSpace);
  return geneOverlap(
    alignGenes(names, trainGenes, "query.h5ad"),
    { trainGenes, space, linear },
    {
      source: "query.h5ad",
      nGenes: names.length,
      unmatched: names.filter((name) => !inModel.has(name)),
      cells: ["AAAC-1", "AAAG-1"],
      wasMapped: false,
      wasCarried: false,
      nInRaw: null,
      ...side,
    },
  );
}

function failure(run: () => unknown): AtlasmtlError {
  try {
    run();
  } catch (error) {
    if (error instanceof AtlasmtlError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("geneOverlap", () => {
  it("always says how many genes match, rounded down", () => {
    const model = Array.from({ length: 3000 }, (_, i) => `G${i}`);
    const { note, warning } = overlap(model.slice(1), model);
    expect(note.message).toBe("genes: the query has 2,999 of the model's 3,000 genes, 99 %");
    expect(warning).toBeNull();
  });

  it("warns by the counts that the missing genes had, not by their number", () => {
    const rare = SYMBOLS.map((_, i) => (i < 2 ? 0.48 : 0.005));
    const few = overlap(SYMBOLS.slice(0, 2), SYMBOLS, { shares: rare });
    expect(few.note.message).toContain("20 %; they had 96 % of the reference's counts");
    expect(few.warning).toBeNull();
    const many = overlap(SYMBOLS.slice(1), SYMBOLS, { shares: rare });
    expect(many.warning?.message).toMatch(
      /9 of the model's 10 genes \(90 %, with 52 % of the reference's counts\)/,
    );
  });

  it("refuses a query without any gene of the model, with examples of both sides", () => {
    const error = failure(() => overlap(SYMBOLS, IDS));
    expect(error).toMatchObject({ code: "MISMATCH", where: "query.h5ad › var names" });
    expect(error.message).toMatch(/'TP53'.*'ENSG00000000001'.*symbols and the model Ensembl ids/);
    expect(error.hint).toContain("autoGenes: true");
  });

  it("does not advise what was done already", () => {
    const error = failure(() => overlap(SYMBOLS, IDS, { wasMapped: true }));
    expect(error.hint).not.toContain("autoGenes");
    const names = SYMBOLS.slice(0, 2);
    const other = overlap([...names, "x1", "x2"], SYMBOLS, { wasMapped: true }).warning;
    expect(other?.hint).not.toContain("autoGenes");
    expect(other?.message).toContain("query: 'x1', 'x2'");
  });

  it.each([
    [
      SYMBOLS.map((name) => name[0] + name.slice(1).toLowerCase()),
      SYMBOLS,
      "are of mouse or rat (such as Tp53) and the model's of human",
    ],
    [
      SYMBOLS,
      SYMBOLS.map((name) => name[0] + name.slice(1).toLowerCase()),
      "are of human (such as TP53) and the model's of mouse or rat",
    ],
    [IDS.map((id) => id.replace("ENSG", "ENSMUSG")), IDS, "are of mouse (such as ENSMUSG"],
    [IDS, SYMBOLS, "uses Ensembl ids and the model gene symbols"],
    [["7157", "916", "60"], SYMBOLS, "Entrez ids"],
    [["0", "1", "2"], SYMBOLS, "row numbers"],
    [["probe1", "probe2"], SYMBOLS, "another set of genes"],
  ])("names the likely cause: %s", (query, model, cause) => {
    expect(failure(() => overlap(query, model)).message).toContain(cause);
  });

  it("knows a query that is cut to some genes, and where the others are", () => {
    expect(overlap(SYMBOLS.slice(0, 4), SYMBOLS).warning).toMatchObject({
      message: expect.stringContaining("the query was cut to 4 genes"),
    });
    expect(overlap(SYMBOLS.slice(0, 4), SYMBOLS, { nInRaw: 9 }).warning?.hint).toContain(
      'raw has 9 of the model\'s genes: read it with layer: "raw/X"',
    );
  });

  it("proposes a model of the query's genes for a panel, unless the model infers missing genes", () => {
    const proposal = "train a model on the genes that the query has, with genes";
    for (const panel of [SYMBOLS.slice(0, 4), [...SYMBOLS.slice(0, 4), "probe1", "probe2"]]) {
      expect(overlap(panel, SYMBOLS).warning?.hint).toContain(proposal);
      expect(overlap(panel, SYMBOLS, { linear: {} as LinearViews }).warning?.hint).not.toContain(proposal);
    }
    const renamed = [...SYMBOLS.slice(0, 4), ...IDS];
    expect(overlap(renamed, SYMBOLS).warning?.hint).not.toContain(proposal);
    expect(overlap(SYMBOLS.slice(0, 4), SYMBOLS, { nInRaw: 9 }).warning?.hint).not.toContain(proposal);
  });

  it("knows a transposed query", () => {
    const error = failure(() => overlap(["AAAC-1", "AAAG-1"], SYMBOLS, { cells: SYMBOLS.slice(3) }));
    expect(error.message).toContain(
      "the query is transposed: 7 of its 7 cells are called as genes of the model",
    );
  });
});
