"""Which contents were seen in a scan: a table in a file that all workers map, and that only their parent writes.

A content's place is given by the first eight bytes of its SHA-256, which are what the table holds; a later content
takes the place of an earlier one. So it forgets, and may be wrong: a worker that finds a content there asks its parent,
which knows the whole digest. The file lies among the system's temporary files and goes with the scan. Where there is no
room for it no worker has it, and copies are decoded like anything else.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from matcher.record.contents import KEY_BYTES, key_of

PLACES = 1 << 20
"""Eight bytes each."""


class SeenTable:
    """The table as its writer has it. The file is removed when it is closed."""

    def __init__(self) -> None:
        self.path: Path | None = None
        """None where the system has no room for the file."""
        try:
            self.path, self._map = _mapped_file()
        except OSError:
            self._map = mmap.mmap(-1, PLACES * KEY_BYTES)
        self._places = memoryview(self._map).cast("Q")

    def __enter__(self) -> SeenTable:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._places.release()
        self._map.close()
        if self.path is not None:
            with suppress(OSError):  # Windows, where a worker that does not end still maps it
                self.path.unlink()

    def add(self, sha256: bytes) -> None:
        """This content was examined."""
        key = key_of(sha256)
        self._places[key & (PLACES - 1)] = key

    def add_many(self, keys: npt.NDArray[np.uint64]) -> None:
        """The same for the `key_of` each of many."""
        np.frombuffer(self._map, np.uint64)[keys & np.uint64(PLACES - 1)] = keys


def _mapped_file() -> tuple[Path, mmap.mmap]:
    """A new file of zeros, and it mapped. OSError where it cannot be written, or only into the current folder.

    That is where Python falls back to if nothing else can be written: it may be the evidence.
    """
    if Path(tempfile.gettempdir()).samefile(Path.cwd()):
        raise FileNotFoundError("no folder for temporary files")
    descriptor, name = tempfile.mkstemp(prefix="matcher-seen-")
    path = Path(name)
    try:
        with os.fdopen(descriptor, "r+b") as stream:
            # a file of holes would be had for nothing, but filling one on a full disk ends the process
            stream.write(bytes(PLACES * KEY_BYTES))
            stream.flush()
            return path, mmap.mmap(stream.fileno(), PLACES * KEY_BYTES)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


class SeenBefore:
    """The table as a worker has it. Where the file is not to be had, nothing was seen."""

    def __init__(self, path: Path | None) -> None:
        self._places = memoryview(b"").cast("Q")
        if path is not None:
            with suppress(OSError, ValueError), path.open("rb") as stream:
                self._places = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)).cast("Q")

    def __contains__(self, sha256: bytes) -> bool:
        """Whether this content was probably examined."""
        key = key_of(sha256)
        return bool(self._places) and self._places[key & (len(self._places) - 1)] == key
