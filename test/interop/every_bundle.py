"""Runs check_bundle.py on many bundles in one process: every_bundle.py CHECK_BUNDLE JOBS.json

A job is {"name": …, "words": [...]}, the words of check_bundle.py, or {"name": …, "child": [BUNDLE, QUERY, PREDICTIONS]},
what check_bundle.py leaves out: the child level under child correction, or under the refinement that a fourth word names.
Prints JSON: name → {"exit", "said"}; a Python exception is exit 1, as in a shell.
"""
import contextlib
import io
import json
import pickle
import runpy
import sys
import traceback

import anndata
import numpy as np
import pandas as pd


def child_level(tools, bundle, query, predictions, artifact=None):
    """The child level once more, from the network's logits and what pickle, torch and numpy read of the rest."""
    _, pth, meta, _ = tools["load"](bundle)
    z, logits = tools["forward"](pth, meta, tools["align"](anndata.read_h5ad(query), list(meta["train_genes"])))
    temperatures = (meta["train_config"].get("calibration") or {}).get("temperatures") or {}
    columns = meta["label_columns"]
    classes = [list(meta["label_encoders"][column].classes_) for column in columns]
    if artifact is None:
        made = pth["parent_conditioned_child_correction"]
        top, child = made["parent_head_index"], made["child_head_index"]
        used, p = corrected(pth, made, z, logits[top], logits[child])
        p = tools["softmax"](p / float(temperatures.get(columns[child], 1.0)))
    else:
        with open(artifact, "rb") as file:
            made = pickle.load(file)
        top, child = (columns.index(made[key]) for key in ("parent_level", "child_level"))
        p = tools["softmax"](logits[child] / float(temperatures.get(columns[child], 1.0)))
        used, p = refined(tools, made, classes[top], classes[child], logits[top], logits[child], p)
    found = pd.read_csv(predictions, index_col=0)
    best = np.sort(p, 1)[:, -2:]
    sure = best[:, 1] - best[:, 0] > 1e-4
    labels = np.asarray(classes[child])[p.argmax(1)]
    wrong = int((found[f"pred_{columns[child]}_raw"].astype(str).to_numpy() != labels)[sure].sum())
    apart = np.abs(found[f"conf_{columns[child]}"].to_numpy(float) - best[:, 1]).max()
    print(f"{used} cells, {wrong} other labels, confidences differ by {apart:.1e}")
    return 0 if used and not wrong and apart < 2e-4 else 1


def corrected(pth, made, z, parents, children):
    weights = {name: value.float().numpy() for name, value in pth["state_dict"].items()}
    result, used = children.copy(), 0
    for parent, places in made["hotspot_child_indices"].items():
        rows = np.flatnonzero(parents.argmax(1) == int(parent))
        inputs = np.concatenate([z[rows], parents[rows], children[rows][:, places]], 1)
        layer = lambda x, at: x @ weights[f"child_correction_modules.{parent}.{at}.weight"].T + weights[f"child_correction_modules.{parent}.{at}.bias"]
        result[rows[:, None], places] += made["residual_scale"] * layer(np.maximum(layer(inputs, 0), 0), 3)
        used += len(rows)
    return used, result


def refined(tools, made, parent_names, child_names, parents, children, p):
    best, used = np.asarray(parent_names)[parents.argmax(1)], 0
    for parent, part in made["parents"].items():
        rows = np.flatnonzero(best == parent)
        places = [child_names.index(name) for name in part["children"]]
        p[rows] = 0
        one = part["coef"] is None
        scores = np.zeros((len(rows), 1)) if one else children[rows][:, places] @ part["coef"].T + part["intercept"]
        p[rows[:, None], places] = tools["softmax"](scores)
        used += len(rows)
    return used, p


def run(job):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        try:
            if "child" in job:
                code = child_level(runpy.run_path(checker), *job["child"])
            else:
                sys.argv = [checker, *job["words"]]
                runpy.run_path(checker, run_name="__main__")
                code = 0
        except SystemExit as ending:
            code = ending.code or 0
        except Exception:
            traceback.print_exc(file=said)
            code = 1
    return {"exit": code, "said": said.getvalue()}


checker = sys.argv[1]
with open(sys.argv[2]) as file:
    jobs = json.load(file)
print(json.dumps({job["name"]: run(job) for job in jobs}))
