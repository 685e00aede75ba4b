"""The results of the benchmark of detection: Markdown tables of recall, thresholds and wrong matches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from statistics import median

import numpy as np
import numpy.typing as npt

from benchmarks.detection.cases import source_of
from benchmarks.detection.known import calibrated_threshold
from benchmarks.detection.measuring import Measured, Shown
from benchmarks.detection.peers import Peer, normal_threshold, observed_threshold

CUT = 31
"""The PDQ distance that its authors publish."""


@dataclass(slots=True)
class Tally:
    """The measurements of one case. `wrong`: the photograph shown, and the matched one (None: a random entry)."""

    shown: list[Shown] = field(default_factory=list)
    files: int = 0
    wrong: list[tuple[tuple[int, ...], int | None]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A peer's documented and equal thresholds, and how many of the unrelated pairs of this run lie within each.

    `hashes_a_pair` is the number of pairs of hashes that are compared for one file and one entry.
    """

    documented: int
    equal: int
    mean: float
    deviation: float
    pairs: int
    hashes_a_pair: float
    within_documented: int
    within_equal: int


def tallied(measured: Iterable[Measured]) -> dict[str, Tally]:
    """The measurements by case, in the order in which the cases first occur."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    for one in measured:
        tally = tallies[one.case]
        tally.shown += one.shown
        tally.files += 1
        shown = tuple(sorted(part.source for part in one.shown))
        tally.wrong += [(shown, source_of(match["entry"])) for match in one.wrong]
        tally.seconds.append(one.seconds)
    return dict(tallies)


def thresholds(
    peers: Sequence[Peer], measured: Sequence[Measured], *, entries: int, listed: int, most: float
) -> dict[str, Threshold]:
    """For each peer: `most` expected false matches in 10,000 files against a list of `listed` entries.

    `entries`: how many of those are photographs and their parts, which the peers were compared with.
    """
    by_peer = {}
    for peer in peers:
        mine = [one for one in measured if peer.name in one.unrelated]
        histogram: npt.NDArray[np.int64] = np.sum([one.unrelated[peer.name] for one in mine], axis=0, dtype=np.int64)
        pairs = int(histogram.sum())
        if pairs == 0:
            continue
        hashes_a_pair = pairs / (len(mine) * entries)
        wrong = sum(source_of(match["entry"]) is not None for one in mine for match in one.wrong)
        expected = calibrated_threshold(peer.algorithm, listed=listed, queries=hashes_a_pair, most=most)
        if expected is None:
            expected = normal_threshold(histogram, share=most / (10_000 * listed * hashes_a_pair))
        equal = min(expected, observed_threshold(histogram, wrong=wrong))
        places = np.arange(len(histogram))
        mean = float((places * histogram).sum() / pairs)
        by_peer[peer.name] = Threshold(
            documented=peer.documented,
            equal=equal,
            mean=mean,
            deviation=sqrt(float((((places - mean) ** 2) * histogram).sum() / pairs)),
            pairs=pairs,
            hashes_a_pair=hashes_a_pair,
            within_documented=int(histogram[: peer.documented + 1].sum()),
            within_equal=int(histogram[: equal + 1].sum()),
        )
    return by_peer


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _head(*cells: str) -> list[str]:
    return [_row(*cells), "|" + "---|" * len(cells)]


def peer_recall(shown: Sequence[Shown], peer: str, threshold: int) -> float:
    """The peer's recall in percent of the pictures whose file it examined."""
    nearest = [one.peers[peer] for one in shown if peer in one.peers]
    return share([distance is not None and distance <= threshold for distance in nearest])


def recall_table(tallies: Mapping[str, Tally], peers: Mapping[str, Threshold]) -> list[str]:
    """Our recall, the part of it that only regions contribute, and the best peer at its equal threshold.

    *At the true box*: the recall of PDQ ≤ CUT where the picture is cut out exactly, as by a perfect finder.
    """
    head = (
        "case",
        "pictures",
        "ours",
        "by regions alone",
        "where all sides are seen",
        "at the true box",
        "best peer",
        "seconds a file",
    )
    lines = _head(*head)
    for case, tally in tallies.items():
        visible = [one.found for one in tally.shown if not one.hidden]
        hidden = len(tally.shown) - len(visible)
        planted = any(one.cut is not None for one in tally.shown)
        best = max(((peer_recall(tally.shown, name, facts.equal), name) for name, facts in peers.items()), default=None)
        lines.append(
            _row(
                case,
                len(tally.shown),
                f"**{share([one.found for one in tally.shown]):.1f} %**",
                f"{share([one.by_region for one in tally.shown]):.1f} %",
                f"{share(visible):.1f} % of {len(visible)}" if hidden else "",
                f"{share([one.cut is not None and one.cut <= CUT for one in tally.shown]):.1f} %" if planted else "",
                "–" if best is None else f"{best[0]:.1f} % {best[1] if best[0] else ''}".strip(),
                f"{median(tally.seconds):.2f}",
            )
        )
    return lines


def peer_table(tallies: Mapping[str, Tally], peers: Mapping[str, Threshold], *, equal: bool) -> list[str]:
    """Recall of each peer at one of its thresholds."""
    limits = {name: facts.equal if equal else facts.documented for name, facts in peers.items()}
    lines = _head("case", *(f"{name} ≤ {limit}" for name, limit in limits.items()))
    for case, tally in tallies.items():
        lines.append(_row(case, *(f"{peer_recall(tally.shown, name, limit):.1f} %" for name, limit in limits.items())))
    return lines


def threshold_table(peers: Mapping[str, Threshold]) -> list[str]:
    """Each peer's thresholds, and how many unrelated pairs of this run are within the documented one."""
    lines = _head(
        *("peer", "unrelated pairs of hashes", "mean", "deviation", "equal threshold", "documented", "pairs within it"),
        "false matches a file against a million",
    )
    for name, facts in peers.items():
        chance = 1_000_000 * facts.hashes_a_pair * max(1, facts.within_documented) / facts.pairs
        lines.append(
            _row(
                name,
                f"{facts.pairs:,}",
                f"{facts.mean:.1f}",
                f"{facts.deviation:.1f}",
                facts.equal if facts.equal >= 0 else "none",
                facts.documented,
                f"{facts.within_documented:,}",
                f"{chance:,.1f}" if facts.within_documented else f"not seen (fewer than {chance:,.1f})",
            )
        )
    return lines


def wrong_table(tallies: Mapping[str, Tally]) -> list[str]:
    """Our matches with entries that a file does not show: random ones, and photographs. The same pair often recurs."""
    lines = _head("case", "files", "with random entries", "with photographs", "pairs of photographs", "in 10,000 files")
    for case, tally in tallies.items():
        if tally.wrong:
            lines.append(_wrong_row(case, tally.files, tally.wrong))
    every = [pair for tally in tallies.values() for pair in tally.wrong]
    lines.append(_wrong_row("all", sum(tally.files for tally in tallies.values()), every))
    return lines


def _wrong_row(case: str, files: int, wrong: Sequence[tuple[tuple[int, ...], int | None]]) -> str:
    photographs = [pair for pair in wrong if pair[1] is not None]
    rate = f"{10_000 * len(wrong) / max(1, files):.1f}"
    return _row(case, files, len(wrong) - len(photographs), len(photographs), len(set(photographs)), rate)


def share(values: Sequence[bool]) -> float:
    """The percentage of true values."""
    return 100 * sum(values) / len(values) if values else 0.0
