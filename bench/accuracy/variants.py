"""Variations of the network on normalised counts, in PyTorch: python3 variants.py RUNS.json OUT_FOLDER [TRAINING ...]

Each training is the yardstick's network and loop on log1p of counts per 10,000 with half-way class weights, and one
change. The training `log` is answered in several `WAYS`; every answer is a file OUT_FOLDER/TRAINING_WAY.jsonl as the study's
methods write them. Runs that leave a type out are not made.
"""

import json
import os
import sys

from baselines import Network, read_runs  # sets one thread before numpy comes

import numpy as np
import torch

TRAININGS = {
    "log": {},
    "gene_dropout_10": {"gene_dropout": 0.1},
    "gene_dropout_30": {"gene_dropout": 0.3},
    "thinning_50": {"thinning": 0.5},
    "thinning_20": {"thinning": 0.2},
    "five": {"members": 5},
    "five_thinning_20": {"members": 5, "thinning": 0.2},
    "five_thinning_10": {"members": 5, "thinning": 0.1},
    "unweighted": {"weights": False},
    "logit_adjustment_50": {"logit_adjustment": 0.5, "weights": False},
    "logit_adjustment_100": {"logit_adjustment": 1.0, "weights": False},
    "smoothing_05": {"smoothing": 0.05},
    "smoothing_10": {"smoothing": 0.1},
}


def log_normalised(counts):
    return torch.log1p(counts * (1e4 / counts.sum(1, keepdim=True).clamp(min=1)))


def noisy(counts, options, generator):
    """The counts as a poorer experiment would give them."""
    if "gene_dropout" in options:
        return counts * (torch.rand(counts.shape, generator=generator) >= options["gene_dropout"])
    if "thinning" in options:
        lowest = options["thinning"]
        share = lowest + (1 - lowest) * torch.rand((len(counts), 1), generator=generator)
        return torch.binomial(counts, share.expand_as(counts).contiguous(), generator=generator)
    return counts


def fit(x, codes, n_classes, seed, options):
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed + 1000)
    network = Network(x.shape[1], n_classes, {})
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=5e-5)
    targets = [torch.from_numpy(column.astype(np.int64)) for column in codes]
    shares = [torch.bincount(target, minlength=n) / len(target) for target, n in zip(targets, n_classes)]
    tau = options.get("logit_adjustment", 0.0)
    losses = []
    for level, share in enumerate(shares):
        weight = None
        if options.get("weights", True) and level == len(shares) - 1:
            weight = share.clamp(min=1e-9).rsqrt()
            weight = weight * (len(weight) / weight.sum())
        losses.append(
            torch.nn.CrossEntropyLoss(weight=weight, label_smoothing=options.get("smoothing", 0.0))
        )
    clean = log_normalised(x)
    is_noisy = "gene_dropout" in options or "thinning" in options
    network.train()
    for _ in range(40):
        order = torch.randperm(len(x))
        for start in range(0, len(x), 256):
            rows = order[start : start + 256]
            batch = log_normalised(noisy(x[rows], options, generator)) if is_noisy else clean[rows]
            _, logits, _ = network(batch)
            loss = sum(
                loss_of(logit + tau * share.clamp(min=1e-9).log(), target[rows])
                for loss_of, logit, share, target in zip(losses, logits, shares, targets)
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    network.eval()
    return network


def mean_logits(networks, x):
    with torch.no_grad():
        members = [network(log_normalised(x))[1] for network in networks]
    return [torch.stack(level).mean(0).double().numpy() for level in zip(*members)]


def softmax(logits):
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True)


def parents_of(codes, n_classes):
    """By level but the first: the parent that most cells of each class have."""
    tables = []
    for above, below, n, m in zip(codes, codes[1:], n_classes, n_classes[1:]):
        counts = np.zeros((m, n))
        np.add.at(counts, (below, above), 1)
        tables.append(counts.argmax(1))
    return tables


def flat(probabilities, parents):
    return probabilities


def roll_up(finest, parents):
    levels = [finest]
    for table in reversed(parents):
        above = np.zeros((len(finest), table.max() + 1))
        np.add.at(above.T, table, levels[0].T)
        levels.insert(0, above)
    return levels


def marginal(probabilities, parents):
    """The finest level's probabilities, summed."""
    return roll_up(probabilities[-1], parents)


def chain(probabilities, parents):
    """The top level's, times each level's share among the children of one parent."""
    levels = [probabilities[0]]
    for own, table in zip(probabilities[1:], parents):
        siblings = np.zeros((len(own), levels[-1].shape[1]))
        np.add.at(siblings.T, table, own.T)
        levels.append(levels[-1][:, table] * own / np.maximum(siblings[:, table], 1e-300))
    return levels


def product(probabilities, parents):
    """The product of all levels' over the path, as one distribution of the finest level."""
    total = np.log(np.maximum(probabilities[-1], 1e-300))
    path = np.arange(probabilities[-1].shape[1])
    for own, table in zip(reversed(probabilities[:-1]), reversed(parents)):
        path = table[path]
        total = total + np.log(np.maximum(own, 1e-300))[:, path]
    return roll_up(softmax(total), parents)


WAYS = {"flat": flat, "marginal": marginal, "chain": chain, "product": product}


def main():
    runs, cells = read_runs(sys.argv[1])
    for training in sys.argv[3:] or TRAININGS:
        options = TRAININGS[training]
        ways = WAYS if training == "log" else {"flat": flat}
        outs = {way: open(os.path.join(sys.argv[2], f"{training}_{way}.jsonl"), "w") for way in ways}
        for index, run in enumerate(runs):
            if run["unseen"] is not None:
                continue
            train, query = cells(run["train"]), cells(run["query"])
            x, q = (torch.from_numpy(np.asarray(part.X.todense(), dtype=np.float32)) for part in (train, query))
            encoded = [np.unique(train.obs[level].astype(str), return_inverse=True) for level in run["levels"]]
            codes, n_classes = [c for _, c in encoded], [len(names) for names, _ in encoded]
            seeds = [run["seed"] + 100 * member for member in range(options.get("members", 1))]
            networks = [fit(x, codes, n_classes, seed, options) for seed in seeds]
            logits = mean_logits(networks, q)
            for way, out in outs.items():
                levels = WAYS[way]([softmax(logit) for logit in logits], parents_of(codes, n_classes))
                answers = {}
                for level, (classes, _), own in zip(run["levels"], encoded, levels):
                    best = own.argmax(1)
                    answers[level] = {
                        "labels": [str(classes[i]) for i in best],
                        "confidence": [min(1.0, float(p)) for p in own.max(1)],
                    }
                out.write(json.dumps({"run": index, "levels": answers}) + "\n")
                out.flush()
        print(training, "done", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
