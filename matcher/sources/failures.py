"""An operating system's errors in the fixed vocabulary of findings."""

from __future__ import annotations

import errno

from matcher.model import Reason


def reason_of(error: OSError) -> Reason:
    """Why an item could not be read, in the fixed vocabulary."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return Reason.VANISHED
    if error.errno in (errno.EACCES, errno.EPERM):
        return Reason.PERMISSION_DENIED
    return Reason.INPUT_OUTPUT_ERROR
