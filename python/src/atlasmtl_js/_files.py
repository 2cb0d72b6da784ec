"""Writes of an AnnData what the command reads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

try:  # anndata 0.11 and later
    from anndata.io import read_elem, write_elem
except ImportError:
    from anndata.experimental import read_elem, write_elem

from ._errors import AtlasmtlError

#: The last obs column of a written query. What stands behind it in the result is new.
MARKER = "_atlasmtl_written"


def matrix_of(adata: AnnData, options: Mapping[str, Any]) -> str:
    """The path of the matrix that the options choose: ``X``, ``layers/NAME`` or ``raw``."""
    layer = options.get("layer")
    if layer is not None and layer not in adata.layers:
        raise AtlasmtlError(
            f"there is no layer {layer!r}",
            code="NOT_FOUND",
            where="adata.layers",
            hint=f"layers: {', '.join(map(str, adata.layers.keys()))}" if len(adata.layers) else "adata has none",
        )
    if options.get("use_raw") and adata.raw is None:
        raise AtlasmtlError(
            "adata.raw is None", code="NOT_FOUND", where="adata.raw", hint="leave out use_raw, or name a layer"
        )
    if layer is not None:
        return f"layers/{layer}"
    if options.get("use_raw"):
        return "raw"
    if adata.X is None:
        raise AtlasmtlError(
            "adata.X is None", code="NOT_FOUND", where="adata.X", hint="choose a matrix by layer=... or use_raw=True"
        )
    return "X"


def other_matrices(adata: AnnData) -> str | None:
    """Which matrices may be chosen, for a hint."""
    found = [f"layer={name!r}" for name in adata.layers]
    if adata.raw is not None:
        found.append("use_raw=True")
    return f"adata also has {', '.join(found)}" if found else None


def own_file(adata: AnnData, matrix: str) -> str | None:
    """The file of a backed AnnData if it says of the cells and genes what is in memory, so that nothing is copied."""
    if not adata.isbacked or adata.is_view or matrix != "X":
        return None
    path = os.fspath(adata.filename)
    if not path.endswith(".h5ad"):
        return None
    if adata.file.is_open:
        adata.file["obs"].file.flush()
    with h5py.File(path, "r") as file:
        if file.attrs.get("encoding-type") != "anndata":
            return None
        obs, var, obsm = read_elem(file["obs"]), read_elem(file["var"]), read_elem(file["obsm"])
    is_same = (
        var.index.equals(adata.var.index)
        and obs.index.equals(adata.obs.index)
        and obs.equals(adata.obs)
        and set(obsm) == set(adata.obsm.keys())
        and all(same(obsm[key], adata.obsm[key]) for key in obsm)
    )
    return path if is_same else None


class Held(NamedTuple):
    """What a file says of cells: names of obs columns and of obsm arrays."""

    obs: list[str]
    obsm: list[str]


def write(adata: AnnData, path: Path, matrix: str) -> Held:
    """Writes obs, var, obsm and the one matrix that is read; other layers, obsp and so on stay where they are.

    Columns of kinds that a file cannot hold are left out.
    """
    with h5py.File(path, "w") as file:
        _tag(file, "anndata")
        obs = _frame(adata.obs, adata.obs_names)
        held = Held(list(obs.columns), [])
        obs[MARKER] = np.zeros(adata.n_obs, np.int8)
        write_elem(file, "obs", obs)
        write_elem(file, "var", _frame(adata.var, adata.var_names))
        obsm = {key: value for key, value in adata.obsm.items() if _is_name(key) and _is_numbers(value)}
        write_elem(file, "obsm", obsm)
        held.obsm.extend(obsm)
        # What atlasmtl noted of its own preprocessing.
        write_elem(file, "uns", {key: adata.uns[key] for key in adata.uns if str(key).startswith("atlasmtl_")})
        write_elem(file, "layers", {})
        if matrix == "raw":
            group = file.create_group("raw")
            _tag(group, "raw")
            write_elem(group, "var", _frame(adata.raw.var, adata.raw.var_names))
            write_elem(group, "varm", {})
        _write_matrix(adata, matrix, file)
    return held


def _write_matrix(adata: AnnData, matrix: str, file: h5py.File) -> None:
    if matrix == "X" and adata.isbacked and not adata.is_view:
        # From file to file, without memory.
        with h5py.File(os.fspath(adata.filename), "r") as source:
            source.copy("X", file, name="X")
        return
    folder, _, layer = matrix.partition("/")
    if folder == "X":
        values, target, name = adata.X, file, "X"
    elif folder == "raw":
        values, target, name = adata.raw.X, file["raw"], "X"
    else:
        values, target, name = adata.layers[layer], file["layers"], layer
    if hasattr(values, "to_memory"):
        values = values.to_memory()
    if sparse.issparse(values) and values.format not in ("csr", "csc"):
        values = values.tocsr()
    write_elem(target, name, values)


def _tag(group: h5py.Group, kind: str) -> None:
    group.attrs["encoding-type"] = kind
    group.attrs["encoding-version"] = "0.1.0"


def _frame(frame: pd.DataFrame, names: pd.Index) -> pd.DataFrame:
    """The columns that a file can hold, under the names of the cells or genes."""
    columns: dict[str, Any] = {}
    for at, name in enumerate(frame.columns):
        if isinstance(name, str) and _is_name(name) and name not in columns:
            held = _column(frame.iloc[:, at])
            if held is not None:
                columns[name] = held
    return pd.DataFrame(columns, index=pd.Index(np.asarray(names, dtype=object)))


def _column(column: pd.Series) -> Any:
    """Texts as categories, as anndata writes them; None for dates, values of mixed kinds and the like."""
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        if pd.api.types.infer_dtype(dtype.categories) in ("string", "empty"):
            return column.array
        names = dtype.categories.astype(str)
        return column.cat.rename_categories(names).array if names.is_unique else None
    if pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype):
        kind = pd.api.types.infer_dtype(column, skipna=True)
        return pd.Categorical(column.astype(object)) if kind in ("string", "empty") else None
    if pd.api.types.is_bool_dtype(dtype):
        return column.to_numpy(bool) if not column.hasnans else pd.array(column, dtype="boolean")
    if pd.api.types.is_integer_dtype(dtype) and not column.hasnans:
        return np.asarray(column.to_numpy())
    if pd.api.types.is_integer_dtype(dtype) or pd.api.types.is_float_dtype(dtype):
        return column.to_numpy(np.float64, na_value=np.nan) if not isinstance(dtype, np.dtype) else column.to_numpy()
    return None


def _is_name(name: Any) -> bool:
    """A slash makes groups in HDF5."""
    return isinstance(name, str) and name not in ("", ".", "_index", MARKER) and not set("/\0") & set(name)


def _is_numbers(value: Any) -> bool:
    if isinstance(value, pd.DataFrame):
        return all(_is_name(name) for name in value.columns)
    return getattr(value, "dtype", np.dtype(object)).kind in "biuf"


def same(a: Any, b: Any) -> bool:
    """True for equal values, whatever the type that holds them; NaN equals NaN."""
    if isinstance(a, pd.DataFrame) and isinstance(b, pd.DataFrame):
        return list(a.columns) == list(b.columns) and all(same(a[name], b[name]) for name in a.columns)
    if sparse.issparse(a) and sparse.issparse(b):
        return a.shape == b.shape and (a != b).nnz == 0
    if isinstance(a, pd.DataFrame) or isinstance(b, pd.DataFrame) or sparse.issparse(a) or sparse.issparse(b):
        return False
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return False
    if a.dtype.kind in "biuf" and b.dtype.kind in "biuf":
        return bool(np.array_equal(a, b, equal_nan=True))
    return bool(np.array_equal(a.astype(str), b.astype(str)))
