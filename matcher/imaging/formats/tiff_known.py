"""Which TIFF pages Pillow reads exactly, by their tags: the common ones of one and eight bits.

The list is what Pillow 13 agreed with over the whole grid of `benchmarks/decoding/tiff_grid.py`; it is not a rule that
can be derived. Pages that are not on it are read by deep_tiff.py, or are unsupported.
"""

from __future__ import annotations

from matcher.imaging.formats.tiff_bytes import PREDICTED
from matcher.imaging.formats.tiff_directory import Directory

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER = 256, 257, 258, 259, 262, 266
_SAMPLES, _PLANAR, _PREDICTOR, _COLOUR_MAP, _EXTRA, _SAMPLE_FORMAT = 277, 284, 317, 320, 338, 339
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR, _LAB = 0, 1, 2, 3, 5, 6, 8
_RAW, _OLD_JPEG, _JPEG, _PACKBITS = 1, 6, 7, 32773
_FAX = (2, 3, 4)
_BYTES = frozenset({_RAW, _PACKBITS, *PREDICTED})

_SAMPLES_AND_EXTRA: dict[int, set[tuple[int, tuple[int, ...]]]] = {
    _WHITE_IS_ZERO: {(1, ())},
    _BLACK_IS_ZERO: {(1, ()), (2, (0,)), (2, (1,)), (2, (2,))},
    _RGB: {(3, ()), (4, ()), (4, (0,)), (4, (1,)), (4, (2,)), (4, (999,))},
    _PALETTE: {(1, ()), (2, (0,)), (2, (2,))},
    _CMYK: {(4, ()), (5, (0,))},
    _YCBCR: {(3, ())},
    _LAB: {(3, ())},
}
"""The number of samples and the kinds of the extra ones among them, by photometric interpretation."""


def is_known(page: Directory) -> bool:
    """Whether Pillow reads the page exactly, or is to say what is wrong with a page without width or height."""
    if _WIDTH not in page or _HEIGHT not in page:
        return True
    compression = page.get(_COMPRESSION, (_RAW,))[0]
    if compression in (_OLD_JPEG, _JPEG):
        return _is_jpeg(page)
    if {*page.get(_SAMPLE_FORMAT, (1,))} != {1} or (_planar(page) != 1 and page.get(_SAMPLES, (1,))[0] != 1):
        return False
    bits = {*page.get(_BITS, (1,))}
    if bits == {1}:
        return _is_bilevel(page, compression)
    return bits == {8} and compression in _BYTES and _is_plain(page, compression)


def _planar(page: Directory) -> int:
    return page.get(_PLANAR, (1,))[0]


def _is_jpeg(page: Directory) -> bool:
    return {*page.get(_BITS, (8,))} == {8} and {*page.get(_SAMPLE_FORMAT, (1,))} == {1} and _planar(page) == 1


def _is_bilevel(page: Directory, compression: int) -> bool:
    is_grey = page.get(_PHOTOMETRIC, (0,))[0] in (_WHITE_IS_ZERO, _BLACK_IS_ZERO)
    return is_grey and page.get(_SAMPLES, (1,))[0] == 1 and compression in (*_FAX, *_BYTES)


def _is_plain(page: Directory, compression: int) -> bool:
    photometric = page.get(_PHOTOMETRIC, (0,))[0]
    shape = (page.get(_SAMPLES, (1,))[0], page.get(_EXTRA, ()))
    predictor = page.get(_PREDICTOR, (1,))[0]
    return (
        shape in _SAMPLES_AND_EXTRA.get(photometric, set())
        and page.get(_FILL_ORDER, (1,))[0] == 1
        and (predictor == 1 or (predictor == 2 and compression in PREDICTED))
        and (photometric != _PALETTE or max(page.get(_COLOUR_MAP, (0,))) > 255)
        and (photometric != _YCBCR or page.get(530) == (1, 1))
    )
