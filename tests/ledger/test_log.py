"""Ledger: appending, reading, several processes at once, and being killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import (
    EMPTY_ROOT,
    DamagedError,
    EntryError,
    Ledger,
    LedgerError,
    NoteError,
    Signer,
    SizeChangedError,
    StoreError,
    Verifier,
    audit,
    canonical,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    open_note,
    parse,
    parse_checkpoint,
    root,
    verify_consistency,
    verify_inclusion,
)
from ledger.storage.store import Store
from ledger.tree.tiles import TileReader

# Appends groups and says after each what is now durable; checkpoints every third.
WRITER = """
import sys
from ledger import Ledger, Signer, canonical
path, name, groups, width = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
signer = Signer.from_private_bytes(bytes(range(32)), name="lab.example/case-17")
with Ledger.open(path, signer=signer) as log:
    for group in range(groups):
        entries = [{"v": 1, "type": "note", "by": name, "number": group * width + place} for place in range(width)]
        first = log.append([canonical(entry) for entry in entries], checkpoint=group % 3 == 0)
        print(first, flush=True)
"""


def start_writer(path: Path, name: str, groups: int, width: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-W", "error", "-c", WRITER, str(path), name, str(groups), str(width)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def root_of(log: Ledger) -> bytes:
    return root(leaf_hash(body) for _, body in log.entries())


def test_a_new_ledger(path: Path, origin: str, signer: Signer) -> None:
    with Ledger.create(path, origin=origin, signer=signer) as log:
        assert (log.origin, log.size, log.root(), list(log.entries())) == (origin, 0, EMPTY_ROOT, [])
        note = open_note(log.latest_checkpoint(), [Verifier(signer.vkey)])
        checkpoint = parse_checkpoint(note.text)
        assert (checkpoint.origin, checkpoint.size, checkpoint.root) == (origin, 0, EMPTY_ROOT)
        assert log.checkpoint() == log.latest_checkpoint()


def test_append_and_read(path: Path, origin: str, signer: Signer, make_entry: Callable[..., bytes]) -> None:
    entries = [make_entry(number) for number in range(700)]
    with Ledger.create(path, origin=origin, signer=signer) as log:
        assert log.append(entries[:3]) == 0
        assert log.append([]) == 3
        assert log.append(entries[3:600], checkpoint=True) == 3
        assert log.append(entries[600:]) == 600
        assert log.size == 700
        assert parse_checkpoint(open_note(log.latest_checkpoint(), [Verifier(signer.vkey)]).text).size == 600
    for opened in (Ledger.open(path), Ledger.open_readonly(path)):
        with opened as log:
            assert log.origin == origin
            assert list(log.entries()) == list(enumerate(entries))
            assert list(log.entries(5, 8)) == [(number, entries[number]) for number in (5, 6, 7)]
            assert list(log.entries(698, 10_000)) == [(number, entries[number]) for number in (698, 699)]
            assert list(log.entries(700)) == list(log.entries(9, 3)) == []
            assert log.root() == root(leaf_hash(body) for body in entries)
            with pytest.raises(LedgerError):
                next(log.entries(-1))


def test_checkpoints(path: Path, origin: str, signer: Signer, make_entry: Callable[..., bytes]) -> None:
    with Ledger.create(path, origin=origin, signer=signer) as log:
        first = log.latest_checkpoint()
        log.append([make_entry(0)])
        assert log.latest_checkpoint() == first
        note = log.checkpoint()
        assert note == log.checkpoint() == log.latest_checkpoint() != first
        assert parse_checkpoint(open_note(note, [Verifier(signer.vkey)]).text).root == log.root()
        assert log.append([], checkpoint=True) == 1
        assert log.latest_checkpoint() == note
    other = Signer.generate(origin)
    with Ledger.open(path, signer=other) as log:
        assert log.checkpoint() == note


def test_a_bad_entry_refuses_the_whole_append(
    path: Path, origin: str, signer: Signer, make_entry: Callable[..., bytes]
) -> None:
    with Ledger.create(path, origin=origin, signer=signer) as log:
        log.append([make_entry(0)])
        before = path.read_bytes()
        for bad in (b"", b"{}", make_entry(1) + b"\n", b'{"type":"t","v":1,"v":1}', "text", None):
            entries: list[Any] = [make_entry(1), bad, make_entry(2)]
            with pytest.raises(EntryError, match="entry 1 of 3"):
                log.append(entries, checkpoint=True)
        assert path.read_bytes() == before
        assert log.append([make_entry(1)]) == 1


def test_what_needs_a_signer_or_a_writer(make_ledger: Callable[..., Path], make_entry: Callable[..., bytes]) -> None:
    path = make_ledger(3)
    with Ledger.open(path) as log:
        for attempt in (log.checkpoint, lambda: log.append([make_entry(3)], checkpoint=True)):
            with pytest.raises(LedgerError, match="needs a signer"):
                attempt()
        assert log.size == 3
    with Ledger.open_readonly(path) as log:
        for attempt in (log.checkpoint, lambda: log.append([make_entry(3)])):
            with pytest.raises(LedgerError, match="for reading only"):
                attempt()


def test_an_append_that_insists_on_a_size(
    make_ledger: Callable[..., Path], make_entry: Callable[..., bytes], signer: Signer
) -> None:
    with Ledger.open(make_ledger(3), signer=signer) as log:
        assert log.append([make_entry(3)], expected_size=3) == 3
        before = log.latest_checkpoint()
        for entries in ([make_entry(4)], []):
            with pytest.raises(SizeChangedError, match="has 4 entries, not 3"):
                log.append(entries, checkpoint=True, expected_size=3)
        with pytest.raises(SizeChangedError):
            log.append([], expected_size=3)
        assert (log.size, log.latest_checkpoint()) == (4, before)
        assert log.append([make_entry(4)], expected_size=4, checkpoint=True) == 4


@pytest.mark.parametrize("origin", ["", "a\nb", "a" * 256, "\ud800"])
def test_origins_that_are_none(path: Path, signer: Signer, origin: str) -> None:
    with pytest.raises(NoteError):
        Ledger.create(path, origin=origin, signer=signer)
    assert not path.exists()


def test_a_failed_append_leaves_nothing(
    make_ledger: Callable[..., Path],
    make_entry: Callable[..., bytes],
    signer: Signer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = make_ledger(300)
    with Ledger.open(path, signer=signer) as log:
        log.append([make_entry(300)])

        def fail(*_: object) -> None:
            raise StoreError("disk full")

        with monkeypatch.context() as patch:
            patch.setattr(Store, "add_checkpoint", fail)
            with pytest.raises(StoreError, match="disk full"):
                log.append([make_entry(number) for number in range(301, 900)], checkpoint=True)
        assert log.size == 301
        assert log.append([make_entry(301)], checkpoint=True) == 301
        assert log.root() == root_of(log)
    assert audit(path, keys=[signer.vkey]).problems == ()


def test_two_ledgers_on_one_file_take_turns(
    make_ledger: Callable[..., Path], make_entry: Callable[..., bytes], signer: Signer
) -> None:
    path = make_ledger(250)
    with Ledger.open(path, signer=signer) as one, Ledger.open(path, signer=signer) as other:
        size = 250
        for number in range(12):
            log = (one, other, other)[number % 3]
            assert log.append([make_entry(number)] * (number + 1), checkpoint=number % 2 == 0) == size
            size += number + 1
            assert one.size == other.size == size
            assert one.root() == other.root() == root_of(one)
    assert audit(path, keys=[signer.vkey]).problems == ()


@given(groups=st.lists(st.integers(0, 700), max_size=5))
@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_groups_give_the_same_tree(groups: list[int], path: Path, origin: str, signer: Signer) -> None:
    path.unlink(missing_ok=True)
    bodies = [canonical({"v": 1, "type": "note", "number": number}) for number in range(sum(groups))]
    with Ledger.create(path, origin=origin, signer=signer) as log:
        size = 0
        for group in groups:
            log.append(bodies[size : size + group])
            size += group
            assert log.root() == root(map(leaf_hash, bodies[:size]))
        log.checkpoint()
    assert audit(path, keys=[signer.vkey]).problems == ()


def test_proofs_come_from_the_tiles(make_ledger: Callable[..., Path]) -> None:
    with closing(Store.open_readonly(make_ledger(66_000))) as store:
        bodies: list[bytes] = []
        while len(bodies) < store.size():
            bodies += [body for _, body in store.bodies(len(bodies), store.size())]
        reader = TileReader(store.hashes)
        size, tree_root = len(bodies), root(map(leaf_hash, bodies))
        for index in (0, 255, 256, 65_535, 65_536, size - 1):
            proof = inclusion_proof(reader, index, size)
            verify_inclusion(index=index, size=size, leaf=leaf_hash(bodies[index]), root=tree_root, proof=proof)
            earlier = root(map(leaf_hash, bodies[: index + 1]))
            proof = consistency_proof(reader, index + 1, size)
            verify_consistency(size1=index + 1, size2=size, root1=earlier, root2=tree_root, proof=proof)


def test_opening_notices_a_checkpoint_that_does_not_fit(
    make_ledger: Callable[..., Path], tamper: Callable[..., None]
) -> None:
    path = make_ledger(300, checkpoints=[100])
    tamper(path, "DELETE FROM checkpoint WHERE size = 300", "DELETE FROM entry WHERE idx > 50")
    for use in (Ledger.open, Ledger.open_readonly):
        with pytest.raises(DamagedError, match="size 100 does not fit"):
            use(path)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM checkpoint",
        "UPDATE checkpoint SET note = 'nonsense'",
        "UPDATE checkpoint SET size = 299 WHERE size = 300",
        "DELETE FROM tile WHERE level = 1",
        "UPDATE tile SET hashes = CAST(zeroblob(32) || substr(hashes, 33) AS BLOB) WHERE level = 0 AND n = 1",
    ],
)
def test_opening_notices_damage_at_the_edge(
    make_ledger: Callable[..., Path], tamper: Callable[..., None], statement: str
) -> None:
    path = make_ledger(300)
    tamper(path, statement)
    with pytest.raises(DamagedError, match=r"case\.ledger"):
        Ledger.open(path)


def test_reading_notices_a_missing_entry(make_ledger: Callable[..., Path], tamper: Callable[..., None]) -> None:
    path = make_ledger(300)
    tamper(path, "DELETE FROM entry WHERE idx BETWEEN 20 AND 30")
    with Ledger.open_readonly(path) as log:
        assert len(list(log.entries(0, 20))) == 20
        for start, stop in ((0, 300), (20, 25), (25, 40)):
            with pytest.raises(DamagedError, match=f"entry {max(start, 20)} is missing"):
                list(log.entries(start, stop))


# Several processes


@pytest.mark.process
@pytest.mark.slow
def test_two_writers_and_a_reader(path: Path, origin: str, signer: Signer) -> None:
    Ledger.create(path, origin=origin, signer=signer).close()
    groups, width = 40, 25
    writers = [start_writer(path, name, groups, width) for name in ("a", "b")]
    known: list[bytes] = []
    with Ledger.open_readonly(path) as reader:
        while any(writer.poll() is None for writer in writers):
            now = [body for _, body in reader.entries()]
            assert now[: len(known)] == known
            checkpoint = parse_checkpoint(open_note(reader.latest_checkpoint(), [Verifier(signer.vkey)]).text)
            if checkpoint.size <= len(now):
                assert checkpoint.root == root(map(leaf_hash, now[: checkpoint.size]))
            known = now
    for writer in writers:
        output, _ = writer.communicate()
        assert writer.returncode == 0
        assert len(output.split()) == groups
    report = audit(path, keys=[signer.vkey])
    assert (report.problems, report.size) == ((), 2 * groups * width)
    with Ledger.open_readonly(path) as log:
        entries = [parse(body) for _, body in log.entries()]
    for name in ("a", "b"):
        assert [entry["number"] for entry in entries if entry["by"] == name] == list(range(groups * width))


@pytest.mark.process
@pytest.mark.parametrize("acknowledged", [1, 7, 20])
def test_killed_while_appending(
    path: Path, origin: str, signer: Signer, make_entry: Callable[..., bytes], acknowledged: int
) -> None:
    Ledger.create(path, origin=origin, signer=signer).close()
    writer = start_writer(path, "a", 100_000, 40)
    assert writer.stdout is not None
    firsts = [int(writer.stdout.readline()) for _ in range(acknowledged)]
    writer.kill()
    firsts += [int(line) for line in writer.stdout.read().split("\n")[:-1]]
    writer.stdout.close()
    writer.wait()
    durable = firsts[-1] + 40
    report = audit(path, keys=[signer.vkey])
    assert report.problems == ()
    assert report.size >= durable
    with Ledger.open(path, signer=signer) as log:
        assert log.size == report.size
        numbers = [parse(body)["number"] for _, body in log.entries()]
        assert numbers == list(range(report.size))
        log.append([make_entry(0)], checkpoint=True)
    assert audit(path, keys=[signer.vkey]).problems == ()


def test_nothing_is_signed_over_a_change_of_keys_by_a_stranger(
    make_ledger: Callable[..., Path], make_entry: Callable[..., bytes], signer: Signer
) -> None:
    path = make_ledger(3)
    change = canonical({"v": 1, "type": "key", "time": "2026-10-01T00:00:00Z", "action": "add", "vkeys": [signer.vkey]})
    with Ledger.open(path, signer=signer) as log:
        log.append([change], checkpoint=True)  # its own is signed with it
        log.append([make_entry(4)], checkpoint=True)
        with Ledger.open(path) as stranger:
            stranger.append([make_entry(5), change, make_entry(7)])
        log.append([make_entry(8)])
        for sign in (log.checkpoint, lambda: log.append([make_entry(9)], checkpoint=True)):
            with pytest.raises(LedgerError, match="entry 6 changes keys and was signed by nobody"):
                sign()
        assert log.size == 9
    with Ledger.open(path, signer=signer) as log, pytest.raises(LedgerError, match="entry 6 changes keys"):
        log.checkpoint()
