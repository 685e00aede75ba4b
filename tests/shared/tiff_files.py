"""TIFF files of any samples, written byte by byte: what a test draws, in every form that the tags allow."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

RAW, LZW, DEFLATE, PACKBITS = 1, 5, 8, 32773
WHITE, BLACK, RGB, PALETTE, CMYK, YCBCR, LAB = 0, 1, 2, 3, 5, 6, 8
_NEXT = b"nextnext"
_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


@dataclass(frozen=True, slots=True)
class Form:
    """How samples are written. `segment` is the rows of a strip, or a tile's (width, height)."""

    photometric: int = BLACK
    bits: int = 8
    order: Literal["<", ">"] = "<"
    compression: int = RAW
    predictor: int = 1
    separate: bool = False
    fill_order: int = 1
    segment: int | tuple[int, int] = 32
    big: bool = False
    tags: dict[int, Sequence[int]] = field(default_factory=dict)


def tiff_file(*pages: tuple[npt.NDArray[Any], Form]) -> bytes:
    """A TIFF of pages. Their samples are (height, width, channels), of the type that their sample format says."""
    form = pages[0][1]
    place = "Q" if form.big else "I"
    head = (b"II" if form.order == "<" else b"MM") + struct.pack(f"{form.order}H", 43 if form.big else 42)
    head += struct.pack(f"{form.order}HH", 8, 0) if form.big else b""
    body = b""
    begin = len(head) + struct.calcsize(place)
    link, links = len(head), []
    for samples, page in pages:
        segments = _segments(samples, page)
        offsets = [begin + len(body) + sum(map(len, segments[:number])) for number in range(len(segments))]
        body += b"".join(segments)
        body += bytes(-len(body) % 8)
        links.append((link, begin + len(body)))
        directory = _directory(samples, page, offsets, [len(one) for one in segments], begin + len(body), place)
        mark = _NEXT[: struct.calcsize(place)]
        link = begin + len(body) + directory.index(mark)
        body += directory.replace(mark, bytes(len(mark)))
    data = bytearray(head + bytes(struct.calcsize(place)) + body)
    for at, target in links:
        struct.pack_into(form.order + place, data, at, target)
    return bytes(data)


def _directory(
    samples: npt.NDArray[Any], form: Form, offsets: list[int], counts: list[int], at: int, place: str
) -> bytes:
    height, width, channels = samples.shape
    kinds = {"u": 1, "i": 2, "f": 3}
    tags: dict[int, Sequence[int]] = {
        **{256: [width], 257: [height], 258: [form.bits] * channels, 259: [form.compression]},
        **{262: [form.photometric], 266: [form.fill_order], 277: [channels], 284: [2 if form.separate else 1]},
        **{317: [form.predictor], 339: [kinds[samples.dtype.kind]] * channels},
    }
    if isinstance(form.segment, tuple):
        tags |= {322: [form.segment[0]], 323: [form.segment[1]], 324: offsets, 325: counts}
    else:
        tags |= {273: offsets, 278: [form.segment], 279: counts}
    tags |= form.tags
    inside = struct.calcsize(place)
    number = "Q" if place == "Q" else "H"
    beyond = at + struct.calcsize(number) + len(tags) * (4 + 2 * inside) + inside
    entries, values = b"", b""
    for tag, words in sorted(tags.items()):
        kind, letter = (3, "H") if max(words, default=0) < 1 << 16 else (4, "I")
        packed = struct.pack(f"{form.order}{len(words)}{letter}", *words)
        entries += struct.pack(f"{form.order}HH{place}", tag, kind, len(words))
        if len(packed) <= inside:
            entries += packed.ljust(inside, b"\0")
        else:
            entries += struct.pack(form.order + place, beyond + len(values))
            values += packed
    return struct.pack(form.order + number, len(tags)) + entries + _NEXT[:inside] + values


def _segments(samples: npt.NDArray[Any], form: Form) -> list[bytes]:
    planes = np.moveaxis(samples, 2, 0)[..., None] if form.separate else [samples]
    found = []
    for plane in planes:
        height, width = plane.shape[:2]
        across, down = form.segment if isinstance(form.segment, tuple) else (width, form.segment)
        for top in range(0, height, down):
            for left in range(0, width, across):
                part = plane[top : top + down, left : left + across]
                if isinstance(form.segment, tuple):
                    missing = [(0, down - part.shape[0]), (0, across - part.shape[1]), (0, 0)]
                    part = np.pad(part, missing)
                found.append(_compressed(_rows(part, form), form))
    return found


def _rows(part: npt.NDArray[Any], form: Form) -> bytes:
    """The bytes of rows, differences taken."""
    if form.predictor == 2:
        whole = part.view(f"u{part.dtype.itemsize}").copy()
        whole[:, 1:] -= whole[:, :-1].copy()
        part = whole
    if form.predictor == 3:
        return _float_differences(part)
    if form.bits in (8, 16, 32, 64):
        return part.astype(part.dtype.newbyteorder(form.order)).tobytes()
    if form.bits == 24:
        parts = part.astype(form.order + "u4").tobytes()
        four = np.frombuffer(parts, np.uint8).reshape(-1, 4)
        return (four[:, :3] if form.order == "<" else four[:, 1:]).tobytes()
    flat = part.reshape(len(part), -1).astype(np.uint64)
    single = (flat[:, :, None] >> np.arange(form.bits - 1, -1, -1, dtype=np.uint64)) & np.uint64(1)
    return np.packbits(single.reshape(len(part), -1).astype(np.uint8), axis=1).tobytes()


def _float_differences(part: npt.NDArray[Any]) -> bytes:
    rows = b""
    stride = part.shape[2]
    for row in part:
        size = row.dtype.itemsize
        high_first = np.frombuffer(row.astype(row.dtype.newbyteorder(">")).tobytes(), np.uint8).reshape(-1, size)
        line = high_first.T.reshape(-1).copy()
        line[stride:] -= line[:-stride].copy()
        rows += line.tobytes()
    return rows


def _compressed(data: bytes, form: Form) -> bytes:
    if form.compression == DEFLATE:
        data = zlib.compress(data)
    elif form.compression == PACKBITS:
        data = b"".join(bytes([len(data[at : at + 128]) - 1]) + data[at : at + 128] for at in range(0, len(data), 128))
    elif form.compression == LZW:
        data = _lzw(data)
    return data.translate(_REVERSED) if form.fill_order == 2 else data


def _lzw(data: bytes) -> bytes:
    """LZW without a dictionary: codes of nine bits, cleared before they would grow."""
    codes = []
    for at in range(0, len(data), 200):
        codes += [256, *data[at : at + 200]]
    codes.append(257)
    return np.packbits((np.array(codes)[:, None] >> np.arange(8, -1, -1)) & 1).tobytes()
