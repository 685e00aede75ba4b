"""Bare loops over the same files, without a scan around them, each in `processes` processes.

    times = looped("examine", files, store, listed=1_000_000, processes=2)

`decode`    the bare decode that any hash needs
`hash`      `Matcher.examine` with a list that no picture matches and the digests passed in: decoding and hashing
`digest`    the same, with digests computed
`examine`   the same with the store's lists: the whole work of a worker
`peer`      threatexchange's PDQ of the file, looked up in its own index of as many random hashes as the list has

Each process takes every n-th file, reads it, and is ready before the clock starts; the time of starting is separate.
"""

from __future__ import annotations

import hashlib
import importlib
import multiprocessing
import queue
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import imagehash
import numpy as np
import pillow_heif
from PIL import Image

from benchmarks.shared.bare_decoding import bare
from benchmarks.shared.corpus_pictures import Sample, upright
from benchmarks.shared.random_lists import bare_store
from matcher import Matcher
from matcher.distances import reach
from matcher.lookup.chances import WHOLE

_CHECK_EVERY = 5.0
"""Seconds between two checks whether a process has failed."""


@dataclass(frozen=True, slots=True)
class Loop:
    """Seconds from the first process's beginning to the last one's end, of processor time, and of starting."""

    wall: float
    processor: float
    started: float


Work = Callable[[Path], object]


def _decode(_store: Path, _listed: int) -> Work:
    pillow_heif.register_heif_opener()

    def work(path: Path) -> None:
        with suppress(Exception):  # Pillow may raise anything for a file that it cannot read
            bare(Sample(path, path.read_bytes()))

    return work


def _hash(store: Path, _listed: int) -> Work:
    matcher = Matcher.open(bare_store(store.with_name("bare")))
    digests = {name: hashlib.new(name).digest() for name in ("md5", "sha256")}
    return lambda path: matcher.examine(path.read_bytes(), name=path.name, digests=digests)


def _digest(store: Path, _listed: int) -> Work:
    matcher = Matcher.open(bare_store(store.with_name("bare")))
    return lambda path: matcher.examine(path.read_bytes(), name=path.name)


def _examine(store: Path, _listed: int) -> Work:
    matcher = Matcher.open(store)
    return lambda path: matcher.examine(path.read_bytes(), name=path.name)


def _peer(_store: Path, listed: int) -> Work:
    signal = importlib.import_module("threatexchange.signal_type.pdq.signal").PdqSignal
    drawn = Random(1)
    index = signal.get_index_cls()((drawn.randbytes(32).hex(), number) for number in range(listed))

    def work(path: Path) -> None:
        with suppress(Exception):  # it may raise anything that Pillow does
            if value := signal.hash_from_file(path):
                index.query(value)

    return work


WORKS: dict[str, Callable[[Path, int], Work]] = {
    "decode": _decode,
    "hash": _hash,
    "digest": _digest,
    "examine": _examine,
    "peer": _peer,
}


def _run(  # noqa: PLR0917 - a process's arguments
    name: str, files: Sequence[Path], store: Path, listed: int, ready: Any, answers: Any
) -> None:
    begun = time.perf_counter()
    Image.MAX_IMAGE_PIXELS = None
    work = WORKS[name](store, listed)
    work(files[0])  # so that loading and compiling in the first call are not counted
    started = time.perf_counter() - begun
    ready.wait()
    first, processor = time.perf_counter(), time.process_time()
    for path in files:
        work(path)
    answers.put((first, time.perf_counter(), time.process_time() - processor, started))


def looped(name: str, files: Sequence[Path], store: Path, *, listed: int, processes: int) -> Loop:
    """Run one of WORKS for every file. SystemExit where a process fails; its message is on stderr."""
    context = multiprocessing.get_context("spawn")
    ready, answers = context.Barrier(processes), context.Queue()
    running = [
        context.Process(target=_run, args=(name, files[number::processes], store, listed, ready, answers))
        for number in range(processes)
    ]
    for process in running:
        process.start()
    reported: list[tuple[float, ...]] = []
    while len(reported) < processes:
        with suppress(queue.Empty):
            reported.append(answers.get(timeout=_CHECK_EVERY))
        if any(process.exitcode for process in running):
            for process in running:  # the others would wait for the one that failed
                process.terminate()
            sys.exit(f"the loop {name!r} failed")
    for process in running:
        process.join()
    begun, ended, processor, started = zip(*reported, strict=True)
    return Loop(max(ended) - min(begun), sum(processor), max(started))


def _orientations(path: Path) -> tuple[Any, Any]:
    """The eight PDQ and the eight pHash values of a picture, by the reference implementations, (8, width) uint8."""
    pdqhash = importlib.import_module("pdqhash")
    image = upright(path)
    pdq, _quality = pdqhash.compute_dihedral(np.asarray(image))
    grey = image.convert("L")
    turned = [grey, *(grey.transpose(turn) for turn in Image.Transpose)]
    phash = [np.packbits(imagehash.phash(picture).hash) for picture in turned]
    return np.stack([np.packbits(bits) for bits in pdq]), np.stack(phash)


RADII = {"pdq": (31, 35, 39, 43, 47), "phash": (8, 9, 10, 11, 12)}


def lookups(files: Sequence[Path], store: Path) -> dict[str, dict[int, float]]:
    """Seconds for looking up a picture's eight hashes, one picture at a time, by algorithm and radius.

    It is the median over the pictures of each one's better of two times. In addition to RADII the radius of a default
    scan is measured.
    """
    matcher = Matcher.open(store)
    radii = {name: sorted({*RADII[name], radius}) for name, radius in screening_radii(matcher).items()}
    every = [_orientations(path) for path in files]
    seconds: dict[str, dict[int, float]] = {}
    for place, (name, wanted) in enumerate(radii.items()):
        seconds[name] = {}
        for radius in wanted:
            times = []
            for codes in every:
                each = []
                for _ in range(2):
                    begun = time.perf_counter()
                    matcher.open_lists.find_near(name, codes[place], radius=radius, minimum_quality=0)
                    each.append(time.perf_counter() - begun)
                times.append(min(each))
            seconds[name][radius] = statistics.median(times)
    return seconds


def screening_radii(matcher: Matcher) -> dict[str, int]:
    """The largest radius at which a default scan looks each of the two algorithms up."""
    radii = {
        lookup.algorithm: reach(lookup.hash_lookup.metric, lookup.threshold(WHOLE), lookup.screen.margin)
        for lookup in matcher.lookups
    }
    return {name: radii[name] for name in RADII}
