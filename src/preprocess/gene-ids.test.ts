import { describe, expect, it } from "vitest";
import { createAnnData, type FrameInput } from "../anndata/containers/in-memory.ts";
import { canonicalGenes } from "./gene-ids.ts";
import { packagedTable, parseGeneTable } from "./gene-table.ts";
import { PREPROCESS_DEFAULTS, type PreprocessOptions } from "./options.ts";

const HUMAN = ["TP53", "CD3E", "ACTB", "GAPDH", "B2M", "MALAT1", "FTL", "RPL13", "RPS6", "EEF1A1"];
const HUMAN_IDS = ["ENSG00000141510", "ENSG00000198851"];

async function genesOf(
  names: readonly string[],
  options: PreprocessOptions = {},
  columns: FrameInput["columns"] = {},
) {
  const adata = await createAnnData({ obs: { index: [] }, var: { index: names, columns } });
  return canonicalGenes(
    { names, var: adata.var, source: "query" },
    { ...PREPROCESS_DEFAULTS, ...(options as object) },
  );
}

describe("the packaged tables", () => {
  it.each([
    ["human", "TP53", "ENSG00000141510", "GENCODE 48"],
    ["human", "MATR3", "ENSG00000015479", "GENCODE 48"],
    ["mouse", "Trp53", "ENSMUSG00000059552", "GENCODE M37"],
    ["rat", "Tp53", "ENSRNOG00000010756", "Ensembl 114"],
  ] as const)("know %s %s", async (species, symbol, id, release) => {
    const table = await packagedTable(species);
    expect(table.idOf.get(symbol)).toBe(id);
    expect(table.symbolOf.get(id)).toBe(symbol);
    expect(table.name).toBe(release);
    expect(table.idOf.size).toBeGreaterThan(20_000);
  });

  it("give every symbol an id that has this symbol", async () => {
    const { idOf, symbolOf } = await packagedTable("human");
    for (const [symbol, id] of idOf) expect(symbolOf.get(id)).toBe(symbol);
  });
});

describe("canonicalGenes", () => {
  it("maps symbols by the table and says that both are guesses", async () => {
    const { ids, naming, unmapped } = await genesOf([...HUMAN, "NOSUCHGENE"]);
    expect(ids.slice(0, 2)).toEqual(HUMAN_IDS);
    expect(ids.at(-1)).toBeNull();
    expect(unmapped).toEqual(["NOSUCHGENE"]);
    expect(naming).toMatchObject({
      namingCase: "D_symbol_mapping_table",
      species: "human",
      guessed: { varNamesType: true, species: true },
    });
  });

  it("strips versions, and keeps ids as they are", async () => {
    const versioned = await genesOf(["ENSG00000141510.18", "ENSG00000198851.10"]);
    expect(versioned.ids).toEqual(HUMAN_IDS);
    expect(versioned.nStripped).toBe(2);
    expect(versioned.naming.namingCase).toBe("B_ensembl_versioned");
    expect(versioned.symbols).toEqual(["TP53", "CD3E"]);
    expect((await genesOf(HUMAN_IDS)).naming.namingCase).toBe("A_ensembl");
  });

  it("prefers a column of Ensembl ids, unless it is told not to", async () => {
    const columns = { gene_ids: ["ENSG00000000001", "ENSG00000000002.3"] };
    const { ids, naming, symbols } = await genesOf(["TP53", "CD3E"], {}, columns);
    expect(ids).toEqual(["ENSG00000000001", "ENSG00000000002"]);
    expect(naming).toMatchObject({ namingCase: "C_symbol_with_ensembl_column", column: "gene_ids" });
    expect(symbols).toEqual(["TP53", "CD3E"]);
    const byTable = await genesOf(["TP53", "CD3E"], { preferExistingEnsemblColumn: false }, columns);
    expect(byTable.ids).toEqual(HUMAN_IDS);
  });

  it("does not take a known column that holds something else", async () => {
    const { ids } = await genesOf(["TP53", "CD3E"], {}, { gene_ids: ["7157", "916"] });
    expect(ids).toEqual(HUMAN_IDS);
  });

  it("names the nearest column for one that is not there", async () => {
    await expect(
      genesOf(HUMAN, { ensemblSourceColumn: "gene_idz" }, { gene_ids: HUMAN }),
    ).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining("gene_ids"),
    });
  });

  it("leaves out a genome's name before every gene", async () => {
    const { ids, naming } = await genesOf(HUMAN.map((name) => `GRCh38_${name}`));
    expect(ids.slice(0, 2)).toEqual(HUMAN_IDS);
    expect(naming.prefix).toBe("GRCh38_");
  });

  it("tells mouse from rat by what the tables know", async () => {
    const mouse = ["Trp53", "Cd3e", "Actb", "Gm10076", "Gapdh", "H2-K1", "H2-D1", "B2m", "Ftl1", "Malat1"];
    expect((await genesOf(mouse)).naming.species).toBe("mouse");
    const rat = ["Tp53", "Cd3e", "Actb", "RT1-A1", "RT1-Da", "Gapdh", "B2m", "Mt2A", "LOC100912041", "Ftl1"];
    expect((await genesOf(rat)).naming.species).toBe("rat");
  });

  it("refuses two species at once, and takes the one that is named", async () => {
    const both = [...HUMAN, ...HUMAN.map((name) => name.charAt(0) + name.slice(1).toLowerCase())];
    await expect(genesOf(both)).rejects.toThrow(/several species: \d+ of human and \d+ of mouse/);
    const human = await genesOf(both, { species: "human" });
    expect(human.unmapped).toHaveLength(HUMAN.length);
    expect(human.causes[0]).toMatch(/in capitals/);
    await expect(genesOf(["ENSG00000141510", "ENSMUSG00000059552"])).rejects.toThrow(/several species/);
  });

  it("refuses ids of another species than was said, and of one without a table", async () => {
    await expect(genesOf(HUMAN_IDS, { species: "mouse" })).rejects.toMatchObject({ code: "MISMATCH" });
    await expect(genesOf(["ENSDARG00000000001", "ENSDARG00000000002"])).rejects.toMatchObject({
      code: "UNSUPPORTED",
    });
  });

  it("tells dates that were names, and numbers that made names unique", async () => {
    const { causes } = await genesOf([...HUMAN, "2-Mar", "Mar-01", "TP53-1"]);
    expect(causes[0]).toMatch(/^2 look like dates .* such as '2-Mar', 'Mar-01'$/);
    expect(causes[1]).toMatch(/^1 end in a number .* 'TP53-1'$/);
  });

  it("knows former symbols of human genes, and the dates that spreadsheets made of them", async () => {
    const idOf = (symbol: string) => packagedTable("human").then((table) => table.idOf.get(symbol));
    for (const [former, now] of [
      ["MINOS1", "MICOS10"],
      ["SEPT2", "SEPTIN2"],
      ["MARCH1", "MARCHF1"],
      ["2-Sep", "SEPTIN2"],
      ["Sep-07", "SEPTIN7"],
      ["5-Mar", "MARCHF5"],
      ["1-Dec", "DELEC1"],
    ]) {
      const found = await genesOf([...HUMAN, former]);
      expect(found.ids.at(-1)).toBe(await idOf(now));
      expect(found).toMatchObject({ nFormer: 1, unmapped: [] });
      // A gene that has its symbol of now does not get another one's counts.
      expect((await genesOf([...HUMAN, former, now])).ids.at(-2)).toBeNull();
    }
    expect((await genesOf(["Trp53", "Sept2", "Cd3e"], { species: "mouse" })).nFormer).toBe(0);
  });

  it("does not guess when no name is known", async () => {
    await expect(genesOf(["gene_1", "gene_2"])).rejects.toMatchObject({ code: "BAD_DATA" });
  });

  it("takes the names of objects for names", async () => {
    const { ids } = await genesOf(["TP53", "constructor", "__proto__"]);
    expect(ids).toEqual([HUMAN_IDS[0], null, null]);
  });
});

describe("a custom table", () => {
  const header = "human_ensembl_gene_id\thuman_gene_symbol";

  it("gives the first row to a symbol that stands in several", () => {
    const { idOf, symbolOf } = parseGeneTable(
      `${header}\nENSG1.2\tA\nENSG2\tA\nENSG3\tB\n\t\n`,
      "human",
      "t.tsv",
    );
    expect(idOf.get("A")).toBe("ENSG1.2");
    expect(symbolOf.get("ENSG2")).toBe("A");
    expect(idOf.size).toBe(2);
  });

  it("strips versions of ids", () => {
    const { idOf } = parseGeneTable(`${header}\r\nENSG00000141510.3\tTP53\r\n`, "human", "t.tsv");
    expect(idOf.get("TP53")).toBe("ENSG00000141510");
  });

  it("says which column is missing", () => {
    expect(() => parseGeneTable("id\tsymbol\n", "mouse", "t.tsv")).toThrow(
      /mouse_ensembl_gene_id; it has id, symbol/,
    );
    expect(() => parseGeneTable(`${header}\n`, "human", "t.tsv")).toThrow(/no row/);
  });

  it("replaces the packaged one", async () => {
    const geneIdTable = new TextEncoder().encode(`${header}\nENSG00000000009\tFOO\n`);
    const { ids, naming } = await genesOf(["FOO", "TP53"], { geneIdTable });
    expect(ids).toEqual(["ENSG00000000009", null]);
    expect(naming.species).toBe("human");
  });
});
