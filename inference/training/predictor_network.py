"""The predictor's networks and how they are fitted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse
import torch
from torch import nn
from torch.nn import functional

BATCH = 128
RATE = 2e-3
FEATURE_DROPOUT, RANK_DROPOUT = 0.2, 0.1


class Network(nn.Module):
    """A multilayer perceptron over sparse input that begins with a linear embedding."""

    def __init__(self, features: int, outputs: int, rank: int, hidden: list[int], dropout: float):
        super().__init__()
        self.embedding = nn.EmbeddingBag(features, rank, mode="sum")
        nn.init.normal_(self.embedding.weight, 0, 0.08)
        self.bias = nn.Parameter(torch.zeros(rank))
        widths = [rank, *hidden, outputs]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:]))
        nn.init.constant_(self.layers[-1].bias, -4)
        self.dropout = dropout

    def forward(self, rows: scipy.sparse.csr_matrix) -> torch.Tensor:
        values = functional.dropout(torch.from_numpy(rows.data), FEATURE_DROPOUT, self.training)
        ids, starts = torch.from_numpy(rows.indices.astype(np.int64)), torch.from_numpy(rows.indptr[:-1].astype(np.int64))
        x = self.embedding(ids, starts, per_sample_weights=values) + self.bias
        x = functional.dropout(x, RANK_DROPOUT, self.training)
        for i, layer in enumerate(self.layers):
            if i > 0:
                x = functional.dropout(functional.relu(x), self.dropout, self.training)
            x = layer(x)
        return x

    @torch.no_grad()
    def logits(self, rows: scipy.sparse.csr_matrix) -> np.ndarray:
        self.eval()
        return np.concatenate([self(rows[i : i + 2048]).numpy() for i in range(0, rows.shape[0], 2048)])


def fit(network: Network, rows: scipy.sparse.csr_matrix, targets: np.ndarray, weight: np.ndarray, epochs: int, seed: int, watch: Callable[[int, float], None]) -> None:
    """Trains by AdamW with one cycle of the rate; watch is told the epoch and its loss."""
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.01)
    steps = -(-rows.shape[0] // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=epochs * steps, pct_start=0.1)
    targets, weight = torch.from_numpy(targets), torch.from_numpy(weight)
    for epoch in range(epochs):
        network.train()
        total = 0.0
        for chosen in np.array_split(rng.permutation(rows.shape[0]), steps):
            losses = functional.binary_cross_entropy_with_logits(network(rows[chosen]), targets[chosen], reduction="none")
            loss = (losses * weight).sum() / (weight.sum() * len(chosen))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(chosen)
        watch(epoch + 1, total / rows.shape[0])
