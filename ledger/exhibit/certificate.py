"""The draft of a certificate: the recorded process in plain words, with blanks for the person who signs it. Pure.

It states the facts that a certification of an electronic process or copy requires (FRE 902(13) and (14), ISO/IEC
27042), all of them from the ledger, none from a clock.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ledger.exhibit.facts import MAX_LISTED, Facts

_WIDTH = 100
_TITLES = {
    "case.open": "The case",
    "key": "Keys that sign the ledger",
    "self.test": "Self-tests of the process (known answers, before it was used)",
    "list.load": "Lists of known material that were loaded",
    "scan.open": "Scans: what was examined, and how",
    "scan.close": "Scans: results",
    "scan.abandon": "Scans that were ABANDONED: not complete, for the reason that is told",
    "anomaly": "Anomalies that were recorded",
    "relookup": "Later versions of lists that were looked up",
}
_HIDDEN = {"v", "type", "monotonic_us"}
_MAX_VALUE = 400
_SMALL = {"entries.jsonl", "keys.txt", "openings.jsonl", "policy.txt", "tsa-roots.pem", "verify.py"}


@dataclass(frozen=True, slots=True)
class Extent:
    """The part of a log that an exhibit holds. A signed checkpoint covers the first `signed` of `size` entries."""

    size: int
    root: bytes
    signed: int
    entries: int
    complete: bool


def certificate(facts: Facts, extent: Extent, digests: Mapping[str, str], problems: Sequence[str]) -> str:
    """The text of the certificate. `digests` are of the exhibit's files, `problems` of the ledger's audit."""
    lines = [
        "CERTIFICATE (DRAFT)",
        "",
        *_wrapped(
            "This is a draft for a qualified person, who checks it, completes the blanks and signs it, or does not. "
            "Until then it certifies nothing. It was put together by a program from the entries of the ledger that "
            "this exhibit holds; the number of each entry is given, so that each statement can be looked up. What a "
            "ledger says is what was recorded at the time; that it was not changed since is what verify.py checks. "
            "It gathers what FRE 902(13) and (14) and ISO/IEC 27042 ask for, as far as the ledger has it."
        ),
    ]
    sections = [("The record", _record(facts, extent))]
    sections += [(_TITLES[kind], _listed(facts, kind)) for kind in _TITLES if facts.listed.get(kind)]
    sections += [
        ("Other entries", _counts(facts)),
        ("Time, as others state it", _times(facts)),
        ("Files of this exhibit (SHA-256)", _files(digests)),
        ("How the record is verified", _verified(extent, problems)),
        ("Statement", _statement()),
    ]
    for number, (title, body) in enumerate(sections, start=1):
        lines += ["", f"{number}. {title}", "", *body]
    return "".join(f"{_printable(line)}\n" for line in lines)


def _record(facts: Facts, extent: Extent) -> Iterator[str]:
    yield f"   log (origin)        {facts.origin}"
    yield f"   entries of the log  {extent.size}, of which a signed checkpoint covers the first {extent.signed}"
    yield f"   root                {extent.root.hex()}"
    part = "all entries" if extent.complete else f"{extent.entries} entries: a part of the log"
    yield f"   in this exhibit     {part}"
    if facts.unreadable:
        yield f"   NOT READABLE        {facts.unreadable} entries"


def _listed(facts: Facts, kind: str) -> Iterator[str]:
    for index, entry in facts.listed[kind]:
        yield f"   entry {index}"
        shown = {key: value for key, value in entry.items() if key not in _HIDDEN}
        yield from _fields(_short_keys(shown) if kind == "key" else shown, "      ")
    if facts.counts[kind] > MAX_LISTED:
        yield f"   and {facts.counts[kind] - MAX_LISTED} more entries of this type"


def _short_keys(entry: dict[str, Any]) -> dict[str, Any]:
    """A copy of an entry with key names and key ids in place of whole public keys."""
    short = {}
    for field, value in entry.items():
        vkeys = value if isinstance(value, list) else [value]
        names = [" with key id ".join(str(vkey).split("+")[:2]) for vkey in vkeys]
        short[field] = names if field in {"vkey", "vkeys", "replaces"} else value
    return short


def _counts(facts: Facts) -> Iterator[str]:
    for kind, count in sorted(facts.counts.items()):
        if kind not in _TITLES:
            yield f"   {kind:<20}{count}"
    if not set(facts.counts) - set(_TITLES):
        yield "   none"


def _times(facts: Facts) -> Iterator[str]:
    for index, entry in facts.stamps:
        yield f"   entry {index}: a time-stamp token on the checkpoint of size {entry.get('size')}"
        for name in ("gen_time", "authority", "token_sha256"):
            if name in entry:
                yield f"      {name}: {entry[name]}"
    for index, size, name, seconds in facts.cosignatures:
        when = _utc(seconds) if seconds else "a time that is not said"
        yield f"   entry {index}: {name} cosigned the checkpoint of size {size} at {when}"
    if not facts.stamps and not facts.cosignatures:
        yield "   the entries of this exhibit record no time-stamp token and no cosignature"


def _utc(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} s after 1970"


def _files(digests: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(set(digests) & _SMALL):
        yield f"   {name:<16} {digests[name]}"
    yield f"   and {len(set(digests) - _SMALL)} other files, whose digests are in manifest.json"


def _verified(extent: Extent, problems: Sequence[str]) -> Iterator[str]:
    if problems:
        yield from _indented(
            "When this exhibit was made, the ledger was audited and found NOT INTACT. It was exported all the same, "
            "because the command requested it. The problems that the audit found:"
        )
        for problem in problems:
            yield f"   - {problem}"
    else:
        yield from _indented(
            "When this exhibit was made, the ledger was audited: every entry was hashed again, the tree built anew, "
            "every checkpoint and its signatures were checked, and the completeness of every scan that was closed. It "
            "was intact."
        )
    yield from _indented(
        "Anyone can check this exhibit with verify.py, which needs Python 3.9 or later and nothing else: "
        "python3 verify.py EXHIBIT --keys FILE. The keys should come from elsewhere than this exhibit."
    )
    if not extent.complete:
        yield from _indented("This exhibit is a part of the log. It cannot show what is not in it.")


def _statement() -> Iterator[str]:
    yield from _indented(
        "[For the person who signs to confirm or strike out] I am qualified to make this statement by reason of: ____"
    )
    for blank in (
        "The record described above was generated by the process described above, which produces an accurate result:",
        "How I know that it does (validation, self-tests, my own check): ",
        "The copies in this exhibit were identified by the digests above, which I have checked (yes / no): ",
        "Who had custody of the source and of the ledger: ",
        "What I did myself, and what others did: ",
    ):
        yield from _indented(f"{blank.rstrip()} ____________________")
    yield ""
    for blank in ("Name", "Position and organisation", "Date and place", "Signature"):
        yield f"   {blank + ':':<28}________________________________________"


def _fields(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, item in value.items():
        if isinstance(item, dict) and item:
            yield f"{indent}{key}:"
            yield from _fields(item, indent + "   ")
        elif isinstance(item, list) and item and all(isinstance(member, dict) for member in item):
            yield f"{indent}{key}:"
            for number, member in enumerate(item, start=1):
                yield f"{indent}   ({number})"
                yield from _fields(member, indent + "      ")
        else:
            yield f"{indent}{key}: {_text(item)}"


def _text(value: object) -> str:
    if value is None:
        return "not recorded"
    if isinstance(value, list):
        value = ", ".join(map(_text, value)) or "none"
    text = str(value)
    return text if len(text) <= _MAX_VALUE else f"{text[:_MAX_VALUE]}... ({len(text)} characters)"


def _indented(text: str) -> list[str]:
    return [f"   {line}" for line in _wrapped(text)]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH)


def _printable(line: str) -> str:
    """The line with control characters escaped, so that text cannot control a terminal or look like another line."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)
