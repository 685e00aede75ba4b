"""One file's bytes, read once: its digests, its kind, and, for a picture, all of its bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from matcher.examine.side_files import SEEN
from matcher.executors import no_op
from matcher.hashers import FileHasher
from matcher.imaging.sniff import HEAD, Kind, sniff
from matcher.model import Hash

_CHUNK = 1 << 20


@dataclass(slots=True)
class Content:
    """The content of one file. `kind` is None unless it is a picture; `digests` are in the order of the hashers."""

    size: int
    digests: list[Hash]
    kind: Kind | None
    head: bytes = b""
    """The first SEEN bytes of a file that is no picture."""
    parts: list[bytes] = field(default_factory=list)
    """All bytes of a picture that can be decoded and is not too large; otherwise empty."""

    @property
    def sha256(self) -> bytes:
        """The SHA-256, which is computed for every file."""
        return next(value.value for value in self.digests if value.algorithm == "sha256")

    def take(self) -> bytes:
        """Join and release the parts: the returned bytes are the only copy."""
        data = self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)
        self.parts.clear()
        return data


def read_content(
    stream: BinaryIO,
    hashers: Sequence[FileHasher],
    *,
    max_bytes: int,
    known_digests: Mapping[str, bytes] | None = None,
    keep: bool = True,
    beat: Callable[[], None] = no_op,
) -> Content:
    """Read a stream to its end, in chunks; only a picture of at most `max_bytes` is held, and only with `keep`.

    `known_digests`, by algorithm, are not computed again. `beat` is called after every chunk. Raises the OSError of
    the stream, and TypeError where a read does not return bytes.
    """
    values = dict(known_digests or {})
    running = {hasher.algorithm.name: hasher.start() for hasher in hashers if hasher.algorithm.name not in values}
    chunk = _read(stream)
    kind = sniff(chunk[:HEAD])
    head = chunk[:SEEN] if kind is None else b""
    parts: list[bytes] = []
    keep = keep and kind is not None and kind.decoder is not None
    size = 0
    while chunk:
        size += len(chunk)
        for digest in running.values():
            digest.update(chunk)
        if keep and size <= max_bytes:
            parts.append(chunk)
        beat()
        chunk = _read(stream)
    values.update({algorithm: digest.digest() for algorithm, digest in running.items()})
    digests = [Hash(hasher.algorithm.name, values[hasher.algorithm.name]) for hasher in hashers]
    return Content(size, digests, kind, head, parts)


def _read(stream: BinaryIO) -> bytes:
    """The next chunk. TypeError unless it is bytes: text, or None from a non-blocking stream without data yet."""
    chunk = stream.read(_CHUNK)
    if not isinstance(chunk, bytes):
        raise TypeError(f"stream: bytes are expected to be read, not {type(chunk).__name__}")
    return chunk
