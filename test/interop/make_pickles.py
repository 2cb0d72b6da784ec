"""Writes the pickles that the tests read as literals, and bundles in forms the golden ones do not have.

  make_pickles.py pickles            print name and base64, one a line (numpy, scikit-learn, pandas of this Python)
  make_pickles.py tensors FILE.pth   a torch file with views, strides and other dtypes; prints the expected values
  make_pickles.py dump BUNDLE        print what a bundle holds, as Python sees it, in JSON
"""
import base64
import collections
import gzip
import json
import os
import pickle
import sys
import warnings

import numpy as np

warnings.simplefilter("ignore")


def sample():
    return {
        "none": None,
        "flags": [True, False],
        "ints": [0, 255, 256, 65535, 65536, -1, 2**31, -2**31 - 1, 2**53, 2**70, -2**70],
        "floats": [0.0, 1.0, -2.5, 1e300, float("inf")],
        "text": "αβ 😀 \\ \n '\"",
        "long": "x" * 300,
        "bytes": b"\x00\xffab",
        "empty": [b"", (), {}, []],
        "tuple": (1, (2, 3), ("a", "b", "c", "d")),
        "ordered": collections.OrderedDict([("b", 1), ("a", 2)]),
        "f4": np.arange(6, dtype="f4").reshape(2, 3),
        "fortran": np.asfortranarray(np.arange(6, dtype="f8").reshape(2, 3)),
        "f2": np.array([1, -2.5, 65504, 6e-8], dtype="f2"),
        "big": np.array([1, 2, 3], dtype=">i4"),
        "i8": np.array([2**40], dtype="i8"),
        "b1": np.array([True, False]),
        "object": np.array(["a", "b", "a"], dtype=object),
        "unicode": np.array(["ab", "😀", ""]),
        "scalars": [np.float32(1.5), np.int64(-3), np.bool_(True), np.str_("ab")],
    }


def pickles():
    import pandas as pd
    from sklearn.preprocessing import LabelEncoder

    values = {f"protocol{p}": (sample(), p) for p in range(6)}
    encoder = LabelEncoder().fit(np.array(["T", "B", "NK"], dtype=object))
    values.update({f"encoder{p}": (encoder, p) for p in (0, 2, 4)})
    values["pandas1" if pd.__version__.startswith("1.") else "pandas3Python"] = (
        pd.array(["B", None, "T"], dtype="string[python]"),
        4,
    )
    columns = {
        "series": pd.Series(["B", None, "T"]),
        "index": pd.Index(["B", "T"]),
        "categorical": pd.Categorical(["B", None, "T", "B"]),
        "categorical series": pd.Series(["B", None, "T", "B"], dtype="category"),
        "categorical index": pd.CategoricalIndex(["B", "T", "B"]),
    }
    if "na_value" in pd.StringDtype.__init__.__code__.co_varnames:
        columns["numpy semantics"] = pd.array(["B", None], dtype=pd.StringDtype("python", na_value=np.nan))
    if hasattr(np, "dtypes"):
        columns["numpy text"] = np.array(["B", "Tcm"], dtype=np.dtypes.StringDType())
        columns["numpy text, missing"] = np.array(["B", np.nan], dtype=np.dtypes.StringDType(na_object=np.nan))
    values["columns" + pd.__version__.split(".")[0]] = (columns, 4)
    loop = [1]
    loop.append(loop)
    values["loop"] = (loop, 4)
    if int(pd.__version__.split(".")[0]) >= 3:
        values["pandas3Arrow"] = (pd.Series(["B", None, "T"]).values, 4)
        values["pandas3Slice"] = (pd.Series(["x", "B", None, "T"]).values[1:], 5)
        values["numpy2"] = (
            {"f4": np.arange(3, dtype="f4"), "object": np.array(["a", "b"], dtype=object), "scalar": np.float64(2)},
            4,
        )
    for name, (value, protocol) in values.items():
        print(name, base64.b64encode(pickle.dumps(value, protocol)).decode())


def tensors(path):
    import torch

    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    values = collections.OrderedDict(
        plain=base,
        transposed=base.t(),
        offset=base[1:3, 2:5],
        stepped=base[:, ::2],
        expanded=base[:1].expand(3, 6),
        half=base.half(),
        bfloat16=base.bfloat16(),
        double=base.double() / 3,
        scalar=torch.tensor(2.5),
        empty=torch.zeros(0, 3),
        module=torch.nn.Linear(2, 1).state_dict()["weight"],
    )
    torch.save({"tensors": values, "float": 1.0, "int": 1}, path)
    expected = {k: [list(v.shape), v.float().contiguous().reshape(-1).tolist()] for k, v in values.items()}
    print(json.dumps(expected))


def plain(value):
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return {"dtype": str(value.dtype), "shape": list(value.shape), "values": value.reshape(-1).tolist()}
    if hasattr(value, "classes_"):
        return {"class": type(value).__module__ + "." + type(value).__name__, "classes": plain(value.classes_)}
    if hasattr(value, "numpy"):
        return plain(value.numpy())
    return f"float {value!r}" if isinstance(value, float) else value


def dump(path):
    import torch

    manifest = json.load(open(path))
    at = lambda key: os.path.join(os.path.dirname(path), manifest[key])
    out = {
        "model": torch.load(at("model_path"), map_location="cpu"),
        "metadata": pickle.load(open(at("metadata_path"), "rb")),
    }
    if manifest["reference_path"]:
        opener = gzip.open if manifest["reference_path"].endswith(".gz") else open
        out["reference"] = pickle.load(opener(at("reference_path"), "rb"))
    print(json.dumps(plain(out)))


if __name__ == "__main__":
    {"pickles": pickles, "tensors": tensors, "dump": dump}[sys.argv[1]](*sys.argv[2:])
