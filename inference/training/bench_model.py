"""Compares one pass of the denoiser in Go with the same pass in PyTorch: `make bench-model`.

Same weights, same batch (32 molecules of 24 tokens), same machine, taking turns, with
one processor each and with two. PyTorch works out the modulation of each pass again,
which Go does once for all passes; that is some 2 % of its work. Then requests for ten
molecules are timed one by one. A busy machine spoils all of it: PyTorch's threads wait for each other.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import time

import numpy as np
import torch

import weights
from denoiser import Denoiser, Shape
from evaluate import Program

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOLECULES, TOKENS = 32, 24


def trained() -> Denoiser:
    """Reads the weights that the Go program embeds."""
    tensors, metadata = weights.read(ROOT / "inference/diffusion/diffusion.bin")
    model = Denoiser(Shape(**metadata["shape"]))
    model.load_state_dict({name: torch.from_numpy(np.array(values)) for name, values in tensors.items()})
    return model.eval()


def torch_pass(model: Denoiser, threads: int, seconds: float = 1.0) -> float:
    """Returns milliseconds a pass."""
    torch.set_num_threads(threads)
    tokens = torch.zeros(MOLECULES, TOKENS, dtype=torch.int64)
    condition = torch.zeros(MOLECULES, model.shape.condition)
    with torch.inference_mode():
        model(tokens, condition)
        started, passes = time.perf_counter(), 0
        while (elapsed := time.perf_counter() - started) < seconds:
            model(tokens, condition)
            passes += 1
    return 1000 * elapsed / passes


def go_pass(binary: pathlib.Path, threads: int, bench: str = "Pass") -> float:
    command = [binary, "-test.run=^$", f"-test.bench=^Benchmark{bench}$", "-test.benchtime=1s", f"-test.cpu={threads}"]
    out = subprocess.run(command, cwd=binary.parent, capture_output=True, text=True, check=True).stdout
    return float(re.search(r"(\d+(?:\.\d+)?) ns/op", out).group(1)) / 1e6


def build(package: str, directory: pathlib.Path) -> pathlib.Path:
    binary = directory / (pathlib.Path(package).name + ".test")
    subprocess.run(["go", "test", "-c", "-o", binary, package], cwd=ROOT, check=True)
    return binary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    model = trained()
    with tempfile.TemporaryDirectory() as directory:
        network = build("./inference/diffusion", pathlib.Path(directory))
        for threads in (1, 2):
            pairs = [
                # Of PyTorch the better, with one thread or with all: it does not always gain by the second.
                (go_pass(network, threads), min(torch_pass(model, n) for n in range(1, threads + 1)))
                for _ in range(options.rounds)
            ]
            go, torch_ = (statistics.median(p[i] for p in pairs) for i in (0, 1))
            ratio = statistics.median(t / g for g, t in pairs)
            print(f"{threads} processor(s): Go {go:.1f} ms a pass, PyTorch {torch.__version__} {torch_:.1f} ms: {ratio:.2f}x its throughput")
        times = requests(pathlib.Path(directory))
    p50, p95 = np.percentile(times, [50, 95])
    print(f"ten molecules for a prompt, {len(times)} prompts one by one, {os.cpu_count()} processors: p50 {p50:.0f} ms, p95 {p95:.0f} ms")


def requests(directory: pathlib.Path) -> list[float]:
    """Returns the milliseconds of each hand-written prompt, after a first round."""
    prompts = [
        line.split("\t")[0]
        for line in pathlib.Path(__file__).with_name("prompts.tsv").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    program = Program("generate", directory)
    asked = [{"prompt": p, "engine": "diffusion", "count": 10, "seed": i} for i, p in enumerate(prompts[:10] + prompts)]
    return [a["ms"] for a in program.ask(asked)[10:]]


if __name__ == "__main__":
    main()
