"""Paths for readers who may not see them: a token in place of each.

A path alone can name people and places. The token of an item is `item-SCAN-SEQ`, the item's place in the ledger: it
says nothing of the path, cannot be guessed back as a hash of the path could, is never given twice, and lets whoever
holds the ledger find the item. Digests, sizes, exhibits and the names of lists are not masked.
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
    """The path, or its token with the path's suffix, if that is a plain one."""
    if not options.mask_paths:
        return path
    suffix = _SUFFIX.search(path)
    return f"item-{scan}-{seq}" + (f".{suffix[1]}" if suffix else "")


def shown_source(source: Mapping[str, Any], *, scan: int, options: ReportOptions) -> dict[str, Any]:
    """What a scan says of its source; masked, only kinds, numbers and digests are left as they stand."""
    if not options.mask_paths:
        return dict(source)
    return {key: value if _harmless(key, value) else f"source-{scan}" for key, value in source.items()}


def _harmless(key: str, value: Any) -> bool:
    if value is None or isinstance(value, int) or key in _OPEN_KEYS:
        return True
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None
