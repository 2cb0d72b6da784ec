"""Normalises a query as a Python user of a bundle does: counts per 10,000 of the model's genes, then log1p.

Usage: normalise.py QUERY.h5ad METADATA.pkl OUT.h5ad
"""

import pickle
import sys

import anndata
import numpy as np
import scipy.sparse

with open(sys.argv[2], "rb") as file:
    genes = set(pickle.load(file)["train_genes"])
query = anndata.read_h5ad(sys.argv[1])
query = query[:, query.var_names.isin(genes)].copy()
counts = scipy.sparse.csr_matrix(query.X, dtype=np.float64)
counts = scipy.sparse.diags(1e4 / np.maximum(counts.sum(1).A1, 1)) @ counts
query.X = counts.log1p().astype(np.float32).tocsr()
query.write_h5ad(sys.argv[3])
