"""Two plots of the benchmark of detection: recall compared with the peers, and recall over the allowed distance."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.detection.tables import Tally, Threshold, peer_recall, share
from benchmarks.shared.plotting import save, subplots


def plot_recall(tallies: Mapping[str, Tally], peers: Mapping[str, Threshold], path: Path) -> None:
    """Draw a row for each case: our recall and that of each peer at its equal threshold, in percent of pictures."""
    figure, (axes,) = subplots(1, columns=1, height=2 + 0.3 * len(tallies))
    names = [
        "ours",
        *(f"{name}\n{f'≤ {facts.equal}' if facts.equal >= 0 else '(none)'}" for name, facts in peers.items()),
    ]
    shares = np.array(
        [
            [
                share([one.found for one in tally.shown]),
                *(peer_recall(tally.shown, name, facts.equal) for name, facts in peers.items()),
            ]
            for tally in tallies.values()
        ]
    )
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=130, aspect="auto")
    for (row, column), value in np.ndenumerate(shares):
        axes.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=7)
    axes.set_xticks(range(len(names)), names, fontsize=6, rotation=30, ha="left")
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(tallies)), list(tallies), fontsize=8)
    axes.set_xlabel("% of the pictures found, with as few false matches to be expected of each")
    save(figure, path)


def plot_nearest(tallies: Mapping[str, Tally], groups: Mapping[str, str], path: Path) -> None:
    """Draw the share of pictures with a PDQ match over the largest allowed distance. `groups`: case → group."""
    names = list(dict.fromkeys(groups[case] for case in tallies))
    figure, every = subplots(len(names), columns=2, height=4)
    for axes, group in zip(every, names, strict=True):
        for case, tally in tallies.items():
            distances = np.sort([one.nearest["pdq"] for one in tally.shown if "pdq" in one.nearest])
            if groups[case] == group and len(distances):
                shares = 100 * np.arange(1, len(distances) + 1) / len(tally.shown)
                axes.step([*distances, distances[-1]], [0, *shares], where="pre", label=case, linewidth=1)
        axes.set_title(group)
        axes.set_ylim(0, 101)
        axes.set_xlabel("PDQ distance, of 256 bits")
        axes.set_ylabel("% of the pictures")
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize=6)
    save(figure, path)
