"""The command line: exit codes, streams, one-line errors, help with examples."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from ledger import Ledger, Signer, canonical, load_signer
from ledger.commands import commands


def printed(signer: Signer) -> str:
    return "".join(f"{vkey}\n" for vkey in signer.vkeys)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return tmp_path / "examiner.pem"


@pytest.fixture
def case(tmp_path: Path, key: Path, run: Callable[..., Any], scan_entries: Callable[..., list[Any]]) -> Path:
    """A case folder with a complete scan, made by the commands."""
    folder = tmp_path / "case-17"
    folder.mkdir()
    created = run("create", folder / "case.ledger", "--origin", "lab.example/case-17", "--key", key)
    assert created.code == 0
    (folder / "verifier.keys").write_text(created.out, "utf-8")
    lines = "".join(json.dumps(entry, indent=None) + "\n" for entry in scan_entries(1, ["examined", "known"]))
    assert run("append", folder / "case.ledger", "--key", key, stdin=lines.encode()).code == 0
    return folder


def test_create_prints_the_vkeys_and_makes_the_key(tmp_path: Path, key: Path, run: Callable[..., Any]) -> None:
    result = run("create", tmp_path / "a.ledger", "--origin", "lab.example/a", "--key", key)
    assert (result.code, result.out) == (0, printed(load_signer(key, name="lab.example/a")))
    assert "new private key" in result.err
    again = run("create", tmp_path / "b.ledger", "--origin", "lab.example/b", "--key", key)
    assert (again.code, again.out, again.err) == (0, printed(load_signer(key, name="lab.example/b")), "")


def test_create_refuses(tmp_path: Path, key: Path, case: Path, run: Callable[..., Any]) -> None:
    before = (case / "case.ledger").read_bytes()
    other = tmp_path / "other.pem"
    result = run("create", case / "case.ledger", "--origin", "lab.example/x", "--key", other)
    assert result == (2, "", f"ledger: {case / 'case.ledger'}: exists already\n")
    assert (case / "case.ledger").read_bytes() == before
    assert not other.exists()
    result = run("create", tmp_path / "x.ledger", "--origin", "not a key name", "--key", key)
    assert (result.code, result.out) == (2, "")
    assert not (tmp_path / "x.ledger").exists()


def test_append_canonicalises_and_signs(case: Path, key: Path, tmp_path: Path, run: Callable[..., Any]) -> None:
    file = tmp_path / "entries.jsonl"
    file.write_bytes('{"v": 1,\t"type":"note","é":"x"}\n'.replace('"é"', '"e"').encode() + b"\n")
    result = run("append", case / "case.ledger", file, "--key", key)
    assert (result.code, result.err) == (0, "entries 5 to 5\n")
    assert result.out.startswith("lab.example/case-17\n6\n")
    assert run("entries", case / "case.ledger", "--from", 5).out == '{"e":"x","type":"note","v":1}\n'


@pytest.mark.parametrize(
    "line", ["nonsense", "{}", '{"v":1}', '{"v":1,"type":"t","n":1.5}', '{"v":1,"v":1,"type":"t"}', "[1]", "\xff"]
)
def test_append_is_all_or_nothing(case: Path, key: Path, run: Callable[..., Any], line: str) -> None:
    before = (case / "case.ledger").read_bytes()
    stdin = b'{"v":1,"type":"note"}\n' + line.encode("latin-1") + b"\n"
    result = run("append", case / "case.ledger", "-", "--key", key, stdin=stdin)
    assert (result.code, result.out) == (2, "")
    assert ": line 2: " in result.err
    assert result.err.count("\n") == 1
    assert (case / "case.ledger").read_bytes() == before


def test_append_nothing(case: Path, key: Path, run: Callable[..., Any]) -> None:
    result = run("append", case / "case.ledger", "--key", key)
    assert (result.code, result.err) == (0, "no entries\n")
    assert result.out == run("checkpoint", case / "case.ledger", "--key", key).out


def test_entries(case: Path, run: Callable[..., Any]) -> None:
    lines = run("entries", case / "case.ledger").out.splitlines()
    types = [json.loads(line)["type"] for line in lines]
    assert types == ["list.load", "scan.open", "item", "item", "scan.close"]
    assert run("entries", case / "case.ledger", "--type", "item").out.splitlines() == lines[2:4]
    assert run("entries", case / "case.ledger", "--type", "item", "--from", 3).out.splitlines() == lines[3:4]
    assert run("entries", case / "case.ledger", "--from", 99) == (0, "", "")


def test_checkpoint(case: Path, key: Path, run: Callable[..., Any], make_entry: Callable[..., bytes]) -> None:
    with Ledger.open(case / "case.ledger") as log:
        log.append([make_entry(0)])
    result = run("checkpoint", case / "case.ledger", "--key", key)
    assert (result.code, result.err) == (0, "")
    with Ledger.open_readonly(case / "case.ledger") as log:
        assert log.latest_checkpoint() == result.out


@pytest.mark.parametrize("how", ["folder", "file", "option"])
def test_verify_intact(case: Path, run: Callable[..., Any], how: str) -> None:
    given: dict[str, list[object]] = {"folder": [case], "file": [case / "case.ledger"], "option": ["--case", case]}
    result = run("verify", *given[how])
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0] == "origin       lab.example/case-17"
    assert lines[1] == "size         5"
    assert lines[4] == "signed       first 5 entries by lab.example/case-17"
    assert "self-asserted" in lines[5]
    assert lines[6].startswith("scan 1       complete: 2 items (1 examined, 1 known), findings root ")
    assert lines[7:] == ["intact"]


def test_verify_with_keys_and_a_notebook(case: Path, run: Callable[..., Any]) -> None:
    out = run("verify", case).out
    root = out.splitlines()[2].split()[1]
    result = run("verify", case, "--keys", case / "verifier.keys", "--expect", f"5:{root}")
    assert result.code == 0
    assert "verified with the keys that were given" in result.out
    result = run("verify", case, "--expect", f"4:{root}")
    assert result.code == 1
    assert "NOT INTACT\n  the first 4 entries do not have the expected root" in result.out


def test_verify_not_intact(case: Path, run: Callable[..., Any], tamper: Callable[..., None]) -> None:
    body = canonical({"v": 1, "type": "note"})
    tamper(case / "case.ledger", ("UPDATE entry SET body = ? WHERE idx = 0", (body,)))
    result = run("verify", case)
    assert (result.code, result.err) == (1, "")
    assert "NOT INTACT\n  entry 0 is not the entry that the tree was made of\n" in result.out
    assert "\nscan 1       NOT COMPLETE: " in result.out


def test_verify_signed_by_nobody_known(case: Path, tmp_path: Path, run: Callable[..., Any]) -> None:
    keys = tmp_path / "trusted.keys"
    keys.write_text(Signer.generate("lab.example/case-17").vkey + "\n", "utf-8")
    result = run("verify", case, "--keys", keys)
    assert result.code == 1
    assert "signed       nothing by nobody known" in result.out
    (case / "verifier.keys").unlink()
    result = run("verify", case)
    assert result.code == 1
    assert "no key to check signatures with" in result.out


def test_verify_could_not_check(case: Path, tmp_path: Path, key: Path, run: Callable[..., Any]) -> None:
    empty = tmp_path / "empty.keys"
    empty.write_text("\n", "utf-8")
    for arguments in (
        (tmp_path / "absent.ledger",),
        (tmp_path,),
        ("--case", tmp_path / "absent"),
        (key,),
        (case, "--keys", tmp_path / "absent.keys"),
        (case, "--keys", key),
    ):
        result = run("verify", *arguments)
        assert (result.code, result.out) == (2, "")
        assert result.err.count("\n") == 1
        assert result.err.startswith(f"ledger: {tmp_path}")
    for wrong in ((), (case, "--case", case), (case, "--expect", "5:00"), (case, "--keys", empty), ("--nonsense",)):
        result = run("verify", *wrong)
        assert (result.code, result.out) == (2, "")


def test_a_broken_key_file_in_the_case(case: Path, run: Callable[..., Any]) -> None:
    (case / "verifier.keys").write_text("nonsense\n", "utf-8")
    result = run("verify", case)
    assert (result.code, result.out) == (2, "")
    assert "verifier.keys" in result.err


def test_what_a_file_says_does_not_steer_the_terminal(tmp_path: Path, run: Callable[..., Any]) -> None:
    path = tmp_path / "case.ledger"
    signer = Signer.generate("a")
    Ledger.create(path, origin="a\x9b31m\u202eb", signer=signer).close()
    assert "origin       a\\x9b31m\\u202eb\n" in run("verify", path).out


@pytest.mark.parametrize("command", ["append", "checkpoint"])
def test_other_commands_fail_with_2(
    case: Path, key: Path, tmp_path: Path, run: Callable[..., Any], command: str
) -> None:
    for ledger, private in ((tmp_path / "absent", key), (key, key), (case / "case.ledger", tmp_path / "absent.pem")):
        result = run(command, ledger, "--key", private, stdin=b"")
        assert (result.code, result.out) == (2, "")
        assert result.err.count("\n") == 1
    assert run("entries", tmp_path / "absent").code == 2


def test_usage(run: Callable[..., Any]) -> None:
    for arguments in (("frobnicate",), ("create",), ("entries", "x", "--from", "-1")):
        result = run(*arguments)
        assert (result.code, result.out) == (2, "")
        assert "Usage: python -m ledger" in result.err
        assert "Traceback" not in result.err


@pytest.mark.parametrize("name", commands.list_commands(click.Context(commands)))
def test_every_command_has_help_with_an_example(run: Callable[..., Any], name: str) -> None:
    result = run(name, "--help")
    assert result.code == 0
    assert f"Example: python -m ledger {name} " in result.out


@pytest.mark.process
def test_as_a_module_and_into_a_closed_pipe(
    path: Path, make_ledger: Callable[..., Path], signer: Signer, tmp_path: Path
) -> None:
    make_ledger(5000)
    (path.parent / "verifier.keys").write_text(signer.vkey + "\n", "utf-8")
    for command, code in (("entries", 0), ("verify", 0)):
        arguments = [sys.executable, "-W", "error", "-m", "ledger", command, str(path)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert process.stderr.read() == b""
        assert process.returncode == code
