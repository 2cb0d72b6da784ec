"""Trains the network of a problem file with child correction in PyTorch, in float64.

Usage: child_correction.py problem.json out.json
"""

import json
import sys

import torch
import torch.nn.functional as F

with open(sys.argv[1]) as file:
    problem = json.load(file)
torch.set_default_dtype(torch.float64)
child = problem["child"]


def layer(stored):
    return [torch.tensor(stored[key], requires_grad=True) for key in ("weight", "bias")]


encoder = [layer(stored) for stored in problem["encoder"]]
heads = [layer(stored) for stored in problem["labelHeads"]]
modules = {
    stored["parentIndex"]: (stored["childIndices"], layer(stored["hidden"]), layer(stored["output"]))
    for stored in child["modules"]
}
base = [tensor for own in encoder + heads for tensor in own]
own = [tensor for _, hidden, output in modules.values() for tensor in hidden + output]
x = torch.tensor(problem["x"])
labels = [torch.tensor(codes) for codes in problem["labels"]]


def features(z, parents, children, chosen):
    mine = children[:, chosen]
    if child["featureMode"] == "standard":
        return torch.cat([z, parents, mine], 1)
    p = torch.softmax(mine, 1)
    top = torch.topk(p, 2, 1).values
    return torch.cat([mine, p, top, top[:, :1] - top[:, 1:], parents], 1)


def loss_of(rows):
    z = x[rows]
    for weight, bias in encoder:
        z = torch.relu(F.linear(z, weight, bias))
    logits = [F.linear(z, weight, bias) for weight, bias in heads]
    parents, children = logits[child["parentHead"]], logits[child["childHead"]]
    corrected = children.clone()
    truth, target = labels[child["parentHead"]][rows], labels[child["childHead"]][rows]
    among, shortfalls = [], []
    for parent, (chosen, hidden, output) in modules.items():
        cells = ((truth == parent) & (target >= 0)).nonzero().flatten()
        if len(cells) == 0:
            continue
        inputs = features(z[cells], parents[cells], children[cells], chosen)
        change = F.linear(torch.relu(F.linear(inputs, *hidden)), *output)
        own_logits = children[cells][:, chosen] + child["residualScale"] * change
        place = torch.tensor([chosen.index(int(code)) for code in target[cells]])
        corrected[cells.unsqueeze(1), torch.tensor(chosen)] = own_logits
        among.append(F.cross_entropy(own_logits, place, reduction="none"))
        true_logit = own_logits.gather(1, place.unsqueeze(1)).squeeze(1)
        others = own_logits.scatter(1, place.unsqueeze(1), -torch.inf).max(1).values
        shortfalls.append(torch.relu(child["rankMargin"] - (true_logit - others)))
    logits[child["childHead"]] = corrected
    total = 0.0
    for j, logit in enumerate(logits):
        total = total + F.cross_entropy(logit, labels[j][rows], ignore_index=-1)
    if among:
        total = total + child["lossWeight"] * torch.cat(among).mean()
        total = total + child["rankLossWeight"] * torch.cat(shortfalls).mean()
    return total


groups = [{"params": own, "lr": problem["lr"]}]
if child["baseLrScale"] is not None:
    groups.append({"params": base, "lr": problem["lr"] * child["baseLrScale"]})
optimizer = torch.optim.AdamW(groups, weight_decay=problem["weightDecay"])
losses = []
for rows in problem["batches"]:
    optimizer.zero_grad(set_to_none=False)
    for tensor in base + own:
        if tensor.grad is None:
            tensor.grad = torch.zeros_like(tensor)
    loss = loss_of(torch.tensor(rows))
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
with open(sys.argv[2], "w") as file:
    json.dump({"losses": losses, "tensors": [tensor.flatten().tolist() for tensor in base + own]}, file)
