"""Seconds per epoch of the same training in PyTorch: the same network, loss and optimiser, on dense float32 batches.

python3 bench/python/train_torch.py FILE.h5ad --threads 2 --epochs 3 --batches loader
  loader   TensorDataset and DataLoader(batch_size=256, shuffle=True), as such code is normally written
  indexed  x[permutation[i : i + 256]], the fastest simple way
Prints one line of JSON.
"""

import thread_settings  # noqa: I001, must come first

import argparse
import json
import time

import anndata
import numpy as np
import torch
from network import LEVELS, Network
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

COORDS = {"latent": ("X_latent", 1.0), "umap": ("X_umap", 1.0)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("adata")
    parser.add_argument("--threads", choices=("1", "2", "blas"), default="2", help="see thread_settings.py")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batches", choices=("loader", "indexed"), default="loader")
    args = parser.parse_args()
    torch.set_num_threads(thread_settings.TORCH)
    torch.manual_seed(1)
    adata = anndata.read_h5ad(args.adata)
    binary = adata.X.astype(np.float32)
    binary.data = (binary.data > 0).astype(np.float32)
    x = torch.from_numpy(binary.toarray())
    labels = [torch.from_numpy(adata.obs[name].cat.codes.to_numpy().astype(np.int64)) for name in LEVELS]
    coords = []
    for key, _ in COORDS.values():
        points = adata.obsm[key].astype(np.float32)
        coords.append(torch.from_numpy((points - points.mean(0)) / points.std(0)))
    weights = [weight for _, weight in COORDS.values()]
    n_classes = [len(adata.obs[name].cat.categories) for name in LEVELS]
    network = Network(x.shape[1], n_classes, {name: c.shape[1] for name, c in zip(COORDS, coords)})
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=5e-5)
    cross_entropy = nn.CrossEntropyLoss()
    huber = nn.HuberLoss()
    tensors = [x, *labels, *coords]
    loader = DataLoader(TensorDataset(*tensors), batch_size=256, shuffle=True)

    def indexed():
        order = torch.randperm(len(x))
        for start in range(0, len(x), 256):
            rows = order[start : start + 256]
            yield [tensor[rows] for tensor in tensors]

    network.train()
    seconds, cpu_seconds = [], []
    for _ in range(args.epochs + 1):
        began, cpu_began = time.perf_counter(), time.process_time()
        total = 0.0
        for batch in loader if args.batches == "loader" else indexed():
            targets, points = batch[1 : 1 + len(labels)], batch[1 + len(labels) :]
            _, logits, predicted = network(batch[0])
            loss = sum(cross_entropy(logit, target) for logit, target in zip(logits, targets))
            for weight, value, target in zip(weights, predicted, points):
                loss = loss + weight * huber(value, target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        seconds.append(round(time.perf_counter() - began, 4))
        cpu_seconds.append(round(time.process_time() - cpu_began, 4))
    print(
        json.dumps(
            {
                "engine": f"torch {torch.__version__}",
                "threads": args.threads,
                "batches": args.batches,
                # The first epoch is left out: allocations and caches settle in it.
                "epochSeconds": seconds[1:],
                "epochCpuSeconds": cpu_seconds[1:],
            }
        )
    )


if __name__ == "__main__":
    main()
