"""Every exception that leaves matcher.

MatcherError
├── ListError        a hash list cannot be read or built; names the file
├── StoreError       a store is missing, damaged, or busy; names the folder
├── IndexFileError   an index is missing, damaged, or of another width
│   └── IndexAuditError   an index returns other results than brute force
├── SourceError      evidence cannot be opened at all
├── CaseError        a case folder cannot be used, or contradicts itself
│   └── NotIntactError    the record of a case contradicts itself, or a part of it is missing
├── SettingsError    thresholds, algorithms or options are invalid
├── CalibrationError a calibration cannot be read or made, or does not cover the requested algorithm
├── SelfTestError    this installation does not compute the hashes that it must
└── DecodeError      an item's picture cannot be decoded; carries a Reason. Becomes a finding.

A failure of one item is a finding, not an exception: only DecodeError exists inside an examination, and examine()
turns it into the finding's reason.
"""

from __future__ import annotations

from matcher.reasons import Reason


class MatcherError(Exception):
    """Base of all errors raised by matcher."""


class ListError(MatcherError):
    """A hash list cannot be read or built."""


class StoreError(MatcherError):
    """A store is missing, damaged or in use by another writer."""


class IndexFileError(MatcherError):
    """An index is missing, damaged, or does not fit the query."""


class IndexAuditError(IndexFileError):
    """An index returns other results than brute force; names its folder, the query and the rows."""


class SourceError(MatcherError):
    """Evidence cannot be opened at all."""


class CaseError(MatcherError):
    """A case folder cannot be used or contradicts itself."""


class NotIntactError(CaseError):
    """The record of a case contradicts itself, or a part of it is missing."""


class SettingsError(MatcherError):
    """Settings are invalid."""


class CalibrationError(MatcherError):
    """A calibration cannot be read or made, or does not cover an algorithm; names the file or the algorithm."""


class SelfTestError(MatcherError):
    """This installation does not compute the hashes that it must."""


class DecodeError(MatcherError):
    """One picture cannot be decoded; `reason` says why in the fixed vocabulary.

    `skipped_parts` names the kinds of parts of a file that are not looked at, for the reason `skipped-parts`.
    """

    def __init__(self, reason: Reason, skipped_parts: tuple[str, ...] = ()) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.skipped_parts = skipped_parts
