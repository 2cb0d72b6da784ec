"""Makes the prediction sets of a query as a Python user of a bundle would, and compares them with those written here.

Usage: prediction_sets.py MANIFEST.json QUERY.h5ad COVERAGE PREDICTIONS.(csv|h5ad)

Prints, per label column, in how many cells a set differs though no probability is within 1e-4 of the threshold.
"""

import json
import sys

import anndata
import numpy as np
import pandas as pd

manifest, query_path, coverage, predictions = sys.argv[1:]
from check_bundle import align, forward, load, softmax

_, pth, meta, _ = load(manifest)
query = anndata.read_h5ad(query_path)
calibration = meta["train_config"]["calibration"]
conformal = calibration["conformal"]
at = conformal["coverages"].index(float(coverage))
if predictions.endswith(".h5ad"):
    written = anndata.read_h5ad(predictions)
    got, settings = written.obs, written.uns["atlasmtl"]
    assert float(settings["prediction_sets_coverage"]) == float(coverage)
else:
    got, settings = pd.read_csv(predictions, index_col=0), None
_, logits = forward(pth, meta, align(query, list(meta["train_genes"])))
result = {}
for head, column in enumerate(meta["label_columns"]):
    p = softmax(logits[head].astype(np.float64) / calibration["temperatures"][column])
    threshold = conformal["columns"][column]["thresholds"][at]
    if settings is not None:
        assert float(settings["prediction_sets_thresholds"][column]) == threshold
    classes = np.asarray(meta["label_encoders"][column].classes_)
    differ = 0
    for row, text in zip(p, got[f"pred_set_{column}"].astype(str)):
        if np.abs(row - threshold).min() < 1e-4:
            continue
        members = set(classes[row >= threshold]) | {classes[row.argmax()]}
        differ += set(text.split(" | ")) != members
    result[column] = differ
print(json.dumps(result))
