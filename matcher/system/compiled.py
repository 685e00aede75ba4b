"""The decorators by which this project compiles with numba; no other code calls numba's.

Compiled code is cached beside the source, or in the user's cache folder where the installation is read-only (numba
chooses). Where neither can be written, it is compiled again in each process.

Of several processes that need the same function at the same time, one compiles it; the others wait and load it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
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
"""Seconds to wait for another process. It may be stopped; afterwards this process compiles the function itself."""
_PAUSE = 0.02
"""Seconds between two attempts to take the lock."""


def compiled(function: Function) -> Function:
    """Compile in nopython mode, without the interpreter lock, with IEEE arithmetic in the order as written.

    A function is compiled once for each combination of argument types. A constant has the type of a variable: no code
    is compiled for its value.
    """
    return _compiled(function, called_by_python=True)


def compiled_inner(function: Function) -> Function:
    """Compile, as `compiled` does, a function that makes no array and is called, often, by compiled functions only.

    References to its arrays are not counted: its caller holds them, and counting, which is atomic, would take longer
    than the function itself. The entry point for calls from Python is not compiled: such a call raises TypeError.
    """
    return _compiled(function, called_by_python=False)


@cache
def _contents(package: Path) -> str:
    """The digest, in hex, of a package's compiled sources: its files that compile, and the files that those import.

    numba compiles a function again when its own file has changed, but not when another file has. Its code depends on
    other files too: on the functions that it calls, the constants that it names and the layouts of its arguments.
    Modification times are no evidence of a change: installers and version control set them freely.
    """
    files = dict(_python_files(package))
    reached = {name for name, data in files.items() if b"matcher.system.compiled" in data}
    waiting = list(reached)
    while waiting:
        importing = waiting.pop()
        for name in _imported(files[importing], importing, package.name):
            if name in files and name not in reached:
                reached.add(name)
                waiting.append(name)
    digest = hashlib.sha256()
    for name in sorted(reached):
        digest.update(f"{name}\n{len(files[name])}\n".encode() + files[name])
    return digest.hexdigest()


_IMPORT = re.compile(rb"^[ \t]*(?:from ([\w.]+) import (\([^)]*\)|[^\n]*)|import ([^\n#]*))", re.MULTILINE)


def _python_files(package: Path) -> Iterator[tuple[str, bytes]]:
    """A generator of the Python files of a package: the name from the package on, with `/` between, and the content."""
    for folder, _folders, names in os.walk(package):
        place = "/".join(Path(folder).relative_to(package.parent).parts)
        for name in names:
            if name.endswith(".py"):
                yield f"{place}/{name}", _read(Path(folder, name))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # an editor's leftover link
        return b""


_OWN_DIGEST = hashlib.sha256(_read(Path(__file__))).hexdigest()
"""Of this file: a plug-in's code depends on it too."""


def _imported(source: bytes, importing: str, package: str) -> Iterator[str]:
    """A generator of the files of a package that one of its files may import, wherever in it, existing or not."""
    for module, names, modules in _IMPORT.findall(source):
        for name in [module.decode()] if module else re.findall(r"[\w.]+", modules.decode()):
            rest = name.lstrip(".")
            level = len(name) - len(rest)
            if not level and rest.partition(".")[0] != package:
                continue
            above = importing.split("/")[:-level] if level else []
            base = "/".join([*above, *(rest.split(".") if rest else [])])
            yield from (f"{base}.py", f"{base}/__init__.py")
            for word in re.findall(rb"\w+", names):
                yield from (f"{base}/{word.decode()}.py", f"{base}/{word.decode()}/__init__.py")


def _package_of(function: Callable[..., object]) -> Path:
    """The folder of the package that a function belongs to; the folder of its file where it is in no package."""
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
        file = result._cache._cache_file
        file._source_stamp = (file._source_stamp, _contents(_package_of(function)), _OWN_DIGEST)
        _save_if_possible(result._cache)
    _without_literals(result)
    if not called_by_python:
        _refuse_python(result)
    _one_process_at_a_time(result)
    finished: Function = result
    return finished


def _save_if_possible(numba_cache: Any) -> None:
    """Ignore an OSError while the cache is written: with numba, a full disk would fail the call of the function."""
    save = numba_cache.save_overload

    def save_if_possible(*arguments: object) -> None:
        with contextlib.suppress(OSError):
            save(*arguments)

    numba_cache.save_overload = save_if_possible


def _without_literals(dispatcher: Any) -> None:
    """Treat constants as variables: numba would compile a function again for each constant that a caller passes."""
    template = dispatcher.get_call_template

    def get_call_template(arguments: Any, named: dict[str, Any]) -> Any:
        return template(
            tuple(unliteral(each) for each in arguments),
            {name: unliteral(each) for name, each in named.items()},
        )

    dispatcher.get_call_template = get_call_template


def _refuse_python(dispatcher: Any) -> None:
    """Raise TypeError where Python calls the function: numba would jump to an entry point that was not compiled."""

    def add_overload(result: Any) -> None:
        dispatcher.overloads[tuple(result.signature.args)] = result

    def refuse(*_arguments: object, **_named: object) -> None:
        raise TypeError(f"{dispatcher.py_func.__name__} is for compiled code only")

    dispatcher.add_overload = add_overload
    dispatcher._compile_for_args = refuse


class _Inside(threading.local):
    """Whether this thread is compiling. The functions that it needs for that are compiled by the same process."""

    compiling = False


_inside = _Inside()


def _one_process_at_a_time(dispatcher: Any) -> None:
    """Wrap numba's method that looks a function up in the cache and compiles it where it is missing."""
    compile_now = dispatcher.compile

    def compile_once(signature: Any) -> Any:
        if _is_cached(dispatcher, signature):
            return compile_now(signature)
        if _inside.compiling:  # another function, which calls this one
            WORK.functions += 1
            return compile_now(signature)
        _inside.compiling = True
        try:
            with _locked(dispatcher._cache.cache_path):
                if _is_cached(dispatcher, signature):  # compiled by another process in the meantime
                    return compile_now(signature)
                with WORK.measured():
                    code = compile_now(signature)
                WORK.unsaved += not _is_cached(dispatcher, signature)
                return code
        finally:
            _inside.compiling = False

    dispatcher.compile = compile_once


def _is_cached(dispatcher: Any, signature: Any) -> bool:
    """Whether the index of the cache lists the code of a function for these types."""
    file = getattr(dispatcher._cache, "_cache_file", None)
    if file is None:
        return False
    with contextlib.suppress(Exception):  # damaged: numba compiles again
        return dispatcher._cache._index_key(signature, dispatcher.targetctx.codegen()) in file._load_index()
    return False


@contextlib.contextmanager
def _locked(folder: str | None) -> Iterator[None]:
    """Lock a folder of the cache against other processes that compile. Where it cannot be locked, nothing waits."""
    with contextlib.ExitStack() as stack:
        if folder is not None:
            with contextlib.suppress(OSError):
                stream = stack.enter_context((Path(folder) / _LOCK).open("ab"))
                _wait_for_lock(stream)
        yield


def _wait_for_lock(stream: BinaryIO) -> None:
    until = time.monotonic() + _LONGEST
    while time.monotonic() < until:
        try:
            hold(stream)
        except BlockingIOError:
            time.sleep(_PAUSE)
        else:
            return
