"""Labels of groups beside CellTypist's majority voting, on its own over-clustering: python3 voting.py TASK_FOLDER FOLDER [TASK ...]

For each task (such as pbmc3k-ifnb-ctrl.1): CellTypist 1.7.1 is trained on the reference, annotates the query and over-clusters it; its
clusters are written to the query, and atlasmtl annotates that with --consensus-by. Prints, as Markdown, the accuracy of both
without and with groups, and the share of groups that have the same label. atlasmtl's voting on CellTypist's own labels and
probabilities is computed here as well: the same rule on the same input.
"""

import argparse
import json
import os
import subprocess
import warnings

warnings.simplefilter("ignore")
import anndata
import celltypist
import numpy as np
import pandas as pd
import scanpy as sc

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = ["node", os.path.join(HERE, "..", "..", "..", "dist", "bin", "main.js")]


def normalised(path):
    adata = anndata.read_h5ad(path)
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    return adata


def atlasmtl(*words):
    done = subprocess.run([*PROGRAM, *words, "--quiet"], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"atlasmtl {' '.join(words)}: {done.stderr[-2000:]}")
    return done.stdout


def compare(tasks, task, folder):
    path = os.path.join(tasks, task)
    reference, query = normalised(f"{path}.reference.h5ad"), normalised(f"{path}.query.h5ad")
    model = celltypist.train(reference, labels="label", n_jobs=2, check_expression=False)
    voted = celltypist.annotate(query, model=model, majority_voting=True)
    plain, majority, clusters = (
        voted.predicted_labels[name].astype(str) for name in ("predicted_labels", "majority_voting", "over_clustering")
    )
    with_groups = os.path.join(folder, f"{task}.h5ad")
    raw = anndata.read_h5ad(f"{path}.query.h5ad")
    raw.obs["over_clustering"] = clusters.to_numpy()
    raw.write_h5ad(with_groups)
    bundle, out = os.path.join(folder, task, "model.pth"), os.path.join(folder, f"{task}.csv")
    if not os.path.exists(bundle):
        atlasmtl("train", "--adata", f"{path}.reference.h5ad", "--out", bundle, "--labels", "label")
    atlasmtl("predict", "--model", bundle, "--adata", with_groups, "--out", out, "--consensus-by", "over_clustering", "--unknown", "off", "--write-mode", "full")
    ours = pd.read_csv(out, index_col=0, dtype=str, keep_default_na=False)
    truth = raw.obs["label"].astype(str).to_numpy()
    known = np.isin(truth, reference.obs["label"].astype(str).unique())
    right = lambda labels: float((np.asarray(labels)[known] == truth[known]).mean())
    # The same rule on CellTypist's probabilities.
    probabilities = voted.probability_matrix
    means = probabilities.div(probabilities.sum(axis=1), axis=0).groupby(clusters.to_numpy()).mean()
    by_mean = means.idxmax(axis=1)
    groups = clusters.unique()
    of_group = lambda labels: pd.Series(np.asarray(labels), index=clusters.to_numpy()).groupby(level=0).first().reindex(groups)
    majority_of, ours_of = of_group(majority), of_group(ours["consensus_label"])
    agree = lambda a, b: float((a.to_numpy() == b.to_numpy()).mean())
    return {
        "groups": len(groups),
        "celltypist": right(plain),
        "its voting": right(majority),
        "its probabilities, our rule": right(by_mean.reindex(clusters).to_numpy()),
        "atlasmtl": right(ours["pred_label"]),
        "--consensus-by": right(ours["consensus_label"]),
        "same label, our rule on its probabilities": agree(by_mean.reindex(groups), majority_of),
        "same label, atlasmtl": agree(ours_of, majority_of),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tasks")
    parser.add_argument("folder")
    parser.add_argument("task", nargs="*", default=["pbmc3k-ifnb-ctrl.1", "tech-pbmc3k.1", "kang-pbmc3k.1"])
    chosen = parser.parse_args()
    os.makedirs(chosen.folder, exist_ok=True)
    rows = {task: compare(chosen.tasks, task, chosen.folder) for task in chosen.task}
    names = list(next(iter(rows.values())))
    print("| task | " + " | ".join(names) + " |")
    print("| --- |" + " --- |" * len(names))
    for task, row in rows.items():
        print(f"| {task} | " + " | ".join(str(row[name]) if name == "groups" else f"{row[name]:.3f}" for name in names) + " |")
    with open(os.path.join(chosen.folder, "voting.json"), "w") as file:
        json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
