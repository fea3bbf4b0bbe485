"""Molecules as token sequences, with the figures that a request may ask for."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
from rdkit import Chem, RDLogger
from rdkit.Chem import Crippen, Descriptors, rdMolDescriptors

RDLogger.DisableLog("rdApp.*")

MASK = "<mask>"
MAX_TOKENS = 48
# A token of fewer molecules is not learned; its molecules are left out.
MIN_TOKEN_MOLECULES = 8
ELEMENTS = {"C", "N", "O", "S"}
HEAVY_ATOMS = range(3, 25)

PATTERN = re.compile(r"\[[^\]]+\]|Br|Cl|%\d\d|[A-Za-z0-9()=#/\\.\-+:$*~@]")

# What a request may ask for besides odors, each with the mean and the scale
# that bring it to about -1 to 1.
PROPERTIES = {
    "weight": (165.0, 60.0),
    "logp": (2.4, 1.6),
    "tpsa": (25.0, 18.0),
    "rings": (0.8, 0.9),
}


@dataclass(frozen=True)
class Writings:
    """Every rooted SMILES of every molecule, as token numbers."""

    vocabulary: list[str]  # the first is MASK
    tokens: list[np.ndarray]
    molecule: np.ndarray  # the row of the table that each writing is of
    properties: np.ndarray  # rows of the table x PROPERTIES, scaled


def tokenize(smiles: str) -> list[str]:
    """Splits a SMILES into atoms, bonds, branches and ring numbers."""
    found = PATTERN.findall(smiles)
    if "".join(found) != smiles:
        raise ValueError(f"cannot split {smiles!r} into tokens")
    return found


def rooted(mol: Chem.Mol) -> list[str]:
    """Writes a molecule from each of its atoms; equal texts once."""
    texts = {Chem.MolToSmiles(mol, rootedAtAtom=a.GetIdx()) for a in mol.GetAtoms()}
    return sorted(texts)


def suits(mol: Chem.Mol | None) -> bool:
    """Tells whether a molecule is of the kind that the model learns."""
    return (
        mol is not None
        and mol.GetNumHeavyAtoms() in HEAVY_ATOMS
        and {a.GetSymbol() for a in mol.GetAtoms()} <= ELEMENTS
        and not any(a.GetIsotope() or a.GetNumRadicalElectrons() for a in mol.GetAtoms())
        and Chem.GetFormalCharge(mol) == 0
        and len(Chem.GetMolFrags(mol)) == 1
    )


def figures(mol: Chem.Mol) -> list[float]:
    """Returns the PROPERTIES of a molecule, scaled."""
    raw = (
        Descriptors.MolWt(mol),
        Crippen.MolLogP(mol),
        rdMolDescriptors.CalcTPSA(mol),
        rdMolDescriptors.CalcNumRings(mol),
    )
    return [(x - mean) / scale for x, (mean, scale) in zip(raw, PROPERTIES.values())]


def write_all(smiles: list[str]) -> Writings:
    """Writes every suitable molecule in every rooted way."""
    mols = [Chem.MolFromSmiles(text) for text in smiles]
    rows = [i for i, mol in enumerate(mols) if suits(mol)]
    texts = {i: [tokenize(text) for text in rooted(mols[i])] for i in rows}
    counts = Counter(token for i in rows for token in {t for text in texts[i] for t in text})
    vocabulary = [MASK] + sorted(token for token, n in counts.items() if n >= MIN_TOKEN_MOLECULES)
    number = {token: i for i, token in enumerate(vocabulary)}
    tokens, molecule = [], []
    for i in rows:
        for text in texts[i]:
            if len(text) <= MAX_TOKENS and all(token in number for token in text):
                tokens.append(np.array([number[token] for token in text], dtype=np.int64))
                molecule.append(i)
    properties = np.zeros((len(smiles), len(PROPERTIES)), dtype=np.float32)
    for i in rows:
        properties[i] = figures(mols[i])
    return Writings(vocabulary, tokens, np.array(molecule), properties)
