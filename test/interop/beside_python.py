"""Annotates by the Python package, and compares with the files of the command line: FOLDER KANG [short].

FOLDER has `model/model.pth`, which this trains where it is absent, and then what the command line made of it.
"""

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from scipy import io, sparse

warnings.simplefilter("ignore")
import atlasmtl_js  # noqa: E402

folder, kang = Path(sys.argv[1]), sys.argv[2]
model = folder / "model" / "model.pth"
adata = ad.read_h5ad(kang)
checks = []


def check(name, is_so):
    assert is_so, name
    checks.append(name)


def error_of(call, *args, **options):
    try:
        call(*args, **options)
    except atlasmtl_js.AtlasmtlError as error:
        return error
    raise AssertionError("no error")


def snapshot(data):
    return data.obs.copy(), {key: np.array(data.obsm[key]) for key in data.obsm}, json.dumps(list(data.uns))


def unchanged(data, before):
    obs, obsm, uns = before
    return data.obs.equals(obs) and set(data.obsm) == set(obsm) and json.dumps(list(data.uns)) == uns


def command_line(*words):
    subprocess.run(["node", os.environ["ATLASMTL"], *map(str, words)], check=True, capture_output=True)


def results(data):
    return data.obs[[name for name in data.obs if name.endswith("_cell_type") or name.startswith("pred_")]]


if not model.exists():
    # scanpy's user: a view of the reference.
    reference = adata[adata.obs["stim"] == "CTRL"]
    said = atlasmtl_js.train(reference, labels=["cell_type"], out=model, preset="fast", random_state=1)
    check("train returns the path", said == model)
    os.makedirs(folder / "cells", exist_ok=True)
    io.mmwrite(str(folder / "cells/matrix.mtx"), sparse.coo_matrix(adata.X.T))
    (folder / "cells/genes.txt").write_text("\n".join(adata.var_names) + "\n")
    (folder / "cells/cells.txt").write_text("\n".join(adata.obs_names) + "\n")
    adata.obs.to_csv(folder / "cells/obs.csv")
    read = ["--model", model, "--adata", kang, "--include-coords"]
    command_line("predict", *read, "--out", folder / "cli.h5ad", "--probabilities", "all")
    command_line("predict", *read, "--out", folder / "cli.csv")

# The three lines, and what the command line makes of the same file.
atlasmtl_js.annotate(adata, model=model, include_coords=True, probabilities="all")
cli = ad.read_h5ad(folder / "cli.h5ad")
check("obs of the command line", list(adata.obs) == list(cli.obs))
pd.testing.assert_frame_equal(adata.obs, cli.obs, check_exact=True)
check("obsm of the command line", set(adata.obsm) == set(cli.obsm) and len(cli.obsm) > 1)
for key in cli.obsm:
    if isinstance(cli.obsm[key], pd.DataFrame):
        pd.testing.assert_frame_equal(adata.obsm[key], cli.obsm[key], check_exact=True)
    else:
        check(f"{key} of the command line", np.array_equal(adata.obsm[key], cli.obsm[key]))
check("uns of the command line", str(adata.uns["atlasmtl"]) == str(cli.uns["atlasmtl"]))
expected = results(cli)
if "short" in sys.argv:
    import scanpy

    print(json.dumps({"scanpy": scanpy.__name__, "checks": len(checks)}))
    sys.exit()

# A later run takes away what an earlier one wrote; other columns stay.
adata.obs["mixed"] = pd.Series(["a", 1] * (adata.n_obs // 2), index=adata.obs_names, dtype=object)
adata.obs["when"] = pd.Timestamp("2020-01-01")
adata.obs["none"] = [None, "x"] * (adata.n_obs // 2)
adata.obs["int_groups"] = pd.Categorical(np.arange(adata.n_obs) % 3)
adata.obs["a/b"] = 1
before = list(adata.obs)
copied = atlasmtl_js.annotate(adata, model, copy=True, write_mode="minimal", consensus_by="int_groups")
check("in place by default, a copy on request", list(adata.obs) == before)
check("an earlier result is replaced", "conf_cell_type" not in copied.obs and "X_pred_latent_internal" not in copied.obsm)
check("other columns stay", all(copied.obs[name].equals(adata.obs[name]) for name in ("mixed", "when", "none", "a/b")))
check("groups", set(copied.obs["consensus_cell_type"].cat.categories) <= set(adata.obs["cell_type"]) | {"Unknown"})

# The matrix in every form, in layers and raw.
plain = ad.read_h5ad(kang)
for name, matrix in {
    "csc": sparse.csc_matrix(plain.X),
    "dense": plain.X.toarray(),
    "float64": plain.X.astype(np.float64),
    "integers": plain.X.astype(np.int64),
}.items():
    form = ad.AnnData(matrix.copy(), obs=plain.obs[["stim"]].copy(), var=plain.var.copy())
    atlasmtl_js.annotate(form, model)
    check(f"{name} gives the same", results(form).equals(expected))
held = ad.AnnData(np.full(plain.shape, -1, np.float32), obs=plain.obs[["stim"]].copy(), var=plain.var.copy())
held.layers["counts"] = plain.X
held.raw = plain
state = snapshot(held)
error = error_of(atlasmtl_js.annotate, held, model)
check("a refusal says what to choose", "layer='counts'" in str(error) and "use_raw=True" in str(error))
check("a refusal names no file", "/tmp" not in str(error) and error.where == "adata › X")
check("and changes nothing", unchanged(held, state))
for option in ({"layer": "counts"}, {"use_raw": True}):
    check(f"{option}", results(atlasmtl_js.annotate(held, model, copy=True, **option)).equals(expected))
check("no such layer", "adata.layers" in str(error_of(atlasmtl_js.annotate, plain, model, layer="spliced")))

# Views, backed files, and names that are not unique or strange.
view = plain[100:300]
atlasmtl_js.annotate(view, model, knn_correction="off", unknown="off")
check("a view", view.n_obs == 200 and "pred_cell_type" in view.obs and "pred_cell_type" not in plain.obs)
backed = ad.read_h5ad(kang, backed="r")
atlasmtl_js.annotate(backed, model)
check("a backed AnnData", backed.isbacked and results(backed).equals(expected))
atlasmtl_js.annotate(backed, model)
check("again, with columns that its file lacks", results(backed).equals(expected))
check("a backed view is refused", "to_memory" in str(error_of(atlasmtl_js.annotate, backed[:10], model)))
backed.file.close()
strange = plain.copy()
strange.obs_names = ["same"] * 3 + [f"ñ 😀 \"{i}\"," for i in range(strange.n_obs - 3)]
atlasmtl_js.annotate(strange, model)
check("names of cells", results(strange).reset_index(drop=True).equals(expected.reset_index(drop=True)))

# Errors are exceptions with what, where and how.
for options, code, text in (
    ({"confidence_low": 3}, "USAGE", "confidence_low is 3"),
    ({"confidence_lo": 0.3}, "USAGE", 'did you mean "confidence_low"'),
    ({"consensus_by": "leidn"}, "NOT_FOUND", "leidn"),
):
    error = error_of(atlasmtl_js.annotate, plain, model, **options)
    check(f"{options}", error.code == code and text in str(error) and error.hint and "--" not in str(error))
error = error_of(atlasmtl_js.annotate, plain, folder / "nosuch.pth")
check("a missing model", error.exit_code == 4 and "nosuch.pth" in error.where)
check("a missing command", "Node.js" in str(error_of(atlasmtl_js.annotate, plain, model, command="nosuch-atlasmtl")))
check("another program", "Python original" in str(error_of(atlasmtl_js.annotate, plain, model, command="true")))
for option in ("out", "config"):
    try:
        atlasmtl_js.annotate(plain, model, **{option: "x"})
    except TypeError:
        checks.append(f"no {option}")
odd = folder / "ä folder 'with' spaces"
odd.mkdir(exist_ok=True)
labels = ["B", "CD8 T"]
report = odd / "bericht.html"
only = atlasmtl_js.annotate(plain, model, copy=True, only_labels=labels, unknown="off", report=report)
check("lists of labels, and paths of any text", set(only.obs["pred_cell_type"]) <= {*labels, "Unknown"} and report.exists())
check("nothing has changed", "pred_cell_type" not in plain.obs)
print(json.dumps({"anndata": ad.__name__, "pandas": pd.__version__, "checks": len(checks)}))
