"""The one way in which this project compiles with numba.

Compiled code is cached beside the source, or in the user's cache folder where the installation is read-only (numba
chooses), or not at all where neither can be written: then it is compiled anew in each process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numba
from numba.core.errors import NumbaError

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile in nopython mode, without the interpreter lock, with IEEE arithmetic in the order as written."""
    try:
        result: Function = numba.njit(cache=True, nogil=True, fastmath=False)(function)
    except (RuntimeError, OSError, NumbaError):  # "cannot cache function: no locator available"
        result = numba.njit(nogil=True, fastmath=False)(function)
    return result
