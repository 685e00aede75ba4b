"""Keeps what Pillow warns of while it decodes from the host's stderr, and changes nothing else there.

`warnings.catch_warnings` replaces the filters of the whole process, and so is not safe with threads. Instead, one more
filter stands before the others. It ignores the warnings of the decoders' modules on a thread that is inside
`quiet_decoders()`, and applies to no other warning. An ignored warning leaves no trace in a module's registry, and a
host's filter that raises does not make odd metadata fail. A finding never depends on a warning: what is wrong with a
picture is known from exceptions, limits and the bytes.

The other filters decide again where the host puts one before ours inside the block, on any thread.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

_MODULES = ("PIL.", "pillow_heif.", "pylibjxl.")

_LOGGERS = ("PIL.TiffImagePlugin",)
"""The loggers of Pillow that log errors; without a handler, Python prints these to stderr."""


class _Inside(threading.local):
    """Whether this thread is inside `quiet_decoders()`."""

    depth = 0


_INSIDE = _Inside()


class _DecoderModules:
    """Stands in a filter for the pattern of a module's name; warnings.py and its C form call `match` alone."""

    def match(self, module: str) -> bool:
        return _INSIDE.depth > 0 and f"{module}.".startswith(_MODULES)


class _Records(logging.Filter):
    """Drops a record on a thread that is inside `quiet_decoders()`."""

    def filter(self, record: logging.LogRecord) -> bool:
        del record
        return _INSIDE.depth == 0


_PUTTING = threading.Lock()
_FILTER = ("ignore", None, Warning, _DecoderModules(), 0)
_RECORDS = _Records()


@contextmanager
def quiet_decoders() -> Iterator[None]:
    """Ignore the warnings of the decoders on this thread inside the `with` block. Cheap; safe on any thread."""
    _put_first()
    _INSIDE.depth += 1
    try:
        yield
    finally:
        _INSIDE.depth -= 1


def _put_first() -> None:
    """Put our filter before all others, where the host has put another before it or has taken it out."""
    filters = cast("list[Any]", warnings.filters)
    if filters and filters[0] is _FILTER:
        return
    with _PUTTING:
        if not filters or filters[0] is not _FILTER:
            filters.insert(0, _FILTER)
        for place in reversed(range(1, len(filters))):
            if filters[place] is _FILTER:
                del filters[place]
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_RECORDS)  # adds it once
