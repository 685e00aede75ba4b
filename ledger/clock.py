"""The clocks: the only file that reads them, and the `anomaly` fields where one of them ran backwards.

A stamped entry carries both: the wall clock, which people set, and the monotonic clock, which nobody can set, and which
counts from the machine's start.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

TOLERANCE_SECONDS = 2.0
"""Clocks are corrected in small steps; a difference up to this many seconds is no anomaly."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Both clocks at one moment: the wall clock in milliseconds since 1970, the monotonic one in microseconds."""

    wall_ms: int
    monotonic_us: int

    def fields(self) -> dict[str, Any]:
        """The fields of an entry: `time` (UTC, ISO 8601) and `monotonic_us`."""
        return {"time": iso(self.wall_ms), "monotonic_us": self.monotonic_us}


def now() -> Stamp:
    """Both clocks now."""
    return Stamp(time.time_ns() // 1_000_000, time.monotonic_ns() // 1000)


def iso(wall_ms: int) -> str:
    """A time in UTC, written as in entries: 2026-10-01T08:30:00.000+00:00."""
    return datetime.fromtimestamp(wall_ms / 1000, UTC).isoformat(timespec="milliseconds")


def parse_iso(text: object) -> int | None:
    """The milliseconds since 1970 of an ISO 8601 time with an offset; None for anything else."""
    if type(text) is not str or len(text) > 40:
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    if parsed.tzinfo is None:
        return None
    return round(parsed.timestamp() * 1000)


def jump(earlier: Stamp, later: Stamp) -> dict[str, Any] | None:
    """The fields of an `anomaly` where the wall clock and the monotonic clock disagree on the time between two stamps.

    Both stamps are of one process. None where the clocks agree.
    """
    ran = (later.wall_ms - earlier.wall_ms) / 1000
    took = (later.monotonic_us - earlier.monotonic_us) / 1_000_000
    if abs(ran - took) <= TOLERANCE_SECONDS:
        return None
    what = "the clock ran backwards" if ran < 0 else "the clock was set"
    return _anomaly(what, earlier.wall_ms, later.wall_ms, ran - took)


def behind(newest: object, stamp: Stamp) -> dict[str, Any] | None:
    """The fields of an `anomaly` where the wall clock is behind the newest `time` of a ledger; None where it is not.

    `newest` may have been recorded by another machine.
    """
    recorded = parse_iso(newest)
    if recorded is None or (recorded - stamp.wall_ms) / 1000 <= TOLERANCE_SECONDS:
        return None
    return _anomaly("the clock ran backwards", recorded, stamp.wall_ms, (stamp.wall_ms - recorded) / 1000)


def _anomaly(what: str, earlier_ms: int, later_ms: int, seconds: float) -> dict[str, Any]:
    return {"what": what, "from": iso(earlier_ms), "to": iso(later_ms), "seconds": round(seconds)}
