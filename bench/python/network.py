"""The default network in PyTorch, as every yardstick here uses it."""

import torch
from torch import nn

LEVELS = ("level_1", "level_2", "level_3", "level_4")


class Network(nn.Module):
    def __init__(self, n_genes: int, n_classes, coord_dims) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(n_genes, 256), nn.ReLU(), nn.Dropout(0.3), nn.Linear(256, 128), nn.ReLU(), nn.Dropout(0.3)
        )
        self.label_heads = nn.ModuleList(nn.Linear(128, n) for n in n_classes)
        self.coord_heads = nn.ModuleDict({name: nn.Linear(128, n) for name, n in coord_dims.items()})

    def forward(self, x):
        z = self.encoder(x)
        return z, [head(z) for head in self.label_heads], [head(z) for head in self.coord_heads.values()]
