"""Any exception of a decoder → a reason of the fixed vocabulary."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, UnidentifiedImageError

from matcher.errors import DecodeError
from matcher.model import Reason

_SAYS_TRUNCATED = (
    *("truncated", "unexpected end", "premature end", "not enough image data", "eof reached", "end of file"),
    *("not enough data", "insufficient"),
)

_SAYS_UNSUPPORTED = (
    *("unknown pixel mode", "unsupported", "not supported", "cannot handle", "unknown data organization"),
    *("not available", "unknown psd mode", "no decoder", "unimplemented"),
)
"""Messages about sound files of a variant that the decoder lacks. Damage may cause them too."""


@contextmanager
def reasons() -> Iterator[None]:
    """Turn any exception inside the `with` block into a DecodeError with its reason."""
    try:
        yield
    except DecodeError:
        raise
    except MemoryError as error:
        raise DecodeError(Reason.OUT_OF_MEMORY) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DecodeError(Reason.TOO_MANY_PIXELS) from error
    except Exception as error:  # on hostile bytes decoders raise exceptions of any type
        raise DecodeError(_reason(error)) from error


def _reason(error: Exception) -> Reason:
    if isinstance(error, UnidentifiedImageError):
        return Reason.CORRUPT
    if isinstance(error, EOFError | struct.error):
        return Reason.TRUNCATED
    text = str(error).lower()
    if any(words in text for words in _SAYS_TRUNCATED):
        return Reason.TRUNCATED
    return Reason.UNSUPPORTED_FORMAT if any(words in text for words in _SAYS_UNSUPPORTED) else Reason.CORRUPT
