"""Makes molecules that differ from known ones by one small change.

They carry no labels: a student network learns from them what its teachers think.
"""

from __future__ import annotations

import random
from collections.abc import Iterable

from rdkit import Chem, RDLogger

RDLogger.DisableLog("rdApp.*")

SINGLE, DOUBLE = Chem.BondType.SINGLE, Chem.BondType.DOUBLE


def make(smiles: Iterable[str], each: int, forbidden: set[str], seed: int) -> list[str]:
    """Returns up to `each` analogues of every molecule, none of them forbidden or given."""
    rng = random.Random(seed)
    known = set(smiles)
    found: dict[str, None] = {}
    for text in sorted(known):
        for _ in range(each):
            made = change(text, rng)
            if made and made not in known and made not in forbidden:
                found[made] = None
    return list(found)


def change(smiles: str, rng: random.Random) -> str | None:
    """Returns the molecule after one random change, None where the change is not possible."""
    molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        return None
    Chem.Kekulize(molecule, clearAromaticFlags=True)
    editable = Chem.RWMol(molecule)
    rng.choice([lengthen, shorten, add_methyl, cut_end, change_order, change_element])(editable, rng)
    try:
        Chem.SanitizeMol(editable)
    except ValueError:
        return None
    made = Chem.MolToSmiles(editable)
    return made if made and "." not in made else None


def lengthen(molecule: Chem.RWMol, rng: random.Random) -> None:
    """Puts a carbon into a single bond outside rings."""
    bonds = [b for b in molecule.GetBonds() if b.GetBondType() == SINGLE and not b.IsInRing()]
    if bonds:
        bond = rng.choice(bonds)
        begin, end = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        molecule.RemoveBond(begin, end)
        carbon = molecule.AddAtom(Chem.Atom(6))
        molecule.AddBond(begin, carbon, SINGLE)
        molecule.AddBond(carbon, end, SINGLE)


def shorten(molecule: Chem.RWMol, rng: random.Random) -> None:
    """Takes a carbon out of a chain."""
    carbons = [
        a for a in molecule.GetAtoms()
        if a.GetAtomicNum() == 6 and a.GetTotalNumHs() == 2 and a.GetDegree() == 2 and not a.IsInRing()
    ]  # fmt: skip
    if carbons:
        carbon = rng.choice(carbons)
        begin, end = (a.GetIdx() for a in carbon.GetNeighbors())
        molecule.AddBond(begin, end, SINGLE)
        molecule.RemoveAtom(carbon.GetIdx())


def add_methyl(molecule: Chem.RWMol, rng: random.Random) -> None:
    atoms = [a.GetIdx() for a in molecule.GetAtoms() if a.GetTotalNumHs() > 0]
    if atoms:
        molecule.AddBond(rng.choice(atoms), molecule.AddAtom(Chem.Atom(6)), SINGLE)


def cut_end(molecule: Chem.RWMol, rng: random.Random) -> None:
    """Takes an atom with one neighbour away."""
    ends = [a.GetIdx() for a in molecule.GetAtoms() if a.GetDegree() == 1]
    if ends and molecule.GetNumAtoms() > 3:
        molecule.RemoveAtom(rng.choice(ends))


def change_order(molecule: Chem.RWMol, rng: random.Random) -> None:
    """Makes a single bond a double one, or the reverse."""
    bonds = [b for b in molecule.GetBonds() if b.GetBondType() in (SINGLE, DOUBLE)]
    if bonds:
        bond = rng.choice(bonds)
        bond.SetBondType(DOUBLE if bond.GetBondType() == SINGLE else SINGLE)


def change_element(molecule: Chem.RWMol, rng: random.Random) -> None:
    """Makes an atom with at most two neighbours a carbon, oxygen, nitrogen or sulfur."""
    atoms = [a for a in molecule.GetAtoms() if a.GetDegree() <= 2 and a.GetFormalCharge() == 0]
    if atoms:
        atom = rng.choice(atoms)
        atom.SetAtomicNum(rng.choice([6, 7, 8, 8, 16]))
        atom.SetNoImplicit(False)
        atom.SetNumExplicitHs(0)
