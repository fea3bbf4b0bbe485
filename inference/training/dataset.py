"""The odorant table: reading, labels and splits.

Every program of this directory reads the table through this module, so that all
of them mean the same molecules by "held out".
"""

from __future__ import annotations

import csv
import hashlib
import pathlib
from dataclasses import dataclass

import numpy as np

FOLDS = 10
# A label needs this many molecules to be learned and to be tested.
MIN_MOLECULES = 35
# The benchmark's labels: the most frequent ones.
BENCHMARK_LABELS = 138

TEST_FOLD = 0
VALIDATION_FOLD = 1


@dataclass(frozen=True)
class Dataset:
    """The table as arrays, one row a molecule."""

    smiles: list[str]
    labels: list[str]  # the most frequent first
    targets: np.ndarray  # molecules x labels, 0 or 1
    labelled: np.ndarray  # which molecules have any label at all
    fold: np.ndarray  # 0 to FOLDS-1


def load(path: str | pathlib.Path) -> Dataset:
    """Reads a table with the columns `smiles` and `labels` (`;`-separated)."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    smiles = [row["smiles"] for row in rows]
    named = [{name for name in row["labels"].split(";") if name} for row in rows]
    labels = frequent(named)
    column = {name: i for i, name in enumerate(labels)}
    targets = np.zeros((len(rows), len(labels)), dtype=np.int8)
    for i, names in enumerate(named):
        for name in names & column.keys():
            targets[i, column[name]] = 1
    labelled = np.array([bool(names) for names in named])
    return Dataset(smiles, labels, targets, labelled, stratify(smiles, targets, labelled))


def frequent(named: list[set[str]]) -> list[str]:
    """Lists the labels of at least MIN_MOLECULES molecules, the most frequent first."""
    counts: dict[str, int] = {}
    for names in named:
        for name in names:
            counts[name] = counts.get(name, 0) + 1
    kept = [name for name, count in counts.items() if count >= MIN_MOLECULES]
    return sorted(kept, key=lambda name: (-counts[name], name))


def shuffled(smiles: list[str], rows: np.ndarray, salt: str) -> np.ndarray:
    """Orders rows by a hash of their SMILES: at random, but the same everywhere."""
    keys = [hashlib.sha256(f"{salt} {smiles[i]}".encode()).digest() for i in rows]
    return rows[sorted(range(len(rows)), key=keys.__getitem__)]


def stratify(smiles: list[str], targets: np.ndarray, labelled: np.ndarray, salt: str = "fold") -> np.ndarray:
    """Deals the molecules into FOLDS folds so that each has its share of every label.

    Iterative stratification (Sechidis, Tsoumakas and Vlahavas, ECML PKDD 2011,
    doi 10.1007/978-3-642-23808-6_10): the rarest label left is dealt first, each of
    its molecules to the fold that lacks most of it. Unlabelled molecules are dealt
    in the order of their hash.
    """
    fold = np.full(len(smiles), -1)
    waiting = shuffled(smiles, np.flatnonzero(labelled), salt)
    wanted = targets[labelled].sum(axis=0)[None, :].repeat(FOLDS, axis=0) / FOLDS
    room = np.full(FOLDS, labelled.sum() / FOLDS)
    while len(waiting):
        left = targets[waiting].sum(axis=0)
        if not left.any():
            break
        rarest = int(np.where(left > 0, left, np.iinfo(left.dtype).max).argmin())
        holds = targets[waiting, rarest] == 1
        for row in waiting[holds]:
            best = max(range(FOLDS), key=lambda f: (wanted[f, rarest], room[f], -f))
            fold[row] = best
            wanted[best] -= targets[row]
            room[best] -= 1
        waiting = waiting[~holds]
    rest = shuffled(smiles, np.flatnonzero(fold < 0), salt)
    fold[rest] = np.arange(len(rest)) % FOLDS
    return fold
