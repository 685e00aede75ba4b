"""Plots for the benchmarks, drawn by matplotlib: the same numbers give the same file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
mpl.rcParams["svg.hashsalt"] = "performance"

from matplotlib import pyplot  # noqa: E402 - behind the choice of what it draws with


def subplots(count: int, *, columns: int, height: float) -> tuple[Any, list[Any]]:
    """A figure with `count` axes, in rows of `columns`."""
    columns = min(columns, count)
    rows = -(-count // columns)
    figure, axes = pyplot.subplots(rows, columns, figsize=(6.5 * columns, height * rows), squeeze=False)
    every = list(axes.flat)
    for unused in every[count:]:
        unused.set_visible(False)
    return figure, every[:count]


def save(figure: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    print(f"drawn: {path}")
