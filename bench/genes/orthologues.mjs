// What orthologues give: node bench/genes/orthologues.mjs DATA_FOLDER (npm run build first).
//
// A model of human blood (pbmc3k) annotates mouse cells of the muscularis, those of types that both have. The mouse names
// are carried over by orthologues, put in capitals, or left as they are. Prints how many of the model's genes each query
// has, and the share of cells with the right type.
import { join } from "node:path";
import { columnStrings } from "../../build/anndata/read/column-values.js";
import { buildModel, openAnnData, predict } from "../../build/api/index.js";

const SAME = new Map(
  Object.entries({
    Bcells: "B",
    TCells: "T",
    NaturalKillerCells: "NK",
    MonocyteMacrophages: "Mono",
    MuscularisMacrophages: "Mono",
    DendriticCells: "DC",
  }),
);
const COARSE = new Map(
  Object.entries({
    B: "B",
    NK: "NK",
    DC: "DC",
    "CD14 Mono": "Mono",
    "FCGR3A+ Mono": "Mono",
    "CD14+ Mono": "Mono",
    "CD8 T": "T",
    "Naive CD4 T": "T",
    "Memory CD4 T": "T",
  }),
);

const data = process.argv[2];
if (data === undefined) throw new Error("name the folder of the datasets");
const reference = await openAnnData(join(data, "pbmc3k_10xv1.h5ad"));
const query = await openAnnData(join(data, "mmuscularis_infected540.h5ad"));
const truth = columnStrings(await query.obs.column("cell_type"));
for (const [kind, options] of [
  ["binary", {}],
  ["with views", { normalize: "log1p_cp10k", linearViews: true }],
]) {
  const model = await buildModel(reference, { labelColumns: ["cell_type"], ...options });
  const capitals = {
    ...query,
    varNames: async (name) => (await query.varNames(name)).map((gene) => gene.toUpperCase()),
  };
  for (const [names, adata, given] of [
    ["orthologues", query, { orthologues: true }],
    ["capitals", capitals, {}],
  ]) {
    const { data: result } = await predict(model, adata, { keepCoords: false, unknown: "off", ...given });
    const { codes, categories } = result.labels[0].raw;
    let [n, right] = [0, 0];
    truth.forEach((label, cell) => {
      const type = SAME.get(label);
      if (type === undefined) return;
      n++;
      if (COARSE.get(categories[codes[cell]]) === type) right++;
    });
    console.log([kind, names, result.metadata.get("n_genes_matched"), n, (right / n).toFixed(3)].join("\t"));
  }
}
