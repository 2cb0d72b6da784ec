"""Reads {"cases": [{"truth", "predicted", "confidence"}]} on stdin; prints the metrics of scikit-learn and numpy."""

import json
import sys
import warnings

import numpy as np
from sklearn.metrics import accuracy_score, balanced_accuracy_score, brier_score_loss, f1_score

warnings.filterwarnings("ignore", message="y_pred contains classes not in y_true")


def score(case):
    truth = np.array(case["truth"], dtype=object)
    predicted = np.array(case["predicted"], dtype=object)
    confidence = np.array(case["confidence"], dtype=np.float64)
    covered = predicted != "Unknown"
    correct = (truth == predicted)[covered]
    conf = confidence[covered]

    # Right-closed bins by numpy: digitize(right=True) gives i for edges[i - 1] < x <= edges[i].
    edges = np.linspace(0.0, 1.0, 16)
    which = np.digitize(conf, edges, right=True)
    ece = sum(
        abs(correct[which == b].mean() - conf[which == b].mean()) * (which == b).mean() for b in np.unique(which)
    )
    risk = np.cumsum(~correct[np.argsort(-conf, kind="stable")]) / np.arange(1, len(conf) + 1)
    return {
        "accuracy": accuracy_score(truth, predicted),
        "macroF1": f1_score(truth, predicted, labels=np.unique(truth), average="macro", zero_division=0),
        "balancedAccuracy": balanced_accuracy_score(truth, predicted),
        "coverage": covered.mean(),
        "coveredAccuracy": accuracy_score(truth[covered], predicted[covered]),
        "ece": ece,
        "brier": brier_score_loss(correct, conf),
        "aurc": np.trapz(risk, np.arange(1, len(conf) + 1) / len(conf)),
    }


cases = json.load(sys.stdin)["cases"]
json.dump([{name: float(value) for name, value in score(case).items()} for case in cases], sys.stdout)
