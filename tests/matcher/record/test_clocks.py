"""Clocks that run backwards are told in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger import Ledger, parse
from ledger.clock import Stamp, now
from matcher.commands import run
from matcher.imaging.drawing import landscape

pytestmark = pytest.mark.slow

DAY = 86_400_000


@pytest.fixture
def scanned(tmp_path: Path, known_store: Path) -> Callable[[], list[dict[str, Any]]]:
    """Scans a picture into the same case; the anomalies in it, and the open and the close of the last scan."""
    folder = tmp_path / "exhibit"
    folder.mkdir()
    landscape(1, width=320, height=240).save(folder / "a.png")

    def scan() -> list[dict[str, Any]]:
        case = str(tmp_path / "case")
        arguments = ["scan", str(folder), "--store", str(known_store), "--case", case, "--workers", "0", "--quiet"]
        assert run(arguments) == 1
        with Ledger.open_readonly(tmp_path / "case" / "case.ledger") as log:
            entries = [parse(body) for _index, body in log.entries()]
        told = ("anomaly", "scan.open", "scan.close")
        return [entry for entry in entries if entry["type"] in told]

    return scan


def kinds(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["type"] for entry in entries]


def test_clocks_that_run_are_not_spoken_of(scanned: Callable[[], list[dict[str, Any]]]) -> None:
    for _ in range(2):
        entries = scanned()
    assert kinds(entries) == ["scan.open", "scan.close"] * 2
    assert all({"time", "monotonic_us"} <= entry.keys() for entry in entries)


def test_a_scan_on_a_day_before_the_last_one(
    scanned: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned()

    def yesterday() -> Stamp:
        stamp = now()
        return Stamp(stamp.wall_ms - DAY, stamp.monotonic_us)

    monkeypatch.setattr("ledger.clock.now", yesterday)
    entries = scanned()
    assert kinds(entries) == ["scan.open", "scan.close", "anomaly", "scan.open", "scan.close"]
    told = entries[2]
    assert (told["what"], told["from"] > told["to"]) == ("the clock ran backwards", True)
    assert -86_500 < told["seconds"] < -86_300
    assert "scan" not in told


def test_a_clock_that_runs_backwards_during_a_scan(
    scanned: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    def falling() -> Stamp:
        nonlocal asked
        asked += 1
        stamp = now()
        return Stamp(stamp.wall_ms - asked * 60_000, stamp.monotonic_us)

    monkeypatch.setattr("ledger.clock.now", falling)
    anomaly = next(entry for entry in scanned() if entry["type"] == "anomaly" and "scan" in entry)
    assert (anomaly["what"], anomaly["scan"]) == ("the clock ran backwards", 1)
    assert anomaly["seconds"] < -50
