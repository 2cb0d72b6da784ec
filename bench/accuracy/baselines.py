"""The other methods of the accuracy study, on the same cells: python3 baselines.py RUNS.json OUT_FOLDER [METHOD ...]

pytorch              the default network in PyTorch with the original's defaults: expressed or not, 40 epochs
logistic_regression  as CellTypist trains it: log1p of counts per 10,000, scaled, clipped at 10, one-vs-rest, C = 1
nearest_centroid     log1p of counts per 10,000, Euclidean; the confidence is the softmax of minus the distances
knn                  15 neighbours on 30 principal components of log1p of counts per 10,000

Writes OUT_FOLDER/METHOD.jsonl: per run its labels and confidences by level.
"""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import json  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import warnings  # noqa: E402

import anndata  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from sklearn.decomposition import PCA  # noqa: E402
from sklearn.exceptions import ConvergenceWarning  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python"))
from network import Network  # noqa: E402

warnings.filterwarnings("ignore", category=ConvergenceWarning)
warnings.filterwarnings("ignore", category=FutureWarning)
torch.set_num_threads(1)


def log_normalised(counts):
    return np.log1p(counts * (1e4 / np.maximum(counts.sum(1, keepdims=True), 1)))


def answer(classes, probabilities):
    best = probabilities.argmax(1)
    return {"labels": [str(classes[i]) for i in best], "confidence": [float(p) for p in probabilities.max(1)]}


def pytorch(x, query, labels, seed):
    torch.manual_seed(seed)
    encoded = [np.unique(column, return_inverse=True) for column in labels]
    targets = [torch.from_numpy(codes.astype(np.int64)) for _, codes in encoded]
    network = Network(x.shape[1], [len(classes) for classes, _ in encoded], {})
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=5e-5)
    cross_entropy = torch.nn.CrossEntropyLoss()
    x = torch.from_numpy((x > 0).astype(np.float32))
    network.train()
    for _ in range(40):
        order = torch.randperm(len(x))
        for start in range(0, len(x), 256):
            rows = order[start : start + 256]
            _, logits, _ = network(x[rows])
            loss = sum(cross_entropy(logit, target[rows]) for logit, target in zip(logits, targets))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    network.eval()
    with torch.no_grad():
        _, logits, _ = network(torch.from_numpy((query > 0).astype(np.float32)))
    return [answer(classes, torch.softmax(logit, 1).numpy()) for (classes, _), logit in zip(encoded, logits)]


def per_level(fit):
    def run(x, query, labels, seed):
        prepared = fit.prepare(log_normalised(x), log_normalised(query), seed)
        return [fit.level(*prepared, column) for column in labels]

    return run


class logistic_regression:
    @staticmethod
    def prepare(x, query, seed):
        scaler = StandardScaler().fit(x)
        return [np.minimum(scaler.transform(part), 10) for part in (x, query)]

    @staticmethod
    def level(x, query, column):
        model = LogisticRegression(C=1.0, solver="lbfgs", max_iter=1000, multi_class="ovr").fit(x, column)
        return answer(model.classes_, model.predict_proba(query))


class nearest_centroid:
    @staticmethod
    def prepare(x, query, seed):
        return x, query

    @staticmethod
    def level(x, query, column):
        model = NearestCentroid().fit(x, column)
        distances = np.sqrt(((query[:, None, :] - model.centroids_[None]) ** 2).sum(2))
        weights = np.exp(distances.min(1, keepdims=True) - distances)
        return answer(model.classes_, weights / weights.sum(1, keepdims=True))


class knn:
    @staticmethod
    def prepare(x, query, seed):
        pca = PCA(30, random_state=seed).fit(x)
        return pca.transform(x), pca.transform(query)

    @staticmethod
    def level(x, query, column):
        model = KNeighborsClassifier(15).fit(x, column)
        return answer(model.classes_, model.predict_proba(query))


METHODS = {
    "nearest_centroid": per_level(nearest_centroid),
    "knn": per_level(knn),
    "pytorch": pytorch,
    "logistic_regression": per_level(logistic_regression),
}


def read_runs(path):
    """The runs of a study, and what reads the cells of a part of one; each file is read once."""
    with open(path) as file:
        runs = json.load(file)
    files = {}

    def cells(part):
        if part["file"] not in files:
            files[part["file"]] = anndata.read_h5ad(part["file"])
        return files[part["file"]][part["rows"]]

    return runs, cells


def main():
    runs, cells = read_runs(sys.argv[1])
    for method in sys.argv[3:] or METHODS:
        with open(os.path.join(sys.argv[2], f"{method}.jsonl"), "w") as out:
            for index, run in enumerate(runs):
                train, query = cells(run["train"]), cells(run["query"])
                # Of a run without a type only the finest level is scored.
                levels = run["levels"] if run["unseen"] is None else run["levels"][-1:]
                if method == "pytorch":
                    levels = run["levels"]
                dense = [np.asarray(part.X.todense(), dtype=np.float32) for part in (train, query)]
                labels = [train.obs[level].astype(str).to_numpy() for level in levels]
                began = time.perf_counter()
                answers = METHODS[method](*dense, labels, run["seed"])
                seconds = round(time.perf_counter() - began, 2)
                line = {"run": index, "seconds": seconds, "levels": dict(zip(levels, answers))}
                out.write(json.dumps(line) + "\n")
                out.flush()
            print(method, "done", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
