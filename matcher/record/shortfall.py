"""How many items were not opened, not looked at whole, or not compared: what stands between a scan and an all-clear."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from matcher.model import Finding
from matcher.reasons import NOT_OPENED, SKIPPED_PARTS

_NAMES = {reason.value for reason in NOT_OPENED}


def _counter(names: Iterable[str]) -> Counter[str]:
    return Counter(dict.fromkeys(names, 0))


@dataclass(slots=True)
class Shortfall:
    """Counts of items. The attributes are the fields of `scan.close`.

    `not_opened`: by reason, one of NOT_OPENED, whatever the status. `skipped_parts`: by the kind of the part that was
    not looked at. `not_compared`: pictures that were looked up by no perceptual algorithm. `not_compared_by`: pictures
    that were not looked up by an algorithm, by its name.
    """

    not_opened: Counter[str] = field(default_factory=lambda: _counter(reason.value for reason in NOT_OPENED))
    skipped_parts: Counter[str] = field(default_factory=lambda: _counter(SKIPPED_PARTS))
    not_compared: int = 0
    not_compared_by: Counter[str] = field(default_factory=Counter)

    def add(
        self, reason: str | None, skipped_parts: Iterable[str], not_compared: Iterable[str], *, is_compared: bool
    ) -> None:
        """Count one item: fields of its finding, and whether any perceptual hash of it was looked up."""
        if reason in _NAMES:
            self.not_opened[reason] += 1
        self.skipped_parts.update(set(skipped_parts))
        self.not_compared += not is_compared
        self.not_compared_by.update(set(not_compared))

    def add_finding(self, finding: Finding) -> None:
        """Count one item by its finding."""
        reason = None if finding.reason is None else finding.reason.value
        self.add(reason, finding.skipped_parts, finding.not_compared, is_compared=finding.is_compared)

    def add_json(self, finding: Mapping[str, Any], *, is_compared: bool) -> None:
        """Count one item by the JSON form of its finding; earlier versions wrote neither parts nor algorithms."""
        parts, algorithms = finding.get("skipped_parts", ()), finding.get("not_compared", {})
        self.add(finding["reason"], parts, algorithms, is_compared=is_compared)

    def __bool__(self) -> bool:
        """Whether anything may have been missed."""
        return bool(self.not_compared) or any(self.not_opened.values()) or any(self.skipped_parts.values())

    def facts(self) -> dict[str, Any]:
        """The fields of `scan.close`; every reason and every kind of part has its count, also where that is 0."""
        return {
            "not_opened": dict(self.not_opened),
            "skipped_parts": dict(self.skipped_parts),
            "not_compared": self.not_compared,
            "not_compared_by": dict(self.not_compared_by),
        }

    @classmethod
    def of_facts(cls, closed: Mapping[str, Any]) -> Shortfall:
        """The counts of a `scan.close`, which one of an earlier version does not have: then all are 0.

        TypeError, ValueError or AttributeError where a field is malformed.
        """
        made = cls()
        for name in ("not_opened", "skipped_parts", "not_compared_by"):
            getattr(made, name).update({str(key): int(count) for key, count in closed.get(name, {}).items()})
        made.not_compared = int(closed.get("not_compared", 0))
        return made


def is_told(closed: Mapping[str, Any]) -> bool:
    """Whether a `scan.close` has these counts: one of an earlier version has not."""
    return "not_opened" in closed
