"""Reads {"cases": [{"truth", "predicted", "confidence"}], "coords": [{"truth", "predicted"}]} on stdin; prints the metrics of scikit-learn and numpy."""

import json
import sys
import warnings

import numpy as np
from sklearn.manifold import trustworthiness
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    brier_score_loss,
    confusion_matrix,
    f1_score,
    mean_squared_error,
    precision_recall_fscore_support,
)
from sklearn.neighbors import NearestNeighbors

warnings.filterwarnings("ignore", message="y_pred contains classes not in y_true")


def score(case):
    truth = np.array(case["truth"], dtype=object)
    predicted = np.array(case["predicted"], dtype=object)
    confidence = np.array(case["confidence"], dtype=np.float64)
    covered = predicted != "Unknown"
    correct = (truth == predicted)[covered]
    conf = confidence[covered]

    present = np.unique(truth)
    scores = {
        "accuracy": accuracy_score(truth, predicted),
        "macroF1": f1_score(truth, predicted, labels=present, average="macro", zero_division=0),
        "balancedAccuracy": balanced_accuracy_score(truth, predicted),
        "coverage": covered.mean(),
        "rejectRate": 1 - covered.mean(),
    }
    if covered.any():
        # Right-closed bins by numpy: digitize(right=True) gives i for edges[i - 1] < x <= edges[i].
        edges = np.linspace(0.0, 1.0, 16)
        which = np.digitize(conf, edges, right=True)
        risk = np.cumsum(~correct[np.argsort(-conf, kind="stable")]) / np.arange(1, len(conf) + 1)
        scores |= {
            "coveredAccuracy": accuracy_score(truth[covered], predicted[covered]),
            "risk": 1 - accuracy_score(truth[covered], predicted[covered]),
            "ece": sum(
                abs(correct[which == b].mean() - conf[which == b].mean()) * (which == b).mean()
                for b in np.unique(which)
            ),
            "brier": brier_score_loss(correct, conf, pos_label=True),
            "aurc": np.trapz(risk, np.arange(1, len(conf) + 1) / len(conf)),
        }
    precision, recall, f1, support = precision_recall_fscore_support(
        truth, predicted, labels=present, zero_division=0
    )
    labels = sorted((set(truth) | set(predicted)) - {"Unknown"})
    return {
        "scores": {name: float(value) for name, value in scores.items()},
        "classes": {
            label: {"precision": precision[i], "recall": recall[i], "f1": f1[i], "support": int(support[i])}
            for i, label in enumerate(present)
        },
        "labels": labels,
        "confusion": confusion_matrix(truth, predicted, labels=[*labels, "Unknown"])[:-1].ravel().tolist(),
    }


def score_coords(case, k=10):
    truth = np.array(case["truth"], dtype=np.float32).astype(np.float64)
    predicted = np.array(case["predicted"], dtype=np.float32).astype(np.float64)
    near = [
        NearestNeighbors(n_neighbors=k).fit(x).kneighbors(return_distance=False) for x in (truth, predicted)
    ]
    return {
        "rmse": float(np.sqrt(mean_squared_error(truth.ravel(), predicted.ravel()))),
        "trustworthiness": trustworthiness(truth, predicted, n_neighbors=k),
        "continuity": trustworthiness(predicted, truth, n_neighbors=k),
        "neighborOverlap": float(np.mean([len(set(a) & set(b)) / k for a, b in zip(*near)])),
    }


asked = json.load(sys.stdin)
json.dump(
    {
        "cases": [score(case) for case in asked["cases"]],
        "coords": [score_coords(case) for case in asked["coords"]],
    },
    sys.stdout,
)
