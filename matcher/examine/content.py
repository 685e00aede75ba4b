"""One file's bytes, read once: its digests, what it is, and, for a picture, all of its bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from matcher.examine.side_files import SEEN
from matcher.examine.unopened import Unopened, unopened
from matcher.examine.unopened.edges import HEAD as EDGE_HEAD
from matcher.examine.unopened.edges import TAIL, Edges
from matcher.executors import no_op
from matcher.hashers import FileHasher
from matcher.imaging.sniff import HEAD, Kind, sniff
from matcher.model import Hash

_CHUNK = 1 << 20


@dataclass(slots=True)
class Content:
    """The content of one file. `kind` is None unless it is a picture; `digests` are in the order of the hashers.

    `unopened` is what a file is that is no picture and may have pictures inside; None for any other.
    """

    size: int
    digests: list[Hash]
    kind: Kind | None
    head: bytes = b""
    """The first SEEN bytes of a file that is no picture."""
    parts: list[bytes] = field(default_factory=list)
    """All bytes of a picture that is not too large; otherwise empty."""
    unopened: Unopened | None = None

    @property
    def sha256(self) -> bytes:
        """The SHA-256, which is computed for every file."""
        return next(value.value for value in self.digests if value.algorithm == "sha256")

    @property
    def media_type(self) -> str | None:
        """The media type of a picture, or of what may have pictures inside; None of any other file."""
        known = self.unopened if self.kind is None else self.kind
        return None if known is None else known.media_type

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
    chunk = _head(stream)
    head = chunk[:EDGE_HEAD]
    kind = sniff(chunk[:HEAD])
    seen = chunk[:SEEN] if kind is None else b""
    parts: list[bytes] = []
    keep = keep and kind is not None
    size = 0
    tail = b""
    while chunk:
        size += len(chunk)
        tail = chunk[-TAIL:] if len(chunk) >= TAIL else (tail + chunk)[-TAIL:]
        for digest in running.values():
            digest.update(chunk)
        if keep and size <= max_bytes:
            parts.append(chunk)
        beat()
        chunk = _read(stream)
    values.update({algorithm: digest.digest() for algorithm, digest in running.items()})
    digests = [Hash(hasher.algorithm.name, values[hasher.algorithm.name]) for hasher in hashers]
    inside = unopened(Edges(head, tail, size)) if kind is None and size else None
    return Content(size, digests, kind, seen, parts, inside)


def _head(stream: BinaryIO) -> bytes:
    """The first bytes of a stream, as many as are looked at, however few a read returns; fewer only at its end."""
    chunk = _read(stream)
    if not chunk or len(chunk) >= EDGE_HEAD:
        return chunk
    chunks = [chunk]
    size = len(chunk)
    while size < EDGE_HEAD and (chunk := _read(stream)):
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks)


def _read(stream: BinaryIO) -> bytes:
    """The next chunk. TypeError unless it is bytes: text, or None from a non-blocking stream without data yet."""
    chunk = stream.read(_CHUNK)
    if not isinstance(chunk, bytes):
        raise TypeError(f"stream: bytes are expected to be read, not {type(chunk).__name__}")
    return chunk
