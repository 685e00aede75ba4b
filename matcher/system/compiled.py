"""The one way in which this project compiles with numba.

Compiled code is cached beside the source, or in the user's cache folder where the installation is read-only (numba
chooses), or not at all where neither can be written: then it is compiled anew in each process.

Of several processes that need the same function at the same time one compiles it, and the others wait and load it.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numba
from numba.core.errors import NumbaError
from numba.core.types.misc import unliteral

from matcher.system.compiling import WORK
from matcher.system.files import hold

Function = TypeVar("Function", bound=Callable[..., object])

_LOCK = "compiling.lock"
_LONGEST = 600.0
"""Seconds for which another process is waited for: it may be stopped, and everyone can compile."""
_PAUSE = 0.02
"""Seconds between two looks at the lock."""


def compiled(function: Function) -> Function:
    """Compile in nopython mode, without the interpreter lock, with IEEE arithmetic in the order as written.

    One function is compiled for each combination of types that it is called with, and a constant is of the type of
    a variable: no other code is made for it.
    """
    return _compiled(function, called_by_python=True)


def compiled_inner(function: Function) -> Function:
    """The same for a function that makes no array and that only compiled ones call, over and over.

    The references to its arrays are not counted: its caller holds them, and counting, which is atomic, would take
    longer than the function itself. What Python needs to call it is not made: TypeError where Python does.
    """
    return _compiled(function, called_by_python=False)


@cache
def _contents(folder: Path) -> str:
    """The digest of every Python file in a folder and below it.

    numba compiles a function anew when its own file has changed, and not when another one has: but into its code go
    the functions that it calls, the constants that it names and the layouts of what it is given, from wherever they
    are. Times of change say too little: installers and version control set them as they like.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        with contextlib.suppress(OSError):  # an editor's leftover link
            data = path.read_bytes()
            digest.update(f"{path.relative_to(folder).as_posix()}\n{len(data)}\n".encode())
            digest.update(data)
    return digest.hexdigest()


def _package_of(function: Callable[..., object]) -> Path:
    """The folder of the package that a function belongs to, or of its file where that is in none."""
    package = sys.modules.get(function.__module__.partition(".")[0])
    for folder in getattr(package, "__path__", ()):
        return Path(folder)
    return Path(function.__code__.co_filename).parent


def _compiled(function: Function, *, called_by_python: bool) -> Function:
    options = {"nogil": True, "fastmath": False, "no_cfunc_wrapper": True}
    if not called_by_python:
        options |= {"_nrt": False, "no_cpython_wrapper": True}
    try:
        result = numba.njit(cache=True, **options)(function)
    except (RuntimeError, OSError, NumbaError):  # "cannot cache function: no locator available"
        result = numba.njit(**options)(function)
    else:
        kept = result._cache._cache_file
        kept._source_stamp = (kept._source_stamp, _contents(_package_of(function)), _contents(Path(__file__).parent))
        _save_if_possible(result._cache)
    _without_literals(result)
    if not called_by_python:
        _refuse_python(result)
    _one_process_at_a_time(result)
    finished: Function = result
    return finished


def _save_if_possible(kept: Any) -> None:
    """numba lets a full disk fail the call that it compiled for."""
    save = kept.save_overload

    def save_if_possible(*arguments: object) -> None:
        with contextlib.suppress(OSError):
            save(*arguments)

    kept.save_overload = save_if_possible


def _without_literals(dispatcher: Any) -> None:
    """numba would compile a function once more for each constant that another passes to it."""
    template = dispatcher.get_call_template

    def get_call_template(arguments: Any, named: dict[str, Any]) -> Any:
        return template(
            tuple(unliteral(each) for each in arguments),
            {name: unliteral(each) for name, each in named.items()},
        )

    dispatcher.get_call_template = get_call_template


def _refuse_python(dispatcher: Any) -> None:
    """numba would jump to the part of the code that is not there."""

    def add_overload(result: Any) -> None:
        dispatcher.overloads[tuple(result.signature.args)] = result

    def refuse(*_arguments: object, **_named: object) -> None:
        raise TypeError(f"{dispatcher.py_func.__name__} is for compiled code only")

    dispatcher.add_overload = add_overload
    dispatcher._compile_for_args = refuse


class _Inside(threading.local):
    """Whether this thread is compiling: what that needs is compiled by the same process."""

    compiling = False


_inside = _Inside()


def _one_process_at_a_time(dispatcher: Any) -> None:
    """Wrap what looks into the cache, and compiles what is not there."""
    compile_now = dispatcher.compile

    def compile_once(signature: Any) -> Any:
        if _is_kept(dispatcher, signature):
            return compile_now(signature)
        if _inside.compiling:  # another function, which calls this one
            WORK.functions += 1
            return compile_now(signature)
        _inside.compiling = True
        try:
            with _alone(dispatcher._cache.cache_path):
                if _is_kept(dispatcher, signature):  # by another process, by now
                    return compile_now(signature)
                with WORK.going_on():
                    return compile_now(signature)
        finally:
            _inside.compiling = False

    dispatcher.compile = compile_once


def _is_kept(dispatcher: Any, signature: Any) -> bool:
    """Whether the cache has the code of a function for these types, as far as its index says."""
    kept = getattr(dispatcher._cache, "_cache_file", None)
    if kept is None:
        return False
    with contextlib.suppress(Exception):  # damaged: numba compiles anew
        return dispatcher._cache._index_key(signature, dispatcher.targetctx.codegen()) in kept._load_index()
    return False


@contextlib.contextmanager
def _alone(folder: str | None) -> Iterator[None]:
    """Keep other processes from compiling for the same folder of the cache. Where that cannot be, nobody waits."""
    with contextlib.ExitStack() as stack:
        if folder is not None:
            with contextlib.suppress(OSError):
                stream = stack.enter_context((Path(folder) / _LOCK).open("ab"))
                _wait_for(stream)
        yield


def _wait_for(stream: BinaryIO) -> None:
    until = time.monotonic() + _LONGEST
    while time.monotonic() < until:
        try:
            hold(stream)
        except BlockingIOError:
            time.sleep(_PAUSE)
        else:
            return
