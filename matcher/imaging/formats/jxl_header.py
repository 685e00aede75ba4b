"""How a JPEG XL file says that its samples code light: its header is read up to there, bit by bit.

Source: ISO/IEC 18181-1, annexes D (image header) and E (colour encoding); 18181-2 for files of boxes.
"""

from __future__ import annotations

from matcher.imaging.formats.iso_boxes import boxes
from matcher.imaging.hdr import Coding

_CODESTREAM = b"\xff\x0a"
_MOST = 4096
"""The most bytes of the codestream that are read."""
_MOST_CHANNELS = 256
_ALPHA, _SPOT, _FILTER_ARRAY = 0, 2, 5
_GREY, _XYB, _CUSTOM = 1, 2, 2
_SRGB, _P3, _P3_OF_H273 = 1, 11, 12

_Choices = tuple[tuple[int, int], ...]
"""For each value of two bits: what is added to the number of so many bits that follows."""
_ENUM: _Choices = ((0, 0), (1, 0), (2, 4), (18, 6))
_SIDE: _Choices = ((1, 9), (1, 13), (1, 18), (1, 30))
_DEPTH: _Choices = ((8, 0), (10, 0), (12, 0), (1, 6))
_FLOAT_DEPTH: _Choices = ((32, 0), (16, 0), (24, 0), (1, 6))


def stated_coding(data: bytes) -> Coding | None:
    """The coding of the samples; None where it is that of a profile, or the header is cut. It may be any number."""
    try:
        return _coding(_Bits(_codestream(data)))
    except _CutError:
        return None


class _CutError(Exception):
    """The header goes on where the bytes end."""


class _Bits:
    """Reads bits, in each byte from the lowest on."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "little")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        if count > self._left:
            raise _CutError
        self._left -= count
        value = self._value & ((1 << count) - 1)
        self._value >>= count
        return value

    def choose(self, choices: _Choices) -> int:
        added, count = choices[self.take(2)]
        return added + self.take(count)


def _codestream(data: bytes) -> bytes:
    """The beginning of the codestream, after its signature."""
    if not data.startswith(_CODESTREAM):
        for box in boxes(data, 0, len(data)):
            if box.name in (b"jxlc", b"jxlp"):
                begin = box.begin + (4 if box.name == b"jxlp" else 0)
                return data[begin + 2 : min(begin + _MOST, box.end)]
    return data[2:_MOST]


def _coding(bits: _Bits) -> Coding | None:
    _skip_size(bits)
    if bits.take(1):
        return None
    if bits.take(1):
        _skip_extra_fields(bits)
    _skip_depth(bits)
    bits.take(1)
    channels = bits.choose(((0, 0), (1, 0), (2, 4), (1, 12)))
    if channels > _MOST_CHANNELS:
        return None
    for _ in range(channels):
        _skip_channel(bits)
    bits.take(1)
    return _colour_encoding(bits)


def _colour_encoding(bits: _Bits) -> Coding | None:
    if bits.take(1) or bits.take(1):
        return None  # sRGB, or a profile
    space = bits.choose(_ENUM)
    primaries = _SRGB
    if space != _XYB:
        if bits.choose(_ENUM) == _CUSTOM:
            _skip_points(bits, 1)
        if space != _GREY:
            primaries = bits.choose(_ENUM)
            if primaries == _CUSTOM:
                _skip_points(bits, 3)
    if bits.take(1):
        return None  # an exponent
    return Coding(_P3_OF_H273 if primaries == _P3 else primaries, bits.choose(_ENUM))


def _skip_size(bits: _Bits) -> None:
    is_small = bits.take(1)
    _skip_side(bits, is_small)
    if not bits.take(3):  # no ratio: the other side follows
        _skip_side(bits, is_small)


def _skip_side(bits: _Bits, is_small: int) -> None:
    if is_small:
        bits.take(5)
    else:
        bits.choose(_SIDE)


def _skip_extra_fields(bits: _Bits) -> None:
    """Orientation, the intrinsic size, a preview's size, an animation's times."""
    bits.take(3)
    if bits.take(1):
        _skip_size(bits)
    if bits.take(1):
        in_eights = bits.take(1)
        sides: _Choices = ((16, 0), (32, 0), (1, 5), (33, 9)) if in_eights else ((1, 6), (65, 8), (321, 10), (1345, 12))
        bits.choose(sides)
        if not bits.take(3):
            bits.choose(sides)
    if bits.take(1):
        bits.choose(((100, 0), (1000, 0), (1, 10), (1, 30)))
        bits.choose(((1, 0), (1001, 0), (1, 8), (1, 10)))
        bits.choose(((0, 0), (0, 3), (0, 16), (0, 32)))
        bits.take(1)


def _skip_depth(bits: _Bits) -> None:
    if bits.take(1):
        bits.choose(_FLOAT_DEPTH)
        bits.take(4)
    else:
        bits.choose(_DEPTH)


def _skip_channel(bits: _Bits) -> None:
    """An extra channel, such as alpha."""
    if bits.take(1):
        return
    kind = bits.choose(_ENUM)
    _skip_depth(bits)
    bits.choose(((0, 0), (3, 0), (4, 0), (1, 3)))
    for _ in range(bits.choose(((0, 0), (0, 4), (16, 5), (48, 10)))):
        bits.take(8)
    if kind == _ALPHA:
        bits.take(1)
    elif kind == _SPOT:
        bits.take(64)
    elif kind == _FILTER_ARRAY:
        bits.choose(((1, 0), (0, 2), (3, 4), (19, 8)))


def _skip_points(bits: _Bits, count: int) -> None:
    """Places in a diagram of colours."""
    for _ in range(2 * count):
        bits.choose(((0, 19), (524288, 19), (1048576, 20), (2097152, 21)))
