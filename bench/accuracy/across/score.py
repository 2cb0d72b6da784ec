"""Scores of the answers of peers.py and ours.py: python3 score.py TASK_FOLDER OUT_FOLDER [--draw N ...] [--json FILE] [METHOD ...]

Over the cells whose type the reference has: accuracy, macro-F1, ECE (15 bins), AURC, and of 95 % sets the share that holds the truth.
Over all: AUROC of known against novel cells by 1 − confidence (or the distance, where one is written), the share of novel cells
beyond the threshold that loses 5 % of the known ones, and what the method itself made Unknown of both. Prints means, and the
worst difference of accuracy to the best of the BAR on a task; `--json` has every number.
"""

import argparse
import json
import os

import anndata
import numpy as np

BAR = ("celltypist", "lr", "mlr", "knn")
MEASURES = (
    "accuracy f1 ece aurc cover set_size auroc novel_at_5 novel_unknown known_unknown".split()
)


def expected_calibration_error(right, confidence, bins=15):
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    error = 0.0
    for one in range(bins):
        inside = index == one
        if inside.any():
            error += abs(right[inside].mean() - confidence[inside].mean()) * inside.mean()
    return error


def area_under_risk_coverage(right, confidence):
    wrong = ~right[np.argsort(-confidence, kind="stable")]
    return float((np.cumsum(wrong) / np.arange(1, len(wrong) + 1)).mean())


def macro_f1(truth, labels):
    scores = []
    for label in np.unique(truth):
        both = ((truth == label) & (labels == label)).sum()
        scores.append(2 * both / ((truth == label).sum() + (labels == label).sum()))
    return float(np.mean(scores))


def area_under_roc(low, high):
    both = np.concatenate([low, high])
    _, inverse, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[len(low) :].sum() - len(high) * (len(high) + 1) / 2) / (len(low) * len(high)))


def read_answer(folder, method, task):
    path = os.path.join(folder, method, task)
    if os.path.exists(f"{path}.npz"):
        answer = np.load(f"{path}.npz")
        probabilities = answer["probabilities"]
        confidence = probabilities.max(1)
        if method in ("lr", "celltypist", "voting"):
            # One against the rest: as a distribution, for a calibration error that can be compared.
            confidence = confidence / np.maximum(probabilities.sum(1), 1e-12)
        labels = answer["classes"][probabilities.argmax(1)]
        return {"labels": labels, "raw": labels, "confidence": confidence}
    if os.path.exists(f"{path}.json"):
        with open(f"{path}.json") as file:
            answer = json.load(file)
        named = {name: np.asarray(answer[name]) for name in ("labels", "raw", "confidence", "distance") if name in answer}
        if "sets" in answer:
            named["sets"] = [set(text.split(" | ")) for text in answer["sets"]]
        return {"raw": named["labels"], **named}
    return None


def score(answer, truth, classes):
    known, novel = np.isin(truth, classes), truth == "novel"
    right = answer["raw"][known] == truth[known]
    confidence = np.clip(answer["confidence"], 0, 1)
    result = {
        "accuracy": float(right.mean()),
        "f1": macro_f1(truth[known], answer["raw"][known]),
        "ece": float(expected_calibration_error(right, confidence[known])),
        "aurc": area_under_risk_coverage(right, confidence[known]),
        "known_unknown": float((answer["labels"][known] == "Unknown").mean()),
    }
    if "sets" in answer:
        sets = [labels for labels, is_known in zip(answer["sets"], known) if is_known]
        result["cover"] = float(np.mean([label in labels for label, labels in zip(truth[known], sets)]))
        result["set_size"] = float(np.mean([len(labels) for labels in sets]))
    if novel.sum() >= 10:
        strange = answer.get("distance", 1 - confidence)
        result["auroc"] = area_under_roc(strange[known], strange[novel])
        result["novel_at_5"] = float((strange[novel] > np.quantile(strange[known], 0.95)).mean())
        result["novel_unknown"] = float((answer["labels"][novel] == "Unknown").mean())
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tasks")
    parser.add_argument("out")
    parser.add_argument("methods", nargs="*")
    parser.add_argument("--draw", nargs="*", type=int, default=[1])
    parser.add_argument("--json")
    chosen = parser.parse_args()
    ending = ".reference.h5ad"
    tasks = sorted(file[: -len(ending)] for file in os.listdir(chosen.tasks) if file.endswith(ending))
    tasks = [task for task in tasks if int(task.rpartition(".")[2]) in chosen.draw]
    methods = chosen.methods or sorted(os.listdir(chosen.out))
    scores = {method: {} for method in methods}
    for task in tasks:
        truth, reference = (
            anndata.read_h5ad(os.path.join(chosen.tasks, f"{task}.{part}.h5ad"), backed="r").obs["label"].astype(str).to_numpy()
            for part in ("query", "reference")
        )
        for method in methods:
            answer = read_answer(chosen.out, method, task)
            if answer is not None:
                scores[method][task] = score(answer, truth, np.unique(reference))
    complete = [task for task in tasks if all(task in scores[method] for method in methods)]
    print(f"| mean of {len(complete)} tasks | " + " | ".join(MEASURES) + " | worst to the bar | on |")
    print("| --- |" + " --- |" * (len(MEASURES) + 2))
    for method in methods:
        cells = []
        for measure in MEASURES:
            values = [scores[method][task][measure] for task in complete if measure in scores[method][task]]
            cells.append(f"{np.mean(values):.3f}" if values else "")
        bar = [name for name in BAR if name in methods and name != method]
        if bar and complete:
            gaps = [
                scores[method][task]["accuracy"] - max(scores[name][task]["accuracy"] for name in bar) for task in complete
            ]
            cells += [f"{min(gaps):.3f}", complete[int(np.argmin(gaps))]]
        else:
            cells += ["", ""]
        print(f"| {method} | " + " | ".join(cells) + " |")
    if chosen.json:
        with open(chosen.json, "w") as file:
            json.dump(scores, file, indent=1)


if __name__ == "__main__":
    main()
