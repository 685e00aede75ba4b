"""Selective disclosure: what is sealed opens to its value and to nothing else."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import DisclosureError, Ledger, Signer, audit, canonical, parse
from ledger.entries.disclosure import Opening, check_opening, disclose, is_commitment, opening_of, parse_pointer, seal

SECRET = bytes(range(32))
ENTRY: dict[str, Any] = {
    **{"v": 1, "type": "item", "scan": 1, "seq": 0},
    "finding": {"path": "DCIM/Müller.jpg", "size": 3, "reason": None, "names": ["a", {"x/y~": "b"}]},
}


def test_the_bytes_are_as_described() -> None:
    sealed, (opening,) = seal(ENTRY, ["/finding/path"], secret=SECRET)
    value = '"DCIM/Müller.jpg"'.encode()
    salt = hmac.new(SECRET, b"salt\n/finding/path\n" + value, "sha256").digest()
    digest = hashlib.sha256(b"ledger-commitment/v1\n" + salt + value).hexdigest()
    assert opening == Opening("/finding/path", salt, "DCIM/Müller.jpg")
    assert sealed == {**ENTRY, "finding": {**ENTRY["finding"], "path": {"commitment": digest}}}
    assert ENTRY["finding"]["path"] == "DCIM/Müller.jpg"
    assert disclose(sealed, [opening]) == ENTRY


def test_the_secret_decides_and_is_all_that_decides() -> None:
    once, again = (seal(ENTRY, ["/finding/path"], secret=SECRET) for _ in range(2))
    other, _ = seal(ENTRY, ["/finding/path"], secret=bytes(32))
    assert once == again
    assert other != once[0]


VALUES = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=9)


@given(st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=5), VALUES, max_size=5))
def test_any_members_can_be_sealed_and_opened(fields: dict[str, Any]) -> None:
    entry = {**fields, "v": 1, "type": "x"}
    pointers = [f"/{key.replace('~', '~0').replace('/', '~1')}" for key in fields if key not in ("v", "type")]
    sealed, openings = seal(entry, pointers, secret=SECRET)
    assert parse(canonical(sealed)) == sealed
    assert len(openings) == sum(value is not None for key, value in fields.items() if key not in ("v", "type"))
    assert disclose(sealed, openings) == entry
    for opening in openings:
        for wrong in (replace(opening, value=[opening.value]), replace(opening, salt=bytes(32))):
            with pytest.raises(DisclosureError, match="not that of the commitment"):
                check_opening(sealed, wrong)


def test_places_inside_lists_and_strange_keys() -> None:
    sealed, openings = seal(ENTRY, ["/finding/names/0", "/finding/names/1/x~1y~0"], secret=SECRET)
    assert [opening.value for opening in openings] == ["a", "b"]
    assert is_commitment(sealed["finding"]["names"][1]["x/y~"])
    assert disclose(sealed, openings) == ENTRY


@pytest.mark.parametrize(
    "pointer", ["/finding/nothing", "/finding/reason", "/finding/names/7", "/finding/names/01", "/scan/x"]
)
def test_what_leads_nowhere_is_passed_over(pointer: str) -> None:
    assert seal(ENTRY, [pointer], secret=SECRET) == (ENTRY, [])


@pytest.mark.parametrize("pointer", ["", "finding", "/a~2b", "/a~", "/" + "x" * 1000, "/v", "/type"])
def test_pointers_that_are_none(pointer: str) -> None:
    with pytest.raises(DisclosureError):
        seal(ENTRY, [pointer], secret=SECRET)


def test_a_secret_and_a_salt_have_their_length() -> None:
    with pytest.raises(DisclosureError, match="a secret is not 32 bytes"):
        seal(ENTRY, ["/scan"], secret=b"short")
    sealed, (opening,) = seal(ENTRY, ["/scan"], secret=SECRET)
    with pytest.raises(DisclosureError, match="a salt is not 32 bytes"):
        check_opening(sealed, replace(opening, salt=opening.salt[:31]))
    with pytest.raises(DisclosureError, match="no commitment stands there"):
        check_opening(ENTRY, opening)


def test_sealing_twice_changes_nothing() -> None:
    sealed, openings = seal(ENTRY, ["/scan", "/scan"], secret=SECRET)
    assert seal(sealed, ["/scan"], secret=SECRET) == (sealed, [])
    assert len(openings) == 1
    assert parse_pointer("/a~1b/~0/0") == ["a/b", "~", "0"]


@pytest.fixture
def sealed_ledger(path: Path, signer: Signer) -> Path:
    """Six entries, three of which hide a path."""
    entries, openings = [], []
    for number in range(6):
        entry = {"v": 1, "type": "note", "number": number, "path": f"{number}.jpg"}
        sealed, opened = seal(entry, ["/path"] if number % 2 else [], secret=SECRET)
        entries.append(canonical(sealed))
        openings.append(opened)
    with Ledger.create(path, origin=signer.name, signer=signer) as log:
        log.append(entries[:4], openings=openings[:4])
        log.append(entries[4:], openings=openings[4:], checkpoint=True)
    return path


def test_openings_lie_beside_the_entries(sealed_ledger: Path, signer: Signer) -> None:
    with Ledger.open_readonly(sealed_ledger) as log:
        assert [(index, opening.value) for index, opening in log.openings(0, 6)] == [
            (1, "1.jpg"),
            (3, "3.jpg"),
            (5, "5.jpg"),
        ]
        assert log.openings(2, 5) == log.openings(3, 4)
        entries = [log.disclosed(index, body) for index, body in log.entries()]
        assert [entry["path"] for entry in entries] == [f"{number}.jpg" for number in range(6)]
        assert b"3.jpg" not in dict(log.entries())[3]
    assert audit(sealed_ledger, keys=[signer.vkey]).intact


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE opening SET value = '\"x.jpg\"' WHERE idx = 3", "opening of entry 3: /path: the opening is not that"),
        ("UPDATE opening SET salt = zeroblob(32) WHERE idx = 5", "opening of entry 5: /path: the opening is not that"),
        ("UPDATE opening SET salt = x'00' WHERE idx = 5", "opening of entry 5: a salt is not 32 bytes"),
        ("UPDATE opening SET pointer = '/number' WHERE idx = 3", "opening of entry 3: /number: no commitment stands"),
        ("UPDATE opening SET pointer = 'number' WHERE idx = 3", "opening of entry 3: 'number' is no JSON pointer"),
        ("UPDATE opening SET idx = 2 WHERE idx = 3", "opening of entry 2: /path: no commitment stands there"),
        ("UPDATE opening SET idx = 77 WHERE idx = 3", "opening of entry 77: /path: there is no such entry"),
        ("UPDATE opening SET idx = -7 WHERE idx = 3", "opening of entry -7: /path: there is no such entry"),
        ("UPDATE opening SET value = '[1.5]' WHERE idx = 1", None),
    ],
)
def test_openings_that_do_not_open(
    sealed_ledger: Path, signer: Signer, tamper: Callable[..., None], statement: str, problem: str | None
) -> None:
    tamper(sealed_ledger, statement)
    problems = audit(sealed_ledger, keys=[signer.vkey]).problems
    assert len(problems) == 1, problems
    assert problem is None or problems[0].startswith(problem)


def test_an_entry_without_its_opening_stays_sealed(
    sealed_ledger: Path, signer: Signer, tamper: Callable[..., None]
) -> None:
    tamper(sealed_ledger, "DELETE FROM opening WHERE idx = 3")
    with Ledger.open_readonly(sealed_ledger) as log:
        entries = [log.disclosed(index, body) for index, body in log.entries()]
    assert is_commitment(entries[3]["path"])
    assert audit(sealed_ledger, keys=[signer.vkey]).intact


def test_an_opening_as_text() -> None:
    assert opening_of("/a", bytes(32), '["x",1]') == Opening("/a", bytes(32), ["x", 1])


def test_append_with_sealed_values(run: Callable[..., Any], path: Path, signer: Signer, tmp_path: Path) -> None:
    key, secret = tmp_path / "key.pem", tmp_path / "secret"
    run("create", path, "--origin", signer.name, "--key", key)
    line = b'{"v":1,"type":"note","who":{"name":"A. Keller"}}\n'
    assert run("append", path, "--key", key, "--seal", "/who/name", stdin=line).code == 2
    result = run("append", path, "--key", key, "--seal", "/who/name", "--secret", secret, stdin=line)
    assert result.code == 0
    assert len(secret.read_bytes()) == 32
    assert "Keller" not in run("entries", path).out
    assert '"name":"A. Keller"' in run("entries", path, "--open").out
    assert run("append", path, "--key", key, "--seal", "type", "--secret", secret, stdin=line).code == 2
