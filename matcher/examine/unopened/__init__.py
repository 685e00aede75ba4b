"""Files that may have pictures inside and are not opened: told by content, never by name.

Only a file that is no picture itself is asked about. What is told apart stands in one file a reason, each with the
bytes and where they are specified. The order decides where a file is several things: encryption is said before the
kind of the container that is encrypted, and a certain signature goes before a guess.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from matcher.examine.unopened import archives, carried, disk_images, documents, encrypted, file_systems, videos
from matcher.examine.unopened.edges import Edges, Test
from matcher.model import Reason

_TESTS: tuple[tuple[Reason, Iterable[Test]], ...] = (
    (Reason.ENCRYPTED, encrypted.TESTS),
    (Reason.DISK_IMAGE_NOT_READ, disk_images.TESTS),
    (Reason.CONTAINER_NOT_OPENED, archives.TESTS),
    (Reason.CONTAINER_NOT_OPENED, documents.TESTS),
    (Reason.VIDEO_NOT_READ, videos.TESTS),
    (Reason.DISK_IMAGE_NOT_READ, file_systems.TESTS),
    (Reason.CONTAINER_NOT_OPENED, carried.TESTS),
    (Reason.ENCRYPTED, encrypted.GUESSES),
)


@dataclass(frozen=True, slots=True)
class Unopened:
    """The reason why a file is not opened, one of NOT_OPENED, and its media type."""

    reason: Reason
    media_type: str


def unopened(file: Edges) -> Unopened | None:
    """What a file is that may have pictures inside; None for any other file. Reads nothing but the edges."""
    for reason, tests in _TESTS:
        for test in tests:
            media_type = test(file)
            if media_type is not None:
                return Unopened(reason, media_type)
    return None
