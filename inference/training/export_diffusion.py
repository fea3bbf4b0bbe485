"""Writes a trained denoiser as the file that the Go program embeds, and cases to compare with.

    python3 export_diffusion.py --checkpoint diffusion.pt --out ../diffusion
"""

from __future__ import annotations

import argparse
import json
import pathlib

import numpy as np
import torch

import weights
from denoiser import Denoiser, Shape


def load(checkpoint: str | pathlib.Path) -> tuple[Denoiser, dict]:
    """Reads a checkpoint. Its weights are rounded to half precision, as they are stored."""
    kept = torch.load(checkpoint, map_location="cpu")
    model = Denoiser(Shape(**kept["shape"]))
    model.load_state_dict({name: value.half().float() for name, value in kept["model"].items()})
    return model.eval(), kept


def metadata(kept: dict) -> dict:
    return {
        "model": "diffusion",
        "shape": kept["shape"],
        "vocabulary": kept["vocabulary"],
        "labels": kept["labels"],
        "prevalence": [round(share, 5) for share in kept["prevalence"]],
        "properties": [{"name": name, "mean": mean, "scale": scale} for name, (mean, scale) in kept["properties"].items()],
        "training": {"steps": kept["step"], "tokens": kept["tokens"], "seed": kept["seed"]},
    }


def cases(model: Denoiser, count: int = 12, seed: int = 3) -> list[dict]:
    """Gives the model's answers to made-up inputs."""
    rng = np.random.default_rng(seed)
    shape, out = model.shape, []
    for i in range(count):
        length = int(rng.integers(1, shape.max_tokens + 1)) if i else shape.max_tokens
        tokens = rng.integers(0, shape.tokens, size=length)
        condition = np.zeros(shape.condition, dtype=np.float32)
        condition[rng.integers(0, shape.condition, size=rng.integers(0, 9))] = 1
        condition[2 * shape.labels : 2 * shape.labels + shape.properties] *= rng.normal(size=shape.properties).round(3)
        with torch.no_grad():
            given = torch.from_numpy(condition)[None]
            logits = model(torch.from_numpy(tokens)[None], given)[0]
            lengths = model.lengths(given)[0]
        out.append({
            "tokens": tokens.tolist(),
            "condition": {str(j): round(float(condition[j]), 6) for j in np.flatnonzero(condition)},
            "logits": [[round(float(x), 6) for x in row] for row in logits],
            "lengths": [round(float(x), 6) for x in lengths],
        })
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    options = parser.parse_args()
    model, kept = load(options.checkpoint)
    size = weights.write(options.out / "diffusion.bin", {n: v.numpy() for n, v in model.state_dict().items()}, metadata(kept))
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases(model))
    (options.out / "testdata").mkdir(exist_ok=True)
    (options.out / "testdata" / "parity.json").write_text(f"[\n{lines}\n]\n")
    print(f"{size} bytes, {sum(p.numel() for p in model.parameters())} parameters, step {kept['step']}")


if __name__ == "__main__":
    main()
