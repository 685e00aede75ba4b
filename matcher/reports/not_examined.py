"""What was not opened, not looked at or not compared, in words: for the end of a scan, and for reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from matcher.model import Reason
from matcher.record.shortfall import Shortfall
from matcher.reports.markup import counted

_NOUNS = {
    Reason.CONTAINER_NOT_OPENED.value: ("container", "containers"),
    Reason.VIDEO_NOT_READ.value: ("video", "videos"),
    Reason.DISK_IMAGE_NOT_READ.value: ("disk image", "disk images"),
    Reason.ENCRYPTED.value: ("encrypted file", "encrypted files"),
}

_PARTS = {
    "video": "the video in it",
    "layers": "its layers",
    "container": "an archive behind it",
    "thumbnail": "its thumbnail, which cannot be decoded",
    "preview": "a preview, which cannot be decoded",
    "appended": "a file behind it, which cannot be decoded",
    "auxiliary": "a picture that belongs to it, which cannot be decoded",
}


def not_opened(counts: Mapping[str, int]) -> str:
    """The files that were not opened, by reason: `2 containers, 1 video`; empty where there are none."""
    return ", ".join(counted(count, *_NOUNS.get(reason, (reason, reason))) for reason, count in counts.items() if count)


def not_known(count: int) -> str:
    """The end of a sentence on files whose content was not seen; `count` of them."""
    it = "it is" if count == 1 else "they are"
    return f"{it} not known to be free of known material"


def skipped_parts(counts: Mapping[str, int]) -> str:
    """The parts of pictures that were not looked at, by kind: `3 items: the video in it`; empty without any."""
    return ", ".join(f"{_PARTS.get(kind, kind)} ({counted(count, 'item')})" for kind, count in counts.items() if count)


def shortfall_lines(shortfall: Shortfall) -> Iterator[str]:
    """A generator of a line for each kind of shortfall: how many items, and what that means."""
    if named := not_opened(shortfall.not_opened):
        yield f"NOT opened: {named}: what is inside is NOT known to be free of known material"
    if named := skipped_parts(shortfall.skipped_parts):
        yield f"NOT looked at in pictures that were examined otherwise: {named}"
    if shortfall.not_compared:
        yield (
            f"NOT compared by any perceptual algorithm: {counted(shortfall.not_compared, 'picture')}: "
            f"{not_known(shortfall.not_compared)}"
        )
