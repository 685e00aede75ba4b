"""The measurement of one file of a case by the product and by the peers, in a worker process."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.detection.cases import Case, Material, all_cases, saved, source_of
from benchmarks.detection.known import matcher_of
from benchmarks.detection.painting import Box
from benchmarks.detection.peers import Listed, Peer, installed
from benchmarks.detection.pictures import reference_hashes
from matcher.distances import hamming

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matcher import Matcher, Settings
    from matcher.model import Match


@dataclass(frozen=True, slots=True)
class Bench:
    """The arguments of a worker. `listed_pdq`: the PDQ of each listed photograph, and of each of their parts."""

    material: Material
    listed_pdq: dict[str, bytes]
    work: Path
    photographs: Path
    listed: int
    settings: Settings
    peer_listed: dict[str, Listed]


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture that a file shows, and its distances.

    `cut`: the PDQ distance of the crop at the true box; None where there is no box or too little detail.
    `nearest`: algorithm → the least distance among our matches with it. `peers`: peer → the least distance of any of
    its hashes to any listed one of this photograph (None where it has none).
    """

    source: int
    hidden: bool
    found: bool
    by_region: bool
    cut: int | None
    nearest: dict[str, int]
    peers: dict[str, int | None]


@dataclass(frozen=True, slots=True)
class Measured:
    """One file. `wrong`: matches with entries it does not show. `unrelated`: peer → the count of pairs by distance."""

    case: str
    number: int
    shown: list[Shown]
    wrong: list[dict[str, Any]]
    seconds: float
    unrelated: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict)


class Worker:
    """The opened lists, the cases and the peers of one process."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.matcher: Matcher = matcher_of(bench.work, bench.photographs, listed=bench.listed, settings=bench.settings)
        self.cases: dict[str, Case] = all_cases()
        self.peers: list[Peer] = [peer for peer in installed()[0] if peer.name in bench.peer_listed]

    def measure(self, case: str, number: int, *, peers: bool) -> Measured:
        query = self.cases[case].query(self.bench.material, number)
        begun = time.perf_counter()
        finding = self.matcher.examine(query.data, name=query.name)
        seconds = time.perf_counter() - begun
        mine: dict[int, list[Match]] = {source: [] for source in query.sources}
        wrong = []
        for match in finding.matches:
            source = source_of(match.entry)
            if source in mine:
                mine[source].append(match)
            else:
                wrong.append(match.as_json())
        distances, unrelated = self._peers(query.data, query.sources) if peers else ({}, {})
        shown = [
            Shown(
                source=source,
                hidden=hidden,
                found=bool(mine[source]),
                by_region=bool(mine[source]) and all(match.region is not None for match in mine[source]),
                cut=None if box is None else self._cut(query.data, box, entry),
                nearest=_nearest(mine[source]),
                peers={name: by_source[source] for name, by_source in distances.items()},
            )
            for source, entry, box, hidden in zip(query.sources, query.entries, query.boxes, query.hidden, strict=True)
            if entry in self.bench.listed_pdq
        ]
        return Measured(case, number, shown, wrong, seconds, unrelated)

    def _cut(self, data: bytes, box: Box, entry: str) -> int | None:
        x, y, width, height = box
        image = Image.open(io.BytesIO(data)).convert("RGB").crop((x, y, x + width, y + height))
        hashes = reference_hashes(saved(image, "PNG")[0])
        return hamming(hashes["pdq"].value, self.bench.listed_pdq[entry]) if "pdq" in hashes else None

    def _peers(
        self, data: bytes, sources: Sequence[int]
    ) -> tuple[dict[str, dict[int, int | None]], dict[str, npt.NDArray[np.int64]]]:
        image = Image.open(io.BytesIO(data)).convert("RGB")
        near: dict[str, dict[int, int | None]] = {}
        unrelated = {}
        for peer in self.peers:
            listed = self.bench.peer_listed[peer.name]
            distances = listed.distances(peer.queries(image))
            near[peer.name] = {}
            for source in sources:
                related = distances[:, listed.sources == source]
                near[peer.name][source] = int(related.min()) if related.size else None
            apart = distances[:, ~np.isin(listed.sources, sources)]
            unrelated[peer.name] = np.bincount(apart.ravel(), minlength=peer.bits + 1)
        return near, unrelated


def _nearest(matches: Sequence[Match]) -> dict[str, int]:
    nearest: dict[str, int] = {}
    for match in matches:
        nearest[match.algorithm] = min(match.distance, nearest.get(match.algorithm, match.distance))
    return nearest


_workers: list[Worker] = []


def _start(bench: Bench) -> None:
    _workers.append(Worker(bench))


def _measure(task: tuple[str, int, bool]) -> Measured:
    case, number, peers = task
    return _workers[0].measure(case, number, peers=peers)


def measure_all(bench: Bench, tasks: Sequence[tuple[str, int, bool]], *, workers: int) -> Iterator[Measured]:
    """A generator of the measurements in the order of the tasks: (case, number, whether the peers examine it too)."""
    if workers <= 1:
        worker = Worker(bench)
        for case, number, peers in tasks:
            yield worker.measure(case, number, peers=peers)
    else:
        with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_start, initargs=(bench,)) as pool:
            yield from pool.map(_measure, tasks, chunksize=4)
