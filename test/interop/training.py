"""Trains the network of docs/specification/2-training.md with torch on a problem written by training.test.ts.

usage: training.py FOLDER DTYPE

Reads problem.json and the raw little-endian arrays beside it; computes in DTYPE; writes, as raw float64,
gradients.bin (of the first batch at the initial weights) and weights.bin (after all steps), tensors in the
order of problem.json, and result.json with the loss parts of each step.
"""
import json
import sys

import numpy as np
import torch
import torch.nn.functional as F

folder, dtype = sys.argv[1], getattr(torch, sys.argv[2])
torch.set_num_threads(1)
problem = json.load(open(f"{folder}/problem.json"))


def floats(name, shape):
    return torch.from_numpy(np.fromfile(f"{folder}/{name}.f32", "<f4").reshape(shape).astype("f8")).to(dtype)


def ints(name):
    return torch.from_numpy(np.fromfile(f"{folder}/{name}.i32", "<i4").astype("i8"))


n, n_genes = problem["n_rows"], problem["n_genes"]
x = floats("x", (n, n_genes))
labels = [ints(f"labels{j}") for j in range(len(problem["n_classes"]))]
coords = [floats(f"coords{c}", (n, d)) for c, d in enumerate(problem["coord_dims"])]
domains = ints("domains")
tensors = []
for t in problem["tensors"]:
    tensors.append(floats(t["name"], t["shape"]).requires_grad_(True))
n_hidden, n_labels = problem["n_hidden"], len(labels)
layers = [(tensors[2 * i], tensors[2 * i + 1]) for i in range(len(tensors) // 2)]
encoder, label_heads, coord_heads = layers[:n_hidden], layers[n_hidden:n_hidden + n_labels], layers[n_hidden + n_labels:]
loss_options = problem["loss"]


def domain_loss(z, codes):
    means = [z[codes == d].mean(0) for d in torch.unique(codes)]
    pairs = [((a - b) ** 2).mean() for i, a in enumerate(means) for b in means[i + 1:]]
    return torch.stack(pairs).mean() if pairs else z.sum() * 0


def topology_loss(predicted, target, k):
    k = min(k, len(target) - 1)
    if k < 1:
        return predicted.sum() * 0
    distances = torch.cdist(target, target, compute_mode="donot_use_mm_for_euclid_dist")
    distances.fill_diagonal_(float("inf"))
    d_target, neighbours = distances.topk(k, largest=False)
    difference = predicted[:, None, :] - predicted[neighbours]
    return ((difference.norm(dim=2) - d_target) ** 2).mean()


def losses(rows):
    z = x[rows]
    for weight, bias in encoder:
        z = F.relu(F.linear(z, weight, bias))
    parts = []
    for j, (weight, bias) in enumerate(label_heads):
        class_weights = loss_options["class_weights"][j]
        w = None if class_weights is None else torch.tensor(class_weights, dtype=dtype)
        targets = labels[j][rows]
        logits = F.linear(z, weight, bias)
        ce = F.cross_entropy(logits, targets, weight=w, ignore_index=-1) if (targets >= 0).any() else z.sum() * 0
        parts.append((loss_options["task_weights"][j], ce))
    predicted = [F.linear(z, weight, bias) for weight, bias in coord_heads]
    for c, p in enumerate(predicted):
        parts.append((loss_options["coord_weights"][c], F.huber_loss(p, coords[c][rows], delta=1.0)))
    parts.append((loss_options["domain_weight"], domain_loss(z, domains[rows])))
    t = loss_options["topology"]
    if t is not None:
        parts.append((t["weight"], topology_loss(predicted[t["head"]], coords[t["head"]][rows], t["k"])))
    return sum(weight * part for weight, part in parts), [part.item() for _, part in parts]


def write(name, arrays):
    with open(f"{folder}/{name}", "wb") as f:
        for a in arrays:
            f.write(a.detach().to(torch.float64).numpy().astype("<f8").tobytes())


batches = [torch.tensor(b) for b in problem["batches"]]
total, _ = losses(batches[0])
write("gradients.bin", torch.autograd.grad(total, tensors))

o = problem["optimizer"]
kind = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}[o["name"]]
optimizer = kind(tensors, lr=o["lr"], betas=(0.9, 0.999), eps=1e-8, weight_decay=o["weight_decay"])
steps = []
for rows in batches:
    optimizer.zero_grad()
    total, parts = losses(rows)
    total.backward()
    optimizer.step()
    steps.append({"total": total.item(), "parts": parts})
write("weights.bin", tensors)

plateau = problem["plateau"]
parameter = torch.zeros(1, requires_grad=True)
schedule = torch.optim.SGD([parameter], lr=plateau["lr"])
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
    schedule, factor=plateau["factor"], patience=plateau["patience"], min_lr=plateau["min_lr"])
rates = []
for value in plateau["losses"]:
    scheduler.step(value)
    rates.append(schedule.param_groups[0]["lr"])
json.dump({"steps": steps, "rates": rates}, open(f"{folder}/result.json", "w"))
