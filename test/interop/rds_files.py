"""The cells of `rds_files.R` in Python: FOLDER; and FOLDER ANNOTATED..., which compares files made of R objects with them."""

import json
import sys
import warnings
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from scipy import io

warnings.simplefilter("ignore")
folder = Path(sys.argv[1])
obs = pd.read_csv(folder / "obs.csv", index_col=0)
genes = (folder / "genes.txt").read_text().split()
counts = io.mmread(folder / "matrix.mtx").T.tocsr()


def write():
    own = obs.copy()
    own["cell_type"] = pd.Categorical(own["cell_type"], ["T cell", "B cell", "Mono", "nowhere"])
    own["donor"] = own["donor"].fillna("")
    own["passed"] = own["passed"].astype(str)
    ad.AnnData(counts.astype(np.float32), obs=own, var=pd.DataFrame(index=genes)).write_h5ad(folder / "cells.h5ad")


def compare(path):
    found = ad.read_h5ad(path)
    assert list(found.obs_names) == list(obs.index) and list(found.var_names) == genes, path
    assert (found.X.toarray() if hasattr(found.X, "toarray") else found.X).tolist() == counts.toarray().tolist(), path
    assert list(found.obs["cell_type"].cat.categories) == ["T cell", "B cell", "Mono", "nowhere"], path
    for column in ("cell_type", "donor", "n", "passed"):
        ours, theirs = found.obs[column], obs[column]
        assert list(ours.isna()) == list(theirs.isna()), (path, column)
        there = ~theirs.isna()
        assert list(ours[there]) == list(theirs[there]), (path, column)
    if "X_pca" in found.obsm:
        assert found.obsm["X_pca"].T.ravel().tolist() == (np.arange(1, 2 * len(obs) + 1) / 8).tolist(), path
    return sorted(found.obsm)


if len(sys.argv) == 2:
    write()
else:
    print(json.dumps([compare(path) for path in sys.argv[2:]]))
