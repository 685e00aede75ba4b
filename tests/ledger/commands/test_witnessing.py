"""The whole play by commands: a ledger asks, a witness answers, the ledger keeps it, and a policy is satisfied."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ledger import Cosigner, Ledger, LedgerError, NoteError, Signer, audit, parse, parse_note
from ledger.notes.checkpoint import parse_checkpoint
from ledger.notes.key_files import write_key
from ledger.notes.note import format_signature, parse_signatures


class Play(NamedTuple):
    ledger: Path
    key: Path
    log_vkeys: list[str]
    witness: Path
    keys: Path
    policy: Path


@pytest.fixture
def play(tmp_path: Path, run: Callable[..., Any]) -> Play:
    """A ledger of two entries made by commands, and a witness that knows it."""
    parts = Play(
        tmp_path / "case.ledger", tmp_path / "lab.pem", [], tmp_path / "witness", tmp_path / "keys", tmp_path / "policy"
    )
    created = run("create", parts.ledger, "--origin", "lab.example/case-17", "--key", parts.key)
    parts.log_vkeys.extend(created.out.split())
    append(run, parts, 2)
    made = run("witness", "create", parts.witness, "--name", "witness.example/w1")
    assert made.code == 0
    parts.keys.write_text(made.out, "utf-8")
    one, two = made.out.split()
    logs = "".join(f"log {vkey}\n" for vkey in parts.log_vkeys)
    parts.policy.write_bytes(f"{logs}witness a {one}\nwitness b {two}\ngroup w any a b\nquorum w\n".encode())
    assert run("witness", "trust", parts.witness, *parts.log_vkeys) == (0, "", "")
    return parts


def append(run: Callable[..., Any], play: Play, entries: int, text: str = "honest") -> None:
    lines = f'{{"v":1,"type":"note","text":"{text}"}}\n' * entries
    assert run("append", play.ledger, "--key", play.key, stdin=lines.encode()).code == 0


def ask(run: Callable[..., Any], play: Play, name: str, *more: object) -> tuple[Any, Path]:
    """Request and answer as files; what signing said."""
    request, answer = play.ledger.with_name(f"{name}.request"), play.ledger.with_name(f"{name}.answer")
    assert run("witness", "request", play.ledger, "-o", request, *more).code == 0
    return run("witness", "sign", play.witness, request, "-o", answer), answer


def test_the_whole_play(play: Play, run: Callable[..., Any], tmp_path: Path) -> None:
    signed, answer = ask(run, play, "first")
    assert signed == (0, "", "")
    proof = tmp_path / "0.tlog-proof"
    entry = run("entries", play.ledger).out.split("\n")[0].encode()
    run("prove", play.ledger, 0, "-o", proof)
    assert run("check", proof, "--entry", "-", "--policy", play.policy, stdin=entry).code == 1

    added = run("witness", "add", play.ledger, answer, "--policy", play.policy)
    assert (added.code, added.out) == (0, "")
    assert "2 new cosignatures of size 2 by witness.example/w1" in added.err
    assert "quorum is reached" in added.err
    proof.unlink()
    run("prove", play.ledger, 0, "--size", 2, "-o", proof)
    assert run("check", proof, "--entry", "-", "--policy", play.policy, stdin=entry).code == 0

    # the tree holds the cosignatures too
    with Ledger.open_readonly(play.ledger) as log:
        assert log.size == 3
        body = parse(next(log.entries(2))[1])
        assert (body["type"], body["size"]) == ("checkpoint.cosign", 2)
        stored = log.cosigned_checkpoint(2).splitlines()[-2:]
        assert sorted(body["lines"]) == sorted(stored)

    # and the ledger grows on
    append(run, play, 5)
    signed, answer = ask(run, play, "second")
    assert signed.code == 0
    added = run("witness", "add", play.ledger, answer, "--keys", play.keys, "--key", play.key)
    assert (added.code, added.out.split("\n")[:2]) == (0, ["lab.example/case-17", "9"])
    shown = run("witness", "show", play.witness)
    assert shown.out.startswith("lab.example/case-17 8 ")
    note = run("witness", "show", play.witness, "--note", "lab.example/case-17").out
    assert parse_checkpoint(parse_note(note).text).size == 8
    assert audit(play.ledger, keys=play.log_vkeys).intact


def test_an_answer_to_an_older_checkpoint_finds_it(play: Play, run: Callable[..., Any]) -> None:
    _, answer = ask(run, play, "first")
    append(run, play, 3)
    assert run("witness", "add", play.ledger, answer, "--keys", play.keys, "--size", 5).code == 2
    added = run("witness", "add", play.ledger, answer, "--keys", play.keys)
    assert (added.code, added.err) == (0, "ledger: 2 new cosignatures of size 2 by witness.example/w1\n")
    again = run("witness", "add", play.ledger, answer, "--keys", play.keys)
    assert (again.code, again.err) == (0, "ledger: 0 new cosignatures of size 2 by witness.example/w1\n")
    with Ledger.open_readonly(play.ledger) as log:
        assert log.size == 6


def test_a_rolled_back_ledger_is_refused(play: Play, run: Callable[..., Any], tmp_path: Path) -> None:
    shutil.copy(play.ledger, tmp_path / "older")
    append(run, play, 3)
    assert ask(run, play, "first")[0].code == 0
    shutil.copy(tmp_path / "older", play.ledger)
    signed, answer = ask(run, play, "rolled-back")
    assert signed.code == 2
    assert "409, its latest cosigned size is 5" in signed.err
    assert answer.read_bytes() == b"status 409\n5\n"
    added = run("witness", "add", play.ledger, answer, "--keys", play.keys)
    assert (added.code, added.out) == (2, "")
    assert "--from 5" in added.err
    assert run("witness", "request", play.ledger, "--from", 5).code == 2  # there are only 2


def test_a_forked_ledger_is_refused(play: Play, run: Callable[..., Any], tmp_path: Path) -> None:
    shutil.copy(play.ledger, tmp_path / "older")
    append(run, play, 3)
    assert ask(run, play, "first")[0].code == 0
    shutil.copy(tmp_path / "older", play.ledger)
    append(run, play, 3, "forged")
    signed, _ = ask(run, play, "same-size", "--from", 5)
    assert (signed.code, "409" in signed.err) == (2, True)
    append(run, play, 3, "forged")
    signed, _ = ask(run, play, "longer", "--from", 5)
    assert (signed.code, "422" in signed.err) == (2, True)
    assert len(list((play.witness / "refused").glob("*.request"))) == 2


def test_a_second_witness_tells_what_it_knows(play: Play, run: Callable[..., Any], tmp_path: Path) -> None:
    _, answer = ask(run, play, "first")
    run("witness", "add", play.ledger, answer, "--keys", play.keys)
    other = play._replace(witness=tmp_path / "other")
    run("witness", "create", other.witness, "--name", "witness.example/w2")
    run("witness", "trust", other.witness, play.log_vkeys[1])
    signed, _ = ask(run, other, "second")
    assert signed.code == 2
    assert "latest cosigned size is 0" in signed.err
    assert ask(run, other, "third", "--from", 0)[0].code == 0


def test_only_known_witnesses_are_kept(play: Play, run: Callable[..., Any], tmp_path: Path) -> None:
    _, answer = ask(run, play, "first")
    keys = tmp_path / "strangers"
    keys.write_text("".join(f"{vkey}\n" for vkey in Cosigner.generate("witness.example/w1").vkeys), "utf-8")
    result = run("witness", "add", play.ledger, answer, "--keys", keys)
    assert (result.code, "no witness that you trust" in result.err) == (2, True)
    keys.write_text(play.keys.read_text("utf-8").split()[1] + "\n", "utf-8")
    result = run("witness", "add", play.ledger, answer, "--keys", keys)
    assert (result.code, "1 new cosignatures" in result.err) == (0, True)
    keys.write_text("".join(f"{vkey}\n" for vkey in play.log_vkeys), "utf-8")
    assert run("witness", "add", play.ledger, answer, "--keys", keys).code == 2


def test_a_forged_answer_changes_nothing(play: Play, run: Callable[..., Any], tmp_path: Path) -> None:
    _, answer = ask(run, play, "first")
    before = play.ledger.read_bytes()
    lines = answer.read_text("utf-8")
    first, second = parse_signatures(lines)
    flipped = replace(first, value=first.value[:-1] + bytes([first.value[-1] ^ 1]))
    other_time = replace(first, value=bytes(8) + first.value[8:])
    forged = tmp_path / "forged"
    bad = [format_signature(each) + format_signature(second) for each in (flipped, other_time)]
    for content in ("", "nonsense", lines[:-1], *bad, "status 403\nno\n"):
        forged.write_text(content, "utf-8", newline="\n")
        result = run("witness", "add", play.ledger, forged, "--keys", play.keys)
        assert (result.code, result.out) == (2, "")
        assert "Traceback" not in result.err
    assert play.ledger.read_bytes() == before
    for arguments in ((), ("--keys", play.keys, "--policy", play.policy), ("--keys", tmp_path / "absent")):
        assert run("witness", "add", play.ledger, answer, *arguments).code == 2


def test_sign_never_overwrites_and_keeps_its_word(play: Play, run: Callable[..., Any], tmp_path: Path) -> None:
    request = tmp_path / "request"
    run("witness", "request", play.ledger, "-o", request)
    existing = tmp_path / "existing"
    existing.write_bytes(b"precious")
    assert run("witness", "sign", play.witness, request, "-o", existing).code == 2
    assert existing.read_bytes() == b"precious"
    assert run("witness", "show", play.witness) == (0, "", "")
    assert run("witness", "sign", play.witness, request).out.count("— witness.example/w1 ") == 2
    assert run("witness", "show", play.witness, "--note", "other.example").code == 2


def test_a_witness_key_kept_elsewhere_and_encrypted(play: Play, run: Callable[..., Any], tmp_path: Path) -> None:
    key, passphrase, folder = tmp_path / "w.pem", tmp_path / "passphrase", tmp_path / "sealed"
    passphrase.write_bytes(b"correct horse\n")
    generated = run("keygen", "-o", key, "--name", "w", "--witness", "--passphrase-file", passphrase)
    assert generated.code == 0
    secret = ("--key", key, "--passphrase-file", passphrase)
    assert run("witness", "create", folder, "--name", "w", *secret) == (0, generated.out, "")
    assert not (folder / "witness.pem").exists()
    run("witness", "trust", folder, play.log_vkeys[0])
    request = tmp_path / "request"
    run("witness", "request", play.ledger, "-o", request)
    assert run("witness", "sign", folder, request).code == 2
    assert run("witness", "sign", folder, request, "--key", key).code == 2
    assert run("witness", "sign", folder, request, *secret).code == 0


def test_ledger_refuses_what_is_no_cosignature(make_ledger: Callable[..., Path], signer: Signer) -> None:
    witness = Cosigner.generate("w")
    with Ledger.open(make_ledger(3), signer=signer) as log:
        checkpoint = parse_checkpoint(parse_note(log.latest_checkpoint()).text)
        lines = [format_signature(each) for each in witness.cosign(checkpoint, time=1)]
        for bad in ("", "nonsense\n", lines[0] + lines[1], lines[0][:-1], lines[0] + "\n"):
            with pytest.raises(NoteError):
                log.add_cosignatures(3, [bad])
        with pytest.raises(LedgerError, match="size 2"):
            log.add_cosignatures(2, lines)
        many = [format_signature(each) for number in range(60) for each in witness.cosign(checkpoint, time=number)]
        with pytest.raises(NoteError, match="more than 100"):
            log.add_cosignatures(3, many)
        assert (log.size, log.last_cosigned()) == (3, 0)
        assert log.add_cosignatures(3, many[:98]) == 98
        assert log.add_cosignatures(3, many[:98]) == 0
        assert log.last_cosigned() == 3
        assert len(parse_note(log.cosigned_checkpoint(3)).signatures) == 99
        assert log.size == 3 + 3  # 49 lines of ML-DSA-44 do not fit into two entries
        log.append([], checkpoint=True)
    assert audit(log._store.path, keys=[signer.vkey]).intact


class _Handler(BaseHTTPRequestHandler):
    run: Callable[..., Any]
    answers: list[tuple[int, bytes]]
    asked: list[bytes]

    def do_POST(self) -> None:
        type(self).asked.append(self.rfile.read(int(self.headers["Content-Length"])))
        status, body = type(self).answers.pop(0) if self.path == "/w1/add-checkpoint" else (404, b"where?\n")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its interface
        pass


@pytest.fixture
def server() -> Iterator[tuple[str, type[_Handler]]]:
    handler = type("Handler", (_Handler,), {"answers": [], "asked": []})
    with HTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/w1/", handler
        http.shutdown()
        thread.join()


def test_over_http(play: Play, run: Callable[..., Any], server: tuple[str, type[_Handler]], tmp_path: Path) -> None:
    url, handler = server
    _, answer = ask(run, play, "by-hand")
    handler.answers = [(200, answer.read_bytes())]
    sent = tmp_path / "sent"
    assert run("witness", "send", play.ledger, "--url", url, "-o", sent) == (0, "", "")
    assert sent.read_bytes() == answer.read_bytes()
    assert handler.asked == [(play.ledger.with_name("by-hand.request")).read_bytes()]
    assert run("witness", "add", play.ledger, sent, "--policy", play.policy).code == 0
    append(run, play, 1)
    handler.answers = [(409, b"1\n"), (200, answer.read_bytes())]
    assert run("witness", "send", play.ledger, "--url", url).code == 0
    assert [body.partition(b"\n")[0] for body in handler.asked[1:]] == [b"old 2", b"old 1"]


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (403, b"go away\x1b[31m\nsecond line\n", "403, go away?[31m"),
        (409, b"nonsense\n", "not what a witness answers"),
        (409, b"99\n", "latest cosigned size is 99"),
        (200, b"<html>", "not what a witness answers"),
        (200, b"\xff", "not what a witness answers"),
        (302, b"", "302"),
        (500, b"", "500"),
    ],
)
def test_what_a_server_may_say_instead(
    play: Play, run: Callable[..., Any], server: tuple[str, type[_Handler]], status: int, body: bytes, said: str
) -> None:
    url, handler = server
    handler.answers = [(status, body)]
    result = run("witness", "send", play.ledger, "--url", url)
    assert result.code == 2
    assert said in result.err
    assert "\x1b" not in result.err + result.out
    assert len(handler.asked) == 1


def test_addresses_that_are_none(play: Play, run: Callable[..., Any]) -> None:
    for url in ("file:///etc/passwd", "ftp://x", "nonsense", "http://127.0.0.1:1", "http://[", "http://a b/"):
        result = run("witness", "send", play.ledger, "--url", url)
        assert (result.code, result.out) == (2, "")
        assert result.err.count("\n") == 1


def test_a_log_key_cosigns_nothing(play: Play, run: Callable[..., Any], tmp_path: Path) -> None:
    old = tmp_path / "old.pem"
    write_key(old, Signer.from_private_bytes(bytes(32), name="w"))
    result = run("witness", "create", tmp_path / "w", "--name", "w", "--key", old)
    assert (result.code, "no ML-DSA-44 key" in result.err) == (2, True)
