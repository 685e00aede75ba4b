"""How pictures are examined: algorithms, thresholds, limits. Findings depend on these, so a scan records them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matcher.algorithms import Algorithm, Metric
from matcher.errors import SettingsError
from matcher.hashers import DEFAULT_ALGORITHMS, known_algorithm
from matcher.imaging.limits import MAX_FRAMES, MAX_PIXELS, MAX_TOTAL_PIXELS, Limits

MAX_BYTES = 2**30
"""1 GiB: a picture file larger than this is not decoded."""

MAX_MATCHES = 100
"""The number of matches that a finding lists at most, the nearest first."""


MOST_FALSE_MATCHES = 1_000_000_000
"""The largest permitted `max_false_matches`: above it, everything matches everything."""
DEFAULT_FALSE_MATCHES = 1.0
"""The false matches that are permitted in 10,000 items where the settings state nothing else."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of an examination.

    `thresholds` and `minimum_quality` override the defaults of single algorithms (a distance, inclusive; 0 to 100).
    Where `minimum_quality` names an algorithm, its hashes of a lower quality are not looked up, and the others by the
    same threshold; otherwise hashes of low quality are looked up by stricter thresholds, from their own calibration.
    `max_pixels` limits one frame, `max_total_pixels` all frames of a file, `max_frames` the number of those hashed.
    `exact` decodes every picture in full and hashes every orientation by the reference, instead of screening first.
    `regions`: also look for known pictures inside of each picture.

    Thresholds are chosen so that at most `max_false_matches` matches (by default DEFAULT_FALSE_MATCHES) are expected by
    chance in 10,000 items with the lists that are open, and are never above the published ones; PDQ and pHash decide
    together. With `published_thresholds`, or with `thresholds`, each algorithm decides alone by its fixed threshold.
    `reframings`: also look up each picture turned and cropped a little, by thresholds that may be above the published
    ones. `calibration` is a file of measured chances of the lab's own, beside the one in this package. `by_commonness`
    is False only for settings of scans from before the negative bank (calibration/bank.py).
    """

    algorithms: tuple[str, ...] = DEFAULT_ALGORITHMS
    thresholds: Mapping[str, int] = field(default_factory=dict)
    minimum_quality: Mapping[str, int] = field(default_factory=dict)
    exact: bool = False
    exclude_known_good: bool = False
    max_pixels: int = MAX_PIXELS
    max_bytes: int = MAX_BYTES
    max_frames: int = MAX_FRAMES
    max_total_pixels: int = MAX_TOTAL_PIXELS
    regions: bool = True
    max_false_matches: float | None = None
    calibration: Path | None = None
    published_thresholds: bool = False
    reframings: bool = False
    by_commonness: bool = True

    def __post_init__(self) -> None:
        for name, value in self.thresholds.items():
            facts = _facts(name)
            if facts.metric is Metric.EXACT:
                raise SettingsError(f"{name!r} is no algorithm with a threshold")
            if not 0 <= value <= facts.furthest:
                raise SettingsError(
                    f"a threshold of {value} makes no sense for {name}: its distances are 0 to {facts.furthest}"
                )
        if self.max_false_matches is not None:
            if not 0 < self.max_false_matches <= MOST_FALSE_MATCHES:
                raise SettingsError(
                    f"at most {self.max_false_matches} false matches: a number above 0 is expected, and up to "
                    f"{MOST_FALSE_MATCHES:,}"
                )
            if self.thresholds or self.published_thresholds:
                raise SettingsError("thresholds are given, or chosen by how many false matches there may be: not both")
        if self.reframings and self.most_false_matches is None:
            raise SettingsError("pictures are looked up reframed only where thresholds are chosen by chance")
        for name, value in self.minimum_quality.items():
            if not 0 <= value <= 100 or _facts(name).metric is Metric.EXACT:
                raise SettingsError(
                    f"minimum quality {value} of {name!r}: a perceptual algorithm and 0 to 100 are expected"
                )

    @property
    def most_false_matches(self) -> float | None:
        """The permitted false matches in 10,000 items; None where thresholds are fixed."""
        if self.thresholds or self.published_thresholds:
            return None
        return DEFAULT_FALSE_MATCHES if self.max_false_matches is None else self.max_false_matches

    @property
    def is_capped(self) -> bool:
        """Whether no threshold is above the published one."""
        return self.by_commonness and not self.reframings

    def threshold(self, algorithm: str) -> int:
        """The fixed threshold: the largest distance that is a match, unless chance permits less."""
        return self.thresholds.get(algorithm, _facts(algorithm).threshold)

    def quality(self, algorithm: str) -> int:
        """The lowest quality of a hash that is compared by the algorithm's threshold."""
        return self.minimum_quality.get(algorithm, _facts(algorithm).minimum_quality)

    def least_quality(self, algorithm: str) -> int:
        """The lowest quality of a hash of a whole picture that is looked up or matched.

        Those from here to `quality` are compared by the thresholds for low quality. There are none where
        `minimum_quality` has the algorithm: that alone decides then.
        """
        return self.minimum_quality.get(algorithm, _facts(algorithm).least_quality)

    def is_stricter_by_quality(self, algorithm: str) -> bool:
        """Whether hashes of pictures of low quality are compared by thresholds of their own."""
        return algorithm not in self.minimum_quality

    @property
    def limits(self) -> Limits:
        """The limits on decoding one file."""
        return Limits(self.max_pixels, self.max_frames, self.max_total_pixels)

    def as_json(self) -> dict[str, Any]:
        """The `settings` of a `scan.open` entry, whose `algorithms` has the settings of each algorithm."""
        return {
            "exact": self.exact,
            "exclude_known_good": self.exclude_known_good,
            "max_pixels": self.max_pixels,
            "max_bytes": self.max_bytes,
            "max_frames": self.max_frames,
            "max_total_pixels": self.max_total_pixels,
            "max_matches": MAX_MATCHES,
            "regions": self.regions,
            "max_false_matches": None if self.most_false_matches is None else repr(float(self.most_false_matches)),
            "reframings": self.reframings,
            "by_commonness": self.by_commonness,
        }

    @classmethod
    def from_json(
        cls, form: Mapping[str, Any], algorithms: Sequence[Mapping[str, Any]], *, calibration: Path | None = None
    ) -> Settings:
        """The settings of a `scan.open` entry, from its `settings` and its `algorithms`; the inverse of `as_json`.

        An entry written before regions existed has no such field: no regions were looked up then. Nor had algorithms
        `low_quality_thresholds` at first: hashes below `minimum_quality` were not looked up then. One from before the
        negative bank has no `by_commonness`: where `max_false_matches` was set, pictures were also looked up reframed,
        and otherwise thresholds were the fixed ones.
        """
        perceptual = [algorithm for algorithm in algorithms if "threshold" in algorithm]
        most = form.get("max_false_matches")
        fixed = {algorithm["name"]: algorithm["threshold"] for algorithm in perceptual}
        return cls(
            algorithms=tuple(algorithm["name"] for algorithm in algorithms),
            thresholds=fixed if most is None else {},
            minimum_quality={
                algorithm["name"]: algorithm["minimum_quality"]
                for algorithm in perceptual
                if "low_quality_thresholds" not in algorithm
            },
            exact=form["exact"],
            exclude_known_good=form["exclude_known_good"],
            max_pixels=form["max_pixels"],
            max_bytes=form["max_bytes"],
            max_frames=form["max_frames"],
            max_total_pixels=form["max_total_pixels"],
            regions=form.get("regions", False),
            max_false_matches=None if most is None else float(most),
            calibration=calibration,
            published_thresholds=most is None and not fixed,
            reframings=form.get("reframings", most is not None),
            by_commonness=form.get("by_commonness", False),
        )


def _facts(name: str) -> Algorithm:
    """The properties of an algorithm, computed here or not. SettingsError for an unknown one."""
    facts = known_algorithm(name)
    if facts is None:
        raise SettingsError(f"unknown algorithm {name!r}")
    return facts
