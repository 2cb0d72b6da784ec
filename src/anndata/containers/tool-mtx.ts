/**
 * Matrix Market files of other tools, each with lists of cells and genes in their own layout.
 *
 * Sources: the manuals of kb-python and bustools, alevin-fry, the Parse Biosciences pipeline and STARsolo.
 * @module
 */
import { AtlasmtlError } from "../../errors.ts";
import type { Container } from "./container.ts";
import type { MtxLayout, Table } from "./open-mtx.ts";
import { folderOf, type Probe } from "./probe.ts";
import type { Features } from "./tenx-features.ts";

const firstFields = ({ lines }: Table): string[] => lines.map(([name]) => name);

const untyped = (ids: readonly string[], symbols: readonly string[]): Features => ({
  ids,
  symbols,
  types: null,
  genomes: null,
});

/** Of kb-python: cells × genes. */
const KB: MtxLayout = {
  tool: "kb",
  matrix: /^(.*)cells_x_genes(?:\.(?:total|mature|cell|nucleus))?\.mtx(?:\.gz)?$/,
  cells: ["cells_x_genes.barcodes.txt"],
  genes: ["cells_x_genes.genes.txt"],
  also: ["cells_x_genes.genes.names.txt"],
  genesIn: "columns",
  readCells: firstFields,
  readGenes(table, also) {
    const ids = firstFields(table);
    const names = also.get("cells_x_genes.genes.names.txt");
    if (names !== undefined && names.lines.length !== ids.length)
      throw new AtlasmtlError("BAD_DATA", `there are ${ids.length} ids and ${names.lines.length} names`, {
        where: names.path,
      });
    return untyped(ids, names === undefined ? ids : firstFields(names));
  },
};

/** Of alevin-fry: cells × genes, which have ids only. */
const ALEVIN: MtxLayout = {
  tool: "alevin-fry",
  matrix: /^(.*)quants_mat\.mtx(?:\.gz)?$/,
  cells: ["quants_mat_rows.txt"],
  genes: ["quants_mat_cols.txt"],
  genesIn: "columns",
  readCells: firstFields,
  readGenes(table) {
    const ids = firstFields(table);
    // Three columns for each gene: spliced, unspliced (-U) and ambiguous (-A).
    const n = ids.length / 3;
    if (Number.isInteger(n) && n > 0 && ids[n] === `${ids[0]}-U` && ids[2 * n] === `${ids[0]}-A`)
      throw new AtlasmtlError(
        "UNSUPPORTED",
        "spliced, unspliced and ambiguous counts of alevin-fry are not read",
        {
          where: table.path,
          hint: 'add them up and write .h5ad, in Python: pyroe.load_fry(folder, output_format="scRNA").write_h5ad(path)',
        },
      );
    return untyped(ids, ids);
  },
};

/** Of Parse Biosciences: cells × genes, with tables as `.csv`. */
const PARSE: MtxLayout = {
  tool: "Parse",
  matrix: /^(.*)(?:count_matrix|DGE)\.mtx(?:\.gz)?$/,
  cells: ["cell_metadata.csv"],
  genes: ["all_genes.csv"],
  genesIn: "columns",
  readCells: ({ lines }) => lines.slice(1).map(([name]) => name),
  readGenes({ path, lines }) {
    const [head = [], ...rows] = lines;
    const [id, symbol, genome] = ["gene_id", "gene_name", "genome"].map((name) => head.indexOf(name));
    if (id < 0 || symbol < 0)
      throw new AtlasmtlError("BAD_FORMAT", "the columns gene_id and gene_name are expected", {
        where: path,
      });
    const column = (at: number): string[] => rows.map((fields) => fields[at] ?? "");
    const ids = column(id);
    // A gene without a symbol goes by its id.
    const symbols = column(symbol).map((name, gene) => (name === "" ? ids[gene] : name));
    return { ...untyped(ids, symbols), genomes: genome < 0 ? null : column(genome) };
  },
};

const LAYOUTS: readonly MtxLayout[] = [KB, ALEVIN, PARSE];

/** The layout of a tool whose list of genes is beside its matrix; null for none. */
function layoutOf(matrices: readonly string[], entries: readonly string[]): MtxLayout | null {
  return (
    LAYOUTS.find(({ matrix, genes }) =>
      matrices.some((name) => {
        const prefix = matrix.exec(name)?.[1];
        if (prefix === undefined) return false;
        return genes.some((list) => [list, `${list}.gz`].some((each) => entries.includes(prefix + each)));
      }),
    ) ?? null
  );
}

async function probedLayout(probed: Probe): Promise<MtxLayout | null> {
  const { entries } = await folderOf(probed);
  const matrices = probed.kind === "folder" ? entries : [probed.name.split(/[/\\]/).at(-1)!];
  return layoutOf(matrices, entries);
}

export const toolMtx: Container = {
  format: "mtx",
  title: "folder of kb, alevin-fry or Parse (.mtx and lists of names)",
  short: "folder of kb, alevin-fry or Parse",
  endings: [],
  isFolderOf: (entries) => layoutOf(entries, entries) !== null,
  recognises: async (probed) => (await probedLayout(probed)) !== null,
  async open(probed, options) {
    const { openMtx } = await import("./open-mtx.ts");
    return openMtx(probed, options, (await probedLayout(probed))!, toolMtx.format);
  },
};
