"""Common entries are those that the bank, asked hash by hash, calls common; removed ones are not."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from matcher import Matcher
from matcher.calibration.bank import Bank
from matcher.commands import run
from matcher.lists.removing import remove_entries
from matcher.lists.store import Store
from matcher.lookup import common_entries as module
from matcher.lookup.common_entries import COMMON_FROM, CommonCounts, common_entries, count_of
from tests.shared.list_cases import bring, newest

Capture = pytest.CaptureFixture[str]
SOME = 120


@pytest.fixture(scope="module")
def levels() -> dict[str, list[int]]:
    bank = Bank.packaged()
    return {
        "pdq": bank.commonness("pdq", bank.pdq[:SOME]).tolist(),
        "phash": bank.commonness("phash", np.ascontiguousarray(bank.phash[:SOME, 0])).tolist(),
    }


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A list of the hashes of the bank's own first pictures, of which some are common."""
    bank = Bank.packaged()
    lines: list[dict[str, object]] = []
    for number in range(SOME):
        facts = {"id": f"e{number}", "category": "1", "note": f"picture {number}"}
        lines.append({**facts, "algorithm": "pdq", "value": bank.pdq[number].tobytes().hex()})
        lines.append({**facts, "algorithm": "phash", "value": bank.phash[number, 0].tobytes().hex()})
    bring(tmp_path / "s", *lines)
    return tmp_path / "s"


def test_as_the_bank_says(store: Path, levels: dict[str, list[int]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_AT_A_TIME", 50)
    counts, compared = CommonCounts(), Counter[str]()
    lists = [newest(store)]
    found = common_entries(lists, counts, workers=2, on_compared=lambda count: compared.update({"all": count}))
    wanted = {(f"e{place}", name, level) for name, of in levels.items() for place, level in enumerate(of) if level >= 3}
    assert COMMON_FROM == 3
    assert len(wanted) > 3
    assert {(one.id, one.algorithm, one.commonness) for one in found} == wanted
    assert [one.commonness for one in found] == sorted((one.commonness for one in found), reverse=True)
    assert {(one.category, one.note == f"picture {one.id[1:]}") for one in found} == {("1", True)}
    assert counts.hashes == {("made", name): Counter(of) for name, of in levels.items()}
    assert compared["all"] == count_of(lists) == 2 * SOME


def test_removed_entries_are_not_named(store: Path) -> None:
    (first, *_others) = common_entries([newest(store)], CommonCounts())
    remove_entries(Store(store), "made", [first.id], ignore_missing=False, source="test")
    assert first.id not in {one.id for one in common_entries([newest(store)], CommonCounts())}
    assert count_of([newest(store)]) == 2 * (SOME - 1)


def test_the_command(store: Path, levels: dict[str, list[int]], capsys: Capture) -> None:
    common = {place for of in levels.values() for place, level in enumerate(of) if level >= 3}
    assert run(["lists", "show", "--common", "--store", str(store), "--json"]) == 0
    captured = capsys.readouterr()
    lines = [json.loads(line) for line in captured.out.splitlines()]
    assert {line["id"] for line in lines} == {f"e{place}" for place in common}
    assert all(set(line["thresholds"]) == {"whole", "region"} for line in lines)
    lookups = {lookup.algorithm: lookup.hash_lookup.by_commonness["whole"] for lookup in Matcher.open(store).lookups}
    for line in lines:
        assert line["thresholds"]["whole"] == lookups[line["algorithm"]][line["commonness"]]
    assert f"{len(common)} common entries" in captured.err
    assert run(["lists", "show", "--common", "--store", str(store), "--name", "made"]) == 0
    text = capsys.readouterr().out
    assert f"{len(common)} common entries (commonness 3 or more)" in text
    assert f"made: {SOME} pdq hashes by commonness: 0: {levels['pdq'].count(0)}, " in text
    assert text.splitlines()[0].startswith(f'made {lines[0]["id"]} "picture ')
    assert "alone within: whole " in text


@pytest.mark.parametrize("options", [["--common"], []])
def test_an_unknown_name(store: Path, options: list[str], capsys: Capture) -> None:
    assert run(["lists", "show", "--store", str(store), "--name", "other", *options]) == 2
    assert "no list 'other'" in capsys.readouterr().err
