"""Probabilities beside CellTypist's probability matrix: python3 probabilities.py TASK_FOLDER FOLDER [TASK ...]

CellTypist 1.7.1 is trained on the reference of each task and annotates its query. Its matrix, with rows that add up to 1, is compared with
those of its own model in atlasmtl, of the linear view of a model trained here that sees what CellTypist sees, and of that whole model.
Prints Markdown: the share of cells with the same best label, the correlation over all entries, the mean distance of the two
distributions of a cell (total variation, 0 to 1), and the accuracy of the best label in cells of types that the reference has.
"""

import argparse
import os
import subprocess
import warnings

warnings.simplefilter("ignore")
import anndata
import celltypist
import numpy as np
import pandas as pd

from voting import atlasmtl, normalised

HERE = os.path.dirname(os.path.abspath(__file__))


def table(path, column):
    """The columns of one label column's probabilities, in a table that `--probabilities all` wrote."""
    read = pd.read_csv(path, index_col=0, keep_default_na=False)
    return read[[name for name in read.columns if name.startswith(column)]].rename(columns=lambda name: name[len(column) :]).astype(float)


def agreement(theirs, ours, truth):
    ours = ours.loc[theirs.index, theirs.columns].to_numpy()
    own = theirs.to_numpy()
    known = np.isin(truth, theirs.columns)
    return {
        "same label": (ours.argmax(axis=1) == own.argmax(axis=1)).mean(),
        "correlation": np.corrcoef(ours.ravel(), own.ravel())[0, 1],
        "distance": 0.5 * np.abs(ours - own).sum(axis=1).mean(),
        "accuracy": (theirs.columns.to_numpy()[ours.argmax(axis=1)] == truth)[known].mean(),
    }


def compare(tasks, task, folder):
    path = os.path.join(tasks, task)
    at = lambda *names: os.path.join(folder, task, *names)
    os.makedirs(at(), exist_ok=True)
    model = celltypist.train(normalised(f"{path}.reference.h5ad"), labels="label", n_jobs=2, check_expression=False)
    model.write(at("celltypist.pkl"))
    matrix = celltypist.annotate(normalised(f"{path}.query.h5ad"), model=model).probability_matrix
    theirs = matrix.div(matrix.sum(axis=1), axis=0)
    obs = anndata.read_h5ad(f"{path}.query.h5ad", backed="r").obs
    theirs.index, truth = obs.index, obs["label"].astype(str).to_numpy()
    if not os.path.exists(at("model.pth")):
        atlasmtl("train", "--adata", f"{path}.reference.h5ad", "--out", at("model.pth"), "--labels", "label")
    for name, bundle, options in (("imported", at("celltypist.pkl"), []), ("whole", at("model.pth"), ["--no-calibration"])):
        atlasmtl("predict", "--model", bundle, "--adata", f"{path}.query.h5ad", "--out", at(f"{name}.csv"), "--probabilities", "all", "--unknown", "off", "--knn-correction", "off", *options)
    subprocess.run(["node", os.path.join(HERE, "views.mjs"), at("model.pth"), f"{path}.query.h5ad", at("view")], check=True)
    view = pd.read_csv(at("view.log.csv"), index_col=0, keep_default_na=False).astype(float)
    imported = table(at("imported.csv"), "prob_cell_type:")
    imported = imported.div(imported.sum(axis=1), axis=0)
    return {
        "CellTypist's model, opened here": agreement(theirs, imported, truth),
        "linear view": agreement(theirs, view, truth),
        "whole model": agreement(theirs, table(at("whole.csv"), "prob_label:"), truth),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tasks")
    parser.add_argument("folder")
    parser.add_argument("task", nargs="*", default=["within-tech.1"])
    chosen = parser.parse_args()
    print("| task | model | same best label | correlation | distance | accuracy |\n| --- | --- | ---: | ---: | ---: | ---: |")
    for task in chosen.task:
        for name, said in compare(chosen.tasks, task, chosen.folder).items():
            print(f"| {task} | {name} | {said['same label']:.3f} | {said['correlation']:.4f} | {said['distance']:.4f} | {said['accuracy']:.3f} |", flush=True)


if __name__ == "__main__":
    main()
