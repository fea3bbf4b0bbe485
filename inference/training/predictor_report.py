"""Figures, table and picture of how well probabilities agree with labels."""

from __future__ import annotations

import pathlib

import matplotlib
import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score

import dataset

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402

BINS = 10
RESAMPLES = 500


def auroc(targets: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Returns each label's AUROC by rank sums, nan where all molecules are of one kind."""
    positive = targets.sum(axis=0).astype(float)
    negative = len(targets) - positive
    ranks = (rankdata(scores, axis=0) * targets).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (ranks - positive * (positive + 1) / 2) / (positive * negative)


def macro_auroc(targets: np.ndarray, scores: np.ndarray) -> float:
    """Returns the mean AUROC over the labels that have one."""
    return float(np.nanmean(auroc(targets, scores)))


def calibration_bins(targets: np.ndarray, guessed: np.ndarray) -> list[tuple[float, float, int]]:
    """Returns mean probability, share of true labels and number of guesses in each tenth of the scale."""
    index = np.minimum((guessed * BINS).astype(int), BINS - 1)
    return [
        (float(guessed[index == i].mean()), float(targets[index == i].mean()), int((index == i).sum()))
        for i in range(BINS)
        if (index == i).any()
    ]


def calibration_error(targets: np.ndarray, guessed: np.ndarray) -> float:
    """Returns the expected calibration error over BINS bins of equal width."""
    bins = calibration_bins(targets, guessed)
    return sum(count * abs(mean - share) for mean, share, count in bins) / sum(count for _, _, count in bins)


def figures(targets: np.ndarray, guessed: np.ndarray, seed: int = 1) -> dict[str, float]:
    """Measures on the benchmark's labels."""
    targets, guessed = targets[:, : dataset.BENCHMARK_LABELS], guessed[:, : dataset.BENCHMARK_LABELS]
    rng = np.random.default_rng(seed)
    resampled = []
    for _ in range(RESAMPLES):
        rows = rng.integers(len(targets), size=len(targets))
        resampled.append(macro_auroc(targets[rows], guessed[rows]))
    low, high = np.percentile(resampled, [2.5, 97.5])
    likely = guessed >= 0.1
    return {
        "test molecules": len(targets),
        "macro AUROC": round(macro_auroc(targets, guessed), 4),
        "95 % interval, low": round(float(low), 4),
        "95 % interval, high": round(float(high), 4),
        "macro average precision": round(float(np.mean(precisions(targets, guessed))), 4),
        "expected calibration error": round(calibration_error(targets, guessed), 4),
        "expected calibration error from 0.1": round(calibration_error(targets[likely], guessed[likely]), 4),
    }


def precisions(targets: np.ndarray, guessed: np.ndarray) -> list[float]:
    return [average_precision_score(targets[:, j], guessed[:, j]) for j in range(targets.shape[1]) if targets[:, j].any()]


def write(directory: pathlib.Path, name: str, data: dataset.Dataset, targets: np.ndarray, guessed: np.ndarray, found: dict) -> None:
    """Writes the table of labels and the picture of calibration."""
    scores = auroc(targets, guessed)
    lines = ["# The predictor's labels", "", "On the held-out molecules of the split; labels by frequency.", ""]
    lines += [f"- {what}: {value}" for what, value in found.items()]
    lines += ["", "| label | molecules | of them held out | prevalence | AUROC | average precision |", "|---|---|---|---|---|---|"]
    total = data.targets.sum(axis=0)
    for j, label in enumerate(data.labels):
        held = int(targets[:, j].sum())
        area, precision = "", ""
        if held:
            area, precision = f"{scores[j]:.3f}", f"{average_precision_score(targets[:, j], guessed[:, j]):.3f}"
        lines.append(f"| {label} | {total[j]} | {held} | {held / len(targets):.3f} | {area} | {precision} |")
    (directory / f"{name}-labels.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    draw_calibration(directory / f"{name}-calibration.svg", targets, guessed)


def draw_calibration(path: pathlib.Path, targets: np.ndarray, guessed: np.ndarray) -> None:
    bins = calibration_bins(targets, guessed)
    matplotlib.rcParams["svg.hashsalt"] = "odordiff"
    figure, axes = pyplot.subplots(figsize=(4.5, 4.5))
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for mean, share, count in bins:
        axes.errorbar(mean, share, yerr=1.96 * np.sqrt(share * (1 - share) / count), fmt="o", color="tab:blue", capsize=2)
        axes.annotate(f"{count:,}", (mean, share), textcoords="offset points", xytext=(6, -10), fontsize=7, color="0.35")
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="predicted probability", ylabel="share of true labels", title="Held-out molecules, all labels")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
