"""Measures how well free descriptions of odors are understood.

    python3 text.py odorants.tsv descriptions.tsv

For the descriptions of held-out molecules it ranks each label by what the text
says, and compares with the labels that the molecules have: macro AUROC (over the
texts, of one label) and mean average precision. It compares the tables of package
odor, read through `go run ./interpret`, with two things that are learned from the
other descriptions: a linear model over the letters of the text, and a linear map from
what the tables understand to labels. It also ranks the labels of hand-written
prompts, for which the average precision is over labels, of one prompt.

Nothing that is learned here is kept: see docs/inference/backend.md for why.
"""

from __future__ import annotations

import argparse
import csv
import pathlib
import subprocess

import numpy as np
import torch
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.metrics import average_precision_score, roc_auc_score

import dataset

HERE = pathlib.Path(__file__).parent
PROMPTS = (HERE / "prompts.tsv", HERE.parent / "odor/testdata/unseen_prompts.tsv")

FEATURES = 8192
EPOCHS = 12
BATCH = 256


def understood(texts: list[str]) -> np.ndarray:
    """Reads texts through the tables: the weight of each label."""
    run = subprocess.run(
        ["go", "run", ".", "interpret"], cwd=HERE, check=True, text=True, stdout=subprocess.PIPE,
        input="".join(text.replace("\n", " ") + "\n" for text in texts),
    )
    lines = run.stdout.split("\n")[1 : len(texts) + 1]
    return np.array([[float(cell) for cell in line.split("\t")[:-1]] for line in lines])


def letters(texts: list[str]) -> sparse.csr_matrix:
    """Hashes the runs of three to five letters of each text, scaled to equal length."""
    hashing = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 5), n_features=FEATURES, alternate_sign=False, binary=True)
    return hashing.transform(texts).tocsr()


def learn(features: sparse.csr_matrix, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fits the log-odds of each label, linear in the features."""
    generator = np.random.default_rng(0)
    weights = torch.zeros(features.shape[1], targets.shape[1], requires_grad=True)
    bias = torch.full((targets.shape[1],), -4.0, requires_grad=True)
    optimiser = torch.optim.Adam([weights, bias], lr=0.05)
    for _ in range(EPOCHS):
        order = generator.permutation(len(targets))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            logits = torch.tensor(features[rows].toarray(), dtype=torch.float32) @ weights + bias
            wanted = torch.tensor(targets[rows], dtype=torch.float32)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted) + 1e-5 * (weights**2).sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return weights.detach().numpy(), bias.detach().numpy()


def described(labels: list[str]) -> dict[int, str]:
    """Maps the labels that mean a descriptor to it."""
    with open(HERE.parent / "odor/labels.tsv", encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    if [row[0] for row in rows] != labels:
        raise SystemExit("odor/labels.tsv does not list the labels of this table in their order")
    return {i: row[1] for i, row in enumerate(rows) if row[1] != "-"}


def compare(name: str, targets: np.ndarray, scores: np.ndarray) -> None:
    """Prints the figures over the labels that some, but not all, of the texts have."""
    told = [j for j in range(targets.shape[1]) if 0 < targets[:, j].sum() < len(targets)]
    auroc = np.mean([roc_auc_score(targets[:, j], scores[:, j]) for j in told])
    precision = np.mean([average_precision_score(targets[:, j], scores[:, j]) for j in told])
    print(f"{name:44} {len(told):4} labels   AUROC {auroc:.3f}   mAP {precision:.3f}")


def compare_prompts(path: pathlib.Path, labels: dict[int, str], model: tuple[np.ndarray, np.ndarray]) -> None:
    """Prints how far up the labels of what a prompt asks for are ranked."""
    with open(path, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    texts = [row[0] for row in rows]
    tables, learned = understood(texts), letters(texts) @ model[0] + model[1]
    for name, scores in (("tables", tables), ("letters", learned), ("tables + letters", tables + learned)):
        ranks = []
        for row, ranked in zip(rows, scores):
            wanted = np.array([labels[j] in row[1].split(",") for j in labels])
            if wanted.any():
                ranks.append(average_precision_score(wanted, ranked[list(labels)]))
        print(f"{path.name + ': ' + name:44} {len(ranks):4} prompts                mAP {np.mean(ranks):.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("odorants", help="table with the columns smiles and labels")
    parser.add_argument("descriptions", help="table with the columns smiles and text")
    arguments = parser.parse_args()
    torch.manual_seed(0)

    data = dataset.load(arguments.odorants)
    labels = described(data.labels)
    row = {smiles: i for i, smiles in enumerate(data.smiles)}
    with open(arguments.descriptions, newline="", encoding="utf-8") as file:
        texts = [(row[r["smiles"]], r["text"]) for r in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if r["smiles"] in row]
    molecules = np.array([i for i, _ in texts])
    told = [text for _, text in texts]

    columns = list(labels)
    targets = data.targets[molecules][:, columns]
    held_out = data.fold[molecules] == dataset.TEST_FOLD
    seen = ~held_out & (data.fold[molecules] != dataset.VALIDATION_FOLD)

    tables = understood(told)[:, columns]
    features = letters(told)
    model = learn(features[seen], data.targets[molecules][seen])
    learned = (features @ model[0] + model[1])[:, columns]
    known = sparse.csr_matrix(np.clip(tables, 0, 1))
    weights, bias = learn(known[seen], targets[seen])
    spread = known @ weights + bias

    print(f"{held_out.sum()} descriptions of held-out molecules, {seen.sum()} to learn from")
    compare("tables", targets[held_out], tables[held_out])
    compare("letters", targets[held_out], learned[held_out])
    compare("tables + letters", targets[held_out], (tables + learned)[held_out])
    compare("tables, and what goes with them", targets[held_out], (2 * tables + spread)[held_out])
    for path in PROMPTS:
        compare_prompts(path, labels, model)


if __name__ == "__main__":
    main()
