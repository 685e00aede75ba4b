"""The matches that a scan expects by chance, in sentences: from its `scan.open` and its count of queries."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from matcher.record.strength import in_digits
from matcher.reports.classify import whole
from matcher.reports.summary import ScanSummary

_KINDS = (("whole", "whole pictures"), ("region", "regions inside of pictures"))


def by_chance(scan: ScanSummary) -> Iterator[str]:
    """A generator of sentences. It is empty for a scan whose `scan.open` states no chances, as older ones do not."""
    chances = scan.opened.get("chances")
    if chances is None:
        return
    pictures = whole(chances["pictures"])
    stated = {kind: Decimal(value) for kind, value in chances["expected"].items()}
    parts = " and ".join(f"{in_digits(stated[kind])} by {words}" for kind, words in _KINDS if kind in stated)
    most = in_digits(sum(stated.values(), Decimal(0)))
    yield (
        f"With these lists and thresholds, at most {most} matches by perceptual hash "
        f"are expected by chance alone among {pictures:,} items that have nothing to do with the lists: {parts}."
    )
    yield from _rule(scan)
    queries = None if scan.closed is None else scan.closed.get("questions")
    if queries is not None:
        expected = Decimal(0)
        for kind, value in stated.items():
            expected += value * whole(queries[kind]) / (pictures * whole(chances["questions"][kind]))
        hashes = sum(whole(count) for count in queries.values())
        yield (
            f"This scan looked up {hashes:,} hashes by each algorithm, all orientations counted: so at most "
            f"{in_digits(expected)} of its matches are expected to be chance."
        )
    calibration = chances["calibration"]
    yield (
        f"That was measured on {whole(calibration['pairs']):,} pairs of hashes of unrelated pictures "
        f"(calibration {calibration['name']}, SHA-256 {calibration['digest']}). Pictures that resemble each "
        "other for a reason, flat ones and repeated drawings above all, match more often."
    )
    if chances["not_known"]:
        yield f"Of {', '.join(chances['not_known'])} that was never measured: those matches are not counted here."


def _rule(scan: ScanSummary) -> Iterator[str]:
    """A generator of sentences on how the thresholds were chosen."""
    settings, chances = scan.opened["settings"], scan.opened["chances"]
    most = settings.get("max_false_matches")
    if most is None:
        yield "The thresholds are fixed ones, whatever is listed, and each algorithm decides alone."
        return
    limit = "" if settings.get("reframings", True) else ", and are never above the published ones"
    yield f"The thresholds were chosen so that at most {in_digits(Decimal(most))} are{limit}."
    if len(chances.get("combined", [])) > 1:
        yield (
            "PDQ and pHash decide together where an entry has both: a match is so near by both that chance hardly "
            "explains it."
        )
    if "bank" in chances:
        yield (
            f"Hashes that many of {whole(chances['bank']['pictures']):,} benign pictures are near to have smaller "
            f"thresholds (negative bank, SHA-256 {chances['bank']['digest']})."
        )
