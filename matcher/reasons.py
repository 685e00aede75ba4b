"""The fixed vocabulary of reasons why an item was not examined, or not completely."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why an item was skipped or could not be read whole. Fixed: library messages differ between versions."""

    EMPTY = "empty"
    NOT_A_PICTURE = "not-a-picture"
    SIDE_FILE = "side-file"
    CONTAINER_NOT_OPENED = "container-not-opened"
    VIDEO_NOT_READ = "video-not-read"
    DISK_IMAGE_NOT_READ = "disk-image-not-read"
    ENCRYPTED = "encrypted"
    SKIPPED_PARTS = "skipped-parts"
    SYMBOLIC_LINK = "symbolic-link"
    SPECIAL_FILE = "special-file"
    FOLDER_UNREADABLE = "folder-unreadable"
    PERMISSION_DENIED = "permission-denied"
    VANISHED = "vanished"
    INPUT_OUTPUT_ERROR = "input-output-error"
    UNSUPPORTED_FORMAT = "unsupported-format"
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    TWELVE_BIT_JPEG = "twelve-bit-jpeg"
    LOSSLESS_JPEG = "lossless-jpeg"
    FRAMES_NOT_READ = "frames-not-read"
    TOO_MANY_FRAMES = "too-many-frames"
    TOO_MANY_PIXELS = "too-many-pixels"
    TOO_MANY_BYTES = "too-many-bytes"
    OUT_OF_MEMORY = "out-of-memory"
    HASHER_FAILED = "hasher-failed"
    WORKER_DIED = "worker-died"
    TIMED_OUT = "timed-out"


ENVIRONMENT_DEPENDENT = frozenset({Reason.OUT_OF_MEMORY, Reason.WORKER_DIED, Reason.TIMED_OUT})
"""Reasons that may depend on the machine and not on the item: elsewhere, or later, the item may be readable."""

NOT_OPENED = (Reason.CONTAINER_NOT_OPENED, Reason.VIDEO_NOT_READ, Reason.DISK_IMAGE_NOT_READ, Reason.ENCRYPTED)
"""Reasons why a file that may have pictures inside was skipped: it is not known to be free of known material."""

SKIPPED_PARTS = ("video", "layers", "container", "thumbnail", "preview", "appended", "auxiliary")
"""The kinds of parts of a picture file that are not looked at: the film of a motion photo, the layers of a document
that has no merged picture, an archive behind the picture's end, and embedded pictures (imaging/renderings.py) that are
damaged or of a kind that is not read."""
