#!/usr/bin/python3
"""Compares the project's chemistry with RDKit's, molecule by molecule.

    referee.py --figures PROGRAM [--data TSV] [--random N]   compare, and fail below 99.9 % of any property
    referee.py --write FILE                                  write RDKit's figures of the committed list

PROGRAM is the command in figures/, built. The molecules are those of testdata/molecules.tsv, those of the table if there
is one (a column `smiles`), random ones made of the former (generate.py) and random walks through the project's grammar.
Noise, SMILES with a few characters changed, is compared too, but only on whether it is a molecule.
"""

import argparse
import collections
import csv
import json
import multiprocessing
import os
import re
import subprocess
import sys

import rdkit
from rdkit import Chem, RDConfig, RDLogger
from rdkit.Chem import Crippen, Descriptors, rdMolDescriptors
from rdkit.Chem.Scaffolds import MurckoScaffold

import generate
from reasons import own_readings, reason

sys.path.append(os.path.join(RDConfig.RDContribDir, "SA_Score"))
import sascorer  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SEED = 20251127
NEEDED = 99.9  # percent
EXAMPLES = 3


def figures_of(text, molecule):
    """Returns RDKit's figures, named as the project names them."""
    scaffold = MurckoScaffold.GetScaffoldForMol(without_brackets(molecule))
    # RDKit flags the triple bond of an aryne as aromatic too, but leaves it triple.
    aromatic = [b for b in molecule.GetBonds() if b.GetBondType() == Chem.BondType.AROMATIC]
    return {
        "oneForm": True,  # what the project's random writings should all come to
        "canonical": Chem.MolToSmiles(molecule),
        "formula": rdMolDescriptors.CalcMolFormula(molecule),
        "weight": Descriptors.MolWt(molecule),
        "exactMass": Descriptors.ExactMolWt(molecule),
        "hydrogens": [a.GetTotalNumHs(includeNeighbors=True) for a in molecule.GetAtoms()],
        # Once sanitised, a molecule has the symmetrised set of rings.
        "symmetricRings": molecule.GetRingInfo().NumRings(),
        "rings": sorted(len(r) for r in Chem.GetSSSR(Chem.MolFromSmiles(text, sanitize=False))),
        "ringAtoms": [a.GetIdx() for a in molecule.GetAtoms() if a.IsInRing()],
        "aromaticAtoms": [a.GetIdx() for a in molecule.GetAtoms() if a.GetIsAromatic()],
        "aromaticBonds": sorted(sorted([b.GetBeginAtomIdx(), b.GetEndAtomIdx()]) for b in aromatic),
        "scaffold": Chem.MolToSmiles(scaffold) if scaffold.GetNumAtoms() else "",
        "logP": Crippen.MolLogP(molecule),
        "refractivity": Crippen.MolMR(molecule),
        "tpsa": rdMolDescriptors.CalcTPSA(molecule),
        "donors": rdMolDescriptors.CalcNumHBD(molecule),
        "acceptors": rdMolDescriptors.CalcNumHBA(molecule),
        "rotatable": rdMolDescriptors.CalcNumRotatableBonds(molecule),
        "accessibility": sascorer.calculateScore(molecule),
        "morgan": {str(k): v for k, v in
                   rdMolDescriptors.GetMorganFingerprint(molecule, 2).GetNonzeroElements().items()},
    }


def without_brackets(molecule):
    """Returns a copy without stereo whose atoms take up hydrogen when they lose a neighbour.

    RDKit's scaffolds would leave an atom that was written in brackets with its hydrogens, one bond short.
    """
    plain = Chem.Mol(molecule)
    Chem.RemoveStereochemistry(plain)
    for atom in plain.GetAtoms():
        if not (atom.GetNumRadicalElectrons() or atom.GetIsAromatic()):
            atom.SetNoImplicit(False)
            atom.SetNumExplicitHs(0)
    plain.UpdatePropertyCache()
    return plain


def same_molecule(text, theirs):
    """Tells whether RDKit reads a text of ours as the molecule it knows by its own canonical SMILES."""
    molecule = Chem.MolFromSmiles(text)
    return molecule is not None and Chem.MolToSmiles(molecule) == theirs


def one_of_its_readings(text, molecule):
    """Tells whether RDKit reads a text of ours as it reads some writing of its own.

    Of some symmetrical molecules with stereo marks, it has several canonical SMILES.
    """
    other = Chem.MolFromSmiles(text)
    return other is not None and Chem.MolToSmiles(other) in {text for text, _ in own_readings(molecule)}


def within(tolerance):
    return lambda ours, theirs: abs(ours - theirs) <= tolerance


def same_formula(ours, theirs):
    """Compares formulas piece by piece: without carbon, RDKit does not follow Hill's order."""
    return sorted(FORMULA.findall(ours)) == sorted(FORMULA.findall(theirs))


FORMULA = re.compile(r"[A-Z*][a-z]?\d*|[+-]\d*$")


def equal(ours, theirs):
    return ours == theirs


# What is compared, in the order of the table, and when two figures are the same.
PROPERTIES = {
    "oneForm": equal, "formula": same_formula, "weight": within(0.001), "exactMass": within(2e-3),
    "hydrogens": equal, "rings": equal, "ringAtoms": equal,
    "aromaticAtoms": equal, "aromaticBonds": equal, "scaffold": same_molecule,
    "logP": within(0.01), "refractivity": within(0.01), "tpsa": within(0.01),
    "donors": equal, "acceptors": equal, "rotatable": equal, "accessibility": within(0.001), "morgan": equal,
}
WRITINGS = ("canonical", "random", "kekule")


# Of some molecules RDKit reads its own writings in several ways; to agree with one of them is to agree. Indices of
# atoms are those of one writing and are left out.
OF_ANY_READING = ("scaffold", "logP", "refractivity", "tpsa", "donors", "acceptors", "rotatable", "accessibility",
                  "morgan")


def compare(task):
    """Returns, for one text, each property compared and why it differs (None where it does not)."""
    text, ours, is_noise = task
    name = "noise" if is_noise else "parse"
    molecule = Chem.MolFromSmiles(text)
    accepted = "error" not in ours
    if accepted != (molecule is not None):
        return [(name, reason(name, text, ours, None, molecule))]
    verdicts = [(name, None)]
    if is_noise or molecule is None:
        return verdicts
    theirs = figures_of(text, molecule)
    theirs["weight"] += sum(NEWER[a.GetAtomicNum()] for a in Chem.AddHs(molecule).GetAtoms() if not a.GetIsotope())
    for writing in WRITINGS:
        ok = same_molecule(ours[writing], theirs["canonical"]) or one_of_its_readings(ours[writing], molecule)
        verdicts.append((writing, None if ok else reason(writing, text, ours, theirs, molecule)))
    for name in PROPERTIES:
        ok = agrees(name, ours, theirs) or name in OF_ANY_READING and any(
            agrees(name, ours, figures_of(other, Chem.MolFromSmiles(other))) for other, _ in own_readings(molecule))
        verdicts.append((name, None if ok else reason(name, text, ours, theirs, molecule)))
    return verdicts


def agrees(name, ours, theirs):
    same = PROPERTIES[name]
    return same(ours[name], canonical(theirs[name]) if same is same_molecule else theirs[name])


def canonical(text):
    """Reads and writes once more: RDKit's scaffolds are not sanitised."""
    molecule = Chem.MolFromSmiles(text)
    return text if molecule is None else Chem.MolToSmiles(molecule)


# By how much the project's atomic weights (CIAAW 2024) differ from RDKit's older ones, by atomic number.
NEWER = {0: 0.0}


def compare_weights(program):
    table = Chem.GetPeriodicTable()
    symbols = [table.GetElementSymbol(number) for number in range(1, 119)]
    for number, ours in enumerate(ours_of(program, [f"[{symbol}]" for symbol in symbols]), start=1):
        NEWER[number] = ours["weight"] - table.GetAtomicWeight(number)


def ours_of(program, texts):
    answer = subprocess.run([program], input="\n".join(texts) + "\n", capture_output=True, text=True, check=True)
    return [json.loads(line) for line in answer.stdout.splitlines()]


def read_table(path):
    with open(path, newline="", encoding="utf-8") as table:
        return [row["smiles"] for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE) if row["smiles"]]


def gather(options):
    """Returns the texts to compare and says where they come from."""
    known = read_table(os.path.join(HERE, "testdata", "molecules.tsv"))
    texts = list(known)
    print(f"referee: RDKit {rdkit.__version__}; {len(known)} molecules of the committed list")
    if options.data and os.path.exists(options.data):
        table = read_table(options.data)
        texts += table
        print(f"referee: {len(table)} molecules of {options.data}")
    elif options.data:
        print(f"referee: no table {options.data}, going on without")
    walks = options.random // 16
    base = [Chem.MolFromSmiles(s) for s in known]
    made = generate.molecules(base, options.random - walks, SEED)
    texts += made
    answer = subprocess.run([options.figures, "-walks", str(walks), "-seed", str(SEED)],
                            capture_output=True, text=True, check=True)
    texts += answer.stdout.splitlines()
    noisy = generate.noise(known + made, options.random // 4, SEED)
    print(f"referee: {len(made)} random molecules, {walks} walks through the grammar, {len(noisy)} noisy texts")
    return texts, noisy


def report(results, texts):
    """Prints the table and the classes of differences; returns whether every property agrees well enough."""
    compared, same = collections.Counter(), collections.Counter()
    classes = collections.defaultdict(list)
    for text, verdicts in zip(texts, results):
        for name, why in verdicts:
            compared[name] += 1
            if why is None:
                same[name] += 1
            else:
                classes[name, why].append(text)
    print(f"\n{'property':<16}{'compared':>10}{'identical':>11}{'percent':>10}")
    good = True
    for name in compared:
        percent = 100 * same[name] / compared[name]
        low = percent < NEEDED and name != "noise"  # noise is shown, but no molecule anybody would write
        good = good and not low
        print(f"{name:<16}{compared[name]:>10}{same[name]:>11}{percent:>10.3f}{'  <--' if low else ''}")
    print("\ndifferences, by reason:")
    for (name, why), found in sorted(classes.items(), key=lambda item: (list(compared).index(item[0][0]), -len(item[1]))):
        print(f"  {name}: {len(found)} x {why}")
        for text in sorted(found, key=len)[:EXAMPLES]:
            print(f"      {text}")
    return good


def write_reference(path):
    """Writes RDKit's figures of the committed list, one molecule a line."""
    with open(path, "w", encoding="utf-8") as out:
        for text in read_table(os.path.join(HERE, "testdata", "molecules.tsv")):
            figures = {"smiles": text, **figures_of(text, Chem.MolFromSmiles(text))}
            out.write(json.dumps({k: round(v, 5) if isinstance(v, float) else v for k, v in figures.items()}) + "\n")


def main():
    RDLogger.DisableLog("rdApp.*")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figures", metavar="PROGRAM", help="the built command of figures/")
    parser.add_argument("--data", metavar="TSV", help="a table of molecules; may be missing")
    parser.add_argument("--random", type=int, default=20000, metavar="N", help="how many random molecules (20000)")
    parser.add_argument("--write", metavar="FILE", help="write the reference values of the test and stop")
    options = parser.parse_args()
    if options.write:
        return write_reference(options.write)
    if not options.figures:
        parser.error("--figures is needed")
    texts, noisy = gather(options)
    compare_weights(options.figures)
    texts += noisy
    tasks = [(text, ours, i >= len(texts) - len(noisy))
             for i, (text, ours) in enumerate(zip(texts, ours_of(options.figures, texts)))]
    with multiprocessing.Pool(initializer=RDLogger.DisableLog, initargs=("rdApp.*",)) as pool:
        results = pool.map(compare, tasks, chunksize=200)
    if not report(results, texts):
        sys.exit(f"referee: below {NEEDED} % on the properties marked <--")


if __name__ == "__main__":
    main()
