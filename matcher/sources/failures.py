"""Operating system errors → the reasons of the fixed vocabulary of findings."""

from __future__ import annotations

import errno

from matcher.model import Reason


def reason_of(error: OSError) -> Reason:
    """The reason why an item could not be read."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return Reason.VANISHED
    if error.errno in (errno.EACCES, errno.EPERM):
        return Reason.PERMISSION_DENIED
    return Reason.INPUT_OUTPUT_ERROR
