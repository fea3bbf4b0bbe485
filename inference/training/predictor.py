"""Trains the odor predictor of inference/odor/predict.

    python3 predictor.py --data odorants.tsv --out ../odor/predict --docs ../../docs/model

Teachers learn from the labelled molecules of folds 2 to 9: several networks, which learn
more than the labels asked for (rarer labels, words of descriptions, who lists the molecule),
because that helps the labels, and one kernel machine. A student then learns what they
think of the same molecules, of unlabelled ones and of molecules made from them by small
changes. It is what ships. Fold 1 calibrates, fold 0 tests. Features come from the Go
program that serves them (inference/training/features.go).
"""

from __future__ import annotations

import argparse
import csv
import json
import pathlib
import re
import tempfile
from collections import Counter

import numpy as np
import scipy.sparse
import torch
from rdkit.Chem.Scaffolds import MurckoScaffold
from torch.nn import functional

import analogues
import dataset
import predictor_kernel
import predictor_report as report
import weights
from predictor_features import REPOSITORY, describe, inputs, vocabulary
from predictor_network import Network, fit

MODEL = "odor predictor 1"
MORGAN_RADIUS = 2
# What else the teachers learn: how often it must occur, and its weight beside a label's 1.
EXTRA_LABELS, EXTRA_LABEL_WEIGHT = 8, 0.5
EXTRA_WORDS, EXTRA_WORD_WEIGHT = 25, 0.3
EXTRA_SOURCES, EXTRA_SOURCE_WEIGHT = 30, 0.5
TEACHERS = 8
TEACHER_EPOCHS = 15
RANK, WIDTH, DROPOUT = 128, 512, 0.5
# The kernel machine's share of the teachers' opinion.
KERNEL_SHARE = 0.25
STUDENT_RANK, STUDENT_EPOCHS, STUDENT_DROPOUT = 144, 20, 0.15
ANALOGUES = 3  # for each molecule


def read(path: str | pathlib.Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def common(names: list[set[str]], learn: np.ndarray, least: int, most: int, without: set[str]) -> np.ndarray:
    """Returns which molecules have which of the names that enough of the taught ones have."""
    counts = Counter(name for row in learn for name in names[row])
    kept = sorted(name for name, count in counts.items() if least <= count <= most and name not in without)
    return np.array([[name in names_of for name in kept] for names_of in names], dtype=np.float32)


def extra_targets(path: str, descriptions: str | None, data: dataset.Dataset, learn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns what the teachers learn besides the labels, and its weights."""
    table = read(path)
    labels = [set(row["labels"].split(";")) for row in table]
    sources = [set(row.get("sources", "").split(";")) for row in table]
    words: dict[str, set[str]] = {}
    for row in read(descriptions) if descriptions else []:
        words.setdefault(row["smiles"], set()).update(re.findall("[a-z]{3,}", row["text"].lower()))
    extra = [
        (common(labels, learn, EXTRA_LABELS, len(learn), {"", *data.labels}), EXTRA_LABEL_WEIGHT),
        (common([words.get(text, set()) for text in data.smiles], learn, EXTRA_WORDS, len(learn) // 4, set()), EXTRA_WORD_WEIGHT),
        (common(sources, learn, EXTRA_SOURCES, len(learn) - EXTRA_SOURCES, {""}), EXTRA_SOURCE_WEIGHT),
    ]
    extra_weight = [np.full(targets.shape[1], weight, dtype=np.float32) for targets, weight in extra]
    return np.concatenate([targets for targets, _ in extra], axis=1), np.concatenate(extra_weight)


def calibrate(logits: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fits Platt's slope and offset for each label, drawn towards those common to all:
    a label with few molecules says little of its own."""
    x, y = torch.from_numpy(logits.astype(np.float64)), torch.from_numpy(targets.astype(np.float64))
    common = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
    own = torch.zeros(2, x.shape[1], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([common, own], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        slope, offset = common[:, None] + own
        value = functional.binary_cross_entropy_with_logits(slope * x + offset, y, reduction="sum")
        value = value + (own[0] ** 2).sum() / (2 * 0.1**2) + (own[1] ** 2).sum() / (2 * 0.3**2)
        value.backward()
        return value

    optimizer.step(loss)
    slope, offset = (common[:, None] + own).detach().numpy()
    return slope.astype(np.float32), offset.astype(np.float32)


def scaffold_folds(smiles: list[str]) -> np.ndarray:
    """Deals molecules into folds by a hash of their Murcko scaffold; one without rings
    is its own scaffold."""
    keys = [MurckoScaffold.MurckoScaffoldSmiles(text) or text for text in smiles]
    names = sorted(set(keys))
    order = dataset.shuffled(names, np.arange(len(names)), "scaffold")
    fold = {names[row]: i % dataset.FOLDS for i, row in enumerate(order)}
    return np.array([fold[key] for key in keys])


class Training:
    """One training run on one split."""

    def __init__(self, path: str, descriptions: str | None, split: str, log, seed: int):
        self.data = dataset.load(path)
        self.fold = scaffold_folds(self.data.smiles) if split == "scaffold" else self.data.fold
        self.log, self.seed = log, seed
        held_out = (dataset.TEST_FOLD, dataset.VALIDATION_FOLD)
        self.learn = np.flatnonzero(self.data.labelled & ~np.isin(self.fold, held_out))
        self.validation = np.flatnonzero(self.data.labelled & (self.fold == dataset.VALIDATION_FOLD))
        self.test = np.flatnonzero(self.data.labelled & (self.fold == dataset.TEST_FOLD))
        open_rows = np.flatnonzero(~np.isin(self.fold, held_out))
        kept_apart = {self.data.smiles[i] for i in (*self.validation, *self.test)}
        made = analogues.make([self.data.smiles[i] for i in open_rows], ANALOGUES, kept_apart, seed)
        described = describe(self.data.smiles + made)
        self.fragments = vocabulary(described, self.learn)
        self.rows = inputs(described, self.fragments)
        self.counts = predictor_kernel.counts(described.fragments, self.fragments)
        self.study = np.concatenate([open_rows, len(self.data.smiles) + np.arange(len(made))])
        self.extra, self.extra_weight = extra_targets(path, descriptions, self.data, self.learn)

    def watch(self, who: str, network: Network, last: int):
        def say(epoch: int, loss: float) -> None:
            score = ""
            if epoch % 5 == 0 or epoch == last:
                score = f"{self.auroc(network.logits(self.rows[self.validation]), self.validation):.4f}"
            print(who, epoch, f"{loss:.5f}", score, sep="\t", file=self.log, flush=True)

        return say

    def auroc(self, logits: np.ndarray, rows: np.ndarray) -> float:
        shown = slice(0, dataset.BENCHMARK_LABELS)
        return report.macro_auroc(self.data.targets[rows][:, shown], logits[:, shown])

    def teach(self, number: int) -> Network:
        """Trains one teacher, from another random start than the others."""
        torch.manual_seed(self.seed + number)
        targets = np.concatenate([self.data.targets[self.learn], self.extra[self.learn]], axis=1).astype(np.float32)
        weight = np.concatenate([np.ones(len(self.data.labels), dtype=np.float32), self.extra_weight])
        network = Network(self.rows.shape[1], targets.shape[1], RANK, [WIDTH], DROPOUT)
        watch = self.watch(f"teacher {number}", network, TEACHER_EPOCHS)
        fit(network, self.rows[self.learn], targets, weight, TEACHER_EPOCHS, self.seed + number, watch)
        return network

    def judge(self) -> np.ndarray:
        """Returns what the teachers together think of every molecule, as log odds."""
        labels = len(self.data.labels)
        kernel = predictor_kernel.teach(self.counts, self.learn, self.data.targets[self.learn].astype(np.float64))
        self.note("kernel", kernel)
        opinions = np.zeros_like(kernel)
        for number in range(TEACHERS):
            opinions += self.teach(number).logits(self.rows)[:, :labels] / TEACHERS
        self.note("teachers without kernel", opinions)
        opinions = (1 - KERNEL_SHARE) * opinions + KERNEL_SHARE * kernel
        self.note("teachers", opinions)
        return opinions

    def note(self, who: str, logits: np.ndarray) -> None:
        print(who, "", "", f"{self.auroc(logits[self.validation], self.validation):.4f}", sep="\t", file=self.log, flush=True)

    def study_with(self, opinions: np.ndarray) -> Network:
        """Trains the student on the teachers' opinions."""
        torch.manual_seed(self.seed)
        labels = len(self.data.labels)
        student = Network(self.rows.shape[1], labels, STUDENT_RANK, [WIDTH, WIDTH], STUDENT_DROPOUT)
        believed = (1 / (1 + np.exp(-opinions[self.study]))).astype(np.float32)
        weight = np.ones(labels, dtype=np.float32)
        fit(student, self.rows[self.study], believed, weight, STUDENT_EPOCHS, self.seed, self.watch("student", student, STUDENT_EPOCHS))
        return student


def export(student: Network, training: Training, path: pathlib.Path, figures: dict) -> dict[str, np.ndarray]:
    """Writes the weights with their calibration and returns the stored values."""
    tensors = {"embedding.weight": student.embedding.weight, "embedding.bias": student.bias}
    for i, layer in enumerate(student.layers):
        tensors[f"layer{i}.weight"] = layer.weight.T
        tensors[f"layer{i}.bias"] = layer.bias
    tensors = {name: value.detach().numpy().astype(np.float16).astype(np.float32) for name, value in tensors.items()}
    logits = forward(tensors, training.rows[training.validation])
    slope, offset = calibrate(logits, training.data.targets[training.validation])
    tensors |= {"calibration.slope": slope, "calibration.offset": offset}
    metadata = {
        "model": MODEL, "radius": MORGAN_RADIUS, "properties": training.rows.shape[1] - len(training.fragments),
        "layers": len(student.layers), "labels": training.data.labels, "figures": figures, "fragments": training.fragments,
    }  # fmt: skip
    weights.write(path, tensors, metadata, exact={"calibration.slope", "calibration.offset"})
    return tensors


def forward(tensors: dict[str, np.ndarray], rows: scipy.sparse.csr_matrix) -> np.ndarray:
    """Computes the exported network's outputs as its documentation says."""
    x = rows.astype(np.float64) @ tensors["embedding.weight"] + tensors["embedding.bias"]
    for i in range(sum(name.startswith("layer") for name in tensors) // 2):
        x = (x if i == 0 else x.clip(min=0)) @ tensors[f"layer{i}.weight"] + tensors[f"layer{i}.bias"]
    return x


def probabilities(tensors: dict[str, np.ndarray], rows: scipy.sparse.csr_matrix) -> np.ndarray:
    z = tensors["calibration.slope"] * forward(tensors, rows) + tensors["calibration.offset"]
    return 1 / (1 + np.exp(-z))


def write_cases(tensors: dict[str, np.ndarray], training: Training, path: pathlib.Path, count: int = 60) -> None:
    """Writes what the trainer computes for well-known molecules, for the Go tests to compare."""
    known = json.loads((REPOSITORY / "inference/chem/testdata/reference.json").read_text())
    smiles = [row["smiles"] for row in known][:: len(known) // count]
    rows = inputs(describe(smiles), training.fragments)
    cases = [
        {"smiles": text, "inputs": row.indices.tolist(), "values": [round(float(v), 6) for v in row.data],
         "probabilities": [round(float(p), 7) for p in probability]}
        for text, row, probability in zip(smiles, rows, probabilities(tensors, rows))
    ]  # fmt: skip
    path.parent.mkdir(exist_ok=True)
    path.write_text("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="table of odorants")
    parser.add_argument("--descriptions", help="table of free descriptions, for training alone")
    parser.add_argument("--split", choices=["stratified", "scaffold"], default="stratified")
    parser.add_argument("--out", type=pathlib.Path, help="directory of the Go package to export to")
    parser.add_argument("--docs", type=pathlib.Path, required=True, help="directory for the log, the picture and the table of labels")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.docs.mkdir(parents=True, exist_ok=True)
    name = "predictor" if arguments.split == "stratified" else "predictor-scaffold"
    with open(arguments.docs / f"{name}-log.tsv", "w", encoding="utf-8") as log:
        print("network", "epoch", "loss", "validation AUROC", sep="\t", file=log)
        training = Training(arguments.data, arguments.descriptions, arguments.split, log, arguments.seed)
        opinions = training.judge()
        student = training.study_with(opinions)
        with tempfile.TemporaryDirectory() as directory:
            tensors = export(student, training, pathlib.Path(directory) / "measured.weights", {})
        targets = training.data.targets[training.test]
        guessed = probabilities(tensors, training.rows[training.test])
        figures = report.figures(targets, guessed)
        figures["teachers' macro AUROC"] = round(training.auroc(opinions[training.test], training.test), 4)
        for what, value in figures.items():
            print(what, value, sep="\t", file=log)
        report.write(arguments.docs, name, training.data, targets, guessed, figures)
        if arguments.out:
            export(student, training, arguments.out / "predictor.weights", figures)
            write_cases(tensors, training, arguments.out / "testdata" / "cases.json")


if __name__ == "__main__":
    main()
