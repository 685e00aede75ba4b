"""What the examination says of files that it does not open."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from matcher import Matcher
from matcher.examine.content import read_content
from matcher.examine.unopened.edges import HEAD
from matcher.hashers import file_hashers
from matcher.imaging.drawing import landscape
from matcher.model import Finding, Reason, Status
from matcher.settings import Settings


def archive(*contents: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for place, content in enumerate(contents):
            made.writestr(f"{place}.png", content)
    return stream.getvalue()


@pytest.fixture
def matcher(known_store: Path) -> Matcher:
    return Matcher.open(known_store)


def outcome(finding: Finding) -> tuple[Status, Reason | None, str | None]:
    return finding.status, finding.reason, finding.media_type


@pytest.mark.parametrize("name", ["letters.zip", "holiday.jpg", "no suffix", ""])
def test_a_container_is_told_whatever_its_name(matcher: Matcher, known_folder: Path, name: str) -> None:
    finding = matcher.examine(archive((known_folder / "1.png").read_bytes()), name=name)
    assert outcome(finding) == (Status.SKIPPED, Reason.CONTAINER_NOT_OPENED, "application/zip")
    assert not finding.matches
    assert finding.sha256 is not None


def test_pictures_and_texts_are_what_they_were(matcher: Matcher, encoded: Callable[..., bytes]) -> None:
    picture = encoded(landscape(60, width=120, height=90))
    assert outcome(matcher.examine(picture, name="a.zip")) == (Status.EXAMINED, None, "image/png")
    assert outcome(matcher.examine(b"text\n" * 9, name="a.txt")) == (Status.SKIPPED, Reason.NOT_A_PICTURE, None)
    assert outcome(matcher.examine(b"text\n" * 9, name="a.jpg")) == (Status.UNREADABLE, Reason.NOT_A_PICTURE, None)
    assert outcome(matcher.examine(b"", name="a.zip")) == (Status.SKIPPED, Reason.EMPTY, None)


def test_a_listed_container_is_known_and_still_not_opened(make_store: Any) -> None:
    data = archive(b"text")
    store = make_store([{"id": "1", "algorithm": "sha256", "value": hashlib.sha256(data).hexdigest()}])
    finding = Matcher.open(store).examine(data)
    assert outcome(finding) == (Status.KNOWN, Reason.CONTAINER_NOT_OPENED, "application/zip")
    assert finding.notable


def test_a_container_that_is_known_good_is_excluded_if_asked(make_store: Any) -> None:
    from matcher.model import CategoryProfile, Disposition

    data = archive(b"text")
    lines = [{"id": "1", "algorithm": "sha256", "value": hashlib.sha256(data).hexdigest()}]
    store = make_store(lines, profile=CategoryProfile(other=Disposition.KNOWN_GOOD))
    assert Matcher.open(store).examine(data).reason is Reason.CONTAINER_NOT_OPENED
    finding = Matcher.open(store, settings=Settings(exclude_known_good=True)).examine(data)
    assert (finding.status, finding.reason) == (Status.EXCLUDED, None)


class Dripping(io.BytesIO):
    """A stream whose reads return few bytes."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(777, 777 if size is None or size < 0 else size))


@pytest.mark.parametrize("size", [100, HEAD - 1, HEAD, HEAD + 1, HEAD + 5000])
def test_the_finding_does_not_depend_on_how_much_a_read_returns(size: int) -> None:
    data = b"MZ" + bytes(size) + archive(b"text")
    hashers = file_hashers(("sha256",))
    whole, dripped = (read_content(stream, hashers, max_bytes=9) for stream in (io.BytesIO(data), Dripping(data)))
    assert whole == dripped
    assert whole.size == len(data)
    assert whole.sha256 == hashlib.sha256(data).digest()
    assert whole.unopened is not None
    assert whole.unopened.media_type == "application/zip"


def test_a_picture_in_few_bytes_a_read_is_examined(matcher: Matcher, encoded: Callable[..., bytes]) -> None:
    picture = encoded(landscape(61, width=300, height=200))
    assert matcher.examine_stream(Dripping(picture)) == matcher.examine(picture)
