"""The contents that a scan has examined: a table in a file that all workers map and only their parent writes.

The table stores the first eight bytes of a content's SHA-256, at a place that follows from them; a later content
replaces an earlier one at the same place. So the table forgets, and may be wrong: a worker that finds a content in it
returns a RepeatedContent, and the parent compares the whole digest. The file is one of the system's temporary files and
is removed at the end of the scan. Where there is no space for it, workers have no table, and repeated contents are
decoded like any other.
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
"""The number of places in the table, of KEY_BYTES each."""


class SeenTable:
    """The table of the writing process. The file is removed when the table is closed."""

    def __init__(self) -> None:
        self.path: Path | None = None
        """The file; None where the system has no space for it."""
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
            with suppress(OSError):  # Windows, where a worker that has not ended still maps it
                self.path.unlink()

    def add(self, sha256: bytes) -> None:
        """Add a content that was examined."""
        key = key_of(sha256)
        self._places[key & (PLACES - 1)] = key

    def add_many(self, keys: npt.NDArray[np.uint64]) -> None:
        """Add contents by the `key_of` each, (contents,) uint64."""
        np.frombuffer(self._map, np.uint64)[keys & np.uint64(PLACES - 1)] = keys


def _mapped_file() -> tuple[Path, mmap.mmap]:
    """Create a file of zeros, and map it. OSError where it cannot be written, or only into the current folder.

    Python falls back to the current folder if no other can be written, and that may be the evidence.
    """
    if Path(tempfile.gettempdir()).samefile(Path.cwd()):
        raise FileNotFoundError("no folder for temporary files")
    descriptor, name = tempfile.mkstemp(prefix="matcher-seen-")
    path = Path(name)
    try:
        with os.fdopen(descriptor, "r+b") as stream:
            # a sparse file would cost nothing, but writing to its map on a full disk ends the process
            stream.write(bytes(PLACES * KEY_BYTES))
            stream.flush()
            return path, mmap.mmap(stream.fileno(), PLACES * KEY_BYTES)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


class SeenTableReader:
    """The table as a worker reads it; empty where the file is not available."""

    def __init__(self, path: Path | None) -> None:
        self._places = memoryview(b"").cast("Q")
        if path is not None:
            with suppress(OSError, ValueError), path.open("rb") as stream:
                self._places = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)).cast("Q")

    def __contains__(self, sha256: bytes) -> bool:
        """Whether this content was probably examined."""
        key = key_of(sha256)
        return bool(self._places) and self._places[key & (len(self._places) - 1)] == key
