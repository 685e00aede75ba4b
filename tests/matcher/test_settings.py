"""Settings: what a scan records of them is what a relookup works with."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher import Settings
from matcher.imaging.limits import Limits
from matcher.model import CategoryProfile, Disposition

COUNTS = st.integers(1, 2**40)
NAMES = ("md5", "sha256", "pdq", "phash")
THRESHOLDS = st.fixed_dictionaries({"pdq": st.integers(0, 256), "phash": st.integers(0, 64)})
QUALITIES = st.fixed_dictionaries({"pdq": st.integers(0, 100), "phash": st.integers(0, 100)})


def algorithms_of(settings: Settings) -> list[dict[str, object]]:
    """The `algorithms` of a `scan.open` entry, as far as they are settings."""
    exact: list[dict[str, object]] = [{"name": name} for name in ("md5", "sha256")]
    return exact + [
        {"name": name, "threshold": settings.threshold(name), "minimum_quality": settings.quality(name)}
        for name in ("pdq", "phash")
    ]


@given(
    st.builds(
        Settings,
        algorithms=st.just(NAMES),
        thresholds=THRESHOLDS,
        minimum_quality=QUALITIES,
        exact=st.booleans(),
        exclude_known_good=st.booleans(),
        max_pixels=COUNTS,
        max_bytes=COUNTS,
        max_frames=COUNTS,
        max_total_pixels=COUNTS,
        regions=st.booleans(),
    )
    | st.builds(
        Settings,
        algorithms=st.just(NAMES),
        minimum_quality=QUALITIES,
        max_false_matches=st.floats(1e-300, 1e9, exclude_min=True),
        reframings=st.booleans(),
    )
    | st.builds(Settings, algorithms=st.just(NAMES), published_thresholds=st.just(True))
)
def test_round_trip(settings: Settings) -> None:
    form = json.loads(json.dumps(settings.as_json()))
    read = Settings.from_json(form, algorithms_of(settings))
    assert read.as_json() == settings.as_json()
    assert algorithms_of(read) == algorithms_of(settings)
    assert read.most_false_matches == settings.most_false_matches


def test_an_entry_from_before_the_negative_bank() -> None:
    form = Settings(published_thresholds=True).as_json()
    del form["reframings"], form["by_commonness"]
    fixed = Settings.from_json(form, algorithms_of(Settings()))
    assert (fixed.most_false_matches, fixed.reframings, fixed.by_commonness) == (None, False, False)
    wide = Settings.from_json({**form, "max_false_matches": "2.0"}, algorithms_of(Settings()))
    assert (wide.most_false_matches, wide.reframings, wide.is_capped) == (2.0, True, False)


def test_an_entry_from_before_there_were_regions() -> None:
    form = Settings().as_json()
    del form["regions"], form["max_false_matches"]
    settings = Settings.from_json(form, algorithms_of(Settings()))
    assert (settings.regions, settings.max_false_matches) == (False, None)


def test_limits_are_those_of_the_settings() -> None:
    assert Settings(max_pixels=1, max_frames=2, max_total_pixels=3).limits == Limits(1, 2, 3)
    assert Settings().limits == Limits()


@pytest.mark.parametrize("other", list(Disposition))
def test_a_profile_round_trip(other: Disposition) -> None:
    profile = CategoryProfile({"1": Disposition.NOTABLE, "0": Disposition.INFORMATION}, other)
    assert CategoryProfile.from_json(json.loads(json.dumps(profile.as_json()))) == profile
