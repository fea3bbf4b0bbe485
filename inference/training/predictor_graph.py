"""A network over atoms and bonds instead of fragments.

A teacher of a third family: alone it is worse than the networks over fragments, but it errs
elsewhere. Atoms send messages along bonds (Gilmer et al., ICML 2017, arXiv:1704.01212).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from rdkit import Chem
from torch import nn
from torch.nn import functional

HIDDEN, LAYERS, HEADS, DROPOUT = 192, 4, 4, 0.2
HEAD_WIDTH, HEAD_DROPOUT = 512, 0.4
# How they are fitted, where it differs from the networks over fragments.
FIT = {"batch": 64, "rate": 1e-3, "decay": 0.02}

ELEMENTS = ["C", "O", "N", "S", "F", "Cl", "Br", "I", "P", "Si", "B", "Se"]
BONDS = [Chem.BondType.SINGLE, Chem.BondType.DOUBLE, Chem.BondType.TRIPLE, Chem.BondType.AROMATIC]
HYBRIDS = [Chem.HybridizationType.SP, Chem.HybridizationType.SP2, Chem.HybridizationType.SP3]


def one_of(value: object, choices: Sequence[object]) -> list[float]:
    return [float(value == choice) for choice in choices]


def atom_features(atom: Chem.Atom) -> list[float]:
    return [
        *one_of(atom.GetSymbol(), ELEMENTS), *one_of(atom.GetDegree(), range(5)), *one_of(atom.GetTotalNumHs(), range(4)),
        *one_of(atom.GetHybridization(), HYBRIDS), *[float(atom.IsInRingSize(size)) for size in range(3, 9)],
        float(atom.GetIsAromatic()), float(atom.IsInRing()), float(atom.GetFormalCharge()),
    ]  # fmt: skip


def bond_features(bond: Chem.Bond) -> list[float]:
    return [*one_of(bond.GetBondType(), BONDS), float(bond.GetIsConjugated()), float(bond.IsInRing())]


ATOM_FEATURES = len(ELEMENTS) + 5 + 4 + len(HYBRIDS) + 6 + 3
BOND_FEATURES = len(BONDS) + 2


@dataclass
class Graph:
    """A molecule's heavy atoms and bonds."""

    atoms: np.ndarray  # features
    edges: np.ndarray  # 2 x directed bonds: from, to
    bonds: np.ndarray  # features of the directed bonds


class Molecules:
    """Graphs and properties of molecules; behaves as the matrices that other networks learn from."""

    def __init__(self, graphs: list[Graph], properties: np.ndarray):
        self.graphs, self.properties = graphs, properties
        self.shape = (len(graphs), properties.shape[1])

    def __getitem__(self, rows: np.ndarray | slice) -> Molecules:
        return Molecules([self.graphs[i] for i in np.arange(len(self.graphs))[rows]], self.properties[rows])


def graph(smiles: str) -> Graph:
    molecule = Chem.MolFromSmiles(smiles)
    edges, bonds = [], []
    for bond in molecule.GetBonds():
        a, b, features = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), bond_features(bond)
        edges += [(a, b), (b, a)]
        bonds += [features, features]
    return Graph(
        np.array([atom_features(atom) for atom in molecule.GetAtoms()], dtype=np.float32),
        np.array(edges, dtype=np.int64).reshape(-1, 2).T,
        np.array(bonds, dtype=np.float32).reshape(-1, BOND_FEATURES),
    )


def table_of(owner: np.ndarray, owners: int) -> np.ndarray:
    """Returns for each owner the items it has, padded with the number of items."""
    order = np.argsort(owner, kind="stable")
    counts = np.bincount(owner, minlength=owners)
    starts = np.concatenate([[0], counts.cumsum()[:-1]])
    table = np.full((owners, max(1, counts.max(initial=0))), len(owner), dtype=np.int64)
    table[owner[order], np.arange(len(owner)) - starts[owner[order]]] = order
    return table


class Batch:
    """Several graphs as one, with tables for sums over bonds and over atoms."""

    def __init__(self, graphs: Sequence[Graph]):
        sizes = np.array([len(g.atoms) for g in graphs])
        offsets = np.concatenate([[0], sizes.cumsum()[:-1]])
        edges = np.concatenate([g.edges + offset for g, offset in zip(graphs, offsets)], axis=1)
        atoms = sizes.sum()
        self.atoms = torch.from_numpy(np.concatenate([g.atoms for g in graphs]))
        self.bonds = torch.from_numpy(np.concatenate([g.bonds for g in graphs]))
        self.source, self.target = torch.from_numpy(edges[0].copy()), torch.from_numpy(edges[1].copy())
        self.leaving, self.arriving = torch.from_numpy(table_of(edges[0], atoms)), torch.from_numpy(table_of(edges[1], atoms))
        self.molecule = torch.from_numpy(np.repeat(np.arange(len(graphs)), sizes))
        self.members = torch.from_numpy(table_of(self.molecule.numpy(), len(graphs)))
        self.sizes = torch.from_numpy(sizes)[:, None]


def sum_by(items: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    """Returns the sum of each owner's items."""
    padded = torch.cat([items, items.new_zeros(1, items.shape[1])])
    return padded.index_select(0, table.flatten()).view(*table.shape, -1).sum(1)


class Pick(torch.autograd.Function):
    """Takes each item's owner's row. The gradient goes by table, which is faster than index_add."""

    @staticmethod
    def forward(ctx, rows, owner, table):
        ctx.table = table
        return rows.index_select(0, owner)

    @staticmethod
    def backward(ctx, gradient):
        return sum_by(gradient, ctx.table), None, None


class Sum(torch.autograd.Function):
    """Sums the items of each owner; the reverse of Pick."""

    @staticmethod
    def forward(ctx, items, owner, table):
        ctx.owner = owner
        return sum_by(items, table)

    @staticmethod
    def backward(ctx, gradient):
        return gradient.index_select(0, ctx.owner), None, None


# Thrown once and read from a random place: throwing takes as long as learning.
DICE = torch.rand(1 << 22, generator=torch.Generator().manual_seed(1))


def drop(x: torch.Tensor, rate: float, training: bool) -> torch.Tensor:
    """Drops out values at the rate."""
    if not training:
        return x
    start = int(torch.randint(len(DICE) - x.numel(), (1,)))
    return x * (DICE[start : start + x.numel()] > rate).view_as(x) / (1 - rate)


class Layer(nn.Module):
    """Atoms receive what bonds let through from their neighbours."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(HIDDEN)
        self.gate, self.shift = nn.Linear(BOND_FEATURES, HIDDEN), nn.Linear(BOND_FEATURES, HIDDEN)
        self.own, self.inner, self.outer = nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, HIDDEN, bias=False), nn.Linear(HIDDEN, HIDDEN)

    def forward(self, h: torch.Tensor, batch: Batch) -> torch.Tensor:
        x = self.norm(h)
        sent = functional.relu(Pick.apply(x, batch.source, batch.leaving) * (1 + self.gate(batch.bonds)) + self.shift(batch.bonds))
        received = Sum.apply(sent, batch.target, batch.arriving)
        x = functional.relu(self.own(x) + self.inner(received))
        return h + drop(self.outer(x), DROPOUT, self.training)


class GraphNetwork(nn.Module):
    """Layers of messages, then a perceptron over the sum, the mean and attended means of the atoms."""

    def __init__(self, properties: int, outputs: int):
        super().__init__()
        self.embed = nn.Linear(ATOM_FEATURES, HIDDEN)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(HIDDEN)
        self.score, self.value = nn.Linear(HIDDEN, HEADS), nn.Linear(HIDDEN, HIDDEN)
        self.first = nn.Linear(3 * HIDDEN + properties, HEAD_WIDTH)
        self.last = nn.Linear(HEAD_WIDTH, outputs)
        nn.init.constant_(self.last.bias, -4)

    def forward(self, molecules: Molecules) -> torch.Tensor:
        batch, properties = Batch(molecules.graphs), torch.from_numpy(molecules.properties)
        h = self.embed(batch.atoms)
        for layer in self.layers:
            h = layer(h, batch)
        h = self.norm(h)
        value = functional.relu(self.value(h))
        total = Sum.apply(value, batch.molecule, batch.members)
        score = self.score(h).exp().clamp(max=1e4)
        shares = score / Pick.apply(Sum.apply(score, batch.molecule, batch.members), batch.molecule, batch.members)
        weighed = (h.view(len(h), HEADS, -1) * shares[:, :, None]).flatten(1)
        attended = Sum.apply(weighed, batch.molecule, batch.members)
        x = torch.cat([total / 5, total / batch.sizes, attended, properties], dim=1)
        x = functional.dropout(x, 0.1, self.training)
        x = functional.dropout(functional.relu(self.first(x)), HEAD_DROPOUT, self.training)
        return self.last(x)

    @torch.no_grad()
    def logits(self, molecules: Molecules) -> np.ndarray:
        self.eval()
        return np.concatenate([self(molecules[i : i + 512]).numpy() for i in range(0, molecules.shape[0], 512)])
