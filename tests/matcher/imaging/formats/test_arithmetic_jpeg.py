"""JPEG with arithmetic coding: libjpeg's decoder of it cannot wait for bytes, and Pillow gives 64 KiB at a time."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image, features

from matcher.errors import DecodeError
from matcher.imaging.decode import decode
from matcher.imaging.drawing import landscape
from matcher.imaging.formats.pillow import open_by
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import Reason

DRAWN = landscape(1, width=128, height=96).resize((48, 36))
CODED = base64.b85decode(
    "|JeWF01!$>Nk#wx0RR9200961|JwjV01XKW3knDg3knMk4h;_zAQcl55)&sJ9v2`kDKRiEDJ?8BI!Zn>HbyrrEkIX6ModmpQ&KWM"
    "T47pHU`kO^PygEhLjevB4iga*CKVMXPc<zyPft%zPft%zPft%zPft%zPft%zPft%zPft%zPft%zPft%zPft%zPft%zPft%zPf!2J"
    "01*fPBmgi20U`hb5di}c0sqVZ3IGrg1pyEd1^?Or3<CiG0ucid06zfI7xOwIQ^P#0EWZ@g->N<SG=0b2%7KryJW{+047|KRSy~79"
    "yUeyvEYwTZS81y?Jt5PVypw5e4AP=l)Y4<*q~`XJ%TLv*%f|&O%DhXkz@ApMZC+3wp})FjL1yR<5hRrWH-B+XgO!NAr?j{q!Cwkr"
    "Fxni24R^0oi}nqjjsit^ai?IeISkBG#65Xd_#~U385fa11IPGeJfI&<>cnH_qZlS}8tUOzTbF^xi5h?aOirRt$31X=Q25v=Al6W!"
    "S*&dGHzdUJq8BozK&K!8OQJebh5q$JLv{11-$u{A{7<v`i!M6T?l^3nqjq6Y#=Txx)LPMUu5zb=!&mu}opG+nUWcz6phi^>5kB{a"
    "p+6;q`-XT3YrlC(Ta9X%J26qWI{uG))OzRqu)I(F)q0(T{{ZtI9W<fqLO9V5$!D2=fj7XJ+HUS7V^`Kvd5hkh@CA3~pshDCu&YB2"
    "%NPf}Pf>4Ps$F{WrPTBZxe-Tx94)1djKai4xFn+HDd1*POE7qmALdycRc4(3*#"
)
"""DRAWN as JPEG of quality 60 by Pillow, then `jpegtran -copy none -arithmetic`: 609 bytes."""
BLOCK = 1 << 16


@pytest.fixture(autouse=True)
def _has_arithmetic_coding() -> None:
    try:
        Image.open(io.BytesIO(CODED)).load()
    except OSError:
        pytest.skip(f"ARITHMETIC JPEG NOT TESTED: libjpeg-turbo {features.version('libjpeg_turbo')} lacks it")


def padded(length: int) -> bytes:
    """The same picture after comments of `length` bytes, which is more than 64 KiB only if there are several."""
    comments = b""
    while len(comments) < length:
        body = min(65533, length - len(comments) - 4)
        comments += b"\xff\xfe" + (body + 2).to_bytes(2) + bytes(body)
    return CODED[:2] + comments + CODED[2:]


def ordinary() -> np.ndarray:
    """The same picture by the usual coding."""
    stream = io.BytesIO()
    DRAWN.save(stream, "JPEG", quality=60)
    return np.asarray(Image.open(stream))


def seen(data: bytes) -> tuple[np.ndarray, Reason | None]:
    kind = sniff(data[:HEAD])
    assert kind is not None
    decoded = decode(data, kind)
    (picture,) = decoded.renderings()
    return np.asarray(picture.image), decoded.reason


def test_a_scan_across_the_end_of_a_block() -> None:
    expected, reason = seen(CODED)
    assert reason is None
    assert np.abs(expected.astype(int) - ordinary()).mean() < 1
    scan = CODED.index(b"\xff\xda")
    for ahead in (60, 150, 300):
        data = padded(BLOCK - scan - ahead)
        with pytest.raises(OSError, match="broken data stream"):
            Image.open(io.BytesIO(data)).load()  # or this test would test nothing
        pixels, reason = seen(data)
        assert reason is None
        assert np.array_equal(pixels, expected)


def test_a_cut_scan_is_damage_and_its_part_is_seen() -> None:
    pixels, reason = seen(padded(BLOCK)[:-150])
    assert reason in (Reason.CORRUPT, Reason.TRUNCATED)
    assert np.abs(pixels[:16].astype(int) - ordinary()[:16]).mean() < 1


def test_pages_beyond_the_first_few_are_not_given_the_whole_file_each() -> None:
    data = CODED + bytes(1 << 20)
    assert open_by("JPEG", io.BytesIO(data)).decodermaxblock == BLOCK
    assert open_by("JPEG", io.BytesIO(data), at_once=True).decodermaxblock >= len(data)


def test_other_damage_is_still_damage() -> None:
    with pytest.raises(DecodeError):
        seen(CODED[: CODED.index(b"\xff\xda")])
