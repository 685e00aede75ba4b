"""A lack of memory is no damage: what is said of pictures that a worker has no room for, and of their digests."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image

from matcher.executors.limits import Limits, system_enforces
from matcher.executors.pool import PoolExecutor
from matcher.imaging.drawing import landscape
from matcher.imaging.sniff import HEAD, sniff
from matcher.imaging.stated import stated_pixels
from matcher.model import Finding, Reason, Status
from matcher.scan.job import ExamineJob
from matcher.settings import Settings
from matcher.sources import open_source

FORMATS = [
    ("JPEG", {}),
    ("JPEG", {"progressive": True}),
    ("PNG", {}),
    ("WEBP", {}),
    ("WEBP", {"lossless": True}),
    ("AVIF", {}),
    ("TIFF", {}),
    ("GIF", {}),
]


@pytest.mark.parametrize(("name", "options"), FORMATS)
def test_the_stated_size(name: str, options: dict[str, bool]) -> None:
    stream = io.BytesIO()
    landscape(1, width=301, height=203).save(stream, name, **options)
    kind = sniff(stream.getvalue()[:HEAD])
    assert kind is not None
    assert stated_pixels(stream.getvalue(), kind, 301 * 203) == 301 * 203
    assert stated_pixels(stream.getvalue(), kind, 301 * 203 - 1) == 0  # refused by the limit, not for want of memory
    assert stated_pixels(stream.getvalue()[:40], kind, 1 << 28) >= 0


def examined(folder: Path, memory: int, alone: int) -> tuple[dict[str, Finding], dict[str, Reason]]:
    source = open_source(folder)
    job = ExamineJob(source, None, (), Settings(), None)
    retried: dict[str, Reason] = {}
    executor = PoolExecutor(1, limits=Limits(seconds=120, memory=memory, alone=alone))
    results = executor.run(
        job,
        source.items(),
        on_result=lambda _item, _finding: None,
        on_retry=lambda item, reason: retried.update({item.path: reason}),
    )
    return {finding.path: finding for _item, finding in results if isinstance(finding, Finding)}, retried


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.skipif(not system_enforces(), reason="only Linux limits a process's own memory")
def test_a_sound_picture_without_room_is_tried_alone_and_not_called_damaged(tmp_path: Path) -> None:
    large = landscape(2, width=640, height=480).resize((7000, 6000), Image.Resampling.BICUBIC)
    large.save(tmp_path / "baseline.jpg", quality=60)
    large.save(tmp_path / "progressive.jpg", quality=60, progressive=True)
    large.save(tmp_path / "lossy.webp", quality=60, method=0)
    del large
    findings, retried = examined(tmp_path, 300 << 20, 4 << 30)
    assert {finding.status for finding in findings.values()} == {Status.EXAMINED}
    assert set(retried.values()) == {Reason.OUT_OF_MEMORY}
    findings, _retried = examined(tmp_path, 300 << 20, 300 << 20)
    assert {(finding.status, finding.reason) for finding in findings.values() if finding.reason} <= {
        (Status.UNREADABLE, Reason.OUT_OF_MEMORY)
    }


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.skipif(not system_enforces(), reason="only Linux limits a process's own memory")
def test_what_cannot_even_be_held_has_its_digests(tmp_path: Path) -> None:
    data = b"\xff\xd8\xff" + bytes(600 << 20)
    (tmp_path / "huge.jpg").write_bytes(data)
    findings, retried = examined(tmp_path, 200 << 20, 200 << 20)
    (finding,) = findings.values()
    assert (finding.status, finding.reason) == (Status.UNREADABLE, Reason.OUT_OF_MEMORY)
    assert finding.sha256 == hashlib.sha256(data).digest()
    assert retried == {"huge.jpg": Reason.OUT_OF_MEMORY}
