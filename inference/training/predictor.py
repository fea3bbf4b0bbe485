"""Trains the odor predictor of inference/odor/predict.

    python3 predictor.py --data odorants.tsv --out ../odor/predict

A few wide networks (teachers) learn from the labelled molecules of folds 2 to 9,
also the rarer labels, which helps the frequent ones. A smaller network of low rank
(the student) then learns what the teachers say of the same molecules, of unlabelled ones and of
molecules made from them by small changes. It is what ships. Fold 1 calibrates, fold 0
tests. Features come from the Go program that serves them (inference/training/features).
"""

from __future__ import annotations

import argparse
import csv
import json
import pathlib
import random
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse
import torch
from rdkit import Chem
from torch import nn
from torch.nn import functional

import analogues
import dataset
import predictor_report as report
import weights

MODEL = "odor predictor 1"
MORGAN_RADIUS = 2
# A fragment of fewer training molecules is not learned.
MIN_FRAGMENT_MOLECULES = 3
# A label outside the data set's needs this many molecules to help the others.
MIN_EXTRA_MOLECULES = 8
EXTRA_WEIGHT = 0.5
TEACHERS = 5
TEACHER_WIDTH = 512
TEACHER_EPOCHS = 15
RANK, WIDTH, STUDENT_EPOCHS = 144, 512, 24
ANALOGUES = 2  # for each molecule
BATCH = 128
RATE = 2e-3
FEATURE_DROPOUT, DROPOUT = 0.2, 0.5
REPOSITORY = pathlib.Path(__file__).parents[2]


@dataclass
class Described:
    """The features of molecules, as the Go program computes them."""

    fragments: list[tuple[np.ndarray, np.ndarray]]  # IDs and counts
    properties: np.ndarray


def describe(smiles: Sequence[str]) -> Described:
    """Runs the Go program on the molecules."""
    run = subprocess.run(
        ["go", "run", "./inference/training/features"],
        input="".join(text + "\n" for text in smiles).encode(), cwd=REPOSITORY, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    words = np.frombuffer(run.stdout, dtype="<u4")
    width, at = int(words[0]), 1
    fragments, properties = [], np.zeros((len(smiles), width), dtype=np.float32)
    for row in range(len(smiles)):
        count = int(words[at])
        at += 1
        if count == 0xFFFFFFFF:
            fragments.append((words[:0], words[:0]))
            continue
        pairs = words[at : at + 2 * count].reshape(-1, 2)
        fragments.append((pairs[:, 0], pairs[:, 1]))
        at += 2 * count
        properties[row] = words[at : at + width].view("<f4")
        at += width
    return Described(fragments, properties)


def vocabulary(described: Described, rows: np.ndarray) -> list[int]:
    """Lists the fragments of at least MIN_FRAGMENT_MOLECULES of the given molecules."""
    counts: Counter[int] = Counter()
    for row in rows:
        counts.update(described.fragments[row][0].tolist())
    return sorted(fragment for fragment, count in counts.items() if count >= MIN_FRAGMENT_MOLECULES)


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


class Network(nn.Module):
    """A multilayer perceptron over sparse input. The embedding is linear if low_rank."""

    def __init__(self, features: int, outputs: int, rank: int, width: int, low_rank: bool):
        super().__init__()
        self.embedding = nn.EmbeddingBag(features, rank, mode="sum")
        nn.init.normal_(self.embedding.weight, 0, 0.08 if low_rank else 0.05)
        self.bias = nn.Parameter(torch.zeros(rank))
        widths = [rank, width, width, outputs] if low_rank else [rank, width, outputs]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:]))
        nn.init.constant_(self.layers[-1].bias, -4)
        self.low_rank = low_rank
        self.dropout = DROPOUT

    def forward(self, rows: scipy.sparse.csr_matrix) -> torch.Tensor:
        values = torch.from_numpy(rows.data)
        if self.training:
            values = functional.dropout(values, FEATURE_DROPOUT)
        ids, starts = torch.from_numpy(rows.indices.astype(np.int64)), torch.from_numpy(rows.indptr[:-1].astype(np.int64))
        x = self.embedding(ids, starts, per_sample_weights=values) + self.bias
        for i, layer in enumerate(self.layers):
            if i > 0 or not self.low_rank:
                x = functional.dropout(functional.relu(x), self.dropout, self.training)
            x = layer(x)
        return x

    @torch.no_grad()
    def logits(self, rows: scipy.sparse.csr_matrix) -> np.ndarray:
        self.eval()
        return np.concatenate([self(rows[i : i + 2048]).numpy() for i in range(0, rows.shape[0], 2048)])


def fit(network: Network, rows: scipy.sparse.csr_matrix, targets: np.ndarray, label_weight: np.ndarray, epochs: int, seed: int, watch) -> None:
    """Trains by AdamW with one cycle of the rate; watch is told the epoch and its loss."""
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.01)
    steps = -(-rows.shape[0] // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=epochs * steps, pct_start=0.1)
    targets, label_weight = torch.from_numpy(targets), torch.from_numpy(label_weight)
    for epoch in range(epochs):
        network.train()
        total = 0.0
        for chosen in np.array_split(rng.permutation(rows.shape[0]), steps):
            losses = functional.binary_cross_entropy_with_logits(network(rows[chosen]), targets[chosen], reduction="none")
            loss = (losses * label_weight).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(chosen)
        watch(epoch + 1, total / rows.shape[0])


def extra_targets(path: str, data: dataset.Dataset, learn: np.ndarray) -> np.ndarray:
    """Returns the targets of the rarer labels."""
    with open(path, newline="", encoding="utf-8") as file:
        named = [set(row["labels"].split(";")) - {""} for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    counts = Counter(name for row in learn for name in named[row])
    known = set(data.labels)
    names = sorted(name for name, count in counts.items() if count >= MIN_EXTRA_MOLECULES and name not in known)
    return np.array([[name in names_of for name in names] for names_of in named], dtype=np.float32)


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
    from rdkit.Chem.Scaffolds import MurckoScaffold

    keys = [MurckoScaffold.MurckoScaffoldSmiles(text) or text for text in smiles]
    order = dataset.shuffled(sorted(set(keys)), np.arange(len(set(keys))), "scaffold")
    names = sorted(set(keys))
    fold = {names[row]: i % dataset.FOLDS for i, row in enumerate(order)}
    return np.array([fold[key] for key in keys])


class Training:
    """One training run on one split."""

    def __init__(self, path: str, fold: str, log, seed: int):
        self.data = dataset.load(path)
        self.fold = scaffold_folds(self.data.smiles) if fold == "scaffold" else self.data.fold
        self.log, self.seed = log, seed
        held_out = (dataset.TEST_FOLD, dataset.VALIDATION_FOLD)
        self.learn = np.flatnonzero(self.data.labelled & ~np.isin(self.fold, held_out))
        self.validation = np.flatnonzero(self.data.labelled & (self.fold == dataset.VALIDATION_FOLD))
        self.test = np.flatnonzero(self.data.labelled & (self.fold == dataset.TEST_FOLD))
        open_rows = [i for i in np.flatnonzero(~np.isin(self.fold, held_out)) if self.data.smiles[i]]
        kept_apart = {self.data.smiles[i] for i in (*self.validation, *self.test)}
        made = analogues.make([self.data.smiles[i] for i in open_rows], ANALOGUES, kept_apart, seed)
        described = describe(self.data.smiles + made)
        self.fragments = vocabulary(described, self.learn)
        self.rows = inputs(described, self.fragments)
        self.study = np.concatenate([open_rows, len(self.data.smiles) + np.arange(len(made))]).astype(int)
        self.extra = extra_targets(path, self.data, self.learn)

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

    def teach(self, seed: int) -> Network:
        torch.manual_seed(seed)
        targets = np.concatenate([self.data.targets[self.learn], self.extra[self.learn]], axis=1).astype(np.float32)
        weight = np.ones(targets.shape[1], dtype=np.float32)
        weight[len(self.data.labels) :] = EXTRA_WEIGHT
        network = Network(self.rows.shape[1], targets.shape[1], TEACHER_WIDTH, TEACHER_WIDTH, low_rank=False)
        fit(network, self.rows[self.learn], targets, weight, TEACHER_EPOCHS, seed, self.watch(f"teacher {seed}", network, TEACHER_EPOCHS))
        return network

    def run(self) -> tuple[Network, np.ndarray]:
        """Trains the teachers and the student; returns it and the teachers' logits on the test fold."""
        labels = len(self.data.labels)
        opinions = np.zeros((self.rows.shape[0], labels), dtype=np.float32)
        for i in range(TEACHERS):
            opinions += self.teach(self.seed + i).logits(self.rows)[:, :labels] / TEACHERS
        print("teachers", "", "", f"{self.auroc(opinions[self.validation], self.validation):.4f}", sep="\t", file=self.log, flush=True)
        torch.manual_seed(self.seed)
        student = Network(self.rows.shape[1], labels, RANK, WIDTH, low_rank=True)
        student.dropout = 0.15
        believed = 1 / (1 + np.exp(-opinions[self.study]))
        fit(student, self.rows[self.study], believed, np.ones(labels, dtype=np.float32), STUDENT_EPOCHS, self.seed, self.watch("student", student, STUDENT_EPOCHS))
        return student, opinions[self.test]


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
    size = weights.write(path, tensors, metadata, exact={"calibration.slope", "calibration.offset"})
    print("bytes", size, sep="\t", file=training.log)
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
    parser.add_argument("--split", choices=["stratified", "scaffold"], default="stratified")
    parser.add_argument("--out", type=pathlib.Path, help="folder of the Go package to export to")
    parser.add_argument("--docs", type=pathlib.Path, help="folder for the log, the figures and the table of labels")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(arguments.seed)
    arguments.docs.mkdir(parents=True, exist_ok=True)
    name = "predictor" if arguments.split == "stratified" else "predictor-scaffold"
    with open(arguments.docs / f"{name}-log.tsv", "w", encoding="utf-8") as log:
        print("network", "epoch", "loss", "validation AUROC", sep="\t", file=log)
        training = Training(arguments.data, arguments.split, log, arguments.seed)
        student, opinions = training.run()
        temporary = pathlib.Path("/tmp") / f"{name}.weights"
        tensors = export(student, training, temporary, {})
        targets = training.data.targets[training.test]
        guessed = probabilities(tensors, training.rows[training.test])
        figures = report.figures(targets, guessed)
        figures["teachers' macro AUROC"] = training.auroc(opinions, training.test)
        for what, value in figures.items():
            print(what, value, sep="\t", file=log)
        report.write(arguments.docs, name, training.data, targets, guessed, figures)
        if arguments.out:
            tensors = export(student, training, arguments.out / "predictor.weights", figures)
            write_cases(tensors, training, arguments.out / "testdata" / "cases.json")


if __name__ == "__main__":
    main()
