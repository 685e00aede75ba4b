"""Known-material matching: hash pictures, look them up in lists of known material, record every item.

Example:

    from matcher import Matcher

    matcher = Matcher.open("known.store")
    finding = matcher.examine(data, name="IMG_0001.JPG")
    for match in finding.matches: ...
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matcher.errors import (
        CalibrationError,
        CaseError,
        DecodeError,
        IndexFileError,
        ListError,
        MatcherError,
        SelfTestError,
        SettingsError,
        SourceError,
        StoreError,
    )
    from matcher.examine.engine import Matcher
    from matcher.examine.isolated import IsolatedMatcher
    from matcher.model import Disposition, Finding, Hash, ListEntry, Match, Reason, Status
    from matcher.settings import Settings

__all__ = [
    "CalibrationError",
    "CaseError",
    "DecodeError",
    "Disposition",
    "Finding",
    "Hash",
    "IndexFileError",
    "IsolatedMatcher",
    "ListEntry",
    "ListError",
    "Match",
    "Matcher",
    "MatcherError",
    "Reason",
    "SelfTestError",
    "Settings",
    "SettingsError",
    "SourceError",
    "Status",
    "StoreError",
]

_HOMES = {
    "matcher.errors": (
        "CalibrationError",
        "CaseError",
        "DecodeError",
        "IndexFileError",
        "ListError",
        "MatcherError",
        "SelfTestError",
        "SettingsError",
        "SourceError",
        "StoreError",
    ),
    "matcher.examine.engine": ("Matcher",),
    "matcher.examine.isolated": ("IsolatedMatcher",),
    "matcher.model": ("Disposition", "Finding", "Hash", "ListEntry", "Match", "Reason", "Status"),
    "matcher.settings": ("Settings",),
}
"""Module → its public names. Each is imported on its first use (PEP 562): a command needs few of them."""

if not TYPE_CHECKING:  # a type checker reads the imports above, and reports names that do not exist

    def __getattr__(name: str) -> Any:
        for home, names in _HOMES.items():
            if name in names:
                value = globals()[name] = getattr(import_module(home), name)
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
