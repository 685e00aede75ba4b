"""Known pictures that are embedded in other files: matched by the names of their renderings, screened or not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from matcher import Matcher, Settings
from matcher.examine import pictures
from matcher.imaging.drawing import landscape
from matcher.model import Reason, Status
from matcher.scan.make_list import make_list
from tests.shared.embedded_cases import (
    exif,
    film,
    heic,
    multi_picture,
    psd,
    raw_file,
    saved,
    thumbnail_resource,
    with_exif,
    xmp,
)

KNOWN = landscape(1, width=320, height=240)
SMALL = KNOWN.resize((160, 120))
OWN = landscape(50, width=1000, height=800)

FILES: dict[str, tuple[Callable[[], bytes], str | None]] = {
    "a stale thumbnail": (lambda: with_exif(saved(OWN), exif(saved(SMALL))), "thumbnail none"),
    "a thumbnail in a PNG": (lambda: saved(OWN, "PNG", exif=b"Exif\0\0" + exif(saved(SMALL))), "thumbnail none"),
    "an appended JPEG": (lambda: saved(OWN) + saved(KNOWN), "appended-1 none"),
    "an appended large JPEG": (lambda: saved(OWN) + saved(KNOWN.resize((1280, 960))), "appended-1 none"),
    "an appended PNG, turned": (
        lambda: saved(OWN) + saved(KNOWN.transpose(Image.Transpose.FLIP_TOP_BOTTOM), "PNG"),
        "appended-1 flip",
    ),
    "a JPEG behind a PNG": (lambda: saved(OWN, "PNG") + saved(KNOWN), "appended-1 none"),
    "a HEIC behind a JPEG": (lambda: saved(OWN) + heic(KNOWN), "appended-1 none"),
    "a gain map": (
        lambda: multi_picture(saved(OWN), saved(KNOWN.convert("L")), more=xmp(b'<x hdrgm:Version="1.0"/>')),
        "auxiliary-1 none",
    ),
    "a page of an MPO": (lambda: multi_picture(saved(OWN), saved(KNOWN)), "frame-2 none"),
    "a raw file's preview": (lambda: raw_file(saved(KNOWN)), "preview-1 none"),
    "a raw file that is not decoded": (lambda: b"FUJIFILMCCD-RAW".ljust(200, b"\0") + saved(KNOWN), "preview-1 none"),
    "a document without a merged picture": (
        lambda: psd(None, thumbnail_resource(saved(SMALL)), layers=2),
        "thumbnail none",
    ),
    "a film behind": (lambda: saved(OWN) + film(), None),
    "a thumbnail of no interest": (lambda: with_exif(saved(OWN), exif(saved(OWN.resize((160, 128))))), None),
    "a damaged thumbnail": (lambda: with_exif(saved(OWN), exif(saved(SMALL)[:300] + b"\xff\xd9")), None),
    "twelve appended": (lambda: saved(OWN) + b"".join(saved(OWN.resize((40 + at, 40))) for at in range(12)), None),
}


@pytest.fixture(scope="module")
def default(known_store: Path) -> Matcher:
    return Matcher.open(known_store)


@pytest.fixture(scope="module")
def exact(known_store: Path) -> Matcher:
    return Matcher.open(known_store, settings=Settings(exact=True))


@pytest.mark.parametrize("name", FILES)
def test_what_is_embedded_is_looked_up(default: Matcher, exact: Matcher, name: str) -> None:
    make, transform = FILES[name]
    data = make()
    finding = default.examine(data)
    assert finding.as_json() == exact.examine(data).as_json()
    assert finding.notable == (transform is not None)
    if transform is not None:
        assert transform in {match.transform for match in finding.matches if match.algorithm == "pdq"}
        assert {match.entry for match in finding.matches} == {finding.matches[0].entry}


def test_status_reason_and_size(default: Matcher) -> None:
    def of(name: str) -> tuple[Any, ...]:
        finding = default.examine(FILES[name][0]())
        return finding.status, finding.reason, finding.skipped_parts, finding.width, finding.media_type

    assert of("a stale thumbnail") == (Status.EXAMINED, None, (), 1000, "image/jpeg")
    assert of("a film behind") == (Status.EXAMINED, Reason.SKIPPED_PARTS, ("video",), 1000, "image/jpeg")
    assert of("a damaged thumbnail") == (Status.EXAMINED, Reason.SKIPPED_PARTS, ("thumbnail",), 1000, "image/jpeg")
    assert of("a raw file's preview")[:4] == (Status.UNREADABLE, Reason.UNSUPPORTED_FORMAT, (), 8)
    assert of("a raw file that is not decoded")[:4] == (Status.UNREADABLE, Reason.UNSUPPORTED_FORMAT, (), None)
    document = of("a document without a merged picture")
    assert document[:4] == (Status.EXAMINED, Reason.SKIPPED_PARTS, ("layers",), 80)


def test_an_ordinary_photograph_is_examined_from_its_reduced_decode_only(
    default: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_arguments: object) -> object:
        raise AssertionError("decoded in full")

    monkeypatch.setattr(pictures, "decode", refused)
    finding = default.examine(with_exif(saved(OWN), exif(saved(OWN.resize((160, 128))))) + film())
    assert (finding.status, finding.skipped_parts) == (Status.EXAMINED, ("video",))
    assert {turned.rendering for turned in finding.pictures} == {"", "thumbnail"}
    with pytest.raises(AssertionError, match="decoded in full"):
        default.examine(FILES["a stale thumbnail"][0]())


def test_limits_reach_the_parts(known_store: Path) -> None:
    data = saved(OWN) + saved(KNOWN) + saved(SMALL)
    for exact in (False, True):
        few = Matcher.open(known_store, settings=Settings(max_frames=1, exact=exact)).examine(data)
        assert few.reason is Reason.FRAMES_NOT_READ
        assert few.status is Status.UNREADABLE
        assert {match.transform for match in few.matches} == {"appended-1 none"}


def test_what_is_not_decoded_is_still_known_by_digest_and_limited_by_size(known_store: Path) -> None:
    data = FILES["a raw file that is not decoded"][0]()
    small = Matcher.open(known_store, settings=Settings(max_bytes=len(data) - 1)).examine(data)
    assert (small.status, small.reason, small.matches) == (Status.UNREADABLE, Reason.UNSUPPORTED_FORMAT, ())


def test_a_list_and_the_hashes_of_a_file_are_those_of_its_own_picture(tmp_path: Path) -> None:
    """A thumbnail may show something that nobody decided upon."""
    data = FILES["a stale thumbnail"][0]()
    own = Matcher().examine(saved(OWN))
    finding = Matcher().examine(data)
    assert {turned.rendering for turned in finding.pictures} == {"", "thumbnail"}
    assert [value.value for value in finding.computed][2:] == [value.value for value in own.computed][2:]
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "1.jpg").write_bytes(data)
    made = make_list(tmp_path / "pictures", name="made", output=tmp_path / "made.jsonl", workers=0)
    assert made.hashes == len(own.computed)
