"""A folder of pictures → a hash list of the lab's own, as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from matcher.algorithms import Metric
from matcher.errors import ListError
from matcher.executors.choosing import executor_for
from matcher.hashers import DEFAULT_ALGORITHMS, hasher
from matcher.lists.store import check_name
from matcher.model import Finding, Reason, Status
from matcher.scan.job import ExamineJob
from matcher.settings import Settings
from matcher.sources.folder import FolderSource
from matcher.system.files import replacing

_NO_CONTENT = (Reason.EMPTY, Reason.NOT_A_PICTURE)


@dataclass(slots=True)
class MadeList:
    """The result: counts of the list, and the pictures that could not be read, with the reason."""

    entries: int = 0
    hashes: int = 0
    unreadable: list[tuple[str, str]] = field(default_factory=list)


def make_list(
    folder: Path,
    *,
    name: str,
    output: Path,
    category: str | None = None,
    algorithms: Sequence[str] = DEFAULT_ALGORITHMS,
    workers: int | None = None,
) -> MadeList:
    """Write a list of every picture below `folder`. ListError where that fails; then no list is written.

    An entry's id is `NAME/` and the file's SHA-256; its note is the path inside the folder. Content that occurs twice
    is listed once. A picture with an alpha channel is listed in each of its renderings,
    an animation by each frame that is looked at.
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
    made.hashes += _write(stream, f"{name}/{finding.sha256.hex()}", finding, category)
    made.entries += 1


def _write(stream: IO[bytes], entry_id: str, finding: Finding, category: str | None) -> int:
    written = 0
    for value in dict.fromkeys(finding.computed):
        line: dict[str, object] = {"id": entry_id, "algorithm": value.algorithm, "value": value.value.hex()}
        if hasher(value.algorithm).algorithm.metric is not Metric.EXACT:
            line["quality"] = value.quality
        if category is not None:
            line["category"] = category
        line["note"] = finding.path
        stream.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        written += 1
    return written
