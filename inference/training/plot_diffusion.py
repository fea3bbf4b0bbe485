"""Draws the loss curves of a training run from its log."""

from __future__ import annotations

import argparse
import json
import pathlib

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "loss"  # the same picture from the same log
from matplotlib import pyplot


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--log", required=True, type=pathlib.Path)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.log.read_text().splitlines()]
    rows = [row for row in rows if "step" in row]
    figure, axes = pyplot.subplots(figsize=(6, 3.6))
    for name, label in (("train", "training molecules"), ("held_out", "held-out molecules (fold 1)")):
        axes.plot([row["step"] / 1000 for row in rows], [row[name] for row in rows], label=label)
    axes.set_xlabel("steps, thousands")
    axes.set_ylabel("loss, nats a token")
    axes.legend()
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(options.out, metadata={"Date": None})


if __name__ == "__main__":
    main()
