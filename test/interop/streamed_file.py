"""Opens the .h5ad named on the command line as a Python user does; prints what it holds as JSON."""

import json
import sys

import anndata
import numpy as np
import scipy.sparse

adata = anndata.read_h5ad(sys.argv[1])
backed = anndata.read_h5ad(sys.argv[1], backed="r")
assert isinstance(adata.X, scipy.sparse.csr_matrix) and adata.X.dtype == np.float32
assert (backed.X[:] != adata.X).nnz == 0
adata.X.check_format(full_check=True)
json.dump(
    {
        "shape": adata.shape,
        "sum": float(adata.X.sum()),
        "nnz": adata.X.nnz,
        "weighted": float(adata.X.multiply(np.arange(adata.n_vars) + 1).sum()),
        "obs": {name: str(dtype) for name, dtype in adata.obs.dtypes.items()},
        "var": {name: str(dtype) for name, dtype in adata.var.dtypes.items()},
        "states": adata.obs["state"].astype(str).tolist(),
        "unseen": int(adata.obs["is_unseen_type"].sum()),
        "obs_names": adata.obs_names.tolist(),
        "var_names": adata.var_names.tolist(),
    },
    sys.stdout,
)
