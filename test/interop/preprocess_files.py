"""Writes an .h5ad with something in every place (`write PATH`), or prints what is in one as JSON (`read PATH`)."""

import json
import sys

import anndata
import numpy as np
import pandas as pd
import scipy.sparse as sp

SYMBOLS = ["TP53", "CD3E", "ACTB", "NOT_A_GENE", "GAPDH", "TP53", "B2M", "FTL"]


def write(path):
    rng = np.random.default_rng(0)
    n, m = 30, len(SYMBOLS)
    counts = sp.csr_matrix(rng.poisson(1.5, (n, m)).astype(np.float32))
    adata = anndata.AnnData(
        counts,
        obs=pd.DataFrame({"donor": pd.Categorical(["a", "b", "c"] * 10)}, index=[f"c{i}" for i in range(n)]),
        var=pd.DataFrame({"length": np.arange(m), "chromosome": list("abcdefgh")}, index=SYMBOLS),
        dtype=np.float32,
    )
    adata.raw = adata.copy()
    adata.layers["logged"] = np.log1p(counts.toarray())
    adata.obsm["X_pca"] = rng.normal(size=(n, 3))
    adata.varm["PCs"] = np.arange(m * 2, dtype=np.float64).reshape(m, 2)
    adata.varm["frame"] = pd.DataFrame({"q": np.arange(m)}, index=adata.var_names)
    adata.obsp["distances"] = sp.random(n, n, 0.1, format="csr", random_state=1)
    adata.varp["cor"] = sp.csr_matrix(np.arange(m * m, dtype=np.float64).reshape(m, m))
    adata.uns["nested"] = {"a": {"b": np.array([1, 2])}, "text": "kept"}
    adata.write_h5ad(path)


def read(path):
    adata = anndata.read_h5ad(path)
    adata.X.check_format(full_check=True)
    json.dump(
        {
            "shape": adata.shape,
            "var_names": adata.var_names.tolist(),
            "var": {name: adata.var[name].astype(str).tolist() for name in adata.var},
            "x": adata.X.toarray().sum(0).tolist(),
            "counts": adata.layers["counts"].toarray().sum(0).tolist() if "counts" in adata.layers else None,
            "raw_shape": adata.raw.shape,
            "raw_x": np.asarray(adata.raw.X.sum(0)).ravel().tolist(),
            "logged": np.round(np.asarray(adata.layers["logged"].sum(0)).ravel(), 3).tolist(),
            "pcs": adata.varm["PCs"].tolist(),
            "frame": adata.varm["frame"]["q"].tolist(),
            "frame_index": adata.varm["frame"].index.tolist(),
            "cor": adata.varp["cor"].toarray().tolist(),
            "distances": float(adata.obsp["distances"].sum()),
            "pca": float(adata.obsm["X_pca"].sum()),
            "donor": adata.obs["donor"].astype(str).tolist(),
            "nested": adata.uns["nested"]["a"]["b"].tolist(),
            "species": adata.uns["atlasmtl_preprocess"]["report"]["genes"]["species"],
            "panel": adata.uns["atlasmtl_preprocess"]["feature_panel"]["gene_ids"].tolist(),
        },
        sys.stdout,
    )


{"write": write, "read": read}[sys.argv[1]](sys.argv[2])
