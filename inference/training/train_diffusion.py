"""Trains the denoiser.

    python3 train_diffusion.py --data odorants.tsv --out diffusion.pt --minutes 85

The loss is that of order-agnostic autoregressive diffusion (Hoogeboom et al.,
arXiv 2110.02037): an order of the positions is drawn, its first ones are shown and
the model names the others. Orders are drawn from a family that runs from left to
right (how whole molecules are sampled) to any order (how a scaffold's gaps are
filled), and one training run serves both.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from typing import TextIO

import numpy as np
import torch
from torch.nn import functional as F

import dataset
import molecules
from denoiser import Denoiser, Shape

TOKENS_A_BATCH = 1536
SHOW_NOTHING = 0.15  # share of examples without any condition
ANY_ORDER = 0.30  # share of examples in an order without direction
SPAN = 0.10  # share of examples with one gap
# In a directed order the tokens that come next matter most.
FADE = 0.85


class Examples:
    """Draws batches of equally long writings with conditions."""

    def __init__(self, data: dataset.Dataset, writings: molecules.Writings, folds: list[int], seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.writings = writings
        self.targets = data.targets
        self.labelled = data.labelled
        of_molecule = np.bincount(writings.molecule, minlength=len(data.smiles))
        self.by_length: dict[int, np.ndarray] = {}
        self.weights: dict[int, np.ndarray] = {}
        chosen = np.flatnonzero(np.isin(data.fold[writings.molecule], folds))
        self.rows = chosen
        self.row_weights = 1.0 / of_molecule[writings.molecule[chosen]]
        self.row_weights /= self.row_weights.sum()
        lengths = np.array([len(writings.tokens[i]) for i in chosen])
        for length in np.unique(lengths):
            rows = chosen[lengths == length]
            weight = 1.0 / of_molecule[writings.molecule[rows]]
            self.by_length[int(length)] = rows
            self.weights[int(length)] = weight / weight.sum()
        self.lengths = np.array(sorted(self.by_length))
        mass = np.array([sum(1.0 / of_molecule[writings.molecule[self.by_length[int(n)]]]) for n in self.lengths])
        # A batch of long writings holds fewer of them, so it is drawn more often.
        share = mass * self.lengths
        self.share = share / share.sum()

    def draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns tokens and their conditions."""
        length = int(self.rng.choice(self.lengths, p=self.share))
        count = max(1, TOKENS_A_BATCH // length)
        rows = self.rng.choice(self.by_length[length], size=count, p=self.weights[length])
        tokens = np.stack([self.writings.tokens[i] for i in rows])
        condition = np.stack([self.condition(self.writings.molecule[i]) for i in rows])
        return torch.from_numpy(tokens), torch.from_numpy(condition)

    def draw_lengths(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns conditions and the numbers of tokens of writings of all lengths."""
        rows = self.rng.choice(self.rows, size=count, p=self.row_weights)
        condition = np.stack([self.condition(self.writings.molecule[i]) for i in rows])
        return torch.from_numpy(condition), torch.tensor([len(self.writings.tokens[i]) for i in rows])

    def condition(self, molecule: int) -> np.ndarray:
        """Describes a molecule as a request would: by a few of its labels and figures."""
        rng, labels = self.rng, self.targets.shape[1]
        figures = self.writings.properties[molecule]
        out = np.zeros(2 * labels + 2 * len(figures), dtype=np.float32)
        if rng.random() < SHOW_NOTHING:
            return out
        if self.labelled[molecule]:
            has = np.flatnonzero(self.targets[molecule])
            if len(has):
                some = rng.choice(has, size=rng.integers(1, len(has) + 1), replace=False)
                out[some] = 1
            if rng.random() < 0.3:
                others = rng.choice(labels, size=rng.integers(1, 5), replace=False)
                out[labels + others[self.targets[molecule, others] == 0]] = 1
        if rng.random() < 0.5:
            shown = rng.random(len(figures)) < 0.5
            out[2 * labels : 2 * labels + len(figures)] = np.where(shown, figures, 0)
            out[2 * labels + len(figures) :] = shown
        return out


def hide(tokens: torch.Tensor, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Hides a part of each molecule. Returns what is left and the weights of the hidden tokens."""
    count, length = tokens.shape
    kind = rng.random(count)
    place = np.arange(length) / length
    noise = np.where(kind < ANY_ORDER, 1e3, np.where(rng.random(count) < 0.5, 0.0, rng.random(count) * 0.5))
    order = (place + noise[:, None] * rng.random((count, length))).argsort(axis=1).argsort(axis=1)
    shown = rng.integers(0, length, size=count)
    late = order - shown[:, None]  # 0 for the token that comes next
    hidden = late >= 0
    weight = np.where(hidden, np.where(kind[:, None] < ANY_ORDER, 1.0, 0.05 + FADE ** np.maximum(late, 0)), 0.0)
    for i in np.flatnonzero(kind > 1 - SPAN):
        begin = rng.integers(0, length)
        end = rng.integers(begin, length) + 1
        hidden[i] = (np.arange(length) >= begin) & (np.arange(length) < end)
        weight[i] = hidden[i]
    weight *= length / weight.sum(axis=1, keepdims=True)
    masked = tokens.masked_fill(torch.from_numpy(hidden), 0)
    return masked, torch.from_numpy(weight.astype(np.float32))


def loss_of(model: Denoiser, tokens: torch.Tensor, condition: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    masked, weight = hide(tokens, rng)
    logits = model(masked, condition)
    error = F.cross_entropy(logits.flatten(0, 1), tokens.flatten(), reduction="none").view_as(weight)
    return (error * weight).sum() / weight.sum()


def lengths_loss(model: Denoiser, condition: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(model.lengths(condition), lengths)


def fit_lengths(model: Denoiser, examples: Examples, held_out: Examples, steps: int = 3000) -> tuple[float, float]:
    """Trains the part that says how long molecules are, apart from the rest: it needs batches of all lengths."""
    parameters = [*model.lengths_in.parameters(), *model.lengths_out.parameters()]
    for layer in (model.lengths_in, model.lengths_out):
        layer.reset_parameters()
    optimizer = torch.optim.AdamW(parameters, lr=2e-3, weight_decay=0.1)
    losses = []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * (1 + math.cos(math.pi * step / steps)) / 2
        loss = lengths_loss(model, *examples.draw_lengths(256))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    with torch.no_grad():
        held = float(lengths_loss(model, *held_out.draw_lengths(4096)))
    return float(np.mean(losses[-200:])), held


def validate(model: Denoiser, batches: list[tuple[torch.Tensor, torch.Tensor]]) -> float:
    rng = np.random.default_rng(1)
    with torch.no_grad():
        return float(np.mean([float(loss_of(model, t, c, rng)) for t, c in batches]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--log", default="diffusion-log.jsonl")
    parser.add_argument("--steps", type=int, default=24000)
    parser.add_argument("--minutes", type=float, default=0, help="stop after this time; the schedule then follows the time")
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--resume", action="store_true")
    train(parser.parse_args())


def train(options: argparse.Namespace) -> None:
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    data = dataset.load(options.data)
    writings = molecules.write_all(data.smiles)
    shape = Shape(len(writings.vocabulary), len(data.labels), len(molecules.PROPERTIES), molecules.MAX_TOKENS,
                  width=options.width, layers=options.layers)
    model = Denoiser(shape)
    average = torch.optim.swa_utils.AveragedModel(model, avg_fn=lambda a, b, n: a + (b - a) * max(0.001, 1 / (float(n) + 1)))
    decay = [p for p in model.parameters() if p.dim() > 1]
    plain = [p for p in model.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.03}, {"params": plain, "weight_decay": 0.0}],
                                  lr=options.rate, betas=(0.9, 0.98))
    examples = Examples(data, writings, list(range(2, dataset.FOLDS)), options.seed)
    held_out = Examples(data, writings, [dataset.VALIDATION_FOLD], 7)
    batches = [held_out.draw() for _ in range(24)]
    rng = np.random.default_rng(options.seed + 1)
    started, step, tokens_seen, spent = time.time(), 0, 0, 0.0
    if options.resume:
        kept = torch.load(options.out)
        model.load_state_dict(kept["raw"])
        average.load_state_dict(kept["average"])
        optimizer.load_state_dict(kept["optimizer"])
        step, tokens_seen, spent = kept["step"], kept["tokens"], kept["spent"]
    log = open(options.log, "a" if options.resume else "w", encoding="utf-8")
    losses: list[float] = []
    while True:
        elapsed = spent + time.time() - started
        progress = elapsed / 60 / options.minutes if options.minutes else step / options.steps
        if progress >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = options.rate * min(1, (step + 1) / 300) * (0.02 + 0.98 * (1 + math.cos(math.pi * progress)) / 2)
        tokens, condition = examples.draw()
        loss = loss_of(model, tokens, condition, rng)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        average.update_parameters(model)
        losses.append(float(loss))
        step += 1
        tokens_seen += tokens.numel()
        if step % 500 == 0:
            row = {"step": step, "minutes": round((spent + time.time() - started) / 60, 2), "tokens": tokens_seen,
                   "train": round(float(np.mean(losses[-500:])), 4), "held_out": round(validate(average.module, batches), 4)}
            note(log, row)
        if step % 1000 == 0:
            save(options, shape, data, writings, model, average, optimizer, step, tokens_seen, spent + time.time() - started)
    fitted, held = fit_lengths(average.module, examples, held_out)
    note(log, {"lengths_train": round(fitted, 4), "lengths_held_out": round(held, 4)})
    save(options, shape, data, writings, model, average, optimizer, step, tokens_seen, spent + time.time() - started)


def note(log: TextIO, row: dict) -> None:
    print(json.dumps(row), file=log, flush=True)
    print(row, flush=True)


def save(options, shape, data, writings, model, average, optimizer, step, tokens, spent) -> None:
    torch.save(
        {"shape": shape.as_dict(), "vocabulary": writings.vocabulary, "labels": data.labels,
         "prevalence": data.targets[data.labelled].mean(axis=0).tolist(), "properties": molecules.PROPERTIES, "model": average.module.state_dict(), "raw": model.state_dict(),
         "average": average.state_dict(), "optimizer": optimizer.state_dict(),
         "step": step, "tokens": tokens, "spent": spent, "seed": options.seed},
        options.out,
    )


if __name__ == "__main__":
    main()
