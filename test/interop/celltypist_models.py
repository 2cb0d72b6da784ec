"""Trains models as CellTypist does, and says what they predict.

celltypist FOLDER: celltypist itself trains, writes and annotates.
sklearn FOLDER: the classifiers of this scikit-learn alone, in celltypist's dictionary; its oracle is decision_function.

Prints JSON: of each case the pickle, the genes and values of the query, and the predictions.
"""
import json
import pickle
import sys

import numpy as np

GENES = [f"GENE{g}" for g in range(600)]
TYPES = ["B cell", "CD4 T", "CD8 T", "Mono"]


def cells(per_type, seed):
    rng = np.random.default_rng(seed)
    profiles = np.random.default_rng(1).gamma(0.3, 1.0, (len(TYPES), len(GENES)))
    profiles[2] = 0.7 * profiles[1] + 0.3 * profiles[2]
    labels = np.repeat(TYPES, per_type)
    counts = np.array([rng.poisson(2500 * profiles[TYPES.index(t)] / profiles[TYPES.index(t)].sum()) for t in labels])
    logs = np.log1p(counts / counts.sum(1, keepdims=True) * 1e4).astype(np.float32)
    return logs, labels


def with_celltypist(folder):
    import celltypist
    import pandas as pd
    from anndata import AnnData
    from scipy.sparse import csr_matrix

    celltypist.logger.set_level(50)
    train, labels = cells([90, 60, 60, 25], 2)
    query, _ = cells([30, 30, 30, 30], 3)

    def data(values, names):
        return AnnData(values, obs=pd.DataFrame(index=[f"c{i}" for i in range(values.shape[0])]), var=pd.DataFrame(index=names))

    settings = {
        "plain": {},
        "sgd": {"use_SGD": True},
        "sgd_mini_batch": {"use_SGD": True, "mini_batch": True, "batch_size": 50, "batch_number": 5, "epochs": 3},
        "balanced": {"use_SGD": True, "mini_batch": True, "batch_size": 50, "batch_number": 5, "epochs": 3, "balance_cell_type": True},
        "feature_selected": {"feature_selection": True, "top_genes": 60},
        "not_centred": {"with_mean": False},
        "two": {},
    }
    cases = []
    for name, options in settings.items():
        rows = np.isin(labels, TYPES[:2]) if name == "two" else np.ones(len(labels), bool)
        model = celltypist.train(data(train[rows], GENES), labels=labels[rows], n_jobs=1, max_iter=100, **options)
        path = f"{folder}/{name}.pkl"
        model.write(path)
        # celltypist wants rows of 10,000: a gene that no model knows takes the place of those that are left out.
        for what, kept in (("all genes", GENES), ("some genes", GENES[:200] + GENES[260:])):
            values = query[:, [GENES.index(gene) for gene in kept]]
            rest = np.log1p(np.maximum(1e4 - np.expm1(values.astype(np.float64)).sum(1), 0)).astype(np.float32)
            values, genes = np.hstack([values, rest[:, None]]), [*kept, "OTHER"]
            # celltypist 1.7.1 stops on sparse values if the model is not centred.
            adata = data(values if name == "not_centred" else csr_matrix(values), genes)
            loaded = celltypist.models.Model.load(path)
            best = list(celltypist.annotate(adata, model=loaded).predicted_labels.predicted_labels)
            found = celltypist.annotate(adata, model=loaded, mode="prob match", p_thres=0.5)
            markers = {label: list(loaded.extract_top_markers(label, 15)) for label in loaded.cell_types}
            prob, p = list(found.predicted_labels.predicted_labels), found.probability_matrix.values
            cases.append({"name": f"{name}, {what}", "pickle": path, "genes": genes, "query": values.tolist(), "best": best, "prob": prob, "p": p.tolist(), "markers": markers})
    return {"version": celltypist.__version__, "cases": cases}


def with_sklearn(folder):
    import sklearn
    from sklearn.linear_model import LogisticRegression, SGDClassifier
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.preprocessing import StandardScaler

    train, labels = cells([60, 60, 60, 60], 2)
    query, _ = cells([20, 20, 20, 20], 3)
    scaler = StandardScaler().fit(train)
    clip = lambda values: np.minimum(scaler.transform(values), 10)
    cases = []
    for name, classifier in {
        "logistic": LogisticRegression(max_iter=50),
        "sgd": SGDClassifier(loss="log_loss", max_iter=20),
        "sgd of another loss": SGDClassifier(loss="modified_huber", max_iter=20),
        "one by one": OneVsRestClassifier(LogisticRegression(max_iter=50)),
    }.items():
        classifier.fit(clip(train), labels)
        classifier.features = np.array(GENES, dtype=object)
        scores = classifier.decision_function(clip(query))
        p = 1 / (1 + np.exp(-scores))
        best = [classifier.classes_[k] for k in scores.argmax(1)]
        prob = ["|".join(c for c, v in zip(classifier.classes_, row) if v > 0.5) or "Unassigned" for row in p]
        for protocol in (2, 4, 5):
            path = f"{folder}/{name}-{protocol}.pkl"
            with open(path, "wb") as file:
                pickle.dump({"Model": classifier, "Scaler_": scaler, "description": {"date": "2026"}}, file, protocol)
            cases.append({"name": f"{name}, protocol {protocol}", "pickle": path, "genes": GENES, "query": query.tolist(), "best": best, "prob": prob, "p": p.tolist()})
    return {"version": sklearn.__version__, "cases": cases}


if __name__ == "__main__":
    made = with_celltypist(sys.argv[2]) if sys.argv[1] == "celltypist" else with_sklearn(sys.argv[2])
    print("\n" + json.dumps(made))
