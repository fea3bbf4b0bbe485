"""The predictor's inputs, from the Go program that also serves them."""

from __future__ import annotations

import pathlib
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse

# A fragment of fewer training molecules is not learned.
MIN_MOLECULES = 3
UNREADABLE = 0xFFFFFFFF
REPOSITORY = pathlib.Path(__file__).parents[2]


@dataclass
class Described:
    """The features of molecules, as the Go program computes them."""

    fragments: list[tuple[np.ndarray, np.ndarray]]  # IDs and counts
    properties: np.ndarray


def describe(smiles: Sequence[str]) -> Described:
    """Runs the Go program on the molecules."""
    run = subprocess.run(
        ["go", "run", "./inference/training", "features"],
        input="".join(text + "\n" for text in smiles).encode(), cwd=REPOSITORY, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    words = np.frombuffer(run.stdout, dtype="<u4")
    width, at = int(words[0]), 1
    fragments, properties = [], np.zeros((len(smiles), width), dtype=np.float32)
    for row in range(len(smiles)):
        count = int(words[at])
        at += 1
        if count == UNREADABLE:
            fragments.append((words[:0], words[:0]))
            continue
        pairs = words[at : at + 2 * count].reshape(-1, 2)
        fragments.append((pairs[:, 0], pairs[:, 1]))
        at += 2 * count
        properties[row] = words[at : at + width].view("<f4")
        at += width
    return Described(fragments, properties)


def vocabulary(described: Described, rows: np.ndarray) -> list[int]:
    """Lists the fragments of at least MIN_MOLECULES of the given molecules."""
    counts: Counter[int] = Counter()
    for row in rows:
        counts.update(described.fragments[row][0].tolist())
    return sorted(fragment for fragment, count in counts.items() if count >= MIN_MOLECULES)


def inputs(described: Described, fragments: list[int]) -> scipy.sparse.csr_matrix:
    """Returns the network's inputs: log(1 + count) of the known fragments, then the properties."""
    column = {fragment: i for i, fragment in enumerate(fragments)}
    indices, values, starts = [], [], [0]
    for row, (ids, counts) in enumerate(described.fragments):
        for fragment, count in zip(ids.tolist(), counts.tolist()):
            if fragment in column:
                indices.append(column[fragment])
                values.append(np.log1p(count))
        for i in np.flatnonzero(described.properties[row]):
            indices.append(len(fragments) + i)
            values.append(described.properties[row, i])
        starts.append(len(indices))
    shape = (len(described.fragments), len(fragments) + described.properties.shape[1])
    return scipy.sparse.csr_matrix((np.array(values, dtype=np.float32), indices, starts), shape=shape)
