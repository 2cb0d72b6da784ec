/** The cell types of the simulated lung: four levels from coarse to fine, and genes that mark them. @module */

/** The label columns, coarse to fine. */
export const LEVELS = ["lineage", "class", "type", "state"] as const;

/** The labels of one finest type, in the order of {@link LEVELS}. */
export type TypePath = readonly [lineage: string, cellClass: string, type: string, state: string];

const NAMED_PATHS: readonly TypePath[] = [
  ["Lymphoid", "T cell", "CD4 T", "CD4 naive"],
  ["Lymphoid", "T cell", "CD4 T", "CD4 memory"],
  ["Lymphoid", "T cell", "CD4 T", "Treg"],
  ["Lymphoid", "T cell", "CD8 T", "CD8 naive"],
  ["Lymphoid", "T cell", "CD8 T", "CD8 effector"],
  ["Lymphoid", "T cell", "Innate-like T", "MAIT"],
  ["Lymphoid", "T cell", "Innate-like T", "Gamma-delta T"],
  ["Lymphoid", "NK cell", "Circulating NK", "NK CD56dim"],
  ["Lymphoid", "NK cell", "Circulating NK", "NK CD56bright"],
  ["Lymphoid", "B cell", "Mature B", "Naive B"],
  ["Lymphoid", "B cell", "Mature B", "Memory B"],
  ["Lymphoid", "B cell", "Antibody-secreting", "Plasma cell"],
  ["Myeloid", "Monocyte", "Classical monocyte", "CD14 resting"],
  ["Myeloid", "Monocyte", "Classical monocyte", "CD14 activated"],
  ["Myeloid", "Monocyte", "Non-classical monocyte", "CD16 monocyte"],
  ["Myeloid", "Dendritic cell", "Conventional DC", "cDC1"],
  ["Myeloid", "Dendritic cell", "Conventional DC", "cDC2"],
  ["Myeloid", "Dendritic cell", "Plasmacytoid DC", "pDC"],
  ["Myeloid", "Granulocyte", "Tissue granulocyte", "Mast cell"],
  ["Myeloid", "Macrophage", "Tissue macrophage", "Alveolar macrophage"],
  ["Myeloid", "Macrophage", "Tissue macrophage", "Interstitial macrophage"],
  ["Stromal", "Endothelial", "Blood endothelial", "Arterial EC"],
  ["Stromal", "Endothelial", "Blood endothelial", "Capillary EC"],
  ["Stromal", "Endothelial", "Lymphatic endothelial", "Lymphatic EC"],
  ["Stromal", "Fibroblast", "Resident fibroblast", "Alveolar fibroblast"],
  ["Stromal", "Fibroblast", "Resident fibroblast", "Adventitial fibroblast"],
  ["Stromal", "Fibroblast", "Contractile", "Myofibroblast"],
  ["Epithelial", "Alveolar epithelial", "Alveolar type 1", "AT1"],
  ["Epithelial", "Alveolar epithelial", "Alveolar type 2", "AT2"],
  ["Epithelial", "Airway epithelial", "Ciliated", "Multiciliated"],
  ["Epithelial", "Airway epithelial", "Secretory", "Club"],
  ["Epithelial", "Airway epithelial", "Basal", "Basal resting"],
];

/** The number of finest types with a name of their own. */
export const N_NAMED_STATES = NAMED_PATHS.length;

/**
 * The first `nStates` finest types. Beyond the named ones, names repeat with a number, under the same parents.
 */
export function typePaths(nStates: number): TypePath[] {
  return Array.from({ length: nStates }, (_, i) => {
    const [lineage, cellClass, type, state] = NAMED_PATHS[i % N_NAMED_STATES];
    const round = Math.floor(i / N_NAMED_STATES);
    return [lineage, cellClass, type, round === 0 ? state : `${state} ${round + 1}`] as const;
  });
}

/** Genes known to mark a node of the tree, by its name. */
export const NAMED_MARKERS: ReadonlyMap<string, readonly string[]> = new Map([
  ["Lymphoid", ["PTPRC", "CD52", "LTB", "CORO1A", "IL32"]],
  ["T cell", ["CD3D", "CD3E", "CD3G", "TRAC", "CD2"]],
  ["CD4 T", ["CD4", "CD40LG", "ICOS"]],
  ["CD4 naive", ["CCR7", "SELL", "TCF7"]],
  ["CD4 memory", ["ANXA1", "AQP3", "ITGB1"]],
  ["Treg", ["FOXP3", "IL2RA", "CTLA4", "TIGIT"]],
  ["CD8 T", ["CD8A", "CD8B"]],
  ["CD8 naive", ["LEF1", "NELL2"]],
  ["CD8 effector", ["GZMK", "GZMH", "CCL5"]],
  ["MAIT", ["SLC4A10", "KLRB1", "RORC"]],
  ["Gamma-delta T", ["TRDC", "TRGC1", "TRDV2"]],
  ["NK cell", ["NKG7", "GNLY", "KLRD1", "NCAM1"]],
  ["NK CD56dim", ["FCGR3A", "FGFBP2", "GZMB"]],
  ["NK CD56bright", ["XCL1", "XCL2", "KLRC1"]],
  ["B cell", ["MS4A1", "CD79A", "CD79B", "CD19", "PAX5"]],
  ["Naive B", ["TCL1A", "FCER2", "IGHD"]],
  ["Memory B", ["CD27", "AIM2", "TNFRSF13B"]],
  ["Antibody-secreting", ["MZB1", "JCHAIN", "XBP1", "PRDM1"]],
  ["Myeloid", ["LYZ", "TYROBP", "FCER1G", "CST3", "AIF1"]],
  ["Monocyte", ["VCAN", "FCN1", "CSF3R"]],
  ["Classical monocyte", ["CD14", "S100A8", "S100A9", "S100A12"]],
  ["CD14 activated", ["IL1B", "CXCL8", "CCL3"]],
  ["Non-classical monocyte", ["MS4A7", "CDKN1C", "LILRB2"]],
  ["Dendritic cell", ["FLT3", "HLA-DQA1", "HLA-DPB1"]],
  ["cDC1", ["CLEC9A", "XCR1", "BATF3"]],
  ["cDC2", ["CD1C", "FCER1A", "CLEC10A"]],
  ["Plasmacytoid DC", ["LILRA4", "IL3RA", "CLEC4C", "TCF4", "GZMA", "IRF7"]],
  ["Granulocyte", ["KIT", "CPA3", "HPGDS", "GATA2"]],
  ["Mast cell", ["TPSAB1", "TPSB2", "MS4A2", "HDC"]],
  ["Macrophage", ["CD68", "MARCO", "MRC1", "C1QA", "C1QB"]],
  ["Alveolar macrophage", ["FABP4", "PPARG", "INHBA"]],
  ["Interstitial macrophage", ["LYVE1", "FOLR2", "SELENOP"]],
  ["Stromal", ["VIM", "SPARC", "CALD1", "IGFBP7"]],
  ["Endothelial", ["PECAM1", "CDH5", "VWF", "CLDN5"]],
  ["Arterial EC", ["GJA5", "BMX", "DKK2"]],
  ["Capillary EC", ["CA4", "EDNRB", "FCN3"]],
  ["Lymphatic endothelial", ["PROX1", "MMRN1", "CCL21"]],
  ["Fibroblast", ["COL1A1", "COL1A2", "DCN", "LUM", "PDGFRA"]],
  ["Alveolar fibroblast", ["NPNT", "CES1", "ITGA8"]],
  ["Adventitial fibroblast", ["PI16", "MFAP5", "SFRP2"]],
  ["Contractile", ["ACTA2", "TAGLN", "MYH11", "ASPN"]],
  ["Epithelial", ["EPCAM", "KRT8", "KRT18", "CDH1", "KRT19"]],
  ["Alveolar epithelial", ["NKX2-1", "SFTA2", "SFTA3"]],
  ["Alveolar type 1", ["AGER", "CAV1", "PDPN", "RTKN2"]],
  ["Alveolar type 2", ["SFTPC", "SFTPB", "ABCA3", "LAMP3"]],
  ["Airway epithelial", ["SLPI", "WFDC2", "PIGR"]],
  ["Ciliated", ["FOXJ1", "TPPP3", "CAPS", "SNTN"]],
  ["Secretory", ["SCGB1A1", "SCGB3A1", "BPIFB1"]],
  ["Basal", ["KRT5", "TP63", "KRT15", "S100A2"]],
]);
