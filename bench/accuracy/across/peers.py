"""Other methods on the tasks of tasks.py: python3 peers.py TASK_FOLDER OUT_FOLDER [--method NAME ...] [--task NAME ...] [--draw N ...]

lr          as CellTypist trains: log1p of counts per 10,000, scaled, clipped at 10, one against the rest, C = 1
mlr         multinomial, C = .01, same input
knn         15 neighbours on 30 principal components of log1p of counts per 10,000
xgboost     100 trees of depth 4 a class, log1p of counts per 10,000 of the 2,000 most variable genes
celltypist  celltypist 1.7.1 itself, its defaults, normalised over all genes of each file
voting      the same with majority voting
singler     SingleR's algorithm (PyPI's singler): correlations of ranks with the cells of each label, log1p of counts per 10,000, then fine-tuned
scanvi      scvi-tools: scVI, then scANVI, 2,000 variable genes; reference and query together, as its tutorial does

lr, mlr, knn and xgboost see the genes that both files have and normalise over these. Writes OUT_FOLDER/METHOD/TASK.DRAW.npz:
classes, probabilities and seconds; answers that are there are kept.
"""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import argparse  # noqa: E402
import time  # noqa: E402
import warnings  # noqa: E402

import anndata  # noqa: E402
import numpy as np  # noqa: E402

warnings.filterwarnings("ignore")


def log_normalised(counts):
    dense = counts.toarray() if hasattr(counts, "toarray") else np.asarray(counts)
    return np.log1p(dense * (1e4 / np.maximum(dense.sum(1, keepdims=True), 1))).astype(np.float32)


def shared_input(reference, query):
    genes = [gene for gene in reference.var_names if gene in set(query.var_names)]
    return log_normalised(reference[:, genes].X), log_normalised(query[:, genes].X)


def scaled(x, query):
    mean, deviation = x.mean(0), x.std(0)
    deviation[deviation == 0] = 1
    return [np.minimum((part - mean) / deviation, 10) for part in (x, query)]


def rotated(x, query):
    """In the span of the reference's cells: what an L2 penalty finds is the same there, sooner with more genes than cells."""
    if x.shape[0] >= x.shape[1]:
        return x, query
    values, vectors = np.linalg.eigh((x @ x.T).astype(np.float64))
    keep = values > values.max() * 1e-9
    basis = vectors[:, keep] / np.sqrt(values[keep])
    back = (x.T @ basis).astype(np.float32)
    return x @ back, query @ back


def lr(reference, query, seed):
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    x, q = rotated(*scaled(*shared_input(reference, query)))
    model = OneVsRestClassifier(LogisticRegression(C=1.0, max_iter=200))
    model.fit(x, reference.obs["label"].astype(str))
    return model.classes_, model.predict_proba(q)


def mlr(reference, query, seed):
    from sklearn.linear_model import LogisticRegression

    x, q = rotated(*scaled(*shared_input(reference, query)))
    model = LogisticRegression(C=0.01, max_iter=200).fit(x, reference.obs["label"].astype(str))
    return model.classes_, model.predict_proba(q)


def knn(reference, query, seed):
    from sklearn.decomposition import PCA
    from sklearn.neighbors import KNeighborsClassifier

    x, q = shared_input(reference, query)
    pca = PCA(30, random_state=seed, svd_solver="randomized").fit(x)
    model = KNeighborsClassifier(15).fit(pca.transform(x), reference.obs["label"].astype(str))
    return model.classes_, model.predict_proba(pca.transform(q))


def xgboost(reference, query, seed):
    from xgboost import XGBClassifier

    x, q = shared_input(reference, query)
    keep = np.argsort(-x.var(0))[:2000]
    classes, codes = np.unique(reference.obs["label"].astype(str), return_inverse=True)
    model = XGBClassifier(n_estimators=100, max_depth=4, n_jobs=1, random_state=seed, tree_method="hist", subsample=0.8)
    return classes, model.fit(x[:, keep], codes).predict_proba(q[:, keep])


def run_celltypist(reference, query, voting):
    import celltypist
    import scanpy

    for part in (reference, query):
        scanpy.pp.normalize_total(part, target_sum=1e4)
        scanpy.pp.log1p(part)
    model = celltypist.train(reference, labels="label", check_expression=False, n_jobs=1, with_mean=True)
    done = celltypist.annotate(query, model=model, majority_voting=voting)
    classes = np.asarray(done.probability_matrix.columns.astype(str))
    probabilities = done.probability_matrix.to_numpy()
    if voting:
        # The label of the cluster, with the confidence that the cell itself gives it.
        label = done.predicted_labels["majority_voting"].astype(str).to_numpy()
        own = probabilities[np.arange(len(label)), np.searchsorted(classes, label)]
        probabilities = np.zeros_like(probabilities)
        probabilities[np.arange(len(label)), np.searchsorted(classes, label)] = np.maximum(own, 1e-6)
    return classes, probabilities


def celltypist(reference, query, seed):
    return run_celltypist(reference, query, voting=False)


def voting(reference, query, seed):
    return run_celltypist(reference, query, voting=True)


def singler(reference, query, seed):
    from singler import annotate_single

    x, q = shared_input(reference, query)
    genes = [gene for gene in reference.var_names if gene in set(query.var_names)]
    done = annotate_single(
        q.T.astype(np.float64), x.T.astype(np.float64), list(reference.obs["label"].astype(str)), test_features=genes, ref_features=genes
    )
    scores = done.column("scores")
    classes = np.asarray(scores.column_names, dtype=str)
    at = {name: column for column, name in enumerate(classes)}
    best = np.array([at[name] for name in done.column("best")])
    values = np.column_stack([np.asarray(scores.column(name)) for name in scores.column_names])
    # The fine-tuned label, with its correlation as confidence: SingleR has no probabilities.
    probabilities = np.zeros_like(values)
    probabilities[np.arange(len(best)), best] = np.clip(values[np.arange(len(best)), best], 1e-6, 1)
    return classes, probabilities


def scanvi(reference, query, seed):
    import scanpy
    import scvi
    import torch

    torch.set_num_threads(1)
    scvi.settings.seed = seed
    genes = [gene for gene in reference.var_names if gene in set(query.var_names)]
    both = anndata.concat({"reference": reference[:, genes], "query": query[:, genes]}, label="part")
    both.obs_names_make_unique()
    both.obs["part"] = both.obs["part"].astype(str) + both.obs["group"].astype(str)
    both.obs["target"] = np.where(
        np.arange(both.n_obs) < reference.n_obs, both.obs["label"].astype(str), "unlabelled"
    )
    if len(genes) > 2000:
        scanpy.pp.highly_variable_genes(both, n_top_genes=2000, flavor="seurat_v3", batch_key=None, span=1.0)
        both = both[:, both.var["highly_variable"]].copy()
    scvi.model.SCVI.setup_anndata(both, batch_key="part")
    base = scvi.model.SCVI(both, n_layers=2, n_latent=30)
    quiet = {"enable_progress_bar": False, "accelerator": "cpu"}
    base.train(max_epochs=min(100, round(20000 / both.n_obs * 20)), **quiet)
    model = scvi.model.SCANVI.from_scvi_model(base, unlabeled_category="unlabelled", labels_key="target")
    model.train(max_epochs=20, n_samples_per_label=100, **quiet)
    soft = model.predict(both[reference.n_obs :].copy(), soft=True)
    return np.asarray(soft.columns.astype(str)), soft.to_numpy()


METHODS = {each.__name__: each for each in (lr, mlr, knn, xgboost, celltypist, voting, singler, scanvi)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tasks")
    parser.add_argument("out")
    parser.add_argument("--method", nargs="*", default=["lr", "mlr", "knn", "celltypist", "voting", "xgboost"])
    parser.add_argument("--task", nargs="*")
    parser.add_argument("--draw", nargs="*", type=int, default=[1])
    chosen = parser.parse_args()
    tasks = sorted(
        file[: -len(".reference.h5ad")] for file in os.listdir(chosen.tasks) if file.endswith(".reference.h5ad")
    )
    for method in chosen.method:
        os.makedirs(os.path.join(chosen.out, method), exist_ok=True)
        for task in tasks:
            name, draw = task.rsplit(".", 1)
            out = os.path.join(chosen.out, method, f"{task}.npz")
            if int(draw) not in chosen.draw or (chosen.task and name not in chosen.task) or os.path.exists(out):
                continue
            parts = [anndata.read_h5ad(os.path.join(chosen.tasks, f"{task}.{part}.h5ad")) for part in ("reference", "query")]
            began = time.perf_counter()
            classes, probabilities = METHODS[method](*parts, int(draw))
            seconds = time.perf_counter() - began
            np.savez_compressed(out, classes=classes.astype(str), probabilities=probabilities, seconds=seconds)
            truth = parts[1].obs["label"].astype(str).to_numpy()
            scored = np.isin(truth, classes)
            right = classes[probabilities[scored].argmax(1)] == truth[scored]
            print(f"{method} {task}: {right.mean():.3f} in {seconds:.1f} s", flush=True)


if __name__ == "__main__":
    main()
