"""The strength of matches: by hand-computed numbers, and by the rounding of the chances themselves."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from matcher.lookup.chances import total
from matcher.model import Status
from matcher.record.strength import (
    NONE_LISTED,
    UNLISTED,
    Nearest,
    RecordedMatch,
    Strength,
    chance_in_words,
    counts,
    expected,
    in_digits,
    in_words,
    is_compared_json,
    is_compared_picture,
)
from tests.shared.report_cases import finding, match


def near(chance: str | None, *, doubtful: bool = False) -> RecordedMatch:
    return RecordedMatch("pdq", 12, chance, doubtful)


DIGEST = RecordedMatch("sha256", 0, None, doubtful=False)


def strength(pictures: int, *matches: RecordedMatch) -> Strength:
    nearest = Nearest.of(matches)
    assert nearest is not None
    return nearest.strength(pictures)


class TestExpected:
    @pytest.mark.parametrize(
        ("chance", "pictures", "number"),
        [
            ("3.2e-09", 1, "3.2e-09"),
            ("3.2e-09", 1_000_000, "3.2e-03"),
            ("3.3e-05", 3, "9.9e-05"),
            ("3.4e-05", 3, "1.1e-04"),
            ("9.9e-05", 101, "1.0e-02"),  # 0.009999
            ("5.5e-02", 2000, "1.1e+02"),
            ("3.2e-09", 0, "3.2e-09"),
            ("0", 5, "0"),
        ],
    )
    def test_is_the_chance_of_one_picture_times_the_pictures(self, chance: str, pictures: int, number: str) -> None:
        assert expected(chance, pictures) == number

    def test_rounds_as_chances_are_summed(self) -> None:
        chosen = random.Random(18)
        for _ in range(300):
            chance = f"{chosen.randint(10, 99) / 10}e-{chosen.randint(1, 30):02d}"
            pictures = chosen.randint(1, 60)
            assert expected(chance, pictures) == total([chance] * pictures)

    def test_is_none_where_nothing_was_measured(self) -> None:
        assert expected(None, 10) is None

    @pytest.mark.parametrize("chance", ["", "near", "NaN", "-1", "Infinity", "1e31"])
    def test_a_chance_that_is_none_is_refused(self, chance: str) -> None:
        with pytest.raises(ValueError, match="a chance is not"):
            expected(chance, 1)


class TestStrength:
    @pytest.mark.parametrize(
        ("chance", "pictures", "group"),
        [
            ("1.0e-06", 9_999, Strength.STRONG),
            ("1.0e-06", 10_000, Strength.LOOK),  # 0.01 is not below 0.01
            ("1.0e-06", 999_999, Strength.LOOK),
            ("1.0e-06", 1_000_000, Strength.WEAK),
        ],
    )
    def test_depends_on_the_pictures_of_the_scan(self, chance: str, pictures: int, group: Strength) -> None:
        assert strength(pictures, near(chance)) is group

    def test_a_digest_is_strong_in_any_scan(self) -> None:
        assert strength(10**9, near("5.0e-01"), DIGEST) is Strength.STRONG

    def test_a_doubtful_match_is_never_strong(self) -> None:
        assert strength(1, near("1.0e-20", doubtful=True)) is Strength.LOOK
        assert strength(10, near("5.0e-01", doubtful=True)) is Strength.WEAK

    def test_what_was_not_measured_is_to_be_looked_at(self) -> None:
        assert strength(1, near(None)) is Strength.LOOK
        assert strength(100, near(None), near("5.0e-01")) is Strength.LOOK
        assert strength(100, near(None), near("1.0e-09")) is Strength.STRONG
        assert UNLISTED.strength(1) is Strength.LOOK

    def test_an_item_has_that_of_its_best_match(self) -> None:
        weak, strong = near("5.0e-01"), near("1.0e-09")
        assert strength(10, weak) is Strength.WEAK
        assert strength(10, weak, strong) is strength(10, strong, weak) is Strength.STRONG
        assert strength(10, weak, near("1.0e-09", doubtful=True)) is Strength.LOOK

    def test_an_item_without_a_notable_match_has_none(self) -> None:
        assert Nearest.of([]) is None

    def test_is_the_same_of_a_match_and_of_its_form(self) -> None:
        for each in (match(1), match(2, "pdq", chance="2.0e-07"), match(3, "phash", doubtful=True, chance="1.0e-01")):
            assert Nearest.of([each]) == Nearest.of([RecordedMatch.from_json(each.as_json())])

    def test_an_older_match_has_neither_chance_nor_doubt(self) -> None:
        form = match(2, "pdq", quality=30).as_json()
        del form["chance"], form["doubtful"]
        assert RecordedMatch.from_json(form) == RecordedMatch("pdq", 12, None, doubtful=True)

    def test_items_are_sorted_by_their_smallest_number(self) -> None:
        nearest = Nearest.of([near("2.0e-03"), near("1.0e-03", doubtful=True), near(None)])
        assert nearest is not None
        assert nearest.expected(50) == Decimal("0.05")
        assert UNLISTED.expected(50) == NONE_LISTED
        assert Nearest(identical=True).expected(50) == 0


class TestCounts:
    def test_by_group(self) -> None:
        items = {Nearest(identical=True): 2, Nearest(clear="1.0e-09"): 3, Nearest(clear="1.0e-01"): 4}
        assert counts(items, 100, unlisted=5) == {"strong": 5, "look": 5, "weak": 4}
        assert in_words(counts(items, 100)) == "5 strong, 0 to be looked at, 4 weak"

    def test_a_picture_counts_once_and_other_files_never(self) -> None:
        picture = finding("a.jpg")
        others = [
            finding("a.jpg", status=Status.DUPLICATE),
            finding("a.jpg", status=Status.EXCLUDED),
            finding("a.txt", status=Status.KNOWN, width=None),
            finding("a.txt", status=Status.SKIPPED),
        ]
        assert [is_compared_picture(each) for each in (picture, *others)] == [True, False, False, False, False]
        assert [is_compared_json(each.as_json()) for each in (picture, *others)] == [True, *[False] * 4]


class TestWords:
    @pytest.mark.parametrize(
        ("chance", "words"),
        [
            ("3.2e-09", "by chance once in 310 million pictures"),
            ("1.0e-09", "by chance once in 1 billion pictures"),
            ("2.1e-05", "by chance once in 47,000 pictures"),
            ("4.0e-01", "by chance once in 2 pictures"),
            ("9.0e-01", "by chance once in every picture or two"),
            ("1.7e+00", "by chance 1.7 in every picture"),
            ("9.0e-14", "by chance once in 11 thousand billion pictures"),
            ("1.0e-40", "by chance less than once in a million billion pictures"),
        ],
    )
    def test_never_says_that_it_is_rarer(self, chance: str, words: str) -> None:
        assert chance_in_words(chance) == words

    @pytest.mark.parametrize(
        ("number", "shown"), [("0", "0"), ("0.000038", "0.000038"), ("0.831", "0.84"), ("100.2", "101"), ("12", "12")]
    )
    def test_digits(self, number: str, shown: str) -> None:
        assert in_digits(Decimal(number)) == shown
