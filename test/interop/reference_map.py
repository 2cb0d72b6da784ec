"""Reads points and their map from the file that is named; prints the trustworthiness of the map by scikit-learn, and that of
umap-learn's map of the same points where it is installed, else null."""

import json
import sys

import numpy as np
from sklearn.manifold import trustworthiness

given = json.load(open(sys.argv[1]))
points = np.array(given["points"]).reshape(given["n"], -1)
ours = np.array(given["places"]).reshape(given["n"], 2)
peer = None
try:
    import umap

    fitted = umap.UMAP(n_neighbors=15, min_dist=0.5, random_state=0, n_jobs=1).fit_transform(points)
    peer = float(trustworthiness(points, fitted, n_neighbors=15))
except ImportError:
    pass
print(json.dumps({"ours": float(trustworthiness(points, ours, n_neighbors=15)), "peer": peer}))
