"""Light of high dynamic range on an ordinary display, against formulas written out for one pixel."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from matcher.imaging import hdr
from matcher.imaging.decode import decode
from matcher.imaging.drawing import landscape
from matcher.imaging.formats import iso_boxes, jxl_header
from matcher.imaging.hdr import HLG, LINEAR, PQ, Coding, coding_of_profile, to_sdr
from matcher.imaging.sniff import HEAD, sniff

Encode = Callable[..., bytes]
BT709, BT2020, P3 = 1, 9, 12
DRAWN = landscape(5, width=160, height=120)


def pq_code(nits: float) -> float:
    """SMPTE ST 2084, the inverse EOTF."""
    power = (nits / 10000) ** 0.1593017578125
    return float(((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375)


def nits_of_pq(code: float) -> float:
    root = code ** (1 / 78.84375)
    return float(10000 * (max(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125))


def nits_of_hlg(codes: list[float]) -> list[float]:
    """ITU-R BT.2100: the inverse OETF, then the OOTF of a display of 1,000 cd/m²."""
    scene = [
        code**2 / 3 if code <= 0.5 else (math.exp((code - 0.55991073) / 0.17883277) + 0.28466892) / 12 for code in codes
    ]
    luminance = 0.2627 * scene[0] + 0.6780 * scene[1] + 0.0593 * scene[2]
    return [1000 * luminance**0.2 * value if luminance else 0.0 for value in scene]


def shown(nits: list[float]) -> list[float]:
    """BT.2020 → sRGB, white at 203 cd/m²; brighter light is cut to the brightest of its hue."""
    red, green, blue = (value / 203 for value in nits)
    light = [
        1.6605 * red - 0.5876 * green - 0.0728 * blue,
        -0.1246 * red + 1.1329 * green - 0.0083 * blue,
        -0.0182 * red - 0.1006 * green + 1.1187 * blue,
    ]
    light = [max(0.0, value / max(1.0, *light)) for value in light]
    return [255 * (12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055) for value in light]


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_every_pixel_is_that_of_the_formulas(transfer: int) -> None:
    codes = np.random.default_rng(1).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    result = np.asarray(to_sdr(Image.fromarray(codes), Coding(BT2020, transfer)))
    for code, pixel in zip(codes.reshape(-1, 3) / 255, result.reshape(-1, 3), strict=True):
        nits = [nits_of_pq(value) for value in code] if transfer == PQ else nits_of_hlg(list(code))
        assert np.abs(np.array(shown(nits)) - pixel).max() <= 1


def test_white_and_what_is_brighter() -> None:
    white = round(255 * pq_code(203))
    codes = np.array([[[white] * 3, [255] * 3, [0] * 3, [255, white, white]]], np.uint8)
    result = np.asarray(to_sdr(Image.fromarray(codes), Coding(BT2020, PQ)))[0]
    assert result[0].min() >= 250
    assert result[1].tolist() == [255] * 3
    assert result[2].tolist() == [0] * 3
    assert result[3, 0] == 255
    assert result[3, 1] < 128  # the hue stays
    assert np.asarray(to_sdr(Image.new("RGB", (1, 1), (191,) * 3), Coding(BT2020, HLG)))[0, 0].min() >= 250


def test_alpha_and_grey_stay_and_ordinary_codings_change_nothing() -> None:
    image = DRAWN.convert("RGBA")
    image.putalpha(77)
    result = to_sdr(image.copy(), Coding(P3, PQ))
    assert result.getchannel("A").getextrema() == (77, 77)
    assert to_sdr(image, Coding(BT2020, 14)) is image
    grey = np.asarray(to_sdr(DRAWN.convert("L"), Coding(BT709, LINEAR)))
    assert np.array_equal(grey[:, :, 0], grey[:, :, 1])


def test_a_large_picture_is_converted_as_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = to_sdr(DRAWN.copy(), Coding(BT2020, PQ))
    monkeypatch.setattr(hdr, "_BAND", 160 * 7)
    assert to_sdr(DRAWN.copy(), Coding(BT2020, PQ)).tobytes() == whole.tobytes()


def in_pq(image: Image.Image) -> Image.Image:
    """The picture in PQ with its own primaries, white at 203 cd/m²."""
    values = np.arange(256) / 255
    light = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return image.point([round(255 * pq_code(203 * each)) for each in light] * 3)


def differences(data: bytes, *seeds: int) -> list[float]:
    """The mean difference of each rendering, at the size of DRAWN, from the picture that was drawn with its seed."""
    kind = sniff(data[:HEAD])
    assert kind is not None
    renderings = zip(decode(data, kind).renderings(), seeds, strict=True)
    drawn = ((each.image.resize(DRAWN.size), landscape(seed, width=160, height=120)) for each, seed in renderings)
    return [float(np.abs(np.asarray(image).astype(int) - np.asarray(other)).mean()) for image, other in drawn]


def stating(data: bytes, primaries: int, transfer: int) -> bytes:
    """An AVIF whose box states other numbers."""
    at = data.index(b"colrnclx") + 8
    return data[:at] + struct.pack(">HH", primaries, transfer) + data[at + 4 :]


def test_avif_in_pq_is_near_the_ordinary_picture(encoded: Encode) -> None:
    data = encoded(in_pq(DRAWN), "AVIF", quality=95, speed=9)
    assert differences(stating(data, BT709, PQ), 5)[0] < 8
    assert differences(data, 5)[0] > 30
    assert iso_boxes.stated_coding(stating(data, BT2020, HLG)) == Coding(BT2020, HLG)


def test_an_animation_in_pq_is_converted_frame_by_frame(encoded: Encode) -> None:
    others = [in_pq(landscape(seed, width=160, height=120)) for seed in (6, 7)]
    data = encoded(in_pq(DRAWN), "AVIF", save_all=True, append_images=others, quality=90, speed=10)
    for box in range(data.count(b"colrnclx")):
        at = [place for place in range(len(data)) if data.startswith(b"colrnclx", place)][box] + 8
        data = data[:at] + struct.pack(">HH", BT709, PQ) + data[at + 4 :]
    assert max(differences(data, 5, 6, 7)) < 12


def test_heic_in_pq_is_near_the_ordinary_picture() -> None:
    pillow_heif = pytest.importorskip("pillow_heif", reason="HEIC NOT TESTED: pillow-heif is not installed")
    opened = pillow_heif.HeifFile()
    opened.add_from_pillow(in_pq(DRAWN))
    for transfer, is_near in ((PQ, True), (13, False)):
        stream = io.BytesIO()
        opened.save(stream, quality=95, color_primaries=BT709, transfer_characteristics=transfer, matrix_coefficients=1)
        assert (differences(stream.getvalue(), 5)[0] < 8) is is_near


def test_the_thumbnail_of_a_heic_in_pq_is_converted_too() -> None:
    pillow_heif = pytest.importorskip("pillow_heif", reason="HEIC NOT TESTED: pillow-heif is not installed")
    opened = pillow_heif.HeifFile()
    opened.add_from_pillow(in_pq(DRAWN.resize((640, 480))))
    stream = io.BytesIO()
    coding = {"color_primaries": BT709, "transfer_characteristics": PQ, "matrix_coefficients": 1}
    opened.save(stream, quality=95, thumbnails=[160], **coding)
    assert len(differences(stream.getvalue(), 5, 5)) == 2
    assert max(differences(stream.getvalue(), 5, 5)) < 10


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + name + body


def file_of(associations: bytes, *, primary: int = 2, version: int = 0, flags: int = 0) -> bytes:
    """A file whose primary item is number 2. Its properties: a profile, PQ, HLG."""
    colours = [b"nclx" + struct.pack(">HHHB", BT2020, transfer, 9, 128) for transfer in (PQ, HLG)]
    properties = box(b"ipco", b"".join(box(b"colr", body) for body in (b"prof" + bytes(200), *colours)))
    links = box(b"ipma", struct.pack(">BxxBI", version, flags, 2) + associations)
    items = box(b"pitm", struct.pack(">IH", 0, primary)) + box(b"iprp", properties + links)
    return box(b"ftyp", b"avif\0\0\0\0") + box(b"meta", bytes(4) + items)


def test_the_coding_of_the_primary_item_only() -> None:
    assert iso_boxes.stated_coding(file_of(b"\0\1\1\x82" + b"\0\2\2\x81\x83")) == Coding(BT2020, HLG)
    assert iso_boxes.stated_coding(file_of(b"\0\1\1\x82" + b"\0\2\1\x81")) is None
    wide = b"\0\0\0\1\1\x80\2" + b"\0\0\0\2\1\x80\3"
    assert iso_boxes.stated_coding(file_of(wide, version=1, flags=1)) == Coding(BT2020, HLG)
    assert iso_boxes.stated_coding(file_of(b"\0\2\1\x99")) is None
    assert iso_boxes.stated_coding(box(b"ftyp", b"avif")) is None


def test_the_coding_of_a_track() -> None:
    colour = box(b"colr", b"nclx" + struct.pack(">HHHB", BT2020, PQ, 9, 0))
    body = bytes(4) + struct.pack(">I", 1) + box(b"av01", bytes(78) + colour)
    for name in (b"stsd", b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        body = box(name, body)
    assert iso_boxes.stated_coding(box(b"ftyp", b"avis") + body) == Coding(BT2020, PQ)


def test_boxes_without_end_or_sense() -> None:
    for hostile in (b"\0\0\0\0meta" * 9, b"\0\0\0\1meta" + bytes(8), b"\xff" * 64, box(b"meta", b"\0" * 4), b""):
        assert iso_boxes.stated_coding(hostile) is None
    data = file_of(b"\0\1\1\x82" + b"\0\2\2\x81\x83")
    for length in range(len(data)):
        iso_boxes.stated_coding(data[:length])


def test_a_profile_that_states_numbers() -> None:
    tag = b"cicp" + bytes(4) + bytes([BT2020, PQ, 0, 1])
    profile = bytes(128) + struct.pack(">I", 1) + b"cicp" + struct.pack(">II", 144, 12) + tag
    assert coding_of_profile(profile) == Coding(BT2020, PQ)
    for broken in (profile[:-1], profile[:140], bytes(128) + b"\xff" * 40, b"", None):
        assert coding_of_profile(broken) is None


def bits(*fields: tuple[int, int]) -> bytes:
    """Fields of (value, number of bits), from the lowest bit of each byte on."""
    value = place = 0
    for number, count in fields:
        value |= number << place
        place += count
    return value.to_bytes(place // 8 + 1, "little")


SMALL = ((1, 1), (5, 5), (1, 3))
"""A size of 48 pixels with a ratio."""
ALPHA = ((0, 1), (0, 2), (0, 1), (0, 2), (0, 2), (0, 2), (0, 1))
"""A channel with all of its fields: alpha of eight bits, without a name."""
PQ_OF_BT2020 = ((0, 1), (0, 1), (0, 2), (1, 2), (2, 2), (9 - 2, 4), (0, 1), (2, 2), (PQ - 2, 4))
"""Not the default, no profile, RGB, white D65, primaries, no exponent, transfer."""


def test_the_header_of_a_jpeg_xl_file() -> None:
    plain = (*SMALL, (0, 1), (0, 1), (0, 1), (1, 2), (1, 1), (0, 2), (0, 1))
    stream = b"\xff\x0a" + bits(*plain, *PQ_OF_BT2020)
    assert jxl_header.stated_coding(stream) == Coding(BT2020, PQ)
    boxed = b"\0\0\0\x0cJXL \r\n\x87\n" + box(b"ftyp", b"jxl ")
    assert jxl_header.stated_coding(boxed + box(b"jxlc", stream)) == Coding(BT2020, PQ)
    assert jxl_header.stated_coding(boxed + box(b"jxlp", bytes(4) + stream)) == Coding(BT2020, PQ)
    with_alpha = (*SMALL, (0, 1), (0, 1), (0, 1), (1, 2), (1, 1), (1, 2), *ALPHA, (0, 1))
    assert jxl_header.stated_coding(b"\xff\x0a" + bits(*with_alpha, *PQ_OF_BT2020)) == Coding(BT2020, PQ)
    sizes = ((0, 1), (0, 2), (99, 9), (0, 3), (1, 2), (99, 13))
    animated = (*sizes, (0, 1), (1, 1), (0, 3), (0, 1), (0, 1), (1, 1), (0, 2), (0, 2), (0, 2), (0, 1))
    floats = ((1, 1), (1, 2), (7, 4), (1, 1), (0, 2), (1, 1))
    assert jxl_header.stated_coding(b"\xff\x0a" + bits(*animated, *floats, *PQ_OF_BT2020)) == Coding(BT2020, PQ)
    assert jxl_header.stated_coding(b"\xff\x0a" + bits(*SMALL, (1, 1), (0, 30))) is None
    for length in range(len(stream)):
        assert jxl_header.stated_coding(stream[:length]) is None
