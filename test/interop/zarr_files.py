"""Makes datasets with the newest anndata, and compares what this package makes of them."""

import json
import sys
import warnings

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

warnings.simplefilter("ignore")

ADDED = ["pred_type", "conf_type", "is_unknown_type"]


def dataset():
    rng = np.random.default_rng(5)
    n, m = 57, 23
    x = sp.random(n, m, 0.3, format="csr", dtype="float32", random_state=5)
    a = ad.AnnData(x)
    a.obs_names = [f"cell {i} ü" for i in range(n)]
    a.var_names = [f"gene/{i}" if i == 3 else f"G{i}" for i in range(m)]
    a.obs["kind"] = pd.Categorical(rng.choice(["a", "b", "é"], n))
    a.obs["level"] = pd.Categorical(
        [None if i % 7 == 0 else "hi" if i % 2 else "lo" for i in range(n)],
        categories=["lo", "hi"],
        ordered=True,
    )
    a.obs["text"] = ["" if i == 0 else f"zz 😀 {i}" for i in range(n)]  # repeated, it would become categories
    a.obs["int"] = np.arange(n) - 5
    a.obs["flag"] = np.arange(n) % 3 == 0
    a.obs["float"] = np.where(np.arange(n) == 4, np.nan, rng.normal(size=n)).astype("float32")
    a.obs["nullable_int"] = pd.array([None if i % 5 == 0 else i for i in range(n)], dtype="Int64")
    a.obs["nullable_bool"] = pd.array([None if i % 5 == 0 else i % 2 == 0 for i in range(n)], dtype="boolean")
    a.var["mean"] = rng.normal(size=m)
    a.obsm["X_umap"] = rng.normal(size=(n, 2)).astype("float32")
    a.obsm["frame"] = pd.DataFrame({"q": np.arange(n) * 0.5}, index=a.obs_names)
    a.layers["columns"] = sp.csc_matrix(x)
    a.layers["dense"] = x.toarray().astype("float64")
    a.layers["counts"] = sp.csr_matrix((x * 10).astype("int64"))
    a.obsp["distances"] = sp.random(n, n, 0.1, format="csr", random_state=1)
    a.varm["PCs"] = rng.normal(size=(m, 3))
    a.uns["deep"] = {
        "text": "hello",
        "n": 3,
        "x": 2.5,
        "yes": True,
        "list": np.arange(3),
        "words": np.array(["a", "bb"], dtype=object),
        "inner": {"k": 1},
    }
    a.raw = a.copy()
    return a[:, :19].copy()


def make(folder):
    a = dataset()
    a.write_h5ad(f"{folder}/made.h5ad", compression="gzip")
    for version in (2, 3):
        ad.settings.zarr_write_format = version
        a.write_zarr(f"{folder}/made_v{version}.zarr", chunks=(16, 19))
    return {"shape": a.shape, "sum": float(a.X.sum()), "raw": float(a.raw.X.sum())}


def read(path):
    return ad.read_h5ad(path) if path.endswith(".h5ad") else ad.read_zarr(path)


def same(one, other, path, found):
    if isinstance(one, dict):
        for key in one:
            if key not in other:
                found.append(f"{path}/{key} is missing")
            else:
                same(one[key], other[key], f"{path}/{key}", found)
    elif sp.issparse(one):
        if type(one) is not type(other) or one.dtype != other.dtype or (one != other).nnz:
            found.append(f"{path} differs")
    elif isinstance(one, pd.DataFrame):
        try:
            pd.testing.assert_frame_equal(one, other)
        except AssertionError as error:
            found.append(f"{path}: {error}")
    else:
        one, other = np.asarray(one), np.asarray(other)
        if one.dtype.kind == "O" and other.dtype.kind in "OT":  # strings; zarr's have a type of their own
            other = other.astype(object)
        if one.dtype != other.dtype or not np.array_equal(one, other):
            found.append(f"{path} differs: {one.dtype} {other.dtype}")


def compare(path):
    a, b = dataset(), read(path)
    found = []
    same(a.obs, b.obs.drop(columns=ADDED), "obs", found)
    same(a.var, b.var, "var", found)
    same(a.X, b.X, "X", found)
    same(a.raw.X, b.raw.X, "raw/X", found)
    same(a.raw.var, b.raw.var, "raw/var", found)
    for part in ("layers", "obsm", "varm", "obsp", "uns"):
        same(dict(getattr(a, part)), dict(getattr(b, part)), part, found)
    labels = b.obs["pred_type"]
    return {
        "differences": found,
        "columns": list(b.obs.columns[-3:]),
        "labels": [str(labels.dtype), list(labels[:3]), labels.cat.ordered],
        "conf": [str(b.obs["conf_type"].dtype), float(b.obs["conf_type"].iloc[1])],
        "unknown": [str(b.obs["is_unknown_type"].dtype), int(b.obs["is_unknown_type"].sum())],
        "coords": [str(b.obsm["X_pred_umap"].dtype), list(b.obsm["X_pred_umap"].shape)],
        "uns": {key: str(value) for key, value in b.uns["atlasmtl"].items()},
    }


command, argument = sys.argv[1:3]
print(json.dumps({"make": make, "compare": compare}[command](argument)))
