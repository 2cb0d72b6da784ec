"""The yardstick of bench/train.mjs: the same network, loss and optimiser in PyTorch on dense batches.

python3 bench/python/train_torch.py --genes 3000 --threads 2 --steps 40
Prints one line of JSON. Cells are random with the same density; the arithmetic does not depend on them.
"""

import argparse
import json
import statistics
import time

import numpy as np
import torch
from torch import nn

LEVELS = (8, 20, 45, 90)
COORD_DIMS = (16, 2)
COORD_WEIGHTS = (0.5, 0.2)


class Network(nn.Module):
    def __init__(self, n_genes: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(n_genes, 256), nn.ReLU(), nn.Dropout(0.3), nn.Linear(256, 128), nn.ReLU(), nn.Dropout(0.3)
        )
        self.labels = nn.ModuleList(nn.Linear(128, n) for n in LEVELS)
        self.coords = nn.ModuleList(nn.Linear(128, n) for n in COORD_DIMS)

    def forward(self, x):
        z = self.encoder(x)
        return [head(z) for head in self.labels], [head(z) for head in self.coords]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--genes", type=int, default=3000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--cells", type=int, default=2560)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    x = torch.from_numpy((rng.random((args.cells, args.genes), dtype=np.float32) < 0.08).astype(np.float32))
    labels = [torch.from_numpy(rng.integers(0, n, args.cells)) for n in LEVELS]
    coords = [torch.from_numpy(rng.standard_normal((args.cells, n)).astype(np.float32)) for n in COORD_DIMS]
    network = Network(args.genes)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=5e-5)
    cross_entropy = nn.CrossEntropyLoss()
    huber = nn.HuberLoss()
    network.train()
    times = []
    while len(times) < args.steps + 5:
        order = torch.randperm(args.cells)
        for start in range(0, args.cells, 256):
            began = time.perf_counter()
            rows = order[start : start + 256]
            logits, predicted = network(x[rows])
            loss = sum(cross_entropy(logit, label[rows]) for logit, label in zip(logits, labels))
            for weight, value, target in zip(COORD_WEIGHTS, predicted, coords):
                loss = loss + weight * huber(value, target[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss.item()
            times.append(1000 * (time.perf_counter() - began))
    steady = sorted(times[5:])
    print(
        json.dumps(
            {
                "engine": f"torch {torch.__version__}",
                "threads": args.threads,
                "nGenes": args.genes,
                "stepMsMedian": round(statistics.median(steady), 3),
                "stepMsBest": round(steady[len(steady) // 10], 3),
            }
        )
    )


if __name__ == "__main__":
    main()
