"""The commands keygen and key, and private keys with passphrases in all commands that sign."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger import Cosigner, Ledger, Verifier, load_signer, open_note
from ledger.commands import main
from ledger.notes.key_files import load_cosigner

ORIGIN = "lab.example/case-17"


@pytest.fixture
def ledger(tmp_path: Path, run: Callable[..., Any]) -> Path:
    path = tmp_path / "case.ledger"
    created = run("create", path, "--origin", ORIGIN, "--key", tmp_path / "a.pem")
    (tmp_path / "lab.keys").write_text(created.out, "utf-8")
    return path


def keygen(run: Callable[..., Any], path: Path) -> list[str]:
    result = run("keygen", "-o", path, "--name", ORIGIN)
    assert (result.code, result.err) == (0, "")
    return str(result.out).split()


def test_keygen(tmp_path: Path, run: Callable[..., Any]) -> None:
    key = tmp_path / "new.pem"
    vkeys = keygen(run, key)
    assert tuple(vkeys) == load_signer(key, name=ORIGIN).vkeys
    assert run("keygen", "-o", key, "--name", ORIGIN).code == 2
    witness = run("keygen", "-o", tmp_path / "w.pem", "--name", "w", "--witness")
    assert tuple(witness.out.split()) == load_cosigner(tmp_path / "w.pem", name="w").vkeys
    bad = run("keygen", "-o", tmp_path / "bad.pem", "--name", "not a name")
    assert (bad.code, (tmp_path / "bad.pem").exists()) == (2, False)


def test_rotate(ledger: Path, tmp_path: Path, run: Callable[..., Any]) -> None:
    old, new = tmp_path / "a.pem", tmp_path / "b.pem"
    vkeys = keygen(run, new)
    result = run("key", "rotate", ledger, "--key", old, "--new-key", new)
    assert (result.code, result.err) == (0, "ledger: entry 0: rotate\n")
    assert len(open_note(result.out, map(Verifier, [*vkeys, *load_signer(old, name=ORIGIN).vkeys])).signatures) == 4
    assert run("append", ledger, "--key", new, stdin=b'{"v":1,"type":"note"}\n').code == 0
    listed = run("key", "list", ledger, "--keys", tmp_path / "lab.keys")
    assert (listed.code, listed.err) == (0, "")
    assert f"0 rotate {vkeys[0]} counts from size 1\n" in listed.out
    assert [line for line in listed.out.split("\n") if line.startswith("trusted")] == [f"trusted {v}" for v in vkeys]
    assert run("append", ledger, "--key", old, stdin=b'{"v":1,"type":"note"}\n').code == 0
    listed = run("key", "list", ledger, "--keys", tmp_path / "lab.keys")
    assert "checkpoint of size 3" in listed.err
    assert "entry 0 ended its use" in listed.err


def test_add_and_revoke(ledger: Path, tmp_path: Path, run: Callable[..., Any]) -> None:
    first, second = tmp_path / "a.pem", tmp_path / "b.pem"
    vkeys = keygen(run, second)
    assert run("key", "add", ledger, *vkeys, "--key", first).code == 0
    assert run("append", ledger, "--key", second, stdin=b'{"v":1,"type":"note"}\n').code == 0
    assert run("key", "revoke", ledger, *vkeys, "--key", first, "--reason", "laptop lost").code == 0
    actions = [line.split()[1] for line in run("key", "list", ledger).out.splitlines()]
    assert actions == ["add", "add", "revoke", "revoke"]
    listed = run("key", "list", ledger, "--keys", tmp_path / "lab.keys")
    assert listed.err == ""
    assert not any(f"trusted {vkey}" in listed.out for vkey in vkeys)
    stranger = tmp_path / "c.keys"
    stranger.write_text(keygen(run, tmp_path / "c.pem")[0] + "\n", "utf-8")
    assert "not vouched for" in run("key", "list", ledger, "--keys", stranger).out


def test_what_cannot_be_changed(ledger: Path, tmp_path: Path, run: Callable[..., Any]) -> None:
    key = tmp_path / "a.pem"
    own = load_signer(key, name=ORIGIN).vkey
    other = Cosigner.generate("other.example").vkeys[1]
    before = ledger.read_bytes()
    for arguments in (
        ("add", ledger, other, "--key", key),
        ("add", ledger, "nonsense", "--key", key),
        ("add", ledger, Cosigner.generate(ORIGIN).vkeys[0], "--key", key),
        ("add", ledger, own, own, "--key", key),
        ("add", ledger, own),
        ("rotate", ledger, "--key", key, "--new-key", key),
        ("rotate", ledger, "--key", key, "--new-key", tmp_path / "absent"),
        ("revoke", ledger, own, "--key", key),
        ("revoke", ledger, own, "--key", key, "--reason", ""),
        ("list", tmp_path / "absent"),
        ("list", ledger, "--keys", tmp_path / "absent"),
    ):
        result = run("key", *arguments)
        assert (result.code, result.out) == (2, "")
        assert "Traceback" not in result.err
    assert ledger.read_bytes() == before


def test_a_passphrase_in_all_commands(tmp_path: Path, run: Callable[..., Any]) -> None:
    key, ledger, secret, wrong = (tmp_path / name for name in ("k.pem", "a.ledger", "secret", "wrong"))
    secret.write_bytes("größer\r\n".encode())
    wrong.write_bytes(b"wrong\n")
    created = run("create", ledger, "--origin", ORIGIN, "--key", key, "--passphrase-file", secret)
    assert created.code == 0
    assert b"ENCRYPTED" in key.read_bytes()
    assert load_signer(key, name=ORIGIN, passphrase="größer".encode()).vkeys == tuple(created.out.split())
    assert run("create", tmp_path / "b.ledger", "--origin", ORIGIN, "--key", key, "--passphrase-file", secret).code == 0
    line = b'{"v":1,"type":"note"}\n'
    for command in ("append", "checkpoint"):
        assert run(command, ledger, "--key", key, "--passphrase-file", secret, stdin=line).code == 0
        for more in ((), ("--passphrase-file", wrong), ("--passphrase-file", tmp_path / "absent")):
            result = run(command, ledger, "--key", key, *more, stdin=line)
            assert (result.code, result.out) == (2, "")
            assert result.err.count("\n") == 1
    with Ledger.open_readonly(ledger) as log:
        assert log.size == 1
    for content in (b"", b"\n", b"x" * 2000):
        wrong.write_bytes(content)
        result = run("checkpoint", ledger, "--key", key, "--passphrase-file", wrong)
        assert (result.code, "1 to 1023 bytes" in result.err) == (2, True)


def test_a_terminal_is_asked(
    tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def prompt(text: str, **options: bool) -> str:
        assert options["hide_input"]
        asked.append(text)
        return "secret"

    key, ledger = tmp_path / "k.pem", tmp_path / "a.ledger"
    assert run("keygen", "-o", key, "--name", ORIGIN, "--passphrase").code == 2  # no terminal
    assert not key.exists()
    monkeypatch.setattr("click.prompt", prompt)

    def at_terminal(*arguments: object) -> int | str | None:
        stdin = io.TextIOWrapper(io.BytesIO(b""), "utf-8")
        monkeypatch.setattr(stdin, "isatty", lambda: True)
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(SystemExit) as exit_:
            main([str(argument) for argument in arguments])
        capsys.readouterr()
        return exit_.value.code

    assert at_terminal("keygen", "-o", key, "--name", ORIGIN, "--passphrase") == 0
    assert at_terminal("create", ledger, "--origin", ORIGIN, "--key", key) == 0
    assert asked == [f"New passphrase of {key}", f"Passphrase of {key}"]


@pytest.mark.parametrize("group", ["key", "witness"])
def test_every_subcommand_has_help_with_an_example(run: Callable[..., Any], group: str) -> None:
    listed = run(group, "--help").out.partition("Commands:\n")[2].partition("\n\n")[0]
    names = [line.split()[0] for line in listed.splitlines() if line[:3].strip()]
    assert len(names) >= 4
    for name in names:
        result = run(group, name, "--help")
        assert result.code == 0
        assert f"Example: python -m ledger {group} {name} " in result.out
