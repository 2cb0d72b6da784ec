"""What the newest anndata, scikit-learn, numpy and pandas write and read.

    current_files.py versions           their versions, as JSON
    current_files.py bundle MANIFEST    metadata and reference of a bundle as they load, as JSON
    current_files.py repickle MANIFEST KIND  writes the pickles of a bundle anew, classes from KIND of array
    current_files.py anndata FOLDER     strings.h5ad, with every kind of column there is today
    current_files.py filters FOLDER     FILTER.h5 with arrays of many types, for each compression filter
    current_files.py show FILE          what anndata reads of an .h5ad, as JSON
"""
import gzip
import json
import os
import pickle
import sys
import warnings

import numpy as np
import pandas as pd

warnings.simplefilter("ignore")


def versions():
    import anndata
    import sklearn

    print(json.dumps({m.__name__: m.__version__ for m in (anndata, sklearn, np, pd)}))


def bundle(manifest_path):
    manifest = json.load(open(manifest_path))
    at = lambda key: os.path.join(os.path.dirname(manifest_path), manifest[key])
    metadata = pickle.load(open(at("metadata_path"), "rb"))
    reference = {"coords": metadata["reference_coords"], "labels": metadata["reference_labels"]}
    if manifest["reference_path"]:
        opener = gzip.open if manifest["reference_path"].endswith(".gz") else open
        reference = pickle.load(opener(at("reference_path"), "rb"))
    encoders = {}
    for column, encoder in metadata["label_encoders"].items():
        classes = list(encoder.classes_)
        codes = encoder.transform(classes[::-1])
        encoders[column] = {
            "classes": classes,
            "codes": codes.tolist(),
            "back": encoder.inverse_transform(codes).tolist(),
            "dtype": str(encoder.classes_.dtype),
        }
    labels = {key: pd.Series(values).value_counts().sort_index().to_dict() for key, values in reference["labels"].items()}
    coords = {key: [str(a.dtype), list(a.shape), float(np.asarray(a, dtype="f8").sum())] for key, a in reference["coords"].items()}
    print(json.dumps({"encoders": encoders, "coords": coords, "labels": labels, "genes": metadata["train_genes"]}))


def repickle(manifest_path, kind):
    from sklearn.preprocessing import LabelEncoder

    arrays = {
        "object": lambda classes: np.array(classes, dtype=object),
        "string": lambda classes: pd.array(classes, dtype="string"),
        "category": lambda classes: pd.Series(pd.Categorical(classes)),
        "unicode": lambda classes: np.array(classes),
    }
    manifest = json.load(open(manifest_path))
    for key in ("metadata_path", "reference_path"):
        path = os.path.join(os.path.dirname(manifest_path), manifest[key])
        content = pickle.load(open(path, "rb"))
        if key == "metadata_path":
            for column, encoder in content["label_encoders"].items():
                content["label_encoders"][column] = LabelEncoder().fit(arrays[kind](list(encoder.classes_)))
            content["coord_stats"] = {k: {n: np.array(a, dtype="f4") for n, a in v.items()} for k, v in content["coord_stats"].items()}
        else:
            content["labels"] = {k: np.array(v, dtype=object) for k, v in content["labels"].items()}
        pickle.dump(content, open(path, "wb"))
    print(json.dumps({c: type(e.classes_).__name__ for c, e in pickle.load(open(os.path.join(os.path.dirname(manifest_path), manifest["metadata_path"]), "rb"))["label_encoders"].items()}))


def anndata_file(folder):
    import anndata
    from scipy import sparse

    anndata.settings.allow_write_nullable_strings = True
    n = 11
    obs = pd.DataFrame(index=pd.Index([f"cell {i}" for i in range(n)], dtype="string"))
    obs["strings"] = pd.array([None if i % 4 == 1 else f"s{i}😀" for i in range(n)], dtype="string")
    obs["whole_strings"] = pd.array([f"t{i}" for i in range(n)], dtype="string")
    obs["category"] = pd.Categorical([None if i == 2 else "ab"[i % 2] for i in range(n)], ordered=True)
    obs["string_category"] = pd.Categorical(pd.array(["x", "y"] * 5 + ["x"], dtype="string"))
    obs["integer"] = pd.array([None if i % 3 == 0 else i for i in range(n)], dtype="Int32")
    obs["flag"] = pd.array([None if i % 5 == 0 else i % 2 == 0 for i in range(n)], dtype="boolean")
    obs["real"] = np.where(np.arange(n) == 3, np.nan, np.arange(n) / 4)
    X = sparse.csr_array(np.random.default_rng(1).poisson(1.0, (n, 4)).astype("f4"))
    adata = anndata.AnnData(X, obs=obs, var=pd.DataFrame(index=[f"g{i}" for i in range(4)]))
    adata.uns["none"] = None
    adata.uns["names"] = np.array(["a", "b"], dtype=object)
    adata.obsm["X_umap"] = np.random.default_rng(2).normal(size=(n, 2)).astype("f4")
    adata.write_h5ad(f"{folder}/strings.h5ad")
    shown = {}
    for name, column in obs.items():
        shown[name] = [None if pd.isna(x) else x if isinstance(x, (str, bool, np.bool_)) else str(x) for x in column]
        shown[name] = [bool(x) if isinstance(x, np.bool_) else x for x in shown[name]]
    print(json.dumps({"index": list(obs.index), "columns": shown, "X": X.toarray().tolist()}))


def filters(folder):
    import h5py
    import hdf5plugin as hp

    rng = np.random.default_rng(0)
    n = 3000
    compound = np.zeros(n, dtype=[("index", "S10"), ("n", "i4"), ("x", "f8")])
    compound["index"] = [f"c{i}".encode() for i in range(n)]
    compound["n"] = np.arange(n)
    arrays = {
        "real": rng.poisson(1.0, (n, 7)).astype("f4"),
        "half": rng.poisson(1.0, (n, 7)).astype("f2"),
        "long": np.arange(n, dtype="i8") // 3,
        "big": np.arange(n, dtype=">i4"),
        "flag": rng.random(n) < 0.5,
        "fixed": np.array([f"f{i}" for i in range(n)], dtype="S8"),
        "text": np.array([f"cell-{i}-é" for i in range(n)], dtype=object),
        "compound": compound,
    }
    kinds = {
        "gzip": dict(compression="gzip", shuffle=True, fletcher32=True),
        "lzf": dict(compression="lzf"),
        "lzf_shuffle": dict(compression="lzf", shuffle=True, fletcher32=True),
        "blosc": dict(**hp.Blosc(cname="zstd", shuffle=hp.Blosc.BITSHUFFLE)),
        "blosc2": dict(**hp.Blosc2()),
        "zstd": dict(**hp.Zstd()),
        "lz4": dict(**hp.LZ4()),
        "bitshuffle": dict(**hp.Bitshuffle()),
        "bzip2": dict(**hp.BZip2()),
    }
    skipped = {("gzip", "text")} | {(kind, name) for kind in ("blosc", "blosc2") for name in ("text", "compound")}
    skipped |= {("lzf_shuffle", "text")}  # fletcher32 is refused for strings
    made = {}
    for kind, options in kinds.items():
        made[kind] = [name for name in arrays if (kind, name) not in skipped]
        with h5py.File(f"{folder}/{kind}.h5", "w") as f:
            for name in made[kind]:
                dtype = dict(dtype=h5py.string_dtype()) if name == "text" else {}
                f.create_dataset(name, data=arrays[name], **options, **dtype)
    as_text = {name: [x.decode() if isinstance(x, bytes) else x for x in a.tolist()] for name, a in arrays.items() if a.dtype.kind in "SO"}
    numbers = {name: a.astype("f8").ravel().tolist() for name, a in arrays.items() if a.dtype.kind in "fiub"}
    print(json.dumps({"made": made, "strings": as_text, "numbers": numbers, "compound": compound["n"].tolist()}))


def show(path):
    import anndata

    adata = anndata.read_h5ad(path)
    obs = {name: [str(column.dtype), [None if pd.isna(x) else str(x) for x in column]] for name, column in adata.obs.items()}
    X = adata.X.toarray() if hasattr(adata.X, "toarray") else np.asarray(adata.X)
    print(json.dumps({
        "index": list(adata.obs_names),
        "var": list(adata.var_names),
        "var_columns": {name: [str(x) for x in column] for name, column in adata.var.items()},
        "obs": obs,
        "X": X.tolist(),
        "uns": sorted(adata.uns),
        "obsm": sorted(adata.obsm),
    }))


if __name__ == "__main__":
    commands = {"versions": versions, "bundle": bundle, "repickle": repickle, "anndata": anndata_file, "filters": filters, "show": show}
    commands[sys.argv[1]](*sys.argv[2:])
