"""Samples that programs write in two ways under the same tags: the reading that shows a picture is taken.

Signed numbers: TIFF 6.0 (section 19) means two's complement; ImageMagick writes unsigned numbers and calls them signed.
Floats with predictor 3 in a file of the other byte order: Adobe's technical note 3 has the highest byte first in either
order; libtiff, when it writes, exchanges the bytes before it takes the differences (so that it does not read its own
files).
"""

from __future__ import annotations

import numpy as np

from matcher.errors import DecodeError
from matcher.imaging.formats.tiff_samples import Samples
from matcher.model import Reason

_LARGEST = 1e12
"""The largest float of a picture. Floats with exchanged bytes go far beyond, or are no numbers."""
_BAND = 1 << 20


def smoother(values: Samples) -> Samples:
    """Signed samples as they stand, or as unsigned ones if neighbours are then less different, (h, w, channels).

    In the wrong reading every step across the middle of the range is one of nearly the whole range.
    """
    unsigned = values.view(np.dtype(f"u{values.dtype.itemsize}"))
    return unsigned if _roughness(unsigned) < _roughness(values) else values


def _roughness(values: Samples) -> float:
    """The sum of the differences of neighbours in a row."""
    step = max(1, _BAND // max(1, values[:1].size))
    bands = (values[top : top + step].astype(np.float64) for top in range(0, len(values), step))
    return float(sum(np.abs(np.diff(band, axis=1)).sum() for band in bands))


def sane(values: Samples) -> Samples:
    """Floats as they stand, or with their bytes exchanged if only so they are finite and of a plausible size.

    DecodeError (unsupported-format) where neither is.
    """
    if _is_sane(values):
        return values
    exchanged = values.byteswap()
    if not _is_sane(exchanged):
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    return exchanged


def _is_sane(values: Samples) -> bool:
    step = max(1, _BAND // max(1, values[:1].size))
    bands = (values[top : top + step] for top in range(0, len(values), step))
    return all(np.isfinite(band).all() and float(np.abs(band).max(initial=0)) < _LARGEST for band in bands)
