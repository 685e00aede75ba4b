"""Whether a file is a report of this tool, by its first bytes: only such a file is replaced without being asked."""

from __future__ import annotations

import re
from pathlib import Path

_FIRST = 400
"""How many bytes of a file are read."""

_FORMS = (
    re.compile(  # html
        rb"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        rb"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-"
    ),
    re.compile(rb"(\xef\xbb\xbf)?scan,path,exhibit,size,sha256,status,reason,"),  # csv
    re.compile(rb'\{"schema": [0-9]+, "path": "'),  # jsonl
)


def is_own_report(file: Path) -> bool:
    """Whether a file begins as a report of this tool does, of any format and version; true of an empty file.

    OSError where it cannot be read.
    """
    with file.open("rb") as stream:
        first = stream.read(_FIRST)
    return not first or any(form.match(first) for form in _FORMS)
