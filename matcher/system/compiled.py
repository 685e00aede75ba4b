"""The one way in which this project compiles with numba.

Compiled code is cached beside the source, or in the user's cache folder where the installation is read-only (numba
chooses), or not at all where neither can be written: then it is compiled anew in each process.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar

import numba
from numba.core.errors import NumbaError

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile in nopython mode, without the interpreter lock, with IEEE arithmetic in the order as written."""
    return _compiled(function)


def compiled_inner(function: Function) -> Function:
    """The same for a function that makes no array and that only compiled ones call, over and over.

    The references to its arrays are not counted: its caller holds them, and counting, which is atomic, would take
    longer than the function itself.
    """
    return _compiled(function, _nrt=False)


@cache
def _sources(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """What tells a version of a folder's files from another.

    numba compiles a function again when its own file has changed, but not when one that it calls, in another, has.
    """
    files = [*folder.glob("*.py"), Path(__file__)]
    return tuple(sorted((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in files))


def _compiled(function: Function, **options: bool) -> Function:
    try:
        cached = numba.njit(cache=True, nogil=True, fastmath=False, **options)(function)
    except (RuntimeError, OSError, NumbaError):  # "cannot cache function: no locator available"
        uncached: Function = numba.njit(nogil=True, fastmath=False, **options)(function)
        return uncached
    kept = cached._cache._cache_file
    kept._source_stamp = (kept._source_stamp, _sources(Path(function.__code__.co_filename).parent))
    save = cached._cache.save_overload

    def save_if_possible(*arguments: object) -> None:
        with contextlib.suppress(OSError):  # numba lets a full disk fail the call that it compiled for
            save(*arguments)

    cached._cache.save_overload = save_if_possible
    result: Function = cached
    return result
