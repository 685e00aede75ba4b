"""One file's bytes, read once: its digests, what it is, and, of a picture, all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from matcher.executors import no_op
from matcher.hashers import FileHasher
from matcher.imaging.sniff import HEAD, Kind, sniff
from matcher.model import Hash

_CHUNK = 1 << 20


@dataclass(slots=True)
class Content:
    """What was read of a file. `kind` is None where it is no picture; `digests` are in the order of the hashers."""

    size: int
    digests: list[Hash]
    kind: Kind | None
    parts: list[bytes] = field(default_factory=list)
    """All bytes of a picture that can be decoded and is not too large; else nothing."""

    @property
    def sha256(self) -> bytes:
        """The digest that every file has."""
        return next(value.value for value in self.digests if value.algorithm == "sha256")

    def take(self) -> bytes:
        """The parts as one, which then is the only copy."""
        data = self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)
        self.parts.clear()
        return data


def read_content(
    stream: BinaryIO,
    hashers: Sequence[FileHasher],
    *,
    max_bytes: int,
    given: Mapping[str, bytes] | None = None,
    keep: bool = True,
    beat: Callable[[], None] = no_op,
) -> Content:
    """Read a stream to its end, in chunks; only a picture of at most `max_bytes` is held, and with `keep` only.

    `given` are digests that are not computed again. `beat` is called after every chunk. OSError is the stream's,
    TypeError where it gives no bytes.
    """
    found = dict(given or {})
    running = {hasher.algorithm.name: hasher.start() for hasher in hashers if hasher.algorithm.name not in found}
    chunk = _read(stream)
    kind = sniff(chunk[:HEAD])
    kept: list[bytes] = []
    keep = keep and kind is not None and kind.decoder is not None
    size = 0
    while chunk:
        size += len(chunk)
        for digest in running.values():
            digest.update(chunk)
        if keep and size <= max_bytes:
            kept.append(chunk)
        beat()
        chunk = _read(stream)
    found.update({algorithm: digest.digest() for algorithm, digest in running.items()})
    values = [Hash(hasher.algorithm.name, found[hasher.algorithm.name]) for hasher in hashers]
    return Content(size, values, kind, kept)


def _read(stream: BinaryIO) -> bytes:
    """The next chunk. TypeError where it is no bytes: text, or nothing yet of a stream that does not block."""
    chunk = stream.read(_CHUNK)
    if not isinstance(chunk, bytes):
        raise TypeError(f"stream: bytes are expected to be read, not {type(chunk).__name__}")
    return chunk
