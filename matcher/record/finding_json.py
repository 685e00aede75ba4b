"""Findings and the forms that a ledger keeps of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any

from ledger import canonical
from matcher.model import SCHEMA, Finding, Hash, Match, Reason, Region, Status, Turned


def canonical_finding(finding: Finding) -> bytes:
    """The canonical bytes of `finding.as_json()`.

    Most findings have no match, and all that differs is known to be a string or a small number: those are written
    straight away. EntryError as `canonical` raises it.
    """
    if finding.matches or finding.hashes or not _plain(finding):
        return canonical(finding.as_json())
    sha256 = "null" if finding.sha256 is None else f'"{finding.sha256.hex()}"'
    form = (
        f'{{"exhibit":{_text(finding.exhibit)},"hashes":[],"height":{_whole(finding.height)},"matches":[],'
        f'"matches_total":{finding.matches_total},"media_type":{_text(finding.media_type)},'
        f'"path":{_text(finding.path)},"reason":{_text(finding.reason and finding.reason.value)},"schema":{SCHEMA},'
        f'"sha256":{sha256},"size":{_whole(finding.size)},"status":"{finding.status.value}",'
        f'"width":{_whole(finding.width)}}}'
    )
    try:
        return form.encode("utf-8")
    except UnicodeEncodeError:
        return canonical(finding.as_json())  # which says what is wrong with it


_NUMBERS = frozenset({int, type(None)})
_TEXTS = frozenset({str, type(None)})
_MOST = 2**53


def _plain(finding: Finding) -> bool:
    """Whether everything is of exactly the type that it should be, and every number fits."""
    numbers = (finding.size, finding.width, finding.height, finding.matches_total)
    return (
        _NUMBERS.issuperset(map(type, numbers))
        and all(number is None or 0 <= number < _MOST for number in numbers)
        and _TEXTS.issuperset((type(finding.path), type(finding.exhibit), type(finding.media_type)))
    )


def _text(value: str | None) -> str:
    return "null" if value is None else encode_basestring(value)


def _whole(value: int | None) -> str:
    return "null" if value is None else str(value)


def finding_of(
    form: Mapping[str, Any],
    *,
    path: str,
    notable: bool,
    doubtful: bool,
    conflict: bool,
    digests: tuple[Hash, ...],
    pictures: tuple[Turned, ...],
) -> Finding:
    """The finding that a ledger's entry holds, with another path, and what the entry does not hold."""
    return Finding(
        path=path,
        size=form["size"],
        sha256=None if form["sha256"] is None else bytes.fromhex(form["sha256"]),
        status=Status(form["status"]),
        reason=None if form["reason"] is None else Reason(form["reason"]),
        exhibit=form["exhibit"],
        media_type=form["media_type"],
        width=form["width"],
        height=form["height"],
        hashes=tuple(map(_hash, form["hashes"])),
        matches=tuple(_match(kept) for kept in form["matches"]),
        matches_total=form["matches_total"],
        notable=notable,
        doubtful=doubtful,
        conflict=conflict,
        digests=digests,
        pictures=pictures,
    )


def _hash(form: Mapping[str, Any]) -> Hash:
    return Hash(form["algorithm"], bytes.fromhex(form["value"]), form["quality"], _region(form["region"]))


def _region(form: Sequence[int] | None) -> Region | None:
    return None if form is None else (form[0], form[1], form[2], form[3])


def _match(form: Mapping[str, Any]) -> Match:
    return Match(
        list=form["list"],
        entry=form["entry"],
        category=form["category"],
        algorithm=form["algorithm"],
        value=bytes.fromhex(form["value"]),
        entry_value=bytes.fromhex(form["entry_value"]),
        distance=form["distance"],
        threshold=form["threshold"],
        quality=form["quality"],
        region=_region(form["region"]),
        transform=form["transform"],
        chance=form.get("chance"),
    )
