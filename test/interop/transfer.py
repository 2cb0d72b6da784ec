"""What scikit-learn's nearest neighbours carry over, and the columns that a bundle keeps, as a Python user reads them.

python3 transfer.py neighbours FILE   JSON with reference, query, numbers, labels, k, weights
python3 transfer.py columns BUNDLE    a manifest
"""
import json
import os
import pickle
import sys

import numpy as np
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor


def neighbours(path):
    given = json.load(open(path))
    reference, query = np.array(given["reference"]), np.array(given["query"])
    numbers, labels = np.array(given["numbers"]), np.array(given["labels"])
    how = {"n_neighbors": given["k"], "weights": given["weights"]}
    regressor = KNeighborsRegressor(**how).fit(reference, numbers)
    squares = KNeighborsRegressor(**how).fit(reference, numbers**2)
    classifier = KNeighborsClassifier(**how).fit(reference, labels)
    mean = regressor.predict(query)
    shares = classifier.predict_proba(query)
    return {
        "mean": mean.tolist(),
        "spread": np.sqrt(np.maximum(0, squares.predict(query) - mean**2)).tolist(),
        "classes": classifier.classes_.tolist(),
        "shares": shares.tolist(),
        "distance": regressor.kneighbors(query)[0].mean(axis=1).tolist(),
    }


def columns(path):
    manifest = json.load(open(path))
    home = os.path.dirname(path)
    metadata = pickle.load(open(os.path.join(home, manifest["metadata_path"]), "rb"))
    if manifest["reference_path"] is None:
        kept = metadata["reference_columns"]
    else:
        kept = pickle.load(open(os.path.join(home, manifest["reference_path"]), "rb"))["columns"]
    return {
        name: {"dtype": str(values.dtype), "values": [None if v != v else v for v in values.tolist()]}
        for name, values in kept.items()
    }


print(json.dumps({"neighbours": neighbours, "columns": columns}[sys.argv[1]](sys.argv[2])))
