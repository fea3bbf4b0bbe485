"""Draws what the diffusion engine answers to ten prompts, a row each, as an SVG contact sheet."""

from __future__ import annotations

import argparse
import pathlib
import subprocess
import tempfile
import textwrap

from evaluate import ROOT, Program

PROMPTS = (
    "fresh citrus over wet cedar",
    "a rose with honey",
    "warm vanilla and caramel",
    "powdery musk",
    "mint and eucalyptus",
    "roasted coffee and nuts",
    "ripe pineapple and banana",
    "green leaves and cut grass",
    "clove and cinnamon",
    "onion and garlic",
)
A_ROW = 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        program = Program("generate", pathlib.Path(directory))
        answers = program.ask([{"prompt": p, "engine": "diffusion", "count": A_ROW, "seed": 1} for p in PROMPTS])
    lines = [
        f"{smiles} {'|'.join([*(textwrap.wrap(prompt, 16) if i == 0 else []), f'{score:.2f}' + ' known' * known])}"
        for prompt, answer in zip(PROMPTS, answers)
        for i, (smiles, score, known) in enumerate(zip(answer["smiles"], answer["scores"], answer["known"]))
    ]
    command = ["go", "run", "./inference/chem/depict/contactsheet", "-columns", str(A_ROW)]
    sheet = subprocess.run(command, cwd=ROOT, input="\n".join(lines), capture_output=True, text=True, check=True).stdout
    options.out.write_text(sheet)


if __name__ == "__main__":
    main()
