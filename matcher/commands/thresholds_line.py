"""What a scan says of its thresholds before it begins: which were chosen, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from matcher.commands import say

if TYPE_CHECKING:
    from matcher.examine.engine import Matcher


def say_thresholds(matcher: Matcher, *, quiet: bool) -> None:
    """Print the thresholds on stderr; with `quiet` only what cannot be compared."""
    if not quiet:
        for line in _chosen(matcher):
            say(line)
    for line in _unusable(matcher):
        say(f"warning: {line}")


def _chosen(matcher: Matcher) -> Iterator[str]:
    from matcher.lookup.chances import TOGETHER, WHOLE

    chances, most = matcher.chances, matcher.settings.most_false_matches
    listed = [lookup for lookup in matcher.lookups if lookup.is_listed]
    if not listed:
        return
    if most is None:
        fixed = ", ".join(f"{lookup.algorithm} {lookup.threshold(WHOLE)}" for lookup in listed)
        yield f"thresholds: fixed, each algorithm alone ({fixed}), however many are listed"
        return
    yield f"thresholds: at most {most:g} {'match' if most == 1 else 'matches'} by chance expected in 10,000 items"
    for lookup in listed:
        name, count = lookup.algorithm, chances.listed[lookup.algorithm]
        thresholds = lookup.hash_lookup.by_commonness[WHOLE].tolist()
        if not chances.is_measured(name, WHOLE):
            rule = f"up to {thresholds[0]}, for its chances were never measured"
        elif thresholds[0] < 0:
            rule = "never alone: the lists are too long for it"
        elif thresholds[-1] < thresholds[0]:
            least = f"{thresholds[-1]}" if thresholds[-1] >= 0 else "none"
            rule = f"alone up to {thresholds[0]}, of common pictures less ({least} of the most common)"
        else:
            rule = f"alone up to {thresholds[0]}"
        yield f"  {name}, {count:,} listed: {rule}"
    if chances.is_together:
        yield f"  {' and '.join(TOGETHER)} of one entry decide together: both must be nearer than chance explains"


def _unusable(matcher: Matcher) -> Iterator[str]:
    """A generator of a sentence for each algorithm by which some entries cannot match at all, and for common ones."""
    from matcher.lookup.chances import WHOLE

    if (least := _least_unusable(matcher)) is not None:
        yield (
            f"pictures whose hashes are of commonness {least} or more match no entry that is as common by pdq and "
            "phash, not even with equal hashes: so many are listed that these are chance. They are not counted. "
            "(--max-false-matches permits more; `matcher lists show --common` names such entries)"
        )
    for lookup in matcher.lookups:
        alone = matcher.chances.alone(lookup.algorithm)
        if lookup.is_listed and alone and lookup.threshold(WHOLE) < 0:
            yield (
                f"up to {alone:,} entries have only {lookup.algorithm}, by which no picture matches: with so many "
                "listed, equal hashes of unrelated pictures are too frequent (--max-false-matches permits more of them)"
            )


def _least_unusable(matcher: Matcher) -> int | None:
    """The least commonness at which even equal hashes by both algorithms are no match; None where all are."""
    from matcher.calibration.bank import MOST
    from matcher.lookup.chances import TOGETHER, WHOLE

    chances = matcher.chances
    if not chances.is_together or chances.bank is None:
        return None
    equal = dict.fromkeys(TOGETHER, 0)
    for common in range(min(MOST.values()) + 1):
        odds = chances.combined(WHOLE, equal, dict.fromkeys(TOGETHER, common))
        if odds > chances.limit(TOGETHER[0], WHOLE, common):
            return common
    return None
