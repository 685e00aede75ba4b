"""A folder of pictures → a hash list of the lab's own, as JSON lines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

import numpy as np

from matcher.algorithms import Metric
from matcher.distances import balances
from matcher.errors import ListError
from matcher.executors.choosing import executor_for
from matcher.hashers import DEFAULT_ALGORITHMS, hasher
from matcher.imaging.renderings import is_own
from matcher.lists.store import check_name
from matcher.model import Finding, Hash, Reason, Status
from matcher.scan.job import ExamineJob
from matcher.settings import Settings
from matcher.sources.folder import FolderSource
from matcher.system.files import replacing

_NO_CONTENT = (Reason.EMPTY, Reason.NOT_A_PICTURE)


@dataclass(slots=True)
class MadeList:
    """The result: counts of the list, and the pictures that could not be read, with the reason.

    `without_information`: hashes of flat pictures, by algorithm, which were left out. `low_quality`: listed hashes that
    match near-identical copies only.
    """

    entries: int = 0
    hashes: int = 0
    without_information: Counter[str] = field(default_factory=Counter)
    low_quality: Counter[str] = field(default_factory=Counter)
    unreadable: list[tuple[str, str]] = field(default_factory=list)


def make_list(
    folder: Path,
    *,
    name: str,
    output: Path,
    category: str | None = None,
    algorithms: Sequence[str] = DEFAULT_ALGORITHMS,
    workers: int | None = None,
    on_examined: Callable[[Finding], None] = lambda _finding: None,
) -> MadeList:
    """Write a list of every picture below `folder`. ListError where that fails; then no list is written.

    `on_examined` is called with the finding of each file, in the order of their paths.

    An entry's id is `NAME/` and the file's SHA-256; its note is the path inside the folder. Content that occurs twice
    is listed once. A picture with an alpha channel is listed in all of its renderings, an animation with every frame
    that was looked at; pictures embedded in a file, as its thumbnail, are not listed. Nor are perceptual hashes without
    information: those of flat pictures, and of renderings that show nothing.
    """
    check_name(name)
    if not folder.is_dir():
        raise ListError(f"{folder}: not a folder")
    if output.resolve().is_relative_to(folder.resolve()):
        raise ListError(f"{output}: lies inside the pictures' folder, which is never written to")
    source = FolderSource(folder)
    settings = Settings(algorithms=tuple(algorithms))
    job = ExamineJob(source=source, store=None, lists=(), settings=settings, exhibit=None)
    made = MadeList()
    listed: set[bytes] = set()
    try:
        with replacing(output) as stream:
            results = executor_for(workers).run(job, source.items(), on_result=lambda _item, _finding: None)
            with closing(results):
                for _item, finding in results:
                    assert isinstance(finding, Finding), "the job has no table of examined contents"
                    on_examined(finding)
                    _add(made, finding, listed, stream, name=name, category=category)
            if not made.entries:
                raise ListError(f"{folder}: no picture in it")
    except OSError as error:
        raise ListError(f"{error.filename or output}: {error.strerror}") from error
    return made


def _add(
    made: MadeList, finding: Finding, listed: set[bytes], stream: IO[bytes], *, name: str, category: str | None
) -> None:
    if finding.status is Status.SKIPPED:
        return
    if finding.status is Status.UNREADABLE:
        made.unreadable.append((finding.path, str(finding.reason)))
    if finding.sha256 is None or finding.sha256 in listed or finding.reason in _NO_CONTENT:
        return
    listed.add(finding.sha256)
    own = replace(finding, pictures=tuple(each for each in finding.pictures if is_own(each.rendering)))
    listable = [value for value in dict.fromkeys(own.computed) if _has_information(value, made)]
    made.hashes += _write(stream, f"{name}/{finding.sha256.hex()}", listable, finding, category)
    made.entries += 1


def _has_information(value: Hash, made: MadeList) -> bool:
    """Whether a hash can be listed; it is counted where it cannot, or where its quality is low."""
    facts = hasher(value.algorithm).algorithm
    if facts.metric is Metric.EXACT:
        return True
    balance = int(balances(np.frombuffer(value.value, np.uint8).reshape(1, -1))[0])
    quality = 100 if value.quality is None else value.quality
    if quality < facts.least_quality or balance < facts.least_balance:
        made.without_information[value.algorithm] += 1
        return False
    made.low_quality[value.algorithm] += quality < facts.minimum_quality
    return True


def _write(stream: IO[bytes], entry_id: str, hashes: Sequence[Hash], finding: Finding, category: str | None) -> int:
    written = 0
    for value in hashes:
        line: dict[str, object] = {"id": entry_id, "algorithm": value.algorithm, "value": value.value.hex()}
        if hasher(value.algorithm).algorithm.metric is not Metric.EXACT:
            line["quality"] = value.quality
        if category is not None:
            line["category"] = category
        line["note"] = finding.path
        stream.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        written += 1
    return written
