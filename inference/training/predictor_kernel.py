"""Kernel ridge regression on the share of fragments that molecules have in common.

A teacher of another family than the networks: what it gets wrong, they often get right.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
import scipy.sparse

RIDGE = 8.0
# Counts beyond this are as good as it.
MAX_COUNT = 8
BLOCK = 4096


def counts(fragments: list[tuple[np.ndarray, np.ndarray]], known: list[int]) -> scipy.sparse.csr_matrix:
    """Returns molecules x known fragments."""
    column = {fragment: i for i, fragment in enumerate(known)}
    rows, columns, values = [], [], []
    for row, (ids, numbers) in enumerate(fragments):
        for fragment, number in zip(ids.tolist(), numbers.tolist()):
            if fragment in column:
                rows.append(row)
                columns.append(column[fragment])
                values.append(min(number, MAX_COUNT))
    return scipy.sparse.csr_matrix((np.array(values, dtype=np.float32), (rows, columns)), shape=(len(fragments), len(known)))


def similarity(a: scipy.sparse.csr_matrix, b: scipy.sparse.csr_matrix) -> np.ndarray:
    """Returns the Tanimoto coefficient of counts: the sum of the smaller over that of the larger."""
    shared = np.zeros((a.shape[0], b.shape[0]), dtype=np.float32)
    # min(x, y) is the number of levels that both reach.
    for level in range(1, MAX_COUNT + 1):
        shared += ((a >= level).astype(np.float32) @ (b >= level).astype(np.float32).T).toarray()
    return shared / (a.sum(axis=1).A + b.sum(axis=1).A.T - shared + 1e-6)


def teach(molecules: scipy.sparse.csr_matrix, learn: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Learns the targets of the rows in learn and returns the log odds of all rows."""
    known = molecules[learn]
    kernel = similarity(known, known).astype(np.float64)
    kernel[np.diag_indices_from(kernel)] += RIDGE
    mean = targets.mean(axis=0)
    dual = scipy.linalg.solve(kernel, targets - mean, assume_a="pos").astype(np.float32)
    rows = [similarity(molecules[i : i + BLOCK], known) @ dual for i in range(0, molecules.shape[0], BLOCK)]
    guessed = (np.concatenate(rows) + mean).clip(1e-3, 1 - 1e-3)
    return np.log(guessed / (1 - guessed))
