"""Masked paths: a token replaces each path, for readers who may not see the paths.

A path alone can name people and places. The token of an item is `item-SCAN-SEQ`, its scan and its number in it. The
token reveals nothing of the path, cannot be reversed by guessing as a hash of the path could, and is unique; with the
ledger, the item can be identified. Digests, sizes, exhibits and the names of lists are not masked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from matcher.reports import ReportOptions

_SUFFIX = re.compile(r"[^/]\.([A-Za-z0-9]{1,5})\Z")
_DIGEST = re.compile(r"[0-9a-f]{32,128}")
_OPEN_KEYS = ("kind", "format")


def shown_path(path: str, *, scan: int, seq: int, options: ReportOptions) -> str:
    """The path, or where paths are masked its token, with the path's suffix if that is 1 to 5 letters or digits."""
    if not options.mask_paths:
        return path
    suffix = _SUFFIX.search(path)
    return f"item-{scan}-{seq}" + (f".{suffix[1]}" if suffix else "")


def shown_source(source: Mapping[str, Any], *, scan: int, options: ReportOptions) -> dict[str, Any]:
    """A scan's description of its source. Where paths are masked, only kinds, numbers and digests stay as they are."""
    if not options.mask_paths:
        return dict(source)
    return {key: value if _harmless(key, value) else f"source-{scan}" for key, value in source.items()}


def _harmless(key: str, value: Any) -> bool:
    if value is None or isinstance(value, int) or key in _OPEN_KEYS:
        return True
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None
