"""Standard output whose failures have a name: a command that cannot write its output must not look as if it had."""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress
from typing import Any

STANDARD_OUTPUT = "standard output"
"""The `filename` of the errors of a standard output that cannot be written."""


class _Output(io.FileIO):
    """The descriptor of standard output. Its OSErrors have STANDARD_OUTPUT as their `filename`."""

    abandoned = False
    """Whether what is still written is dropped."""
    failure: OSError | None = None
    """The first failure, but for a reader that left."""

    def write(self, data: Any) -> int:
        if self.abandoned:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except OSError as error:
            reason = "is closed" if error.errno == errno.EBADF else error.strerror
            named = OSError(error.errno, reason, STANDARD_OUTPUT)
            if self.failure is None and not isinstance(named, BrokenPipeError):
                self.failure = named
            raise named from None


def name_stdout() -> None:
    """Replaces `sys.stdout` by a stream whose errors name it. One that was closed before the start fails as well.

    Any other stream than a descriptor's (a console on Windows, a test's) stays as it is.
    """
    stream = sys.stdout
    if stream is None:  # closed by the parent process; a descriptor for reading refuses what is written
        raw = _Output(os.open(os.devnull, os.O_RDONLY), "wb", closefd=False)
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace")
    elif isinstance(stream, io.TextIOWrapper) and type(getattr(stream.buffer, "raw", stream.buffer)) is io.FileIO:
        stream.flush()
        raw = _Output(stream.fileno(), "wb", closefd=False)
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(raw) if hasattr(stream.buffer, "raw") else io.BufferedWriter(raw, 1),  # python -u
            encoding=stream.encoding,
            errors=stream.errors,
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )


def flush_stdout() -> None:
    """Writes what is still to be written. Raises the OSError of this, or an earlier one."""
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if isinstance(raw, _Output) and raw.failure is not None:
        raise raw.failure


def abandon_stdout() -> None:
    """Drops what could not be written. Otherwise Python would try again at exit, and report it a second time."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if isinstance(raw, _Output):
        raw.abandoned = True
