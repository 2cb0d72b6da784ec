// Textbook markers of well-known blood cells, by dataset and class; those that a dataset lacks are left out.
const T = ["CD3D", "CD3E", "IL7R", "IL32", "CD2"];
const B = ["CD79A", "MS4A1", "CD79B", "CD37"];
const NK = ["NKG7", "GNLY", "KLRD1", "GZMB", "PRF1"];
const MONO = ["LYZ", "CST3", "S100A8", "S100A9", "FCN1"];
const DC = ["FCER1A", "HLA-DQA1", "CD1C", "CLEC10A"];
const MK = ["PPBP", "PF4"];

export const TEXTBOOK = [
  {
    file: "pbmc3k_10xv1.h5ad",
    labelColumns: ["cell_type_l1_derived"],
    markers: { T, B, NK, Mono: MONO, DC, Platelet: MK },
  },
  {
    file: "pbmc_3tech_symphony.h5ad",
    labelColumns: ["cell_type_l1"],
    markers: { T, B, NK, Mono: MONO, DC, MK, HSC: ["SPINK2", "CD34", "SOX4"] },
  },
  {
    file: "pbmc_kang2018_ctrl.h5ad",
    labelColumns: ["cell_type_l1_derived"],
    names: "feature_name",
    markers: { T, B, NK, Mono: MONO, DC, MK },
  },
  {
    // Labels by likeness to sorted cells.
    file: "pbmc68k_reduced_counts.h5ad",
    labelColumns: ["bulk_labels"],
    markers: {
      "CD14+ Monocyte": MONO,
      "CD19+ B": B,
      "CD56+ NK": NK,
      Dendritic: DC,
      "CD34+": ["CD34", "SOX4", "SPINK2"],
    },
  },
];
