"""Files in memory without an open descriptor: a store of many lists stays below the limit of open files.

`mmap.mmap`, and so `np.memmap`, keeps a duplicate of the file's descriptor for as long as the mapping lives; before
Python 3.13 (`trackfd=False`) nothing can prevent that. The system needs none, so there its `mmap` is called directly.
"""

from __future__ import annotations

import mmap
import os
import sys
import weakref
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


class _Region:
    """Pages that the system mapped; they are unmapped when the last array on them is gone."""

    def __init__(self, descriptor: int, size: int) -> None:
        libc = _libc()
        address = libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, descriptor, 0)
        if address in (None, _FAILED):
            import ctypes  # noqa: PLC0415 - slow to import

            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        self.__array_interface__ = {"version": 3, "typestr": "|u1", "shape": (size,), "data": (address, True)}
        weakref.finalize(self, libc.munmap, address, size).atexit = False  # arrays may be read until the very end


_FAILED = 2 ** (8 * (8 if sys.maxsize > 2**32 else 4)) - 1
"""MAP_FAILED, (void *) -1."""


@cache
def _libc() -> Any:
    """The C library's `mmap` and `munmap`."""
    import ctypes  # noqa: PLC0415 - slow to import

    libc = ctypes.CDLL(None, use_errno=True)
    offset = ctypes.c_longlong if sys.maxsize > 2**32 else ctypes.c_long
    libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, offset)
    libc.mmap.restype = ctypes.c_void_p
    libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    return libc


def map_file(path: Path) -> npt.NDArray[np.uint8]:
    """The bytes of a file as a read-only array, (size,) uint8, mapped into memory. No descriptor remains open.

    The array is usable as long as it, or a view of it, is referenced. OSError where the file cannot be mapped.
    """
    with path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        if not size:
            return np.empty(0, np.uint8)
        if os.name != "posix":  # handles on Windows are not so few
            return np.frombuffer(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)
        if sys.version_info >= (3, 13):
            mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ, trackfd=False)
            return np.frombuffer(mapped, np.uint8)
        return np.asarray(_Region(stream.fileno(), size))
