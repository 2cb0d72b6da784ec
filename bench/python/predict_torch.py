"""A whole prediction in Python: load a bundle, read the query, align, evaluate in batches, write a CSV.

python3 bench/python/predict_torch.py MODEL.pth QUERY.h5ad OUT.csv --threads 2 [--dense once] [--knn]
Cells are made dense a batch at a time, the frugal way, or with `--dense once` all together, the plain way. With
--knn every cell asks its 15 nearest reference cells, by scikit-learn's brute force, once per label level as a
level-by-level implementation does. Prints one line of JSON with the seconds of its parts.
"""

import thread_settings  # noqa: I001, must come first

import argparse
import json
import pickle
import time

import anndata
import numpy as np
import pandas as pd
import torch
from network import Network
from sklearn.neighbors import NearestNeighbors

BATCH = 2048


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("adata")
    parser.add_argument("out")
    parser.add_argument("--threads", choices=("1", "2", "blas"), default="2", help="see thread_settings.py")
    parser.add_argument("--dense", choices=("batch", "once"), default="batch")
    parser.add_argument("--knn", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(thread_settings.TORCH)
    began = time.perf_counter()
    bundle = torch.load(args.model, map_location="cpu")
    with open(args.model[: -len(".pth")] + "_metadata.pkl", "rb") as file:
        metadata = pickle.load(file)
    network = Network(bundle["input_size"], bundle["num_classes"], bundle["coord_dims"])
    network.load_state_dict(bundle["state_dict"])
    network.eval()
    adata = anndata.read_h5ad(args.adata)
    genes = pd.Index(metadata["train_genes"])
    x = adata.X if adata.var_names.equals(genes) else adata[:, genes].X
    loaded = time.perf_counter()

    logits = [[] for _ in bundle["num_classes"]]
    latents = []
    whole = (x.toarray() > 0).astype(np.float32) if args.dense == "once" else None
    with torch.no_grad():
        for start in range(0, x.shape[0], BATCH):
            end = start + BATCH
            dense = (x[start:end].toarray() > 0).astype(np.float32) if whole is None else whole[start:end]
            latent, heads, _ = network(torch.from_numpy(dense))
            latents.append(latent.numpy())
            for found, head in zip(logits, heads):
                found.append(torch.softmax(head, 1).numpy())
    frame = pd.DataFrame(index=adata.obs_names)
    for column, found in zip(metadata["label_columns"], logits):
        probabilities = np.concatenate(found)
        top = -np.partition(-probabilities, 1, axis=1)[:, :2]
        classes = metadata["label_encoders"][column].classes_
        frame[f"pred_{column}_raw"] = classes[probabilities.argmax(1)]
        frame[f"conf_{column}"] = top[:, 0]
        frame[f"margin_{column}"] = top[:, 0] - top[:, 1]
        frame[f"is_low_conf_{column}"] = (top[:, 0] < 0.7) | (top[:, 0] - top[:, 1] < 0.2)
    evaluated = time.perf_counter()

    search_seconds = 0.0
    if args.knn:
        with open(args.model[: -len(".pth")] + "_reference.pkl", "rb") as file:
            reference = pickle.load(file)
        queries = np.concatenate(latents)
        points = reference["coords"]["X_ref_latent_internal"]
        for column in metadata["label_columns"]:
            search_began = time.perf_counter()
            neighbours = NearestNeighbors(n_neighbors=15, algorithm="brute", n_jobs=-1).fit(points)
            _, rows = neighbours.kneighbors(queries)
            search_seconds += time.perf_counter() - search_began
            codes, names = pd.factorize(reference["labels"][column])
            votes = np.zeros((len(queries), len(names)), np.int32)
            np.add.at(votes, (np.arange(len(queries))[:, None], codes[rows]), 1)
            frame[f"pred_{column}"] = np.asarray(names)[votes.argmax(1)]
    frame.to_csv(args.out)
    done = time.perf_counter()
    print(
        json.dumps(
            {
                "engine": f"torch {torch.__version__}",
                "threads": args.threads,
                "loadSeconds": round(loaded - began, 3),
                "evaluateSeconds": round(evaluated - loaded, 3),
                "searchSeconds": round(search_seconds, 3),
                "restSeconds": round(done - evaluated - search_seconds, 3),
            }
        )
    )


if __name__ == "__main__":
    main()
