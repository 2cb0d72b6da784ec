"""Reads fits from the file that is named and prints scikit-learn's probabilities for the same data."""

import json
import sys

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

answers = []
for case in json.load(open(sys.argv[1])):
    x = np.array(case["features"]).reshape(len(case["targets"]), -1)
    if case["standardised"]:
        x = np.clip(StandardScaler().fit_transform(x), -10, 10)
        model = LogisticRegression(C=1.0, max_iter=5000, tol=1e-9, multi_class="multinomial", solver="newton-cg")
    else:
        model = LogisticRegression(class_weight="balanced", C=1.0, max_iter=1000, tol=1e-8)
    model.fit(x, case["targets"])
    answers.append(model.predict_proba(x).ravel().tolist())
print(json.dumps(answers))
