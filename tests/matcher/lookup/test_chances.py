"""What is expected by chance: thresholds that follow from it, numbers that every machine writes alike."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher import Matcher, Settings, SettingsError
from matcher.calibration.bank import MOST
from matcher.calibration.tables import JOINT_FROM, probability
from matcher.lookup.chances import ASSUMED_PICTURES, REGION, WHOLE, _not_above, decimal, hundredths, total

MakeStore = Callable[..., Path]
ONE: list[dict[str, object]] = [{"id": "a", "algorithm": "pdq", "value": "0f" * 32}]


@given(st.integers(1, 10**18))
def test_hundredths_are_never_too_few(number: int) -> None:
    found = hundredths(number)
    assert 10 ** Fraction(found - 1, 100) < number * (1 + 1e-9)
    assert float(10 ** Fraction(found, 100)) >= number * (1 - 1e-9)
    assert abs(found - 100 * math.log10(number)) < 1 + 1e-9


def test_powers_of_ten_are_exact() -> None:
    assert [hundredths(10**power) for power in range(19)] == [100 * power for power in range(19)]


@given(st.integers(-3000, 2500))
def test_two_digits_are_never_too_few(value: int) -> None:
    text = decimal(value)
    assert len(text) in (7, 8)
    exact = 10.0 ** (value / 100)
    assert exact * (1 - 1e-9) <= float(text) <= exact * 1.1


def test_how_it_is_written() -> None:
    assert [decimal(value) for value in (0, -1, 100, -850, 30)] == [
        "1.0e+00",
        "9.8e-01",
        "1.0e+01",
        "3.2e-09",
        "2.0e+00",
    ]


@given(st.lists(st.integers(-900, 900).map(decimal), max_size=5))
def test_a_sum_is_rounded_up(parts: list[str]) -> None:
    exact = sum(map(Fraction, parts))
    assert exact <= Fraction(total([*parts, None])) <= exact * Fraction(11, 10)


@given(st.fractions(Fraction(1, 10**15), Fraction(100)).filter(bool))
def test_a_limit_is_the_largest_that_is_not_above(most: Fraction) -> None:
    found = _not_above(most)
    assert probability(found) <= most < probability(found + 1)


class TestThresholds:
    def test_whole_pictures_keep_theirs_unless_a_limit_is_set(self, make_store: MakeStore) -> None:
        chances = Matcher.open(make_store(ONE)).chances
        assert chances.threshold("pdq", WHOLE) == 31
        assert chances.threshold("pdq", REGION) <= 31
        assert chances.threshold("photodna", REGION) == -1  # nobody has measured it

    def test_a_region_s_is_never_above_a_threshold_that_is_given(self, make_store: MakeStore) -> None:
        chances = Matcher.open(make_store(ONE), settings=Settings(thresholds={"pdq": 7})).chances
        assert (chances.threshold("pdq", WHOLE), chances.threshold("pdq", REGION)) == (7, 7)

    @pytest.mark.parametrize("most", [0.01, 1.0, 100.0])
    @pytest.mark.parametrize("regions", [False, True])
    @pytest.mark.parametrize("reframings", [False, True])
    def test_a_limit_is_kept(self, make_store: MakeStore, most: float, regions: bool, reframings: bool) -> None:
        lines = [*ONE, {"id": "b", "algorithm": "phash", "value": "0f" * 8}]
        settings = Settings(max_false_matches=most, regions=regions, reframings=reframings)
        chances = Matcher.open(make_store(lines), settings=settings).chances
        expected, measured = Fraction(0), chances.calibration
        kinds = (WHOLE, REGION) if regions else (WHOLE,)
        for kind in kinds:
            queries = ASSUMED_PICTURES * chances.queries(kind)
            expected += sum(
                probability(chances.limit("pdq", kind, common)) * queries * measured.share("pdq+phash", kind, group)
                for group, common in enumerate(JOINT_FROM[: measured.levels("pdq+phash", kind)])
            )
            for name in ("pdq", "phash"):
                for common in range(chances.levels(name, kind)):
                    threshold = chances.threshold(name, kind, common)
                    assert reframings or threshold <= settings.threshold(name)
                    if threshold >= 0:
                        chance = probability(measured.chance(name, kind, threshold, common))
                        expected += chance * queries * (measured.share(name, kind, common) if common else 1)
        assert expected <= most
        stated = sum(Fraction(value) for value in chances.as_json()["expected"].values())
        assert expected <= stated <= Fraction(most) * Fraction(11, 10)  # written with two digits, rounded up

    def test_a_more_common_hash_has_no_larger_threshold(self, make_store: MakeStore) -> None:
        chances = Matcher.open(make_store(ONE)).chances
        for name in ("pdq", "phash"):
            thresholds = [chances.threshold(name, WHOLE, common) for common in range(MOST[name] + 1)]
            assert thresholds == sorted(thresholds, reverse=True)

    def test_published_thresholds_are_kept_whatever_is_listed(self, make_store: MakeStore) -> None:
        chances = Matcher.open(make_store(ONE), settings=Settings(published_thresholds=True)).chances
        assert (chances.threshold("pdq", WHOLE), chances.threshold("phash", WHOLE)) == (31, 8)
        assert not chances.is_together

    def test_what_makes_no_sense_is_refused(self) -> None:
        with pytest.raises(SettingsError, match="not both"):
            Settings(max_false_matches=1.0, thresholds={"pdq": 31})
        with pytest.raises(SettingsError, match="not both"):
            Settings(max_false_matches=1.0, published_thresholds=True)
        with pytest.raises(SettingsError, match="reframed only"):
            Settings(reframings=True, published_thresholds=True)
        for wrong in (0.0, -1.0, float("nan"), float("inf")):
            with pytest.raises(SettingsError, match="above 0"):
                Settings(max_false_matches=wrong)
