"""A scan in which one entry matches very many pictures says so, and the commands that it prints work as pasted."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from PIL import ImageDraw

from matcher.commands import run
from matcher.imaging.drawing import landscape
from tests.shared.scan_cases import entries


@pytest.fixture
def exhibit(tmp_path: Path) -> Path:
    """A popular icon of the list `known`: 24 pictures that are near to it, two copies of one, and three strangers."""
    folder = tmp_path / "exhibit"
    folder.mkdir()
    icon = landscape(2, width=320, height=240)  # the fixture known_store lists it
    for number in range(24):
        near = icon.copy()
        ImageDraw.Draw(near).rectangle((10 * number, 5, 10 * number + 6, 11), fill=(number, 0, 0))
        near.save(folder / f"{number:02d}.jpg", quality=80)
    for name in ("copy", "other copy"):
        (folder / f"{name}.jpg").write_bytes((folder / "00.jpg").read_bytes())
    for seed in range(60, 63):
        landscape(seed, width=120, height=90).save(folder / f"x{seed}.jpg")
    return folder


def pasted(line: str) -> int:
    words = shlex.split(line.partition(": matcher ")[2])
    return run(words)


def test_a_flood_is_told_recorded_and_switched_off(
    tmp_path: Path, exhibit: Path, known_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    store, case, key = tmp_path / "a store", tmp_path / "case", tmp_path / "key"
    made = tmp_path / "known.jsonl"
    run(["lists", "build", str(known_folder), "--name", "known", "-o", str(made)])
    run(["lists", "import", str(made), "--store", str(store), "--name", "known"])
    capfd.readouterr()
    common = ["scan", str(exhibit), "--store", str(store), "--case", str(case), "--key", str(key), "--workers", "0"]
    assert run([*common, "--quiet"]) == 1
    out, err = capfd.readouterr()
    (closed,) = entries(case, "scan.close")
    (flood,) = [flood for flood in closed["floods"] if flood["items"] == 24]
    assert (flood["list"], flood["compared"], flood["algorithm"]) == ("known", 27, None)
    assert "is near to 24 different pictures of the 27 compared" in out
    lines = err.splitlines()
    assert sum("is near to 20 different pictures of the 20 compared so far" in line for line in lines) == 1
    assert sum("is near to 24 different pictures of the 27 compared (note:" in line for line in lines) == 1

    see = [line for line in lines if line.startswith("  to see them")][-1]
    assert pasted(see) == 0
    seen = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert len(seen) == 26
    assert run(["findings", "--case", str(case), "--entry", "no such entry"]) == 0
    assert not capfd.readouterr().out

    assert run(["verify", "--case", str(case)]) == 0
    assert "many matches: entry known/" in capfd.readouterr().out
    page = tmp_path / "report.html"
    assert run(["report", "--case", str(case), "--format", "html", "-o", str(page)]) == 0
    assert '<h2 id="floods">' in page.read_text(encoding="utf-8")

    assert pasted([line for line in lines if line.startswith("  to switch it off")][-1]) == 0
    assert run([*common, "--quiet"]) == 0
    _first, second = entries(case, "scan.close")
    assert (second["floods"], second["floods_total"], second["notable"]) == ([], 0, 0)
    loaded = entries(case, "list.load")[-1]
    assert (loaded["version"], loaded["sources"][-1]["reason"]) == (2, "matches 24 of 27 pictures")


def test_a_flood_goes_on_being_counted_after_a_resumption(
    tmp_path: Path, exhibit: Path, known_store: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from matcher.errors import MatcherError
    from tests.shared.scan_cases import Failing, scan

    whole, _listener = scan(tmp_path / "whole", exhibit, known_store)
    with pytest.raises(MatcherError):
        scan(tmp_path / "case", exhibit, known_store, executor=Failing(MatcherError("stop"), after=15))
    resumed, listener = scan(tmp_path / "case", exhibit, known_store, resume=True)
    assert listener.done
    assert resumed["floods"] == whole["floods"] != []


def test_a_relookup_that_adds_matches_in_such_numbers_says_so(
    tmp_path: Path, exhibit: Path, known_list: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    store, case, key = tmp_path / "store", tmp_path / "case", tmp_path / "key"
    first = tmp_path / "first.jsonl"
    first.write_text(json.dumps({"id": "x", "algorithm": "pdq", "value": "0f" * 32}), encoding="utf-8")
    assert run(["lists", "import", str(first), "--store", str(store), "--name", "first"]) == 0
    common = ["--store", str(store), "--case", str(case), "--key", str(key)]
    assert run(["scan", str(exhibit), *common, "--workers", "0", "--quiet"]) == 0
    assert run(["lists", "import", str(known_list), "--store", str(store), "--name", "known"]) == 0
    capfd.readouterr()
    assert run(["relookup", *common]) == 0
    err = capfd.readouterr().err
    assert "is near to 24 different pictures of the 27 compared" in err
    see = next(line for line in err.splitlines() if line.startswith("  to see them"))
    assert pasted(see) == 0
    assert len(capfd.readouterr().out.splitlines()) == 26
