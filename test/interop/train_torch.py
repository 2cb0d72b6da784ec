"""Trains the network of a problem file in PyTorch, in float64 and in float32, and writes both results.

Usage: train_torch.py problem.json out.json
"""

import json
import sys

import torch
from torch import nn

with open(sys.argv[1]) as file:
    problem = json.load(file)


def train(dtype):
    tensor = lambda values: torch.tensor(values, dtype=dtype)
    names = ("encoder", "labelHeads", "coordHeads")
    layers = {name: [[tensor(l["weight"]), tensor(l["bias"])] for l in problem["weights"][name]] for name in names}
    parameters = [p.requires_grad_() for name in names for layer in layers[name] for p in layer]
    settings = problem["optimizer"]
    kind = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}[settings["name"]]
    optimizer = kind(
        parameters,
        lr=problem["learningRate"],
        betas=(settings["beta1"], settings["beta2"]),
        eps=settings["eps"],
        weight_decay=settings["weightDecay"],
    )
    x = tensor(problem["x"])
    labels = [torch.tensor(codes) for codes in problem["labels"]]
    coords = [tensor(rows) for rows in problem["coords"]]
    huber = nn.HuberLoss()
    losses = []
    for batch in problem["batches"]:
        rows = torch.tensor(batch["rows"])
        z = x[rows]
        for (weight, bias), kept in zip(layers["encoder"], batch["kept"]):
            z = torch.relu(nn.functional.linear(z, weight, bias)) * torch.tensor(kept).to(dtype) / (1 - problem["dropoutRate"])
        loss = 0
        for j, (weight, bias) in enumerate(layers["labelHeads"]):
            classes = problem["classWeights"][j]
            entropy = nn.CrossEntropyLoss(weight=None if classes is None else tensor(classes), ignore_index=-1)
            loss = loss + problem["taskWeights"][j] * entropy(nn.functional.linear(z, weight, bias), labels[j][rows])
        for c, (weight, bias) in enumerate(layers["coordHeads"]):
            loss = loss + problem["coordWeights"][c] * huber(nn.functional.linear(z, weight, bias), coords[c][rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return {"parameters": [p.detach().flatten().tolist() for p in parameters], "losses": losses}


torch.set_num_threads(1)
with open(sys.argv[2], "w") as file:
    json.dump({"double": train(torch.float64), "single": train(torch.float32)}, file)
