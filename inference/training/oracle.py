"""The oracle: an independent judge of how molecules smell, for evaluation alone.

It never ships, never reranks and never guides. To be independent of the models it
judges, it differs from the shipped predictor in what could share a mistake:

- representation: RDKit's linear-path counts, MACCS keys and physicochemical
  descriptors; no Morgan fragments, atom pairs or torsions;
- molecules: it learns from folds 1 and 4 to 9, so from one that nothing else learns
  from and without two that everything else does. Folds 2 and 3 calibrate it. Fold 0 is
  held out from everybody.

Like the predictor it is an ensemble of small neural networks: extremely randomised
trees on the same features reach a macro AUROC that is lower by 0.03.

A molecule *hits* a label when its calibrated probability reaches the label's
threshold: the one with the best F1 on folds 2 and 3.

    python3 oracle.py --data odorants.tsv     # trains, caches, prints its figures
"""

from __future__ import annotations

import argparse
import hashlib
import pathlib
import pickle
from collections.abc import Sequence

import numpy as np
import torch
from rdkit import Chem, RDLogger
from rdkit.Chem import Descriptors, MACCSkeys, rdFingerprintGenerator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

import dataset

TRAINING_FOLDS = (1, 4, 5, 6, 7, 8, 9)
CALIBRATION_FOLDS = (2, 3)
MEMBERS = 5
HIDDEN = 512
EPOCHS = 18
BATCH = 128
RATE = 1e-3
PATHS = 2048
KEYS = 167
CACHE = pathlib.Path(__file__).parent / ".cache" / "oracle.pkl"

# Slow ones, and those that are Morgan fingerprints by another name.
_LEFT_OUT = ("qed", "Ipc", "BCUT2D", "FpDensityMorgan")
_DESCRIPTORS = [(name, f) for name, f in Descriptors.descList if not name.startswith(_LEFT_OUT)]
_PATHS = rdFingerprintGenerator.GetRDKitFPGenerator(maxPath=6, fpSize=PATHS)


def describe(smiles: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Returns a row of features for each molecule and which rows could be computed."""
    features = np.zeros((len(smiles), PATHS + KEYS + len(_DESCRIPTORS)), dtype=np.float32)
    readable = np.zeros(len(smiles), dtype=bool)
    for i, text in enumerate(smiles):
        molecule = Chem.MolFromSmiles(text)
        if molecule is None or molecule.GetNumAtoms() == 0:
            continue
        readable[i] = True
        features[i, :PATHS] = np.log1p(_PATHS.GetCountFingerprintAsNumPy(molecule))
        features[i, PATHS : PATHS + KEYS] = np.array(MACCSkeys.GenMACCSKeys(molecule))
        values = np.nan_to_num([f(molecule) for _, f in _DESCRIPTORS], posinf=1e6, neginf=-1e6)
        features[i, PATHS + KEYS :] = np.sign(values) * np.log1p(np.abs(values))
    return features, readable


class Oracle:
    """Calibrated networks and a threshold for each label."""

    def __init__(self, data: dataset.Dataset, features: np.ndarray):
        self.labels = list(data.labels)
        learn = data.labelled & np.isin(data.fold, TRAINING_FOLDS)
        judge = data.labelled & np.isin(data.fold, CALIBRATION_FOLDS)
        self._fit_scale(features[learn])
        inputs, targets = self._scaled(features[learn]), torch.from_numpy(data.targets[learn].astype(np.float32))
        self._networks = [fit(inputs, targets, seed) for seed in range(MEMBERS)]
        scores = self._scores(features[judge])
        self._slope, self._offset = calibrate(scores, data.targets[judge])
        calibrated = self._calibrated(scores)
        self.thresholds = np.array([best_f1(calibrated[:, j], data.targets[judge, j]) for j in range(len(self.labels))])

    def _fit_scale(self, features: np.ndarray) -> None:
        """Brings descriptors to a common scale, and leaves out what hardly any molecule has."""
        self._kept = (features != 0).sum(axis=0) >= 3
        self._shift = np.zeros(features.shape[1], dtype=np.float32)
        self._width = np.ones(features.shape[1], dtype=np.float32)
        descriptors = slice(PATHS + KEYS, None)
        self._shift[descriptors] = features[:, descriptors].mean(axis=0)
        self._width[descriptors] = features[:, descriptors].std(axis=0)
        self._kept &= self._width > 1e-6

    def _scaled(self, features: np.ndarray) -> torch.Tensor:
        scaled = (features - self._shift)[:, self._kept] / self._width[self._kept]
        descriptors = np.flatnonzero(self._kept) >= PATHS + KEYS
        scaled[:, descriptors] = 0.3 * scaled[:, descriptors].clip(-4, 4)
        return torch.from_numpy(scaled)

    @torch.no_grad()
    def _scores(self, features: np.ndarray) -> np.ndarray:
        """Returns the mean log odds of the networks, before calibration."""
        inputs = self._scaled(features)
        return torch.stack([network(inputs) for network in self._networks]).mean(dim=0).numpy()

    def _calibrated(self, scores: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-(self._slope * scores + self._offset)))

    def probabilities(self, smiles: Sequence[str], batch: int = 4096) -> np.ndarray:
        """Returns molecules x labels; the rows of what RDKit cannot read are nan."""
        rows = []
        for start in range(0, len(smiles), batch):
            features, readable = describe(smiles[start : start + batch])
            result = self._calibrated(self._scores(features))
            result[~readable] = np.nan
            rows.append(result)
        return np.concatenate(rows) if rows else np.zeros((0, len(self.labels)))

    def hits(self, probabilities: np.ndarray) -> np.ndarray:
        """Tells which probabilities reach their label's threshold; nan does not."""
        return probabilities >= self.thresholds

    @staticmethod
    def load_or_train(data: str | pathlib.Path, cache: pathlib.Path = CACHE) -> Oracle:
        """Returns the oracle of a table, from the cache unless the table or this program has changed."""
        source = pathlib.Path(data).read_bytes() + pathlib.Path(__file__).read_bytes()
        key = hashlib.sha256(source).hexdigest()
        if cache.exists():
            with open(cache, "rb") as file:
                stored, state = pickle.load(file)
            if stored == key:
                oracle = Oracle.__new__(Oracle)
                oracle.__dict__ = state
                return oracle
        table = dataset.load(data)
        torch.set_num_threads(1)
        features, _ = describe(table.smiles)
        oracle = Oracle(table, features)
        cache.parent.mkdir(parents=True, exist_ok=True)
        with open(cache, "wb") as file:
            pickle.dump((key, oracle.__dict__), file, protocol=pickle.HIGHEST_PROTOCOL)
        return oracle


def fit(inputs: torch.Tensor, targets: torch.Tensor, seed: int) -> torch.nn.Module:
    """Trains one network."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = torch.nn.Sequential(
        torch.nn.Dropout(0.2), torch.nn.Linear(inputs.shape[1], HIDDEN), torch.nn.ReLU(),
        torch.nn.Dropout(0.5), torch.nn.Linear(HIDDEN, HIDDEN), torch.nn.ReLU(),
        torch.nn.Dropout(0.5), torch.nn.Linear(HIDDEN, targets.shape[1]),
    )  # fmt: skip
    torch.nn.init.constant_(network[-1].bias, -4)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.05)
    steps = -(-len(inputs) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=EPOCHS * steps, pct_start=0.1)
    for _ in range(EPOCHS):
        order = rng.permutation(len(inputs))
        for rows in np.array_split(order, steps):
            loss = torch.nn.functional.binary_cross_entropy_with_logits(network(inputs[rows]), targets[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval()


def calibrate(scores: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fits Platt's slope and offset for each label (Adv. Large Margin Classifiers, 1999)."""
    slope, offset = np.ones(scores.shape[1]), np.zeros(scores.shape[1])
    for j in range(scores.shape[1]):
        if targets[:, j].any():
            line = LogisticRegression(C=10).fit(scores[:, j : j + 1], targets[:, j])
            slope[j], offset[j] = max(line.coef_[0, 0], 0.1), line.intercept_[0]
    return slope, offset


def best_f1(scores: np.ndarray, targets: np.ndarray) -> float:
    """Returns the threshold at which F1 is best; the highest of equals."""
    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(targets[order])
    f1 = 2 * found / (np.arange(1, len(order) + 1) + targets.sum())
    # A threshold cannot part equal scores.
    ends = np.append(np.diff(scores[order]) != 0, True)
    return float(scores[order][int(np.argmax(np.where(ends, f1, -1)))])


def auroc(targets: np.ndarray, scores: np.ndarray) -> float:
    """Returns the mean AUROC over the labels that have both kinds of molecules."""
    defined = [j for j in range(targets.shape[1]) if 0 < targets[:, j].sum() < len(targets)]
    return float(np.mean([roc_auc_score(targets[:, j], scores[:, j]) for j in defined]))


def reference_rows(oracle: Oracle, data: dataset.Dataset, seed: int = 1) -> dict[str, float]:
    """Measures the oracle on the held-out molecules: what real ones score for their
    own labels, for the labels of another molecule that they do not have, and by chance."""
    test = np.flatnonzero(data.labelled & (data.fold == dataset.TEST_FOLD) & data.targets.any(axis=1))
    targets = data.targets[test].astype(bool)
    probabilities = oracle.probabilities([data.smiles[i] for i in test])
    hit = oracle.hits(probabilities)
    others = np.random.default_rng(seed).permutation(len(test))
    mismatched = targets[others] & ~targets
    shown = slice(0, dataset.BENCHMARK_LABELS)
    return {
        "macro AUROC, 138 labels": auroc(targets[:, shown], probabilities[:, shown]),
        "hit rate, own labels": float(hit[targets].mean()),
        "hit rate, mismatched labels": float(hit[mismatched].mean()),
        "hit rate, any label": float(hit.mean()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="table of odorants")
    arguments = parser.parse_args()
    RDLogger.DisableLog("rdApp.*")
    oracle = Oracle.load_or_train(arguments.data)
    for name, value in reference_rows(oracle, dataset.load(arguments.data)).items():
        print(f"{name:30} {value:.3f}")


if __name__ == "__main__":
    main()
