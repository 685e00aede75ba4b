"""The result of a scan in words, as `matcher scan` prints it at the end."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from matcher.model import Status

if TYPE_CHECKING:
    from ledger import Ledger


def is_incomplete(facts: dict[str, Any]) -> bool:
    """Whether known material may have been missed in the items of a `scan.close`, or it has none at all."""
    from matcher.record.shortfall import Shortfall

    counts = facts["counts"]
    return bool(
        not facts["items"] or counts[Status.UNREADABLE.value] or Shortfall.of_facts(facts) or _may_have_more(facts)
    )


def _may_have_more(facts: dict[str, Any]) -> bool:
    """Whether an earlier version closed the scan: it did not tell containers from other files that were skipped."""
    from matcher.record.shortfall import is_told

    return not is_told(facts) and bool(facts["counts"][Status.SKIPPED.value])


def print_result(text: str, *, err: bool) -> None:
    """Print the result of a complete scan. It stays complete where the output cannot be written."""
    with suppress(OSError, ValueError):
        click.echo(text, err=err)


def summary(facts: dict[str, Any]) -> str:
    """The counts of a `scan.close`, and what stands between them and an all-clear."""
    from matcher.commands.progress_line import in_bytes
    from matcher.record.shortfall import Shortfall
    from matcher.record.strength import MEANINGS, in_words
    from matcher.reports.flood_words import flood_lines
    from matcher.reports.not_examined import shortfall_lines

    strength = facts.get("strength") if facts["notable"] else None  # a close of an earlier version has none
    counts = ", ".join(f"{count:,} {status}" for status, count in facts["counts"].items() if count)
    lines = [
        f"scan {facts['scan']}: {facts['items']:,} items, {in_bytes(facts['bytes'])}: {counts or 'nothing'}",
        f"  {facts['notable']:,} items notable{'' if strength is None else f' ({in_words(strength)})'}, "
        f"{facts['matches']:,} matches in all",
    ]
    if strength is not None:
        lines.append(f"  {MEANINGS}")
    if facts["doubtful"]:
        lines.append(f"  {facts['doubtful']:,} of them only by hashes of low quality: such matches are doubtful")
    if trivial := facts.get("trivial"):
        lines.append(f"  {trivial_items(trivial)}")
    if negative := facts.get("negative"):
        lines.append(f"  {negative_items(negative)}")
    if facts["conflicts"]:
        lines.append(f"  {facts['conflicts']:,} items are notable on one list and known good on another")
    if facts["counts"][Status.UNREADABLE.value]:
        lines.append("  what could not be read is NOT known to be free of known material")
    lines.extend(f"  many matches: {line}" for line in flood_lines(facts))
    lines.extend(f"  {line}" for line in shortfall_lines(Shortfall.of_facts(facts)))
    if _may_have_more(facts):
        lines.append(
            "  an earlier version made this scan: it did NOT tell containers, videos and disk images from the other "
            f"{facts['counts'][Status.SKIPPED.value]:,} items that it skipped"
        )
    if facts["retried"]:
        lines.append(
            f"  {facts['retried']:,} were tried once more alone; {facts['of_the_machine']:,} have a finding that may "
            "depend on this machine"
        )
    lines.append(f"  findings root {facts['findings_root']}")
    return "\n".join(lines)


def trivial_items(count: int) -> str:
    """The number of items that match by a digest of trivial content, as a sentence."""
    items = "item matches" if count == 1 else "items match"
    return f"{count:,} {items} by a digest of trivial content (an empty file): not notable by that"


def negative_items(count: int) -> str:
    """The number of items with a match that a list of what matched wrongly makes not notable, as a sentence."""
    items = "item has a match" if count == 1 else "items have matches"
    return f"{count:,} {items} that a negative list, or the packaged bank, makes not notable: the findings show both"


def notebook(log: Ledger) -> str:
    """The line with the ledger's size and root."""
    return f"ledger size {log.size}, root {log.root().hex()}   (write both in your notebook)"
