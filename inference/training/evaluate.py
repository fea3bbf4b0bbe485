"""Evaluates the generation of molecules: `make eval-model DATA=odorants.tsv`.

Prompts are made from the labels of held-out molecules, and a hundred are
hand-written. Whatever answers them is judged alike: by RDKit (is it a molecule, is it
new, what is it like) and by the oracle (does it smell of what was asked for), which
shares no representation with the models, and not all training molecules (oracle.py).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import pathlib
import subprocess
import tempfile
from dataclasses import dataclass, field

import numpy as np
from rdkit import Chem, DataStructs, RDLogger
from rdkit.Chem import Crippen, RDConfig, rdFingerprintGenerator, rdMolDescriptors
from rdkit.Chem.Scaffolds import MurckoScaffold
from scipy.stats import wasserstein_distance

import dataset
import molecules
import oracle as judge

RDLogger.DisableLog("rdApp.*")

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Words around the odors of a prompt.
TEMPLATES = {
    1: ["a {0} scent", "something that smells of {0}", "{0}"],
    2: ["a {0} and {1} scent", "{0} with {1}", "{0}, {1}"],
    3: ["a {0}, {1} and {2} scent", "{0} and {1} over {2}", "{0}, {1}, {2}"],
}


@dataclass
class Prompt:
    text: str
    labels: list[int]
    molecule: int  # the held-out one that it was made from, -1 for a hand-written prompt


@dataclass
class Row:
    """What one way of answering gave: a list of texts for each prompt."""

    name: str
    prompts: list[Prompt]
    answers: list[list[str]]
    asked: int  # molecules for each prompt
    sampled: int = 0
    invalid: int = 0
    figures: dict[str, float] = field(default_factory=dict)


def held_out_prompts(data: dataset.Dataset, usable: set[int], count: int, seed: int) -> list[Prompt]:
    """Makes prompts of one to three labels that a held-out molecule has together."""
    rng = np.random.default_rng(seed)
    held = [i for i in np.flatnonzero(data.labelled & (data.fold == dataset.TEST_FOLD))]
    sets = {int(i): [int(j) for j in np.flatnonzero(data.targets[i]) if int(j) in usable] for i in held}
    held = [i for i in sets if sets[i]]
    prompts = []
    while len(prompts) < count:
        molecule = int(rng.choice(held))
        size = int(rng.integers(1, min(3, len(sets[molecule])) + 1))
        labels = [int(j) for j in rng.choice(sets[molecule], size=size, replace=False)]
        template = TEMPLATES[size][int(rng.integers(3))]
        prompts.append(Prompt(template.format(*(data.labels[j] for j in labels)), labels, molecule))
    return prompts


def label_descriptors() -> dict[str, str]:
    """Reads which descriptor of the vocabulary each label means."""
    out = {}
    for line in (ROOT / "inference/odor/labels.tsv").read_text().splitlines():
        cells = line.split("\t")
        if not line.startswith("#") and cells[1] != "-":
            out[cells[0]] = cells[1]
    return out


def written_prompts(data: dataset.Dataset) -> list[Prompt]:
    """Reads the hand-written prompts, with the first label of each descriptor that they expect."""
    label_of: dict[str, int] = {}
    for label, descriptor in label_descriptors().items():
        label_of.setdefault(descriptor, data.labels.index(label))
    prompts = []
    for line in pathlib.Path(__file__).with_name("prompts.tsv").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        text, expected = line.split("\t")[:2]
        labels = [label_of[d.strip()] for d in expected.split(",") if d.strip() in label_of]
        if labels:
            prompts.append(Prompt(text, labels, -1))
    return prompts


class Program:
    """A subcommand of the Go program of this directory that answers one JSON line with another."""

    def __init__(self, command: str, directory: pathlib.Path):
        self.path, self.command = directory / "training", command
        subprocess.run(["go", "build", "-o", self.path, "./inference/training"], cwd=ROOT, check=True)

    def ask(self, requests: list[dict]) -> list[dict]:
        lines = "\n".join(json.dumps(r) for r in requests)
        run = subprocess.run([self.path, self.command], input=lines, capture_output=True, text=True, check=False)
        if run.returncode:
            raise RuntimeError(f"{self.command}: {run.stderr.strip()}")
        return [json.loads(line) for line in run.stdout.splitlines()]


def served(program: Program, name: str, engine: str, prompts: list[Prompt], count: int, guidance: float | None = None) -> Row:
    """Asks an engine as a client does."""
    requests = [{"prompt": p.text, "engine": engine, "count": count, "seed": i} for i, p in enumerate(prompts)]
    if guidance is not None:
        requests = [r | {"guidance": guidance} for r in requests]
    answers = program.ask(requests)
    row = Row(name, prompts, [a["smiles"] or [] for a in answers], count)
    row.sampled, row.invalid = sum(a["sampled"] for a in answers), sum(a["invalid"] for a in answers)
    return row


def sampled(program: Program, name: str, data: dataset.Dataset, prompts: list[Prompt], count: int, guidance: float,
            **settings: float) -> Row:
    """Asks the bare model, before any check or choice."""
    requests = [
        {"labels": {data.labels[j]: 1 for j in p.labels}, "count": count, "seed": i, "guidance": guidance} | settings
        for i, p in enumerate(prompts)
    ]
    if guidance == 0:
        requests = [r | {"labels": {}} for r in requests]
    return Row(name, prompts, [a["smiles"] for a in program.ask(requests)], count)


def measure_molecule(smiles: str) -> dict | None:
    """Returns what the table says of one molecule, None if RDKit does not take it for one."""
    mol = Chem.MolFromSmiles(smiles) if smiles else None
    if mol is None or mol.GetNumAtoms() == 0:
        return None
    return {
        "canonical": Chem.MolToSmiles(mol, isomericSmiles=False),
        "scaffold": MurckoScaffold.MurckoScaffoldSmiles(mol=mol, includeChirality=False),
        "heavy": mol.GetNumHeavyAtoms(),
        "chain": longest_chain(mol),
        "logp": Crippen.MolLogP(mol),
        "tpsa": rdMolDescriptors.CalcTPSA(mol),
        "sa": synthetic_accessibility(mol),
        "odorant-like": odorant_like(mol),
    }


def odorant_like(mol: Chem.Mol) -> bool:
    """Tells whether a molecule passes the filter of Ruddigkeit et al., doi 10.1186/1758-2946-6-27."""
    symbols = [a.GetSymbol() for a in mol.GetAtoms()]
    return (
        len(symbols) <= 21
        and set(symbols) <= {"C", "O", "S"}
        and symbols.count("O") + symbols.count("S") <= 3
        and rdMolDescriptors.CalcNumHBD(mol) <= 1
    )


def longest_chain(mol: Chem.Mol) -> int:
    """Returns the number of carbons in the longest path of carbons outside rings."""
    carbons = {a.GetIdx() for a in mol.GetAtoms() if a.GetSymbol() == "C" and not a.IsInRing()}
    near = {i: [n.GetIdx() for n in mol.GetAtomWithIdx(i).GetNeighbors() if n.GetIdx() in carbons] for i in carbons}

    def farthest(start: int) -> tuple[int, int]:
        depth, stack, best = {start: 1}, [start], (1, start)
        while stack:
            at = stack.pop()
            best = max(best, (depth[at], at))
            for n in near[at]:
                if n not in depth:
                    depth[n] = depth[at] + 1
                    stack.append(n)
        return best

    longest = 0
    for i in carbons:  # the parts are trees: the farthest of the farthest ends the longest path
        longest = max(longest, farthest(farthest(i)[1])[0])
    return longest


def synthetic_accessibility(mol: Chem.Mol) -> float:
    global _scorer
    if _scorer is None:
        import sys

        sys.path.append(str(pathlib.Path(RDConfig.RDContribDir) / "SA_Score"))
        import sascorer

        _scorer = sascorer
    return _scorer.calculateScore(mol)


_scorer = None


class Measures:
    """Measures each distinct text once, on all processors."""

    def __init__(self, oracle: judge.Oracle):
        self.oracle = oracle
        self.of: dict[str, dict | None] = {}
        self.probabilities: dict[str, np.ndarray] = {}

    def add(self, texts: set[str]) -> None:
        new = sorted(texts - self.of.keys())
        with multiprocessing.Pool() as pool:
            for text, found in zip(new, pool.map(measure_molecule, new, chunksize=256)):
                self.of[text] = found
            molecules_ = sorted({m["canonical"] for t in new if (m := self.of[t])} - self.probabilities.keys())
            parts = [molecules_[i : i + 500] for i in range(0, len(molecules_), 500)]
            for part, rows in zip(parts, pool.imap(self.oracle.probabilities, parts)):
                self.probabilities.update(zip(part, rows))


def evaluate(row: Row, measures: Measures, known: set[str], scaffolds: set[str], real: list[dict]) -> None:
    """Fills in a row's figures."""
    thresholds = measures.oracle.thresholds
    found = [[measures.of[t] for t in texts] for texts in row.answers]
    flat = [m for answer in found for m in answer]
    valid = [m for m in flat if m]
    texts = {m["canonical"] for m in valid}
    novel = texts - known
    covered: list[bool] = []  # of each prompt and label, whether any molecule hits it
    hits: list[list[bool]] = []  # of each prompt, one a molecule and label
    novel_hits: list[list[bool]] = []
    for prompt, answer in zip(row.prompts, found):
        hits.append([])
        novel_hits.append([])
        met = np.zeros(len(prompt.labels), dtype=bool)
        for m in filter(None, answer):
            hit = measures.probabilities[m["canonical"]][prompt.labels] >= thresholds[prompt.labels]
            hits[-1].extend(hit)
            met |= hit
            if m["canonical"] not in known:
                novel_hits[-1].extend(hit)
        covered.extend(met)
    rings = {m["scaffold"] for m in valid if m["canonical"] in novel and m["scaffold"]}
    within = [len({m["canonical"] for m in answer if m}) / len([m for m in answer if m]) for answer in found if any(answer)]
    row.figures = {
        "molecules": len(flat),
        "answered": len(flat) / len(row.prompts) / row.asked,
        "valid": len(valid) / max(len(flat), 1),
        "unique in an answer": float(np.mean(within)),
        "unique in 1000": unique([m["canonical"] for m in valid], 1000),
        "unique in all": len(texts) / max(len(valid), 1),
        "novel": sum(m["canonical"] not in known for m in valid) / max(len(valid), 1),
        "new scaffolds": len(rings - scaffolds) / max(len(rings), 1),
        "diversity": diversity(found),
        "covered": float(np.mean(covered)),
        "oracle hits": rate(hits),
        "oracle hits, novel": rate(novel_hits),
        "oracle hits, novel, interval": interval(novel_hits, [p.molecule for p in row.prompts]),
        "sampled": row.sampled,
        "invalid": row.invalid,
        "odorant-like": float(np.mean([m["odorant-like"] for m in valid])),
    }
    for name in PROPERTIES:
        ours, theirs = (np.array([m[name] for m in rows], dtype=float) for rows in (valid, real))
        row.figures[name] = float(ours.mean())
        row.figures[name + " drift"] = float(ours.mean() / theirs.mean() - 1)
        row.figures[name + " distance"] = float(wasserstein_distance(ours, theirs) / theirs.std())


# The figures whose distributions are compared with those of real odorants.
PROPERTIES = ("heavy", "chain", "logp", "tpsa", "sa")


def unique(texts: list[str], count: int, rounds: int = 20) -> float:
    """Returns the share of different ones among count drawn at random."""
    if len(texts) <= count:
        return len(set(texts)) / max(len(texts), 1)
    rng = np.random.default_rng(0)
    drawn = [{texts[i] for i in rng.choice(len(texts), size=count, replace=False)} for _ in range(rounds)]
    return float(np.mean([len(d) / count for d in drawn]))


def rate(hits: list[list[bool]]) -> float:
    flat = [h for hit in hits for h in hit]
    return float(np.mean(flat)) if flat else float("nan")


def interval(hits: list[list[bool]], source: list[int], rounds: int = 1000) -> list[float]:
    """Returns the 95 % interval of the rate, drawing with replacement: molecules with all
    the prompts that were made from them, and hand-written prompts (source -1) alone."""
    clusters: dict[int, np.ndarray] = {}
    for i, (hit, molecule) in enumerate(zip(hits, source)):
        key = molecule if molecule >= 0 else -1 - i
        clusters[key] = clusters.get(key, np.zeros(2)) + (sum(hit), len(hit))
    total = np.array(list(clusters.values()))
    drawn = np.random.default_rng(0).integers(0, len(total), size=(rounds, len(total)))
    sums = total[drawn].sum(axis=1)
    if not sums[:, 1].all():
        return [float("nan")] * 2
    return [float(x) for x in np.percentile(sums[:, 0] / sums[:, 1], [2.5, 97.5])]


def diversity(found: list[list[dict | None]]) -> float:
    """Returns 1 minus the mean Tanimoto similarity of the molecules of an answer."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    values = []
    for answer in found[:500]:
        prints = [generator.GetFingerprint(Chem.MolFromSmiles(m["canonical"])) for m in answer if m]
        for i in range(1, len(prints)):
            values.extend(1 - s for s in DataStructs.BulkTanimotoSimilarity(prints[i], prints[:i]))
    return float(np.mean(values)) if values else float("nan")


def by_chance(name: str, pool: list[str], prompts: list[Prompt], count: int, seed: int) -> Row:
    rng = np.random.default_rng(seed)
    return Row(name, prompts, [[pool[i] for i in rng.choice(len(pool), size=count, replace=False)] for _ in prompts], count)


def mismatched(data: dataset.Dataset, prompts: list[Prompt]) -> Row:
    """Gives each prompt the molecule of the next one, and asks for what that does not have."""
    pairs = list(zip(prompts, prompts[1:] + prompts[:1]))
    pairs = [(Prompt(p.text, [j for j in p.labels if not data.targets[q.molecule, j]], q.molecule), q) for p, q in pairs]
    pairs = [(p, q) for p, q in pairs if p.labels]
    return Row("real, for other prompts", [p for p, _ in pairs], [[data.smiles[q.molecule]] for _, q in pairs], 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--prompts", type=int, default=2000, help="how many to make of held-out molecules")
    parser.add_argument("--count", type=int, default=10, help="molecules a prompt")
    parser.add_argument("--out", type=pathlib.Path, help="write the figures here as JSON")
    options = parser.parse_args()
    data = dataset.load(options.data)
    oracle = judge.Oracle.load_or_train(options.data)
    named = label_descriptors()
    usable = {j for j, label in enumerate(data.labels[: dataset.BENCHMARK_LABELS]) if label in named}
    prompts = held_out_prompts(data, usable, options.prompts, seed=1)
    written = written_prompts(data)
    suited = [i for i, s in enumerate(data.smiles) if molecules.suits(Chem.MolFromSmiles(s))]
    training = [data.smiles[i] for i in suited if data.fold[i] >= 2]
    with tempfile.TemporaryDirectory() as directory:
        generate = Program("generate", pathlib.Path(directory))
        sample = Program("sample", pathlib.Path(directory))
        few = max(1, options.count // 3)
        rows = [
            Row("real held-out molecules", prompts, [[data.smiles[p.molecule]] for p in prompts], 1),
            mismatched(data, prompts),
            by_chance("random training molecules", training, prompts, few, seed=2),
            served(generate, "engine library", "library", prompts, options.count),
            sampled(sample, "model, unconditional", data, prompts, few, 0),
            sampled(sample, "model, without guidance", data, prompts, few, 1),
            sampled(sample, "model, guided", data, prompts, few, 2.5),
            served(generate, "engine diffusion, guidance 0", "diffusion", prompts[::4], options.count, 0),
            served(generate, "engine diffusion, guidance 1", "diffusion", prompts[::4], options.count, 1),
            served(generate, "engine diffusion", "diffusion", prompts, options.count),
            by_chance("random training molecules, hand-written prompts", training, written, few, seed=3),
            served(generate, "engine diffusion, hand-written prompts", "diffusion", written, options.count),
            served(generate, "engine library, hand-written prompts", "library", written, options.count),
        ]
    measures = Measures(oracle)
    measures.add({t for row in rows for texts in row.answers for t in texts})
    table = [measure_molecule(smiles) for smiles in data.smiles]
    reference = [table[i] for i in suited]
    known = {m["canonical"] for m in table if m}
    scaffolds = {m["scaffold"] for m in table if m}
    for row in rows:
        evaluate(row, measures, known, scaffolds, reference)
    report(rows, options.out)


TABLES = (
    ("molecules", "answered", "valid", "unique in an answer", "unique in 1000", "unique in all", "novel", "new scaffolds", "diversity", "covered", "oracle hits",
     "oracle hits, novel", "oracle hits, novel, interval"),
    ("odorant-like", "heavy", "chain", "logp", "tpsa", "sa", *(f"{name} drift" for name in PROPERTIES[:2]),
     *(f"{name} distance" for name in PROPERTIES)),
)


def report(rows: list[Row], out: pathlib.Path | None) -> None:
    for shown in TABLES:
        print("| | " + " | ".join(shown) + " |")
        print("|---|" + "---:|" * len(shown))
        for row in rows:
            print(f"| {row.name} | " + " | ".join(cell(row.figures[n]) for n in shown) + " |")
        print()
    for row in rows:
        if row.sampled:
            print(f"\n{row.name}: {row.sampled} texts sampled, {row.invalid} of them no molecules, ions or radicals")
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps([{"name": r.name} | plain(r.figures) for r in rows], indent=1) + "\n")


def plain(figures: dict) -> dict:
    """Leaves out figures that are not defined: JSON has no word for them."""
    return {name: value for name, value in figures.items() if not np.isnan(value).any()}


def cell(value: float | list[float]) -> str:
    if isinstance(value, list):
        return "–".join(f"{x:.3f}" for x in value)
    return str(value) if isinstance(value, int) else f"{value:.3f}"


if __name__ == "__main__":
    main()
