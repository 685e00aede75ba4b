"""A finding as a ledger stores it: the canonical bytes of its JSON form, which model.py defines."""

from __future__ import annotations

from collections.abc import Mapping
from json import JSONEncoder
from typing import Any

from ledger import canonical
from matcher.model import FINDING_KEYS, HASH_KEYS, MATCH_KEYS, Finding


def encode_finding(finding: Finding) -> bytes:
    """The canonical bytes (RFC 8785) of `finding.as_json()`; `Finding.from_json` is the inverse.

    Most findings have no match, and all their values are known to be strings or small numbers: those need none of the
    checks of `canonical`. Raises the EntryError of `canonical`.
    """
    form = finding.as_json()
    if not finding.matches and not finding.hashes and _is_plain(finding):
        try:
            return _ENCODER.encode(form).encode("utf-8")
        except UnicodeEncodeError:
            pass  # `canonical` raises the error that names the problem
    return canonical(form)


def in_order(form: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON form of a finding, whose keys the ledger sorts, with its keys in print order (FINDING_KEYS).

    KeyError or TypeError for any other form.
    """
    ordered = {key: form[key] for key in FINDING_KEYS if key in form}
    ordered["hashes"] = [{key: value[key] for key in HASH_KEYS} for value in form["hashes"]]
    ordered["matches"] = [{key: match[key] for key in MATCH_KEYS if key in match} for match in form["matches"]]
    return ordered


def has_trivial(form: Mapping[str, Any]) -> bool:
    """Whether a finding in its JSON form has a trivial match; earlier versions knew none.

    KeyError, TypeError or AttributeError for any other form.
    """
    return any(match.get("trivial") is True for match in form["matches"])


def has_negative(form: Mapping[str, Any]) -> bool:
    """Whether a finding in its JSON form has a match that a list of what matched wrongly makes not notable.

    The exceptions of `has_trivial`.
    """
    return any(match.get("negative") is True for match in form["matches"])


_ENCODER = JSONEncoder(ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":"))
_NUMBERS = frozenset({int, type(None)})
_TEXTS = frozenset({str, type(None)})
_MOST = 2**53


def _is_plain(finding: Finding) -> bool:
    """Whether every value has exactly its declared type, and every number is below 2**53."""
    numbers = (finding.size, finding.width, finding.height, finding.matches_total)
    return (
        _NUMBERS.issuperset(map(type, numbers))
        and all(number is None or 0 <= number < _MOST for number in numbers)
        and _TEXTS.issuperset((type(finding.path), type(finding.exhibit), type(finding.media_type)))
    )
