"""Random molecules for the comparison, made of known ones with a fixed seed.

Three kinds, in equal parts: two molecules joined by a bond, a molecule with a few random edits (elements, charges,
isotopes, bond orders, rings, fused benzene), and a molecule with random stereo marks. Every one is a molecule to RDKit
and is written in a random order. Noise is text: SMILES with a few characters changed.
"""

import random

from rdkit import Chem

MOST_ATOMS = 60
ELEMENTS = [5, 6, 6, 6, 7, 7, 7, 8, 8, 8, 9, 14, 15, 15, 16, 16, 16, 17, 33, 34, 35, 53]
NOISE = list("CNOSPFIBcnosp()[]123%=#-+@H/\\.:*") + ["Cl", "Br", "[nH]", "[N+]", "[O-]", "[C@@H]", "=O", "C1", "c1"]


def molecules(base, count, seed):
    """Returns count SMILES made of the molecules of base."""
    rng = random.Random(seed)
    makers = [joined, edited, marked]
    found, known = [], set()
    while len(found) < count:
        made = makers[len(found) % len(makers)](base, rng)
        text = written(made, rng)
        if text is not None and text not in known:
            known.add(text)
            found.append(text)
    return found


def noise(texts, count, seed):
    """Returns count texts, each one of those given with one to three changes."""
    rng = random.Random(seed)
    return [changed(rng.choice(texts), rng) for _ in range(count)]


def changed(text, rng):
    for _ in range(rng.randint(1, 3)):
        at = rng.randint(0, len(text))
        kind = rng.random()
        if kind < 0.4:
            text = text[:at] + rng.choice(NOISE) + text[at:]
        elif kind < 0.7:
            text = text[:at] + rng.choice(NOISE) + text[at + 1:]
        else:
            text = text[:at] + text[at + 1:]
    return text or "C"


def written(molecule, rng):
    """Writes a molecule in a random order; None if it is none or too large."""
    if molecule is None or not 0 < molecule.GetNumAtoms() <= MOST_ATOMS:
        return None
    molecule = sanitized(molecule)
    if molecule is None:
        return None
    try:
        text = Chem.MolToRandomSmilesVect(molecule, 1, randomSeed=rng.randint(1, 1 << 30))[0]
    except RuntimeError:  # RDKit cannot write some combinations of marks
        return None
    return text if Chem.MolFromSmiles(text) is not None else None


def sanitized(molecule):
    molecule = Chem.Mol(molecule)
    if Chem.SanitizeMol(molecule, catchErrors=True) != Chem.SanitizeFlags.SANITIZE_NONE:
        return None
    return molecule


def joined(base, rng):
    first, second = rng.choice(base), rng.choice(base)
    order = Chem.BondType.DOUBLE if rng.random() < 0.15 else Chem.BondType.SINGLE
    need = 2 if order == Chem.BondType.DOUBLE else 1
    a, b = with_hydrogens(first, need), with_hydrogens(second, need)
    if not a or not b:
        return None
    pair = Chem.RWMol(Chem.CombineMols(first, second))
    ends = [rng.choice(a), first.GetNumAtoms() + rng.choice(b)]
    pair.AddBond(*ends, order)
    for end in ends:
        release(pair.GetAtomWithIdx(end), need)
    return pair


def with_hydrogens(molecule, need):
    return [a.GetIdx() for a in molecule.GetAtoms() if a.GetTotalNumHs() >= need and a.GetAtomicNum() > 1]


def release(atom, count):
    """Makes an atom give up hydrogens that are written in brackets."""
    atom.SetNumExplicitHs(max(0, atom.GetNumExplicitHs() - count))


def edited(base, rng):
    molecule = Chem.RWMol(rng.choice(base))
    Chem.Kekulize(molecule, clearAromaticFlags=True)
    edits = [element, charge, isotope, bond_order, ring, ring, benzene, benzene, cut, branch]
    for _ in range(rng.randint(1, 4)):
        before = Chem.RWMol(molecule)
        rng.choice(edits)(molecule, rng)
        if sanitized(molecule) is None:
            molecule = before
    return molecule


def any_atom(molecule, rng):
    return molecule.GetAtomWithIdx(rng.randrange(molecule.GetNumAtoms()))


def element(molecule, rng):
    atom = any_atom(molecule, rng)
    atom.SetAtomicNum(rng.choice(ELEMENTS))
    atom.SetNumExplicitHs(0)
    atom.SetNoImplicit(False)


def charge(molecule, rng):
    atom = any_atom(molecule, rng)
    atom.SetFormalCharge(rng.choice([-1, 0, 1, 1]))
    atom.SetNumExplicitHs(0)
    atom.SetNoImplicit(False)


def isotope(molecule, rng):
    atom = any_atom(molecule, rng)
    if atom.GetAtomicNum() in (6, 7, 8):
        atom.SetIsotope(2 * atom.GetAtomicNum() + rng.choice([0, 1]))
    if rng.random() < 0.3:
        atom.SetAtomMapNum(rng.randint(1, 9))


def bond_order(molecule, rng):
    if molecule.GetNumBonds():
        bond = molecule.GetBondWithIdx(rng.randrange(molecule.GetNumBonds()))
        bond.SetBondType(rng.choice([Chem.BondType.SINGLE, Chem.BondType.DOUBLE, Chem.BondType.DOUBLE,
                                     Chem.BondType.TRIPLE]))


def ring(molecule, rng):
    a, b = any_atom(molecule, rng).GetIdx(), any_atom(molecule, rng).GetIdx()
    if a != b and molecule.GetBondBetweenAtoms(a, b) is None:
        molecule.AddBond(a, b, Chem.BondType.SINGLE)
        release(molecule.GetAtomWithIdx(a), 1)
        release(molecule.GetAtomWithIdx(b), 1)


def benzene(molecule, rng):
    """Fuses an unsaturated ring, with or without a heteroatom, to a bond."""
    if not molecule.GetNumBonds():
        return
    bond = molecule.GetBondWithIdx(rng.randrange(molecule.GetNumBonds()))
    size = rng.choice([3, 4, 4, 4])
    chain = [bond.GetBeginAtomIdx()] + [molecule.AddAtom(Chem.Atom(rng.choice([6, 6, 6, 7, 8, 16])))
                                        for _ in range(size)] + [bond.GetEndAtomIdx()]
    for i in range(len(chain) - 1):
        double = i % 2 == 1 and i < len(chain) - 2
        molecule.AddBond(chain[i], chain[i + 1], Chem.BondType.DOUBLE if double else Chem.BondType.SINGLE)
    if rng.random() < 0.7:
        bond.SetBondType(Chem.BondType.DOUBLE)


def cut(molecule, rng):
    if molecule.GetNumBonds():
        bond = molecule.GetBondWithIdx(rng.randrange(molecule.GetNumBonds()))
        molecule.RemoveBond(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())


def branch(molecule, rng):
    new = molecule.AddAtom(Chem.Atom(rng.choice(ELEMENTS)))
    molecule.AddBond(rng.randrange(new), new, rng.choice([Chem.BondType.SINGLE, Chem.BondType.DOUBLE]))


def marked(base, rng):
    """Marks tetrahedral centres and double bonds at random."""
    molecule = joined(base, rng) if rng.random() < 0.5 else Chem.RWMol(rng.choice(base))
    molecule = None if molecule is None else sanitized(molecule)
    if molecule is None:
        return None
    Chem.RemoveStereochemistry(molecule)
    tags = [Chem.ChiralType.CHI_TETRAHEDRAL_CW, Chem.ChiralType.CHI_TETRAHEDRAL_CCW]
    for atom in molecule.GetAtoms():
        if atom.GetAtomicNum() in (6, 14, 15, 16) and atom.GetTotalDegree() >= 3 and rng.random() < 0.8:
            atom.SetChiralTag(rng.choice(tags))
    for bond in molecule.GetBonds():
        if bond.GetBondType() != Chem.BondType.DOUBLE or rng.random() < 0.2:
            continue
        a, b = bond.GetBeginAtom(), bond.GetEndAtom()
        left = [n.GetIdx() for n in a.GetNeighbors() if n.GetIdx() != b.GetIdx()]
        right = [n.GetIdx() for n in b.GetNeighbors() if n.GetIdx() != a.GetIdx()]
        if left and right and not bond.IsInRingSize(5) and not bond.IsInRingSize(6):
            bond.SetStereoAtoms(left[0], right[0])
            bond.SetStereo(rng.choice([Chem.BondStereo.STEREOCIS, Chem.BondStereo.STEREOTRANS]))
    return molecule
