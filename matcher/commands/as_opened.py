"""The command line that a scan began with, as its `scan.open` states it: what goes on with it has to be told the same.

Words in capitals stand for what a ledger does not record, such as the folder of the store; `placeholders` says what
each of them is. Options are given where the entry differs from a scan without options.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

SOURCE, LIST, STORE, CALIBRATION = "SOURCE", "LIST", "STORE", "CALIBRATION"

_FLAGS = (
    ("--exact", "exact", True),
    ("--no-regions", "regions", False),
    ("--exclude-known-good", "exclude_known_good", True),
    ("--reframings", "reframings", True),
)
"""Options of a scan, with the setting and the value that each stands for."""


def as_opened(opened: dict[str, Any]) -> list[str]:
    """The source, and the options that change findings or that `--resume` compares. What is malformed is left out."""
    words = [*_source(opened), "--store", STORE]
    if isinstance(opened.get("exhibit"), str):
        words += ["--exhibit", opened["exhibit"]]
    words += _settings(opened)
    if opened.get("sealed"):
        words.append("--seal-paths")
    return [*words, *_executor(_object(opened.get("executor")))]


def placeholders(opened: dict[str, Any]) -> Iterator[str]:
    """A generator of what each word in capitals of `as_opened` stands for, as far as the entry tells."""
    source, words = _object(opened.get("source")), as_opened(opened)
    if LIST in words:
        number = f" of {source['count']:,}" if isinstance(source.get("count"), int) else ""
        yield f"{LIST}: the list{number} files; the command is for the folder {source.get('path', 'in which it began')}"
    elif words[0] == SOURCE:
        yield f"{SOURCE}: the evidence, whose path the ledger does not have in full"
    lists = [f"{_object(one).get('name')} {_object(one).get('version')}" for one in _objects(opened.get("lists"))]
    yield f"{STORE}: the folder with the hash lists, which has to have {', '.join(lists) or 'no list'}"
    if CALIBRATION in words:
        calibration = _calibration(opened)
        yield f"{CALIBRATION}: the file of {calibration.get('name')!r} with the SHA-256 {calibration.get('digest')}"


def _source(opened: dict[str, Any]) -> list[str]:
    from matcher.sources.files import FILES
    from matcher.sources.folder import raw_path

    source = _object(opened.get("source"))
    if source.get("kind") == FILES:
        return ["--files-from", LIST]
    path = source.get("path")
    if not isinstance(path, str) or " (the path's SHA-256 is " in path:  # sealed and not opened, or cut
        return [SOURCE]
    return [os.fsdecode(raw_path(path))]


def _settings(opened: dict[str, Any]) -> Iterator[str]:
    from matcher.calibration.tables import LOW_QUALITY, Calibration
    from matcher.hashers import DEFAULT_ALGORITHMS, known_algorithm
    from matcher.settings import DEFAULT_FALSE_MATCHES

    settings, algorithms = _object(opened.get("settings")), _objects(opened.get("algorithms"))
    most = settings.get("max_false_matches")
    for option, name, value in _FLAGS:
        if settings.get(name) is value:
            yield option
    names = [str(algorithm.get("name")) for algorithm in algorithms]
    if more := [name for name in names if name not in DEFAULT_ALGORITHMS]:
        yield from ("--algorithms", ",".join(more))
    if isinstance(most, str) and most != repr(DEFAULT_FALSE_MATCHES):
        yield from ("--max-false-matches", most)
    measured = Calibration.of_low_quality()
    given = False
    for name, algorithm in zip(names, algorithms, strict=True):
        facts = known_algorithm(name)
        threshold, quality = algorithm.get("threshold"), algorithm.get("minimum_quality")
        if most is None and isinstance(threshold, int) and (facts is None or threshold != facts.threshold):
            given = True
            yield from ("--threshold", f"{name}={threshold}")
        stricter = "low_quality_thresholds" in algorithm or not measured.measures(name, LOW_QUALITY)
        if isinstance(quality, int) and (not stricter or facts is None or quality != facts.minimum_quality):
            yield from ("--minimum-quality", f"{name}={quality}")
    if most is None and not given:
        yield "--published-thresholds"
    if _calibration(opened).get("digest") not in (None, Calibration.default().digest):
        yield from ("--calibration", CALIBRATION)


def _calibration(opened: dict[str, Any]) -> dict[str, Any]:
    return _object(_object(opened.get("chances")).get("calibration"))


def _executor(executor: dict[str, Any]) -> Iterator[str]:
    """The options of the workers that may make an item unreadable: none, and their limits where these were given."""
    from matcher.executors.limits import SECONDS, limits_for

    if executor.get("kind") == "serial":
        yield from ("--workers", "0")
    time, memory, workers = (executor.get(name) for name in ("time_limit_ms", "memory_limit", "workers"))
    if isinstance(time, int) and time != round(1000 * SECONDS):
        yield from ("--time-limit", f"{time / 1000:g}")
    if not isinstance(memory, int) or not isinstance(workers, int):
        return
    was_given = memory == executor.get("memory_limit_alone") and memory % (1 << 20) == 0 and memory > 0
    if was_given and memory != limits_for(workers).memory:
        yield from ("--memory-limit", str(memory >> 20))


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
