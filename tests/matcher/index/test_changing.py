"""An index that changes answers as one that is built anew would; what is open stays as it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.errors import IndexFileError
from matcher.index import add_codes, build_index, check_index, compact_index, open_index, prune_index, remove_rows
from matcher.index.generations import newest
from matcher.system.files import hold
from tests.shared.index_cases import KINDS, Answer, Codes, assert_same, make_queries, referee, uniform


def expected(codes: Codes, live: list[int], queries: Codes, radius: int) -> Answer:
    """What brute force finds among the live rows."""
    rows = np.array(sorted(live), np.int64)
    if len(rows) == 0:
        return np.zeros(len(queries) + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.int64)
    limits, distances, places = referee(codes[rows], queries, radius)
    return limits, distances, rows[places]


@pytest.mark.slow
@given(
    kind=st.sampled_from(sorted(KINDS)),
    width=st.sampled_from([8, 32]),
    first=st.sampled_from([0, 1, 30, 5000]),
    steps=st.lists(st.sampled_from(["add", "add", "remove", "compact", "prune"]), max_size=14),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=25, deadline=None)
def test_equals_a_new_index(
    tmp_path_factory: pytest.TempPathFactory, kind: str, width: int, first: int, steps: list[str], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    path = tmp_path_factory.mktemp("index") / "i"
    codes = KINDS[kind](rng, first, width) if first else np.zeros((0, width), np.uint8)
    build_index(codes, radius=8, path=path)
    live = list(range(first))
    for step in steps:
        if step == "add":
            more = KINDS[kind](rng, int(rng.integers(0, 50)) + 1, width)
            rows = add_codes(path, more)
            assert rows.tolist() == list(range(len(codes), len(codes) + len(more)))
            codes = np.concatenate((codes, more))
            live.extend(rows.tolist())
        elif step == "remove":
            gone = rng.permutation(live)[: int(rng.integers(0, 20))].tolist()
            remove_rows(path, gone)
            live = sorted(set(live) - set(gone))
        elif step == "compact":
            compact_index(path)
        else:
            prune_index(path)
    check_index(path)
    index = open_index(path)
    assert index.count == len(live)
    assert index.codes[live].tobytes() == codes[live].tobytes()
    for radius in (0, 8, 31, 64):
        queries = make_queries(rng, codes, 20, radius)
        assert_same(index.range_search(queries, radius=radius), expected(codes, live, queries, radius))


def test_what_is_open_stays_as_it_was(tmp_path: Path) -> None:
    codes = uniform(np.random.default_rng(0), 5000, 32)
    before = build_index(codes[:4900], radius=31, path=tmp_path / "i")
    add_codes(tmp_path / "i", codes[4900:])
    between = open_index(tmp_path / "i")
    remove_rows(tmp_path / "i", [7, 4950])
    compact_index(tmp_path / "i")
    prune_index(tmp_path / "i")
    queries = codes[[7, 4950, 10]]
    assert_same(before.range_search(queries, radius=31), expected(codes, list(range(4900)), queries, 31))
    assert_same(between.range_search(queries, radius=31), expected(codes, list(range(5000)), queries, 31))
    after = open_index(tmp_path / "i")
    live = sorted(set(range(5000)) - {7, 4950})
    assert_same(after.range_search(queries, radius=31), expected(codes, live, queries, 31))
    assert sorted(path.name for path in (tmp_path / "i").iterdir()) == ["4", "generation.4.json", "lock", "rows.4"]


def test_rows_that_are_not_there_cannot_be_removed(tmp_path: Path) -> None:
    build_index(uniform(np.random.default_rng(0), 10, 8), radius=4, path=tmp_path / "i")
    remove_rows(tmp_path / "i", [3])
    for rows in ([3], [10], [-1], [2, 99]):
        with pytest.raises(IndexFileError, match="has no row"):
            remove_rows(tmp_path / "i", rows)
    assert open_index(tmp_path / "i").count == 9
    with pytest.raises(IndexFileError, match="codes of 256 bits among codes of 64"):
        add_codes(tmp_path / "i", uniform(np.random.default_rng(0), 1, 32))


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    build_index(uniform(np.random.default_rng(0), 10, 8), radius=4, path=tmp_path / "i")
    with (tmp_path / "i" / "lock").open("ab") as stream:
        hold(stream)
        with pytest.raises(IndexFileError, match="another process"):
            remove_rows(tmp_path / "i", [1])
    remove_rows(tmp_path / "i", [1])


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("step", ["build_segment", "write_rows", "write_generation", "publish_new"])
def test_a_killed_writer_leaves_the_index_as_it_was(tmp_path: Path, step: str) -> None:
    codes = uniform(np.random.default_rng(0), 40, 8)
    build_index(codes[:30], radius=4, path=tmp_path / "i")
    script = f"""
import os, signal, numpy as np
from matcher.index import changing, generations
def die(*arguments, **named):
    os.kill(os.getpid(), signal.SIGKILL)
module = generations if {step!r} == "publish_new" else changing
setattr(module, {step!r}, die)
if {step!r} == "write_rows":
    changing.remove_rows({str(tmp_path / "i")!r}, [1])
else:
    changing.add_codes({str(tmp_path / "i")!r}, np.zeros((2, 8), np.uint8))
"""
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -signal.SIGKILL
    assert newest(tmp_path / "i") == 1
    check_index(tmp_path / "i")
    assert add_codes(tmp_path / "i", codes[30:]).tolist() == list(range(30, 40))
    remove_rows(tmp_path / "i", [0, 39])
    assert open_index(tmp_path / "i").count == 38


@pytest.mark.slow
def test_a_flipped_byte_is_refused_or_changes_nothing(tmp_path: Path) -> None:
    """Of every file of an index with two segments and removed rows; a benchmark tries every byte."""
    rng = np.random.default_rng(5)
    codes = uniform(rng, 70, 8)
    path = tmp_path / "i"
    build_index(codes[:60], radius=4, path=path, kind="multi")
    add_codes(path, codes[60:])
    remove_rows(path, [2, 63])
    queries = make_queries(rng, codes, 12, 4)
    sound = open_index(path).range_search(queries, radius=4)
    refused = unharmed = 0
    for file in sorted(path.rglob("*")):
        if not file.is_file():
            continue
        original = file.read_bytes()
        for place in range(0, len(original), max(1, len(original) // 40)):
            changed = bytearray(original)
            changed[place] ^= 1 << (place % 8)
            file.write_bytes(changed)
            try:
                check_index(path)
            except IndexFileError:
                refused += 1
            else:
                assert_same(open_index(path).range_search(queries, radius=4), sound)
                unharmed += 1
        file.write_bytes(original)
    assert refused > 300
    assert unharmed < refused // 2  # the superseded generations
    check_index(path)


@pytest.mark.parametrize("name", ["generation.2.json", "2/header.json", "1/codes.bin", "removed.3"])
def test_a_missing_file_is_refused(tmp_path: Path, name: str) -> None:
    build_index(uniform(np.random.default_rng(0), 10, 8), radius=4, path=tmp_path / "i")
    add_codes(tmp_path / "i", uniform(np.random.default_rng(1), 10, 8))
    remove_rows(tmp_path / "i", [1])
    (tmp_path / "i" / name).unlink()
    if name == "generation.2.json":  # superseded
        assert open_index(tmp_path / "i").count == 19
        return
    with pytest.raises(IndexFileError, match=Path(name).name):
        open_index(tmp_path / "i")
    with pytest.raises(IndexFileError, match=Path(name).name):
        check_index(tmp_path / "i")
