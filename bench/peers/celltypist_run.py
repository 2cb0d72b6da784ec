"""CellTypist on one level, a line of cell, label and probability: celltypist_run.py FOLDER COLUMN OUT MAX_ITER

FOLDER holds reference.h5ad, with the labels in COLUMN, and query.h5ad, both log-normalised.
"""
import csv
import sys

import anndata
import celltypist

folder, column, out, max_iter = sys.argv[1:5]
reference = anndata.read_h5ad(f"{folder}/reference.h5ad")
query = anndata.read_h5ad(f"{folder}/query.h5ad")
reference = reference[reference.obs[column].astype(str) != ""].copy()
model = celltypist.train(
    reference, labels=column, check_expression=False, feature_selection=False, max_iter=int(max_iter)
)
result = celltypist.annotate(query, model=model, majority_voting=query.n_obs >= 50)
labels = result.predicted_labels
name = "majority_voting" if "majority_voting" in labels.columns else "predicted_labels"
scores = result.probability_matrix
with open(out, "w", newline="") as file:
    writer = csv.writer(file)
    for cell in query.obs_names:
        label = str(labels.loc[cell, name])
        score = scores.loc[cell, label] if label in scores.columns else ""
        writer.writerow([cell, label, score])
