#!/usr/bin/env python3
"""Computes the figures of reference.json anew with RDKit: each entry keeps its name and SMILES.

    apt-get install python3-rdkit
    python3 reference.py
"""
import json
import pathlib
import sys

from rdkit import Chem, RDConfig
from rdkit.Chem import Crippen, rdMolDescriptors

sys.path.append(RDConfig.RDContribDir + "/SA_Score")
import sascorer  # noqa: E402, from the directory above

PATH = pathlib.Path(__file__).with_name("reference.json")


def figures(entry):
    mol = Chem.MolFromSmiles(entry["smiles"])
    return {
        "name": entry["name"],
        "smiles": entry["smiles"],
        "logP": round(Crippen.MolLogP(mol), 4),
        "refractivity": round(Crippen.MolMR(mol), 4),
        "tpsa": round(rdMolDescriptors.CalcTPSA(mol), 2),
        "donors": rdMolDescriptors.CalcNumHBD(mol),
        "acceptors": rdMolDescriptors.CalcNumHBA(mol),
        "rotatable": rdMolDescriptors.CalcNumRotatableBonds(mol),
        "accessibility": round(sascorer.calculateScore(mol), 4),
    }


entries = [figures(entry) for entry in json.loads(PATH.read_text())]
PATH.write_text("[\n" + ",\n".join("  " + json.dumps(entry) for entry in entries) + "\n]\n")
