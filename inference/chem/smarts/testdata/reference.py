#!/usr/bin/env python3
"""Finds the matches of reference.json anew with RDKit: each entry keeps its pattern and SMILES.

    apt-get install python3-rdkit
    python3 reference.py
"""
import json
import pathlib

from rdkit import Chem

PATH = pathlib.Path(__file__).with_name("reference.json")


def matches(entry):
    pattern, mol = Chem.MolFromSmarts(entry["pattern"]), Chem.MolFromSmiles(entry["smiles"])
    return {
        "pattern": entry["pattern"],
        "smiles": entry["smiles"],
        "matches": sorted(sorted(match) for match in mol.GetSubstructMatches(pattern)),
        "withHydrogens": len(Chem.AddHs(mol).GetSubstructMatches(pattern)),
    }


entries = [matches(entry) for entry in json.loads(PATH.read_text())]
PATH.write_text("[\n" + ",\n".join("  " + json.dumps(entry) for entry in entries) + "\n]\n")
