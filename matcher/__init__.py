"""Known-material matching: hash pictures, look them up in lists of known material, record every item.

from matcher import Matcher

matcher = Matcher.open("known.store")
finding = matcher.examine(data, name="IMG_0001.JPG")
for match in finding.matches: ...
"""

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
