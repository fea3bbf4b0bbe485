"""Print which alerts RDKit finds in molecules, for the tests of the safety screen.

    python3 inference/safety/testdata/reference.py [FILE...] > reference.tsv

Without a file, the molecules are the examples of alerts.tsv and the substances
of restricted.tsv, and the output is testdata/reference.tsv. A file is a
tab-separated table with a heading and the SMILES in the first column.
"""

import pathlib
import sys

from rdkit import Chem, RDLogger

PACKAGE = pathlib.Path(__file__).parent.parent


def rows(path):
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


def molecules(paths):
    if not paths:
        for row in rows(PACKAGE / "alerts.tsv"):
            yield from row[7:9]
        for row in rows(PACKAGE / "restricted.tsv"):
            yield row[3]
    for path in paths:
        for row in list(rows(pathlib.Path(path)))[1:]:
            yield row[0]


def main():
    RDLogger.DisableLog("rdApp.*")
    alerts = [(row[0], Chem.MolFromSmarts(row[4])) for row in rows(PACKAGE / "alerts.tsv")]
    for smiles in dict.fromkeys(molecules(sys.argv[1:])):
        molecule = Chem.MolFromSmiles(smiles)
        if molecule is not None:
            print(smiles, " ".join(name for name, alert in alerts if molecule.HasSubstructMatch(alert)), sep="\t")


if __name__ == "__main__":
    main()
