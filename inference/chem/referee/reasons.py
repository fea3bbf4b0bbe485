"""Sorts the differences between the project and RDKit into classes with a reason each."""

from rdkit import Chem

UNEXPLAINED = "unexplained"


def reason(name, text, ours, theirs, molecule):
    if name in ("parse", "noise"):
        return of_parsing(text, ours, molecule)
    if "*" in text:
        return "a wildcard is never aromatic here, and may be in RDKit"
    if name == "rings" and sum(ours[name]) < sum(theirs[name]):
        return "RDKit's set of rings is not the smallest"
    if name in ("exactMass", "weight") and any(a.GetIsotope() for a in molecule.GetAtoms()):
        return "an isotope without a mass in our table counts its mass number"
    if name == "scaffold" and same_but_for_hydrogens(ours[name], theirs[name]):
        return "RDKit's scaffold is a hydrogen short at a charged aromatic carbon or a radical"
    readings = own_readings(molecule)
    if name in PERCEIVED and len({aromatic for _, aromatic in readings}) > 1:
        return "RDKit perceives another aromatic system in another writing of its own"
    if name == "accessibility" and ours["symmetricRings"] != theirs["symmetricRings"]:
        return "RDKit's symmetrised set lacks a ring as small as others in it"
    if name in STEREO and len(readings) > 1:
        return "RDKit reads its own writings as different stereoisomers"
    if name in STEREO and same_constitution(ours["canonical"], molecule):
        return "stereo, " + UNEXPLAINED
    return UNEXPLAINED


# Figures that follow from aromaticity, and from stereo.
PERCEIVED = {"canonical", "random", "kekule", "aromaticAtoms", "aromaticBonds", "scaffold", "logP", "refractivity",
             "tpsa", "donors", "acceptors", "rotatable", "accessibility", "morgan"}
STEREO = ("canonical", "random", "kekule", "accessibility")


def own_readings(molecule):
    """Returns what RDKit makes of many writings of its own: canonical SMILES and the number of aromatic bonds."""
    kekulized = Chem.Mol(molecule)
    Chem.Kekulize(kekulized, clearAromaticFlags=True)
    texts = list(Chem.MolToRandomSmilesVect(molecule, 40, randomSeed=1))
    texts += Chem.MolToRandomSmilesVect(kekulized, 40, randomSeed=1)
    readings = set()
    for text in texts:
        other = Chem.MolFromSmiles(text)
        if other is not None:
            readings.add((Chem.MolToSmiles(other), sum(b.GetIsAromatic() for b in other.GetBonds())))
    return readings


def of_parsing(text, ours, molecule):
    error = ours.get("error")
    if error is None:
        if "(." in text:
            return "RDKit refuses a branch that begins with a dot"
        return "RDKit's bounds on the valence of some aromatic or charged atoms are narrower"
    for part, why in REFUSALS.items():
        if part in error:
            return why
    return UNEXPLAINED + ": " + error.split(": ", 1)[-1]


REFUSALS = {
    "joins atoms that are not": "':' between atoms outside an aromatic ring is refused here; RDKit repairs some",
    "no Kekulé form": "an aromatic letter without an aromatic system is refused here; RDKit repairs some",
    "is not supported": "chirality classes other than @ and @@ are refused here",
    "for charge 1": "a carbocation with more than three bonds is refused here",
    "is above the": "RDKit lets an aromatic atom exceed its valence by up to one and a half",
}


def same_but_for_hydrogens(text, other):
    return bare(text) == bare(other)


def bare(text):
    """Returns a text of the atoms and which are bonded, without hydrogens and orders of bonds."""
    molecule = Chem.RWMol(Chem.MolFromSmiles(text, sanitize=False))
    for atom in molecule.GetAtoms():
        atom.SetNumExplicitHs(0)
        atom.SetNoImplicit(True)
        atom.SetIsAromatic(False)
    for bond in molecule.GetBonds():
        bond.SetIsAromatic(False)
        bond.SetBondType(Chem.BondType.SINGLE)
    return Chem.MolToSmiles(molecule)


def same_constitution(text, molecule):
    other = Chem.MolFromSmiles(text)
    return other is not None and (
        Chem.MolToSmiles(other, isomericSmiles=False) == Chem.MolToSmiles(molecule, isomericSmiles=False))

