"""Reading a calibration and asking it: exact, ordered, and refused where the file is not what it should be."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.algorithms import ALGORITHMS, Metric
from matcher.calibration.tables import KINDS, LEAST, SCHEMA, STEP, Calibration, probability
from matcher.errors import CalibrationError

DEFAULT = Calibration.default()
PERCEPTUAL = [(name, kind) for name in ALGORITHMS for kind in KINDS if DEFAULT.measures(name, kind)]


def small() -> dict[str, Any]:
    """Two made-up algorithms of a few bits, and both together."""
    one = {"chance": [-600, -400, -250, -100, 0], "pairs": 1000, "seen": 2}
    two = {"chance": [-300, -200, 0], "pairs": 900, "seen": 1}
    both = {"chance": [0, *range(0, -720, -8)], "pairs": 800, "seen": 40}
    return {"schema": SCHEMA, "name": "made up", "tables": {"whole": {"one": one, "two": two, "one+two": both}}}


def written(folder: Path, value: object) -> Path:
    path = folder / "c.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


@pytest.fixture
def made(tmp_path: Path) -> Calibration:
    return Calibration.load(written(tmp_path, small()))


def test_the_one_that_comes_along_knows_every_hamming_algorithm() -> None:
    names = {name for name, facts in ALGORITHMS.items() if facts.metric is Metric.HAMMING}
    assert {name for name, kind in PERCEPTUAL if kind == "whole"} == names
    assert {"pdq", "phash"} <= {name for name, kind in PERCEPTUAL if kind == "region"}
    assert all(DEFAULT.measures("pdq+phash", kind) for kind in KINDS)


def test_names_itself(tmp_path: Path, made: Calibration) -> None:
    assert made.digest == hashlib.sha256((tmp_path / "c.json").read_bytes()).hexdigest()
    assert (made.name, made.pairs) == ("made up", 1000)
    assert Calibration.default() is DEFAULT
    assert DEFAULT.pairs > 10**8


@pytest.mark.parametrize(("algorithm", "kind"), PERCEPTUAL)
def test_chances_rise_with_the_distance_to_certainty(algorithm: str, kind: str) -> None:
    chances = [DEFAULT.chance(algorithm, kind, distance) for distance in range(ALGORITHMS[algorithm].bits + 1)]
    assert chances == sorted(chances)
    assert chances[-1] == 0 == DEFAULT.chance(algorithm, kind, 10_000)
    assert chances[0] >= LEAST == DEFAULT.chance(algorithm, kind, -1)
    assert DEFAULT.slope(algorithm, kind) > 0
    assert DEFAULT.measured_from(algorithm, kind) < ALGORITHMS[algorithm].bits // 2


@given(st.integers(LEAST, 0))
def test_probability_is_the_power_of_ten(chance: int) -> None:
    """To nine digits: numpy's power is the oracle."""
    assert float(probability(chance)) == pytest.approx(10.0 ** (chance / 100), rel=1e-9)


def test_probabilities_are_the_same_everywhere() -> None:
    assert probability(-1) == Fraction(9_772_372_209_558, 10**13)
    assert probability(-100) == Fraction(1, 10)


@settings(max_examples=50)
@given(
    st.sampled_from(PERCEPTUAL),
    st.integers(1, 10**9),
    st.integers(1, 10**10),
    st.floats(1e-6, 1e6),
)
def test_the_threshold_is_the_largest_distance_that_keeps_to_it(
    asked: tuple[str, str], listed: int, queries: int, most: float
) -> None:
    found = DEFAULT.threshold(*asked, listed=listed, queries=queries, most=most)

    def expected(distance: int) -> float:
        return DEFAULT.expected(*asked, distance=distance, listed=listed, queries=queries)

    assert found == -1 or expected(found) <= most
    assert found == ALGORITHMS[asked[0]].bits or expected(found + 1) >= most  # as a float, which may be rounded down


def test_expected_is_the_chance_times_the_pairs(made: Calibration) -> None:
    assert made.expected("one", "whole", distance=1, listed=1000, queries=80) == 8.0
    assert made.threshold("one", "whole", listed=1000, queries=80, most=8) == 1
    assert made.threshold("one", "whole", listed=1000, queries=80, most=7.9) == 0
    assert made.threshold("one", "whole", listed=10**6, queries=80, most=1) == -1


def test_what_was_not_measured_is_refused(made: Calibration) -> None:
    assert not made.measures("one", "region")
    for algorithm, kind in (("pdq", "whole"), ("one", "region")):
        with pytest.raises(CalibrationError, match=f"'made up' has nothing on {algorithm} hashes of kind '{kind}'"):
            made.chance(algorithm, kind, 3)
    with pytest.raises(CalibrationError, match="no distances"):
        made.combined("whole", {})


class TestCombined:
    def test_one_alone_is_its_chance(self, made: Calibration) -> None:
        assert made.combined("whole", {"one": 1}) == -400

    def test_the_joint_table_at_the_sum_of_both(self, made: Calibration) -> None:
        """-600 of the two is place 60; of three that were asked, log10(3) is 0.477."""
        assert made.combined("whole", {"two": 1, "one": 1}) == -8 * (600 // STEP - 1) + 48

    def test_one_that_says_more_alone(self, made: Calibration) -> None:
        assert made.combined("whole", {"two": 2, "one": 0}) == -600 + 48

    def test_what_has_no_joint_table_is_never_too_near(self, tmp_path: Path) -> None:
        value = small()
        del value["tables"]["whole"]["one+two"]
        made = Calibration.load(written(tmp_path, value))
        assert made.combined("whole", {"one": 0, "two": 2}) == -600 + 31  # twice: log10(2) is 0.301
        assert made.combined("whole", {"one": 4, "two": 2}) == 0

    @pytest.mark.parametrize("kind", KINDS)
    def test_nearer_is_never_more_probable(self, kind: str) -> None:
        for distance in range(0, 120, 7):
            row = [DEFAULT.combined(kind, {"pdq": distance, "phash": other}) for other in range(0, 33)]
            assert row == sorted(row)
            assert min(row) >= LEAST

    def test_agreement_of_both_says_more_than_either(self) -> None:
        both = DEFAULT.combined("whole", {"pdq": 80, "phash": 8})
        assert both < DEFAULT.chance("phash", "whole", 8)
        assert both < DEFAULT.chance("pdq", "whole", 80)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda value: "{", "not JSON"),
        (lambda value: "[" * 100_000, "not JSON"),
        (lambda value: " " * (1 << 22) + "{}", "too large"),
        (lambda value: [], "no calibration of this form"),
        (lambda value: {**value, "schema": "matcher-calibration-0"}, "no calibration of this form"),
        (lambda value: {**value, "name": 3}, "name and tables"),
        (lambda value: {**value, "tables": {"frame": {}}}, "name and tables"),
        (lambda value: {**value, "tables": {"whole": []}}, "tables of whole"),
    ],
)
def test_other_files_are_refused_by_name(change: Any, message: str, tmp_path: Path) -> None:
    path = written(tmp_path, change(small()))
    with pytest.raises(CalibrationError, match=message) as raised:
        Calibration.load(path)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    ("key", "table"),
    [
        ("one", None),
        ("one", {"chance": [0], "pairs": 1}),
        ("one", {"chance": [0], "pairs": 0, "seen": 0}),
        ("one", {"chance": [0], "pairs": 1, "seen": 1}),
        ("one", {"chance": [], "pairs": 1, "seen": 0}),
        ("one", {"chance": [-5, -7, 0], "pairs": 1, "seen": 0}),
        ("one", {"chance": [-5, -3], "pairs": 1, "seen": 0}),
        ("one", {"chance": [LEAST - 1, 0], "pairs": 1, "seen": 0}),
        ("one", {"chance": [-1.5, 0], "pairs": 1, "seen": 0}),
        ("one", {"chance": [False], "pairs": 1, "seen": 0}),
        ("pdq", {"chance": [-5, 0], "pairs": 1, "seen": 0}),
        ("sha256", {"chance": [-5, 0], "pairs": 1, "seen": 0}),
        ("one+three", {"chance": [0, -5], "pairs": 1, "seen": 0}),
        ("two+one", {"chance": [0, -5], "pairs": 1, "seen": 0}),
        ("one+one", {"chance": [0, -5], "pairs": 1, "seen": 0}),
        ("one+two", {"chance": [-5, 0], "pairs": 1, "seen": 0}),
    ],
)
def test_tables_that_make_no_sense_are_refused(key: str, table: Any, tmp_path: Path) -> None:
    value = small()
    value["tables"]["whole"][key] = table
    with pytest.raises(CalibrationError, match="damaged: whole, "):
        Calibration.load(written(tmp_path, value))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match=r"absent\.json: No such file"):
        Calibration.load(tmp_path / "absent.json")


@pytest.mark.process
@pytest.mark.slow
def test_asking_imports_nothing_that_measures() -> None:
    heavy = "any('measuring' in name for name in sys.modules)"
    script = f"import sys, matcher; from matcher.calibration.tables import Calibration; assert not {heavy}"
    subprocess.run([sys.executable, "-c", script], check=True)
