"""Bytes → pictures. Only this module passes bytes that may be hostile to decoders.

Limits count pixels and frames, never time: the same file is unreadable on every machine. A reader (one file a
library) yields frames, colour.py converts them to RGB, and `Decoded.reason` records why a file was not read whole.
Pictures that are embedded in the file beside its own (embedded/) follow these.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from matcher.errors import DecodeError
from matcher.imaging import colour
from matcher.imaging.embedded import Embedded, Found, find
from matcher.imaging.embedded.decoding import Allowance
from matcher.imaging.failures import reasons
from matcher.imaging.frame import Frame
from matcher.imaging.limits import DEFAULT_LIMITS, Limits
from matcher.imaging.picture import Picture
from matcher.imaging.readers import reader_of
from matcher.imaging.reduced import jpeg as jpeg_reduced
from matcher.imaging.reduced import png as png_reduced
from matcher.imaging.reduced.picture import Reduced
from matcher.imaging.renderings import EmbeddedPart, parse_rendering, rendering_name
from matcher.imaging.sniff import Kind
from matcher.model import EMBEDDED, Reason

_REDUCERS: dict[str, Callable[[bytes, Limits], list[Reduced] | None]] = {
    "JPEG": jpeg_reduced.reduced,
    "PNG": png_reduced.reduced,
}
"""The formats of which a reduced picture takes less time than the full one."""

_MOST_EMBEDDED_PIXELS = 1 << 20
"""The most pixels of a frame of an embedded picture that is decoded in full beside a reduced one."""
_MOST_EMBEDDED_REDUCED = 8
"""The most embedded pictures of a file that is reduced: all of its reduced pictures are held at once."""


def no_beat() -> None:
    """Do nothing after a frame."""


class Outcome:
    """What was not read of a file, by what its embedded pictures show. Without effect on their order."""

    def __init__(self, found: Found) -> None:
        self._skipped = dict.fromkeys(found.skipped)
        self._reason = Reason.FRAMES_NOT_READ if found.is_cut else None

    def failed(self, error: DecodeError, embedded: Embedded | None = None) -> None:
        """Note the error that ended a picture: an embedded one, or the file's own."""
        if embedded is None:
            self._skipped.update(dict.fromkeys(error.skipped_parts))
        if error.reason is Reason.OUT_OF_MEMORY or (embedded is None and error.reason is not Reason.SKIPPED_PARTS):
            self._reason = error.reason
        elif embedded is not None and error.reason is Reason.FRAMES_NOT_READ:
            self._reason = self._reason or error.reason
        elif embedded is not None and not embedded.is_doubtful:
            self._skipped[EMBEDDED[embedded.part.kind]] = None

    @property
    def skipped_parts(self) -> tuple[str, ...]:
        """The kinds of parts that were not looked at, sorted."""
        return tuple(sorted(self._skipped))

    @property
    def reason(self) -> Reason | None:
        """The gravest reason why the file was not read whole; None where it was."""
        return self._reason or (Reason.SKIPPED_PARTS if self._skipped else None)


class Decoded:
    """The pictures of one file. `width` and `height` are those of the first frame, as stored, before any EXIF rotation.

    They are None where the file's own picture cannot be decoded, and only embedded ones can. Once `renderings` is
    exhausted, `reason` says why a part of the file could not be read, None where all was read; and `skipped_parts`
    names the kinds of parts that were not looked at.
    """

    def __init__(self, first: Frame | DecodeError, rest: Iterator[Frame], found: Found, limits: Limits) -> None:
        size = (None, None) if isinstance(first, DecodeError) else first.image.size
        self.width: int | None = size[0]
        self.height: int | None = size[1]
        self._first: Frame | DecodeError | None = first
        self._rest = rest
        self._embedded = found.pictures
        self._limits = limits
        self._outcome = Outcome(found)

    @property
    def reason(self) -> Reason | None:
        """Why a part of the file could not be read."""
        return self._outcome.reason

    @property
    def skipped_parts(self) -> tuple[str, ...]:
        """The kinds of parts that were not looked at (reasons.SKIPPED_PARTS)."""
        return self._outcome.skipped_parts

    def renderings(self, beat: Callable[[], None] = no_beat) -> Iterator[Picture]:
        """A generator of one picture for each frame, or of several where it can be interpreted in several ways.

        One with an alpha channel that is not opaque is composited on white, rendered without it, and composited on
        black. Pictures are made one after the other, so that one is held at a time; a picture equal to an earlier one
        is left out, and in an animation one that hardly differs from the last that was given out. The file's own frames
        come first, then those of each embedded picture. It can be called only once. `beat` is called after each frame
        that was decoded, also where it is passed over.
        """
        digests: set[bytes] = set()
        try:
            yield from _rendered(self._frames(), None, digests, beat, may_be_alone=not self._embedded)
        except DecodeError as error:
            self._outcome.failed(error)
        allowance = Allowance(self._limits)
        for embedded in self._embedded:
            try:
                yield from _rendered(allowance.frames(embedded), embedded.part, digests, beat, may_be_alone=False)
            except DecodeError as error:
                self._outcome.failed(error, embedded)

    def _frames(self) -> Iterator[Frame]:
        first, self._first = self._first, None
        assert first is not None, "renderings was called twice"
        if isinstance(first, DecodeError):
            raise first
        yield first
        del first
        yield from self._rest


def _is_looked_at(frame: Frame, kind: str, picture: Picture, digests: set[bytes], *, may_be_alone: bool) -> bool:
    """Whether a rendering of a frame shows what no earlier one showed. `digests` are those of the earlier ones."""
    selection = frame.selection
    if selection is None:
        return (frame.alone and may_be_alone) or _is_new(picture, digests)
    return (
        selection.differs(frame.number, kind, picture) and _is_new(picture, digests) and selection.takes(frame.number)
    )


def _rendered(
    frames: Iterator[Frame],
    part: EmbeddedPart | None,
    digests: set[bytes],
    beat: Callable[[], None],
    *,
    may_be_alone: bool,
) -> Iterator[Picture]:
    """A generator of the pictures of some frames that are not equal to earlier ones. Any error is a DecodeError."""
    with reasons():
        for frame in frames:
            for label, image in colour.renderings(frame.image):
                picture = Picture(image, rendering=rendering_name(frame.number, label, part))
                if _is_looked_at(frame, label, picture, digests, may_be_alone=may_be_alone):
                    yield picture
                del image, picture  # or they would be held while the next one is made
            beat()


def _is_new(picture: Picture, digests: set[bytes]) -> bool:
    """Whether the digest of the picture's size and pixels is not in `digests`, to which it is added."""
    running = hashlib.sha256(str(picture.image.size).encode())
    for band in picture.bands():
        running.update(band.data)
    digest = running.digest()
    if digest in digests:
        return False
    digests.add(digest)
    return True


def decode(data: bytes, kind: Kind, limits: Limits = DEFAULT_LIMITS, found: Found | None = None) -> Decoded:
    """Decode the first frame of `data`, which is of format `kind`; the others are decoded by `Decoded.renderings`.

    DecodeError with a reason where nothing can be decoded. Of a damaged file the readable part is decoded. `found` are
    the embedded pictures where they are known already; Found() leaves them out.
    """
    found = find(data, kind, limits) if found is None else found
    frames: Iterator[Frame] = iter(())
    try:
        if kind.decoder is None:
            raise DecodeError(Reason.UNSUPPORTED_FORMAT)
        frames = reader_of(kind.decoder)(data, limits)
        with reasons():
            first = next(frames, None)
        if first is None:
            raise DecodeError(Reason.CORRUPT)
    except DecodeError as error:
        if not found.pictures and not found.skipped:
            raise
        return Decoded(error, iter(()), found, limits)
    return Decoded(first, frames, found, limits)


@dataclass(frozen=True, slots=True)
class DecodedReduced:
    """Every rendering of a file, reduced, its own first, and what `Decoded` says of the file."""

    renderings: list[Reduced]
    reason: Reason | None = None
    skipped_parts: tuple[str, ...] = ()


def decode_reduced(
    data: bytes, kind: Kind, limits: Limits = DEFAULT_LIMITS, found: Found | None = None
) -> DecodedReduced | None:
    """Every rendering of a sound and ordinary file, reduced; None where the file must be decoded in full.

    `found` are the embedded pictures where they are known already.
    """
    reducer = None if kind.decoder is None else _REDUCERS.get(kind.decoder)
    if reducer is None:
        return None
    found = find(data, kind, limits) if found is None else found
    if len(found.pictures) > _MOST_EMBEDDED_REDUCED:
        return None
    renderings = reducer(data, limits)
    if renderings is None:
        return None
    outcome, allowance = Outcome(found), Allowance(limits)
    digests: set[bytes] = set()
    for embedded in found.pictures:
        quick = _reduced_jpeg(embedded, limits)
        if quick is not None:
            if _is_new_grey(quick, digests):
                renderings.append(quick)
            continue
        try:
            for picture in _rendered(allowance.frames(embedded), embedded.part, digests, no_beat, may_be_alone=False):
                if picture.image.width * picture.image.height > _MOST_EMBEDDED_PIXELS:
                    return None
                renderings.append(picture.reduced())
        except DecodeError as error:
            outcome.failed(error, embedded)
    return DecodedReduced(renderings, outcome.reason, outcome.skipped_parts)


def _is_new_grey(reduced: Reduced, digests: set[bytes]) -> bool:
    """Whether the digest of the picture's size and grey is not in `digests`, to which it is added."""
    digest = hashlib.sha256(f"grey {reduced.width} {reduced.height}".encode() + reduced.grey.tobytes()).digest()
    is_new = digest not in digests
    digests.add(digest)
    return is_new


def _reduced_jpeg(embedded: Embedded, limits: Limits) -> Reduced | None:
    """The reduced picture of an ordinary JPEG; None for any other."""
    if not embedded.is_jpeg:
        return None
    pictures = jpeg_reduced.reduced(embedded.load(), limits)
    if not pictures or len(pictures) > 1:
        return None
    return replace(pictures[0], rendering=str(replace(parse_rendering(pictures[0].rendering), part=embedded.part)))
