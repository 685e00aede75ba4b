"""Which matches what matched wrongly makes not notable: by a digest all, else those that it is nearer to."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from matcher.calibration.bank import Bank
from matcher.lookup.negative import BANK, marked
from matcher.lookup.outcome import Matched, outcome
from matcher.model import Disposition, Match, Region

KNOWN, WRONG = Disposition.NOTABLE, Disposition.NEGATIVE


def match(entry: str, distance: int, algorithm: str = "pdq", **fields: object) -> Matched:
    """A match with the list of its entry's name: of what matched wrongly if that begins with w."""
    made = Match(
        *(f"list {entry}", entry, None, algorithm, b"", b"", distance, 31, 100, None, "none"),
        **{},
    )
    is_digest = algorithm == "md5"
    return Matched(replace(made, **fields), WRONG if entry.startswith("w") else KNOWN, is_digest)  # type: ignore[arg-type]


def names(*matches: Matched, bank: Bank | None = None, sha256: bytes | None = None) -> list[str | None]:
    return [each.match.negative_by for each in marked(matches, bank, sha256=sha256)]


@pytest.mark.parametrize(
    ("wrong", "known", "is_negative"),
    [
        ({"pdq": 10}, {"pdq": 11}, True),
        ({"pdq": 10}, {"pdq": 10}, False),
        ({"pdq": 11}, {"pdq": 10}, False),
        ({"pdq": 10, "phash": 2}, {"pdq": 11, "phash": 2}, True),
        ({"pdq": 10, "phash": 3}, {"pdq": 11, "phash": 2}, False),
        ({"pdq": 0}, {"pdq": 11, "phash": 2}, False),  # not known by which it is nearer
        ({"phash": 0}, {"pdq": 11}, False),
        ({"pdq": 10, "phash": 9}, {"pdq": 11}, True),
    ],
)
def test_the_nearer_entry(wrong: dict[str, int], known: dict[str, int], is_negative: bool) -> None:
    rivals = [match("w", distance, name) for name, distance in wrong.items()]
    others = [match("k", distance, name) for name, distance in known.items()]
    found = marked([*others, *rivals], None)
    assert [each.match.negative_by for each in found] == [
        *(["list w" if is_negative else None] * len(others)),
        *([None] * len(rivals)),
    ]
    assert outcome(found).notable is not is_negative
    kinds = {each.disposition for each in found[: len(others)]}
    assert kinds == {Disposition.INFORMATION if is_negative else KNOWN}
    assert len(outcome(found).listed) == len(found)  # the finding shows both


def test_any_orientation_and_rendering_of_one_picture() -> None:
    turned = [match("k", 11, transform="on-black mirror"), match("w", 10)]
    assert names(*turned) == ["list w", None]


@pytest.mark.parametrize(("region", "transform"), [((0, 0, 9, 9), "none"), (None, "frame-2 none")])
def test_another_region_or_frame_says_nothing(region: Region | None, transform: str) -> None:
    assert names(match("k", 11, region=region, transform=transform), match("w", 1)) == [None, None]


def test_an_entry_that_also_matches_where_nothing_is_nearer_is_notable_by_that() -> None:
    found = marked([match("k", 11), match("w", 10), match("k", 20, region=(0, 0, 9, 9))], None)
    result = outcome(found)
    assert result.notable
    assert [(each.entry, each.distance, each.negative_by) for each in result.listed] == [
        ("w", 10, None),
        ("k", 20, None),
    ]


def test_a_digest_in_a_negative_list() -> None:
    matches = match("k", 0), match("k", 3, region=(0, 0, 9, 9)), match("k", 0, "md5"), match("w", 0, "md5")
    assert names(*matches) == ["list w", "list w", None, None]
    assert outcome(marked(matches, None)).known  # the digest of known material still counts
    assert not outcome(marked([matches[0], matches[3]], None)).notable


def test_a_file_of_the_packaged_bank() -> None:
    bank = Bank.packaged()
    own = bank.sha256[7].tobytes()
    assert names(match("k", 5), match("k", 0, "md5"), bank=bank, sha256=own) == [BANK, None]
    assert names(match("k", 5), bank=bank, sha256=hashlib.sha256(b"other").digest()) == [None]
    assert names(match("k", 5), bank=None, sha256=own) == [None]
    assert names(match("k", 5), match("w", 0, "md5"), bank=bank, sha256=own) == ["list w", None]


def test_known_good_stays_known_good() -> None:
    good = replace(match("g", 11), disposition=Disposition.KNOWN_GOOD)
    (found, _wrong) = marked([good, match("w", 1)], None)
    assert (found.match.negative_by, found.disposition) == ("list w", Disposition.KNOWN_GOOD)
