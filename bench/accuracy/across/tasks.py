"""The tasks between studies: python3 tasks.py DATA_FOLDER OUT_FOLDER [TASK ...]

Writes, for every task and draw, OUT_FOLDER/TASK.DRAW.reference.h5ad and OUT_FOLDER/TASK.DRAW.query.h5ad: raw counts, gene symbols,
`obs/label` (the finest names that both sides share) and `obs/group` (donor, technology; one value where there is none). A label of
the query is `novel` where the reference has no such type and empty where the cell is not scored. Draw 1 has every cell of the
reference; later draws have a random 70 %. Simulated queries differ in what is simulated.
"""

import gzip
import os
import sys

import anndata
import numpy as np
import pandas as pd
import scipy.sparse as sp

NOVEL, UNSCORED = "novel", ""
DRAWS = (1, 2, 3)

CD4 = {"Naive CD4 T": "CD4 T", "Memory CD4 T": "CD4 T"}
# Names of every study, by the fine names that pbmc3k has.
ONEK1K = {"cd4nc": "CD4 T", "bmem": "B", "monoc": "CD14+ Mono", "mononc": "FCGR3A+ Mono"}
KANG = {
    "CD4 T cells": "CD4 T",
    "CD14+ Monocytes": "CD14+ Mono",
    "B cells": "B",
    "CD8 T cells": "CD8 T",
    "NK cells": "NK",
    "FCGR3A+ Monocytes": "FCGR3A+ Mono",
    "Dendritic cells": "DC",
    "Megakaryocytes": "Platelet",
}
IFNB = {
    "CD14 Mono": "CD14+ Mono",
    "CD16 Mono": "FCGR3A+ Mono",
    "CD4 Naive T": "Naive CD4 T",
    "CD4 Memory T": "Memory CD4 T",
    "CD8 T": "CD8 T",
    "B": "B",
}
TECH = {
    "Mono_CD14": "CD14+ Mono",
    "Mono_CD16": "FCGR3A+ Mono",
    "T_CD8": "CD8 T",
    "B": "B",
    "NK": "NK",
    "DC": "DC",
    "MK": "Platelet",
    "HSC": "HSC",
}
TECH_CD4 = {"cd4naive": "Naive CD4 T", "cd4mem": "Memory CD4 T", "treg": "Memory CD4 T"}
SORTED = {
    "Dendritic": "DC",
    "CD14+ Monocyte": "CD14+ Mono",
    "CD19+ B": "B",
    "CD56+ NK": "NK",
    "CD8+ Cytotoxic T": "CD8 T",
    "CD8+/CD45RA+ Naive Cytotoxic": "CD8 T",
    "CD4+/CD45RO+ Memory": "Memory CD4 T",
    "CD4+/CD45RA+/CD25- Naive T": "Naive CD4 T",
    "CD34+": NOVEL,
}
NSCLC = {"T cell": "T", "NK cell": "NK", "B cell": "B", "Monocyte": "Mono", "unseen_in_pbmc": NOVEL}


class Cells:
    """Counts, gene symbols, labels and groups of some cells."""

    def __init__(self, counts, genes, labels, groups):
        self.counts, self.genes = sp.csr_matrix(counts, dtype=np.float32), np.asarray(genes, dtype=object)
        self.labels, self.groups = np.asarray(labels, dtype=object), np.asarray(groups, dtype=object)

    def take(self, rows):
        return Cells(self.counts[rows], self.genes, self.labels[rows], self.groups[rows])

    def where(self, group):
        return self.take(np.flatnonzero(self.groups == group))

    def renamed(self, names, other=None):
        """With other labels; a label that `names` lacks stays, or becomes `other`."""
        labels = [names.get(label, label if other is None else other) for label in self.labels]
        return Cells(self.counts, self.genes, labels, self.groups)

    def labelled(self):
        return self.take(np.flatnonzero(self.labels != UNSCORED))

    def write(self, path):
        genes = anndata.utils.make_index_unique(pd.Index(self.genes.astype(str)))
        adata = anndata.AnnData(self.counts)
        adata.var_names = genes
        adata.obs_names = [f"cell{i}" for i in range(len(self.labels))]
        adata.obs["label"] = self.labels.astype(str)
        adata.obs["group"] = self.groups.astype(str)
        adata.write_h5ad(path, compression="lzf")


class Studies:
    """The studies of the data folder, each read once."""

    def __init__(self, folder):
        self.folder, self.read = folder, {}

    def open(self, name):
        if name not in self.read:
            self.read[name] = anndata.read_h5ad(os.path.join(self.folder, name))
        return self.read[name]

    def cells(self, file, label, group=None, symbols=None):
        adata = self.open(file)
        labels = adata.obs[label].astype(object).where(adata.obs[label].notna(), UNSCORED)
        groups = ["all"] * adata.n_obs if group is None else adata.obs[group].astype(str)
        return Cells(adata.X, adata.var_names if symbols is None else symbols, labels, groups)

    def pbmc3k(self, label="cell_type"):
        return self.cells("pbmc3k_10xv1.h5ad", label)

    def tech(self):
        adata = self.open("pbmc_3tech_symphony.h5ad")
        fine = adata.obs["cell_type_l3_nested"].astype(object).where(adata.obs["cell_type_l3_nested"].notna(), "")
        labels = [
            TECH_CD4.get(below, UNSCORED) if above == "T_CD4" else TECH[above]
            for above, below in zip(adata.obs["cell_type_l2"], fine)
        ]
        return Cells(adata.X, adata.var_names, labels, adata.obs["technology"].astype(str))

    def kang(self):
        symbols = self.open("pbmc_kang2018_ctrl.h5ad").var["feature_name"].astype(str)
        return self.cells("pbmc_kang2018_ctrl.h5ad", "cell_type", "donor", symbols).renamed(KANG)

    def onek1k(self):
        adata = self.open("pbmc_onek1k_7811.h5ad")
        symbols = {}
        with gzip.open(os.path.join(self.folder, "gene_ids", "biomart_human_mouse_rat.tsv.gz"), "rt") as file:
            for line in file:
                fields = line.rstrip("\n").split("\t")
                for one, next_one in zip(fields, fields[1:]):
                    if one.startswith("ENSG") and next_one and one not in symbols:
                        symbols[one] = next_one
        names = [symbols.get(name, name) for name in adata.var_names]
        return self.cells("pbmc_onek1k_7811.h5ad", "cell_type", "indiv", names).renamed(ONEK1K)

    def ifnb(self, group):
        return self.cells("pbmc_ifnb832_kang2018.h5ad", "cell_type", "stim").renamed(IFNB).where(group)

    def sorted(self):
        return self.cells("pbmc68k_reduced_counts.h5ad", "bulk_labels")

    def gut(self):
        return self.cells("mmuscularis_infected540.h5ad", "cell_type", "treatment")

    def nsclc(self):
        return self.cells("nsclc_zilionis300_query.h5ad", "cell_type_pbmc")


def halves(cells, draw):
    """A random half to learn from and the other one."""
    order = np.random.default_rng(draw).permutation(len(cells.labels))
    return cells.take(np.sort(order[::2])), cells.take(np.sort(order[1::2]))


def with_counts(cells, counts):
    kept = np.flatnonzero(np.asarray(counts.sum(1)).ravel() > 0)
    return Cells(counts, cells.genes, cells.labels, cells.groups).take(kept)


def thinned(cells, share, rng):
    counts = cells.counts.copy()
    counts.data = rng.binomial(np.round(counts.data).astype(int), share).astype(np.float32)
    counts.eliminate_zeros()
    return with_counts(cells, counts)


def perturbed(cells, rng, genes=60, factor=4.0):
    """A programme of genes that most cells switch on, each as far as it likes."""
    mean = np.asarray(cells.counts.mean(0)).ravel()
    expressed = np.flatnonzero(mean > np.quantile(mean, 0.5))
    programme = rng.choice(expressed, genes, replace=False)
    strength = rng.lognormal(0, 0.5, genes) * factor * np.maximum(mean[programme], 0.05)
    cellwise = rng.lognormal(0, 0.4, (len(cells.labels), 1))
    counts = cells.counts.tolil()
    counts[:, programme] = cells.counts[:, programme].toarray() + rng.poisson(cellwise * strength)
    return with_counts(cells, sp.csr_matrix(counts))


def soiled(cells, rng, share=0.3):
    """Part of every cell's molecules are those of all cells: ambient RNA."""
    total = np.asarray(cells.counts.sum(1)).ravel()
    profile = np.asarray(cells.counts.sum(0)).ravel()
    profile = profile / profile.sum()
    own = thinned_counts(cells.counts, 1 - share, rng)
    ambient = np.stack([rng.multinomial(int(share * n), profile) for n in total])
    return with_counts(cells, sp.csr_matrix(own + sp.csr_matrix(ambient.astype(np.float32))))


def thinned_counts(counts, share, rng):
    counts = counts.copy()
    counts.data = rng.binomial(np.round(counts.data).astype(int), share).astype(np.float32)
    return counts


def with_gains(cells, rng, spread, lost, panel=None):
    """Every gene caught by its own factor, some not at all: another species, or a panel of probes."""
    n = len(cells.genes)
    gain = np.exp(rng.normal(0, spread, n)) * (rng.random(n) >= lost)
    counts = cells.counts.copy()
    counts.data = rng.poisson(counts.data * gain[counts.indices]).astype(np.float32)
    counts.eliminate_zeros()
    if panel is not None:
        mean = np.asarray(cells.counts.mean(0)).ravel()
        keep = np.sort(rng.choice(np.argsort(-mean)[: 8 * panel], panel, replace=False))
        cells = Cells(cells.counts[:, keep], cells.genes[keep], cells.labels, cells.groups)
        counts = counts[:, keep]
    return with_counts(cells, counts)


def make_task(studies, name, draw):
    """The reference and the query of a task."""
    rng = np.random.default_rng(1000 + draw)
    if name == "tech-pbmc3k":
        return studies.tech(), studies.pbmc3k()
    if name == "kang-pbmc3k":
        return studies.kang(), studies.pbmc3k().renamed(CD4)
    if name in ("pbmc3k-ifnb-ctrl", "pbmc3k-ifnb-stim"):
        return studies.pbmc3k(), studies.ifnb(name[-4:].upper())
    if name == "kang-ifnb-stim":
        return studies.kang(), studies.ifnb("STIM").renamed(CD4)
    if name == "onek1k-pbmc3k":
        names = {"NK": NOVEL, "DC": NOVEL, "Platelet": NOVEL, "CD8 T": UNSCORED}
        return studies.onek1k(), studies.pbmc3k().renamed({**CD4, **names})
    if name == "pbmc3k-nsclc":
        return studies.pbmc3k("cell_type_l1_derived"), studies.nsclc().renamed(NSCLC, UNSCORED)
    if name == "gut-infected":
        gut = studies.gut()
        return gut.where("uninfected"), gut.where("infected")
    if name == "pbmc3k-onek1k":
        return studies.pbmc3k().renamed(CD4), studies.onek1k()
    if name == "tech-onek1k":
        return studies.tech().renamed(CD4), studies.onek1k()
    if name == "pbmc3k-tech":
        return studies.pbmc3k(), studies.tech().renamed({"HSC": NOVEL})
    if name == "pbmc3k-sorted":
        return studies.pbmc3k(), studies.sorted().renamed(SORTED, UNSCORED)
    if name == "within-tech":
        adata = studies.open("pbmc_3tech_symphony.h5ad")
        cells = studies.cells("pbmc_3tech_symphony.h5ad", "cell_type_l3_nested", "technology")
        rows = np.flatnonzero(adata.obs["technology"] != "5p")
        return cells.take(rows), cells.where("5p")
    if name == "within-kang":
        kang = studies.kang()
        donors = sorted(set(kang.groups))
        held = {donors[(3 * draw + i) % len(donors)] for i in range(3)}
        is_held = np.isin(kang.groups, list(held))
        return kang.take(np.flatnonzero(~is_held)), kang.take(np.flatnonzero(is_held))
    if name == "within-sorted":
        cells = studies.sorted()
        is_held = np.random.default_rng(draw).random(len(cells.labels)) < 0.3
        return cells.take(np.flatnonzero(~is_held)), cells.take(np.flatnonzero(is_held))
    base, change = name.split("-")[1:]
    learned, query = halves(studies.gut() if base == "gut" else studies.pbmc3k(), draw)
    if change == "perturbed":
        return learned, perturbed(query, rng)
    if change == "shallow":
        return learned, thinned(query, 0.2, rng)
    if change == "ambient":
        return learned, soiled(query, rng)
    if change == "species":
        return learned, with_gains(query, rng, spread=1.0, lost=0.3)
    if change == "panel":
        return learned, with_gains(query, rng, spread=0.7, lost=0.0, panel=100)
    raise ValueError(f"there is no task {name}")


ACROSS = (
    "tech-pbmc3k kang-pbmc3k pbmc3k-ifnb-ctrl pbmc3k-ifnb-stim onek1k-pbmc3k pbmc3k-nsclc gut-infected pbmc3k-onek1k tech-onek1k "
    "kang-ifnb-stim pbmc3k-tech pbmc3k-sorted"
).split()
WITHIN = "within-tech within-kang within-sorted".split()
SIMULATED = (
    "sim-pbmc3k-perturbed sim-pbmc3k-shallow sim-pbmc3k-ambient sim-pbmc3k-species sim-pbmc3k-panel sim-gut-perturbed sim-gut-species "
    "sim-gut-panel"
).split()
TASKS = ACROSS + WITHIN + SIMULATED


def main():
    studies, folder = Studies(sys.argv[1]), sys.argv[2]
    os.makedirs(folder, exist_ok=True)
    for name in sys.argv[3:] or TASKS:
        for draw in DRAWS:
            reference, query = make_task(studies, name, draw)
            reference = reference.labelled()
            if draw > 1 and not name.startswith(("sim-", "within-kang", "within-sorted")):
                rng = np.random.default_rng(draw)
                reference = reference.take(np.flatnonzero(rng.random(len(reference.labels)) < 0.7))
            known = set(reference.labels)
            query = query.renamed({x: UNSCORED for x in set(query.labels) - known - {NOVEL}})
            reference.write(os.path.join(folder, f"{name}.{draw}.reference.h5ad"))
            query.write(os.path.join(folder, f"{name}.{draw}.query.h5ad"))
            shared = len(set(reference.genes) & set(query.genes))
            scored = np.isin(query.labels, list(known)).sum()
            novel = (query.labels == NOVEL).sum()
            print(
                f"{name}.{draw}: {reference.counts.shape} → {query.counts.shape}, {shared} genes shared, "
                f"{len(known)} types, {scored} cells scored, {novel} novel",
                flush=True,
            )


if __name__ == "__main__":
    main()
