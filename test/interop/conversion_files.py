"""Compares what anndata reads of a dataset with what it reads of the copies that this package made of it, element by element."""

import json
import shutil
import sys
import tempfile
import warnings
import zipfile

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

warnings.simplefilter("ignore")

try:
    import awkward as ak
except ImportError:  # anndata of Debian reads none either
    ak = None


def read(path):
    if path.endswith(".h5ad"):
        return ad.read_h5ad(path)
    if not path.endswith(".zip"):
        return ad.read_zarr(path)
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
        return ad.read_zarr(folder)


def mended(path):
    """The file with codes that have no category as missing, which anndata refuses."""
    copy = tempfile.NamedTemporaryFile(suffix=".h5ad", delete=False).name
    shutil.copyfile(path, copy)
    with h5py.File(copy, "r+") as file:

        def mend(_name, element):
            if not isinstance(element, h5py.Group) or element.attrs.get("encoding-type") != "categorical":
                return
            codes = element["codes"][:].astype("int64")
            codes[(codes < 0) | (codes >= len(element["categories"]))] = -1
            attributes = dict(element["codes"].attrs)
            del element["codes"]
            element["codes"] = codes.astype("int8")
            element["codes"].attrs.update(attributes)

        groups = []
        file.visititems(lambda name, element: groups.append((name, element)))
        for name, element in groups:
            mend(name, element)
    return ad.read_h5ad(copy)


def same(one, other, path, found, skip):
    if path in skip:
        return
    if isinstance(one, pd.DataFrame):
        same_frame(one, other, path, found, skip)
    elif hasattr(one, "keys") and not sp.issparse(one):
        if not hasattr(other, "keys"):
            found.append(f"{path} is {type(other).__name__}")
            return
        for key in sorted(set(one) | set(other)):
            at = f"{path}/{key}"
            if at in skip:
                continue
            if key not in other:
                found.append(f"{at} is missing")
            elif key not in one:
                found.append(f"{at} is new")
            else:
                same(one[key], other[key], at, found, skip)
    elif sp.issparse(one):
        one, other = one.copy(), other.copy()
        if type(one) is not type(other) or one.dtype != wide(other.dtype, one.dtype) or (one != other).nnz:
            found.append(f"{path} differs: {one!r} {other!r}")
    elif ak is not None and isinstance(one, ak.Array):
        if not isinstance(other, ak.Array) or ak.to_list(one) != ak.to_list(other) or one.type != other.type:
            found.append(f"{path} differs: {one!r} {other!r}")
    elif one is None or other is None:
        if one is not other:
            found.append(f"{path} differs: {one!r} {other!r}")
    else:
        same_array(np.asarray(one), np.asarray(other), path, found)


def wide(dtype, stored):
    """Half floats become float32, and nothing else changes its type."""
    return stored if stored == np.float16 and dtype == np.float32 else dtype


def plain(values):
    """Text of any type as objects."""
    return np.asarray(values.astype(object)) if values.dtype.kind in "OTUS" else values


def same_array(one, other, path, found):
    if one.dtype.names is not None:
        if one.dtype.names != other.dtype.names or one.shape != other.shape:
            found.append(f"{path} differs: {one.dtype} {one.shape} {other.dtype} {other.shape}")
            return
        for name in one.dtype.names:
            same_array(one[name], other[name], f"{path}/{name}", found)
        return
    one, other = plain(one), plain(other)
    floats = one.dtype.kind in "fc"
    if (
        one.shape != other.shape
        or one.dtype != wide(other.dtype, one.dtype)
        or not np.array_equal(one, other.astype(one.dtype), equal_nan=floats)
    ):
        found.append(f"{path} differs: {one.dtype} {one.shape} {other.dtype} {other.shape}")


def same_frame(one, other, path, found, skip):
    kept = [name for name in one.columns if f"{path}/{name}" not in skip]
    rest = [name for name in other.columns if f"{path}/{name}" not in skip]
    if kept != rest:
        found.append(f"{path} has the columns {rest}, and had {kept}")
        return
    if list(one.index) != list(other.index):
        found.append(f"{path}: another index")
    for name in kept:
        before, after = one[name], other[name]
        at = f"{path}/{name}"
        if isinstance(before.dtype, pd.CategoricalDtype) != isinstance(after.dtype, pd.CategoricalDtype):
            found.append(f"{at} differs: {before.dtype} {after.dtype}")
        elif isinstance(before.dtype, pd.CategoricalDtype):
            if before.cat.ordered != after.cat.ordered:
                found.append(f"{at}: ordered differs")
            same_array(before.cat.categories.to_numpy(), after.cat.categories.to_numpy(), f"{at} categories", found)
            same_array(before.cat.codes.to_numpy(), after.cat.codes.to_numpy(), f"{at} codes", found)
        elif pd.api.types.is_extension_array_dtype(before.dtype):
            if str(before.dtype) != str(after.dtype) or not before.reset_index(drop=True).equals(after.reset_index(drop=True)):
                found.append(f"{at} differs: {before.dtype} {after.dtype}")
        else:
            same_array(before.to_numpy(), after.to_numpy(), at, found)


def parts(a, which):
    every = {
        "obs": a.obs,
        "var": a.var,
        "X": a.X,
        "layers": dict(a.layers),
        "obsm": dict(a.obsm),
        "varm": dict(a.varm),
        "obsp": dict(a.obsp),
        "varp": dict(a.varp),
        "uns": dict(a.uns),
        "raw": None if a.raw is None else {"X": a.raw.X, "var": a.raw.var, "varm": dict(a.raw.varm)},
    }
    return {key: every[key] for key in which}


def compare(jobs):
    """For each job the differences; null where anndata itself cannot read the dataset."""
    answers = []
    for original, copy, which, skip in jobs:
        try:
            one = mended(original) if "na_codes" in original else read(original)
            same(parts(one, which), parts(one, which), "", [], set())  # a broken matrix shows when it is used
        except Exception as error:  # noqa: BLE001 - whatever anndata throws
            answers.append({"unreadable": str(error)[:200]})
            continue
        found = []
        try:
            same(parts(one, which), parts(read(copy), which), "", found, set(skip))
        except Exception as error:  # noqa: BLE001
            found.append(f"the copy cannot be read: {error!r}"[:300])
        answers.append({"differences": found})
    return answers


def make(folder):
    """Elements of every kind that the newest anndata stores and few files have."""
    n, m = 12, 7
    rng = np.random.default_rng(3)
    a = ad.AnnData(sp.random(n, m, 0.6, format="csr", dtype="float32", random_state=3))
    a.X.data[:] = np.ceil(a.X.data * 9)
    a.obs_names = [f"c{i}" for i in range(n)]
    a.var_names = ["CD3E", "CD4", "CD8A", "MS4A1", "LYZ", "NKG7", "GNLY"]
    a.obs["complex64"] = (np.arange(n) + 1j * np.arange(n)).astype("complex64")
    a.obs["complex128"] = np.arange(n) - 0.5j
    a.obs["of_ints"] = pd.Categorical(rng.integers(0, 3, n))
    a.obs["of_floats"] = pd.Categorical(rng.integers(0, 3, n) / 2)
    a.obs["of_bools"] = pd.Categorical(np.arange(n) % 2 == 0)
    a.obs["int"] = pd.array([None if i % 3 == 0 else i for i in range(n)], dtype="Int32")
    a.obs["bool"] = pd.array([None if i % 3 == 0 else i % 2 == 0 for i in range(n)], dtype="boolean")
    a.obs["small"] = np.arange(n, dtype="uint8")
    a.obsm["complex"] = rng.normal(size=(n, 2)) + 1j
    a.obsm["sparse"] = sp.random(n, 4, 0.5, format="csc", random_state=1)
    a.obsm["frame"] = pd.DataFrame({"a": np.arange(n), "b": pd.Categorical(["x", "y"] * (n // 2))}, index=a.obs_names)
    if ak is not None:
        a.obsm["lists"] = ak.Array([[{"s": f"t{i}", "n": i}] * (i % 3) for i in range(n)])
    a.uns["none"] = None
    a.uns["deep"] = {"none": None, "list": ["a", "b"], "empty": np.array([]), "matrix": np.arange(6).reshape(2, 3)}
    a.uns["scalars"] = {"int": 3, "float": 2.0, "text": "t", "bool": False, "complex": np.complex128(1 + 2j)}
    a.uns["records"] = np.array(
        [(1, 2.5, "é"), (2, -1.0, "long 😀")], dtype=[("n", "i4"), ("x", "f8"), ("t", "U8")]
    )
    a.uns["cube"] = rng.normal(size=(2, 3, 4))
    a.uns["words"] = np.array([["a", "bb"], ["", "ccc"]], dtype=object)
    a.write_h5ad(f"{folder}/kinds.h5ad")
    a.write_zarr(f"{folder}/kinds.zarr")
    return [f"{folder}/kinds.h5ad", f"{folder}/kinds.zarr"]


command, argument = sys.argv[1:3]
print(json.dumps(make(argument) if command == "make" else compare(json.load(open(argument)))))
