"""Writes one dataset into every container, and old .h5ad files by hand.

    container_files.py make SOURCE FOLDER  the first cells of an .h5ad as h5ad, 10x .h5, mtx folders and tables
    container_files.py old FILE            as anndata 0.6 wrote: compound obs, var and obsm, raw.X, categories in uns
    container_files.py uns FILE            what anndata reads of uns, as JSON
"""
import gzip
import json
import os
import sys
import warnings

import anndata
import h5py
import numpy as np
import pandas as pd
import scipy.io
from scipy import sparse

warnings.simplefilter("ignore")
N = 60


def write_10x(path, X, cells, ids, symbols, version):
    """X is cells × genes."""
    columns = X.T.tocsc()  # genes × cells
    text = lambda values: np.array([v.encode() for v in values])
    with h5py.File(path, "w") as f:
        group = f.create_group("matrix" if version == 3 else "GRCh38")
        group["barcodes"] = text(cells)
        for name in ("data", "indices", "indptr"):
            group.create_dataset(name, data=getattr(columns, name).astype("i4" if name == "data" else "i8"), compression="gzip")
        group["shape"] = np.array(columns.shape, dtype="i4")
        if version == 2:
            group["genes"] = text(ids)
            group["gene_names"] = text(symbols)
            return
        features = group.create_group("features")
        features["id"] = text(ids)
        features["name"] = text(symbols)
        features["feature_type"] = text(["Gene Expression"] * len(ids))
        features["genome"] = text(["GRCh38"] * len(ids))
        features["_all_tag_keys"] = text(["genome"])


def write_mtx(folder, X, cells, ids, symbols, version, by_gene=False):
    os.makedirs(folder)
    opener, ending = (gzip.open, ".gz") if version == 3 else (open, "")
    matrix = X.T.tocsr() if by_gene else X.T.tocsc()
    with opener(f"{folder}/matrix.mtx{ending}", "wb") as f:
        scipy.io.mmwrite(f, matrix.astype("i4").tocoo(), field="integer")
    with opener(f"{folder}/barcodes.tsv{ending}", "wt") as f:
        f.write("".join(f"{cell}\n" for cell in cells))
    with opener(f"{folder}/{'features' if version == 3 else 'genes'}.tsv{ending}", "wt") as f:
        for i, symbol in zip(ids, symbols):
            f.write(f"{i}\t{symbol}" + ("\tGene Expression\n" if version == 3 else "\n"))


def make(source, folder):
    adata = anndata.read_h5ad(source)[:N].copy()
    X = sparse.csr_matrix(adata.X)
    cells, symbols = list(adata.obs_names), list(adata.var_names)
    ids = [f"ENSG{i:011d}" for i in range(len(symbols))]
    adata.write_h5ad(f"{folder}/query.h5ad")
    for version in (2, 3):
        write_10x(f"{folder}/tenx{version}.h5", X, cells, ids, symbols, version)
        write_mtx(f"{folder}/mtx{version}", X, cells, ids, symbols, version)
    write_mtx(f"{folder}/mtx_by_gene", X, cells, ids, symbols, 2, by_gene=True)
    frame = pd.DataFrame(X.toarray(), index=cells, columns=symbols)
    frame.to_csv(f"{folder}/table.csv")
    frame.to_csv(f"{folder}/table.tsv.gz", sep="\t", float_format="%.6e")
    frame.T.to_csv(f"{folder}/genes_in_rows.csv.gz")


def old(path):
    rng = np.random.default_rng(1)
    n, m = 23, 9
    csr = sparse.csr_matrix(rng.poisson(1.0, (n, m)).astype("f4"))

    def write_sparse(group):
        group.attrs["h5sparse_format"] = "csr"
        group.attrs["h5sparse_shape"] = np.array(csr.shape)
        for name in ("data", "indices", "indptr"):
            group[name] = getattr(csr, name)

    with h5py.File(path, "w") as f:
        write_sparse(f.create_group("X"))
        write_sparse(f.create_group("raw.X"))
        obs = np.zeros(n, dtype=[("index", "S12"), ("cell_type", "i1"), ("n_counts", "f4"), ("batch", "i8"), ("name", "S8"), ("flag", "?"), ("one", "i1")])
        obs["index"] = [f"cell-{i}".encode() for i in range(n)]
        obs["cell_type"] = np.arange(n) % 4 - 1
        obs["n_counts"] = csr.sum(1).A1
        obs["batch"] = np.arange(n) % 2
        obs["name"] = [f"n{i}".encode() for i in range(n)]
        obs["flag"] = np.arange(n) % 3 == 0
        f["obs"] = obs
        var = np.zeros(m, dtype=[("index", "S12"), ("gene_ids", "S8"), ("cell_type", "i1")])
        var["index"] = [f"gene{i}".encode() for i in range(m)]
        var["gene_ids"] = [f"G{i}".encode() for i in range(m)]
        f["var"] = var
        raw = np.zeros(m, dtype=[("index", "S12"), ("gene_ids", "S8")])
        for name in raw.dtype.names:
            raw[name] = var[name]
        f["raw.var"] = raw
        obsm = np.zeros(n, dtype=[("X_pca", "f4", (3,)), ("X_umap", "f8", (2,))])
        obsm["X_pca"] = rng.normal(size=(n, 3))
        obsm["X_umap"] = rng.normal(size=(n, 2))
        f["obsm"] = obsm
        f["varm"] = np.zeros(m, dtype=[("PCs", "f4", (3,))])
        uns = f.create_group("uns")
        uns["cell_type_categories"] = np.array(["B", "NK", "T"], dtype=h5py.string_dtype())
        uns["one_categories"] = "only"
        uns["note"] = "hello"
        groups = uns.create_group("rank_genes_groups")
        groups["names"] = np.array([(b"CD4", b"NKG7"), (b"IL7R", b"")], dtype=[("T", "S20"), ("NK cells", "S20")])
        groups["scores"] = np.array([(1.5, 2), (0.5, -1)], dtype=[("T", "f4"), ("NK cells", "i8")])
        groups["params/method"] = np.array([b"wilcoxon"])
        groups["params/use_raw"] = np.array([True])


def uns(path):
    def plain(value):
        if hasattr(value, "items"):
            return {key: plain(each) for key, each in value.items()}
        if isinstance(value, np.ndarray) and value.dtype.names:
            kinds = ["text" if value.dtype[name].kind in "OSU" else value.dtype[name].name for name in value.dtype.names]
            return ["records", list(zip(value.dtype.names, kinds)), value.tolist()]
        if isinstance(value, np.ndarray):
            return ["array", value.dtype.name, value.tolist()]
        return ["str" if isinstance(value, str) else type(value).__name__, str(value)]

    json.dump(plain(anndata.read_h5ad(path).uns), sys.stdout)


if __name__ == "__main__":
    {"make": make, "old": old, "uns": uns}[sys.argv[1]](*sys.argv[2:])
