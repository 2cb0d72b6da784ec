"""Makes .h5ad files with anndata, shows how anndata reads one, and compares two files element by element.

    anndata_files.py make FOLDER       files of every storage and dtype, and expected.json
    anndata_files.py umlauts FILE        a file whose obs has many names beyond ASCII, and an earlier prediction
    anndata_files.py latest FROM TO      a copy in HDF5's newest layout
    anndata_files.py show FILE         obs with dtypes and categories, dtypes of obsm, uns["atlasmtl"], as JSON
    anndata_files.py compare A B SKIP  differences of B from A, leaving out the paths in the JSON list SKIP
"""
import json
import sys
import warnings

import anndata
import h5py
import numpy as np
import pandas as pd
from scipy import sparse

warnings.simplefilter("ignore")

DTYPES = ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"]


def make(folder):
    rng = np.random.default_rng(7)
    n, g = 37, 11
    counts = rng.integers(0, 4, (n, g)) * (rng.random((n, g)) < 0.4)
    obs = pd.DataFrame(index=[f"cell {i} é" for i in range(n)])
    obs["text"] = [f"t{i}😀" for i in range(n)]
    obs["category"] = pd.Categorical(rng.choice(["B", "T", "NK"], n), categories=["T", "B", "NK", "unused"])
    obs.loc[obs.index[::5], "category"] = np.nan
    obs["ordered"] = pd.Categorical(rng.choice(["lo", "hi"], n), categories=["lo", "hi"], ordered=True)
    obs["numbered"] = pd.Categorical(rng.choice([1, 2, 30], n))
    obs["real_classes"] = pd.Categorical(rng.choice([0.5, 1.0], n))
    obs["flag"] = rng.random(n) < 0.5
    obs["int"] = rng.integers(-5, 5, n)
    obs["small"] = rng.integers(0, 5, n).astype("uint8")
    obs["real"] = rng.random(n).astype("float32")
    obs["gaps"] = np.where(np.arange(n) % 3 == 0, np.nan, np.arange(n))
    obs["nullable"] = pd.array([None if i % 4 == 0 else i for i in range(n)], dtype="Int64")
    obs["nullable_flag"] = pd.array([None if i % 4 == 0 else i % 2 == 0 for i in range(n)], dtype="boolean")
    obs["many"] = pd.Categorical([f"m{i % 300}" for i in range(n)], categories=[f"m{i}" for i in range(300)])
    var = pd.DataFrame(index=[f"g{i}" for i in range(g)])
    files = []
    for dtype in DTYPES:
        dense = counts.astype(dtype)
        # scipy has no sparse float16; the parts are written by hand.
        csr = sparse.csr_matrix(counts.astype("float32" if dtype == "float16" else dtype))
        for storage, X in [("dense", dense), ("csr", csr), ("csc", csr.tocsc())]:
            name = f"{storage}_{dtype}.h5ad"
            adata = anndata.AnnData(X, obs=obs.copy(), var=var, dtype=X.dtype)
            adata.raw = adata
            adata.layers["twice"] = X
            adata.obsm["X_umap"] = rng.random((n, 2))
            adata.uns["settings"] = {"k": 15, "rate": 0.5, "on": True, "names": ["a", "b"], "none": {}}
            compression = {"int8": "gzip", "float64": "gzip", "bool": "gzip"}.get(dtype)
            adata.write_h5ad(f"{folder}/{name}", compression=compression)
            if dtype == "float16" and storage != "dense":
                with h5py.File(f"{folder}/{name}", "a") as f:
                    for group in ["X", "layers/twice", "raw/X"]:
                        data = f[group]["data"][:].astype("float16")
                        del f[group]["data"]
                        f[group]["data"] = data
            files.append({"name": name, "storage": storage, "dtype": dtype})
    columns = {}
    for name, column in obs.items():
        if isinstance(column.dtype, pd.CategoricalDtype):
            as_text = [None if pd.isna(x) else str(x) for x in column]
        elif column.dtype == object:
            as_text = list(column)
        else:
            as_text = [None if pd.isna(x) else shown for x, shown in zip(column, column.astype(str))]
        columns[name] = as_text
    expected = {"files": files, "index": list(obs.index), "var": list(var.index), "X": counts.tolist(), "columns": columns}
    with open(f"{folder}/expected.json", "w") as f:
        json.dump(expected, f)


def umlauts(path):
    adata = anndata.AnnData(np.eye(37, 3, dtype="float32"))
    for i in range(20):
        adata.obs[f"spalte {i} ä"] = pd.Categorical([f"c{j % 3}" for j in range(37)])
    adata.obs["pred_a"] = pd.Categorical(["old"] * 37)
    adata.obs["is_a"] = True
    adata.uns["atlasmtl"] = {"old": 1}
    adata.write_h5ad(path)


def latest(source, target):
    def fill(a, b):
        for key, value in a.attrs.items():
            b.attrs.create(key, value, dtype=a.attrs.get_id(key).dtype)
        for key, element in a.items():
            if isinstance(element, h5py.Group):
                fill(element, b.create_group(key))
            else:
                a.copy(element, b, key)

    with h5py.File(source) as a, h5py.File(target, "w", libver="latest") as b:
        fill(a, b)


def records(path):
    """Tables of numbers, booleans and text of either kind under lzf, packed and with holes; prints what they hold."""

    fields = [("n", "i4"), ("text", h5py.string_dtype()), ("x", "f8"), ("flag", "?"), ("fixed", "S5"), ("more", h5py.string_dtype())]
    rows = [(i - 5, "t" * (i % 7) + "ü😀"[i % 3 :], i / 3, i % 2 == 0, b"f%d" % (i % 50), str(i)) for i in range(3000)]
    with h5py.File(path, "w") as f:
        for align in (False, True):
            for filters in ({}, {"shuffle": True}, {"shuffle": True, "fletcher32": False, "chunks": (700,)}):
                dtype = np.dtype(fields, align=align)
                name = f"{'aligned' if align else 'packed'} {len(filters)}"
                f.create_dataset(name, data=np.array(rows, dtype=dtype), compression="lzf", **filters)
    columns = zip(*rows)
    print(json.dumps({name: [v.decode() if isinstance(v, bytes) else v for v in column] for (name, _), column in zip(fields, columns)}))


def plain(value):
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (np.ndarray, list)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    return None if isinstance(value, float) and np.isnan(value) else value


def show(path):
    adata = anndata.read_h5ad(path)
    obs = {}
    for name, column in adata.obs.items():
        entry = {"dtype": str(column.dtype), "values": [None if pd.isna(x) else plain(x) for x in column]}
        if isinstance(column.dtype, pd.CategoricalDtype):
            entry.update(categories=list(column.cat.categories), ordered=bool(column.cat.ordered))
            entry["codes"] = str(column.cat.codes.dtype)
        obs[name] = entry
    json.dump(
        {
            "columns": list(adata.obs.columns),
            "obs": obs,
            "obsm": {key: str(value.dtype) for key, value in adata.obsm.items() if isinstance(value, np.ndarray)},
            "atlasmtl": plain(adata.uns["atlasmtl"]),
        },
        sys.stdout,
    )


def attributes(element):
    return {
        key: (str(element.attrs.get_id(key).dtype), element.attrs.get_id(key).shape, str(value))
        for key, value in element.attrs.items()
        if not isinstance(value, h5py.Reference)
    }


def raw_bytes(dataset):
    """What is stored, undecoded, and where: whole for contiguous data, per chunk otherwise."""
    with open(dataset.file.filename, "rb") as f:
        if dataset.chunks is None:
            offset = dataset.id.get_offset()
            if offset is None:
                return b""
            f.seek(offset)
            return f.read(dataset.id.get_storage_size())
        parts = []
        for i in range(dataset.id.get_num_chunks()):
            chunk = dataset.id.get_chunk_info(i)
            f.seek(chunk.byte_offset)
            parts.append((chunk.chunk_offset, chunk.filter_mask, f.read(chunk.size)))
        return parts


def values(dataset):
    if dataset.shape is None:
        return None
    value = dataset[()]
    return repr(value.tolist() if hasattr(value, "tolist") else value)


def compare(a_path, b_path, skip):
    skip = set(json.loads(skip))
    problems = []
    with h5py.File(a_path) as a, h5py.File(b_path) as b:

        def walk(x, y, path):
            if path in skip:
                return
            ignored = {"column-order"} if path == "/obs" else set()
            ax, ay = attributes(x), attributes(y)
            if {k: v for k, v in ax.items() if k not in ignored} != {k: v for k, v in ay.items() if k not in ignored}:
                problems.append(f"{path}: attributes {ax} became {ay}")
            if isinstance(x, h5py.Group):
                gone = set(x) - set(y) - {p.rsplit("/", 1)[1] for p in skip if p.rsplit("/", 1)[0] == path.rstrip("/")}
                new = {k for k in set(y) - set(x) if f"{path.rstrip('/')}/{k}" not in skip}
                if gone or new:
                    problems.append(f"{path}: lost {sorted(gone)}, gained {sorted(new)}")
                for key in set(x) & set(y):
                    walk(x[key], y[key], f"{path.rstrip('/')}/{key}")
                return
            for what in ["dtype", "shape", "chunks", "compression", "compression_opts", "shuffle", "maxshape"]:
                if getattr(x, what) != getattr(y, what):
                    problems.append(f"{path}: {what} {getattr(x, what)} became {getattr(y, what)}")
            if x.id.get_type().equal(y.id.get_type()) is False:
                problems.append(f"{path}: another HDF5 type")
            if raw_bytes(x) != raw_bytes(y):
                problems.append(f"{path}: other bytes")
            if values(x) != values(y):
                problems.append(f"{path}: other values")

        walk(a, b, "/")
    json.dump(problems, sys.stdout)


{"make": make, "umlauts": umlauts, "latest": latest, "records": records, "show": show, "compare": compare}[sys.argv[1]](*sys.argv[2:])
