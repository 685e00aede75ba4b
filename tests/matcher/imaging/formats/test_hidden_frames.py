"""Frames that a file has and a library does not give: those of tracks, and those beyond an APNG's count."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest

from matcher.imaging.drawing import landscape
from matcher.imaging.formats.apng import with_all_frames
from matcher.imaging.formats.iso_boxes import MOST_BOXES, TRACKS, may_have_box
from matcher.model import Reason
from tests.shared.frame_cases import Encode, animated, drawn, labels, names, opened


def renamed(data: bytes, *, brand: bytes) -> bytes:
    """An ISO base media file of another major brand."""
    return data[:8] + brand + data[12:]


def with_still(sequence: bytes, still: bytes) -> bytes:
    """An AVIF sequence whose still picture is that of another file, put behind the end."""
    start = still.index(b"mdat") + 4
    box = still[start - 8 :]
    location = sequence.index(b"iloc")
    at = sequence.index(struct.pack(">I", sequence.index(b"mdat") + 4), location)
    extent = struct.pack(">II", len(sequence) + 8, len(still) - start)
    return sequence[:at] + extent + sequence[at + 8 :] + box


@pytest.mark.parametrize(("brand", "first"), [(b"avis", 1), (b"avif", 4), (b"mif1", 1)])
def test_an_avif_shows_its_track_and_its_still_picture(encoded: Encode, brand: bytes, first: int) -> None:
    """libavif decodes only one of the two, by the brand."""
    data = with_still(animated(encoded, "AVIF", 3), encoded(landscape(4, width=64, height=48), "AVIF"))
    decoded = opened(renamed(data, brand=brand))
    shown = [(picture.rendering, np.asarray(picture.image)) for picture in decoded.renderings()]
    assert ([name for name, _pixels in shown], decoded.reason) == (names(1, 2, 3, 4), None)
    seeds = (1, 2, 3, 4) if first == 1 else (4, 1, 2, 3)
    for (_name, pixels), seed in zip(shown, seeds, strict=True):
        assert np.abs(np.asarray(landscape(seed, width=64, height=48)).astype(int) - pixels).mean() < 12


def test_a_still_picture_that_is_a_frame_is_seen_once(encoded: Encode) -> None:
    data = animated(encoded, "AVIF", 3)
    assert labels(renamed(data, brand=b"avif")) == (["", "frame-3", "frame-4"], None)


def test_the_track_of_a_heif_is_not_read_and_told() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    stream = io.BytesIO()
    pillow_heif.from_pillow(drawn(1)[0]).save(stream)
    data = stream.getvalue()
    assert labels(data) == ([""], None)
    track = struct.pack(">I", 8) + b"moov"
    assert labels(data + track) == ([""], Reason.FRAMES_NOT_READ)
    another_file = data[: int.from_bytes(data[:4], "big")]
    assert labels(data + another_file + track) == ([""], Reason.SKIPPED_PARTS)  # that file is a video
    assert labels(another_file + track) == ([], Reason.UNSUPPORTED_FORMAT)


def test_boxes_are_found_by_their_lengths() -> None:
    box = struct.pack(">I", 12) + b"freemoov"
    large = struct.pack(">I4sQ", 1, b"free", 20) + b"moov"
    moov = struct.pack(">I", 8) + b"moov"
    assert not may_have_box(box + large, TRACKS)
    assert may_have_box(box + large + moov, TRACKS)
    assert not may_have_box(struct.pack(">I", 0) + b"mdat" + moov, TRACKS)  # it reaches to the end
    assert not may_have_box(box * (MOST_BOXES - 1), TRACKS)
    assert may_have_box(box * (MOST_BOXES + 1), TRACKS)  # nobody has looked
    assert not may_have_box(b"", TRACKS)


@pytest.mark.parametrize("stated", [None, 0, 1, 2])
def test_frames_that_an_apng_does_not_count(encoded: Encode, stated: int | None) -> None:
    data = animated(encoded, "PNG", 4)
    at = data.index(b"acTL") - 4
    count = b"" if stated is None else b"acTL" + struct.pack(">II", stated, 0)
    chunk = count and struct.pack(">I", 8) + count + struct.pack(">I", zlib.crc32(count))
    assert labels(data[:at] + chunk + data[at + 20 :]) == (names(1, 2, 3, 4), None)
    assert with_all_frames(data) is data


def test_frames_that_an_apng_lacks_are_told(encoded: Encode) -> None:
    data = animated(encoded, "PNG", 4)
    last = data.rindex(b"fcTL") - 4
    assert labels(data[:last] + data[-12:])[0] == names(1, 2, 3)
    assert labels(data[:last] + data[-12:])[1] is not None
