"""The command `timestamp`: by files, over HTTP, and verifying; `openssl ts` is the authority and the referee."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from benchmarks.shared.time_authority import Authority, Issued, issue, make_key
from ledger import Ledger, Signer, audit, parse, write_key
from tests.shared.tokens import der, tst_info


@pytest.fixture(scope="module", autouse=True)
def _openssl() -> None:
    if shutil.which("openssl") is None:
        pytest.skip("NOT TESTED with time-stamp tokens: no openssl here")


@pytest.fixture(scope="module")
def root() -> Issued:
    return issue("Test Root", make_key("p256"), authority=True)


@pytest.fixture
def roots(tmp_path: Path, root: Issued) -> Path:
    path = tmp_path / "roots.pem"
    path.write_bytes(root.pem)
    return path


@pytest.fixture
def authority(tmp_path: Path, root: Issued) -> Authority:
    return Authority(tmp_path / "authority", issue("Test Authority", make_key("p256"), by=root))


@pytest.fixture
def ledger(make_ledger: Callable[..., Path]) -> Path:
    return make_ledger(7, checkpoints=[3])


@pytest.fixture
def key(tmp_path: Path, signer: Signer) -> Path:
    path = tmp_path / "log.pem"
    write_key(path, signer)
    return path


class Server:
    """An authority over HTTP. `answer` gives (status, headers, body) for a query."""

    def __init__(self) -> None:
        self.answer: Callable[[bytes], tuple[int, dict[str, str], bytes]] = lambda query: (500, {}, b"")
        self.asked: list[tuple[str, str | None]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.asked.append((self.path, self.headers.get("Content-Type")))
                query = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers, body = outer.answer(query)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: Any) -> None:
                """Says nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/tsa"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


REPLY = {"Content-Type": "application/timestamp-reply"}


@pytest.mark.process
def test_by_files(
    *,
    ledger: Path,
    tmp_path: Path,
    authority: Authority,
    roots: Path,
    key: Path,
    run: Callable[..., Any],
    signer: Signer,
) -> None:
    query, answer = tmp_path / "query.tsq", tmp_path / "answer.tsr"
    assert run("timestamp", ledger, "--request", query) == (0, "", "")
    before = query.read_bytes()
    again = run("timestamp", ledger, "--request", query)
    assert (again.code, again.out, query.read_bytes()) == (2, "", before)
    answer.write_bytes(authority.answer(before))
    with Ledger.open(ledger, signer=signer) as log:  # the ledger has grown until the answer comes
        log.append([b'{"type":"note","v":1}'], checkpoint=True)
    result = run(*("timestamp", ledger, "--response", answer, "--answers", query, "--roots", roots, "--key", key))
    assert (result.code, result.err) == (0, "")
    line, _, note = result.out.partition("\n")
    assert line.split("\t")[:2] == ["8", "size 7"]
    assert "CN=Test Authority" in line
    with Ledger.open_readonly(ledger) as log:
        assert note == log.latest_checkpoint()
        assert note.split("\n")[1] == "9"
        assert parse(dict(log.entries(8))[8])["type"] == "checkpoint.time"
        (token,) = log.tokens(7)
        stamped = dict(log.checkpoints())[7]
    assert audit(ledger, keys=[signer.vkey]).intact
    (tmp_path / "token").write_bytes(token)
    (tmp_path / "note").write_bytes(stamped.encode())
    openssl: list[str | Path] = [
        "openssl",
        "ts",
        "-verify",
        "-token_in",
        "-in",
        "token",
        "-data",
        "note",
        "-CAfile",
        roots,
    ]
    done = subprocess.run(openssl, cwd=tmp_path, capture_output=True, check=False)
    assert b"Verification: OK" in done.stdout + done.stderr
    twice = run("timestamp", ledger, "--response", answer, "--roots", roots)
    assert (twice.code, twice.out) == (2, "")
    assert "has that token already" in twice.err


@pytest.mark.process
def test_another_size(ledger: Path, tmp_path: Path, authority: Authority, roots: Path, run: Callable[..., Any]) -> None:
    query, answer = tmp_path / "query.tsq", tmp_path / "answer.tsr"
    assert run("timestamp", ledger, "--request", query, "--size", "3").code == 0
    answer.write_bytes(authority.answer(query.read_bytes()))
    wrong = run("timestamp", ledger, "--response", answer, "--roots", roots, "--size", "7")
    assert (wrong.code, "on the checkpoint of size 3, not 7" in wrong.err) == (2, True)
    done = run("timestamp", ledger, "--response", answer, "--roots", roots, "--size", "3")
    assert (done.code, done.out.split("\t")[:2]) == (0, ["7", "size 3"])
    for size in ("4", "99999999999"):
        none = run("timestamp", ledger, "--request", tmp_path / "none", "--size", size)
        assert none == (2, "", f"ledger: no checkpoint has size {size}\n")
        assert not (tmp_path / "none").exists()


@pytest.mark.process
def test_nothing_is_appended_that_is_not_valid(
    *, ledger: Path, tmp_path: Path, authority: Authority, roots: Path, key: Path, run: Callable[..., Any]
) -> None:
    before, answer = ledger.read_bytes(), tmp_path / "answer.tsr"
    other = tmp_path / "other.pem"
    other.write_bytes(issue("Test Root", make_key("p256"), authority=True).pem)
    query, fresh = tmp_path / "query", tmp_path / "fresh"
    run("timestamp", ledger, "--request", query)
    run("timestamp", ledger, "--request", fresh)
    good = authority.answer(query.read_bytes())
    rejected = der(0x30, der(0x30, b"\x02\x01\x02", der(0x30, der(0x0C, b"not today"))))
    for data, options, reason in (
        (good, ("--roots", other), "the token is not valid: certificate signature failure"),
        (good, ("--roots", roots, "--answers", fresh), "Nonce mismatch"),
        (good + b"\x00", ("--roots", roots), "no TimeStampResp"),
        (rejected, ("--roots", roots), "rejected: not today"),
        (der(0x30, b"\x30\x03\x02\x01\x00", authority.stamp(b"other")), ("--roots", roots), "on no checkpoint"),
        (der(0x30, b"\x30\x03\x02\x01\x00", authority.sign(tst_info(b"x"))), ("--roots", roots), "on no checkpoint"),
        (bytes(65_537), ("--roots", roots), "longer than 65536"),
    ):
        answer.write_bytes(data)
        result = run("timestamp", ledger, "--response", answer, *options, "--key", key)
        assert (result.code, result.out, reason in result.err) == (2, "", True), result.err
    assert ledger.read_bytes() == before


@pytest.mark.process
def test_over_http(
    *, ledger: Path, authority: Authority, roots: Path, run: Callable[..., Any], server: Server, signer: Signer
) -> None:
    server.answer = lambda query: (200, {"Content-Type": "Application/Timestamp-Reply; x=y"}, authority.answer(query))
    result = run("timestamp", ledger, "--url", server.url, "--roots", roots)
    assert (result.code, result.err, result.out.split("\t")[:2]) == (0, "", ["7", "size 7"])
    assert server.asked == [("/tsa", "application/timestamp-query")]
    assert run("timestamp", ledger, "--url", server.url, "--roots", roots, "--size", "3").code == 0
    with Ledger.open(ledger, signer=signer) as log:
        log.checkpoint()
        assert (len(log.tokens(3)), len(log.tokens(7)), log.size) == (1, 1, 9)
    assert audit(ledger, keys=[signer.vkey]).intact


@pytest.mark.process
def test_answers_over_http_that_do_not_count(
    *, ledger: Path, authority: Authority, roots: Path, run: Callable[..., Any], server: Server
) -> None:
    before = ledger.read_bytes()
    old = authority.answer(_query(ledger, run))
    for status, headers, body, reason in (
        (500, REPLY, None, "status 500"),
        (302, {"Location": server.url, **REPLY}, None, "status 302"),
        (302, {"Location": "file:///etc/hosts", **REPLY}, None, "status 302"),
        (200, {"Content-Type": "text/html"}, None, "'text/html'"),
        (200, {}, None, "not an answer"),
        (200, REPLY, b"x" * 70_000, "/tsa: the answer is longer than 65536"),
        (200, REPLY, b"", "no TimeStampResp"),
        (200, REPLY, old, "Nonce mismatch"),
    ):
        server.asked.clear()

        def answer(
            query: bytes, status: int = status, headers: dict[str, str] = headers, body: bytes | None = body
        ) -> tuple[int, dict[str, str], bytes]:
            return status, headers, authority.answer(query) if body is None else body

        server.answer = answer
        result = run("timestamp", ledger, "--url", server.url, "--roots", roots)
        assert (result.code, result.out, reason in result.err) == (2, "", True), result.err
        assert len(server.asked) == 1
    for url in ("file:///etc/hosts", "ftp://127.0.0.1/", "127.0.0.1", "http://127.0.0.1:1/", "http://[", ""):
        result = run("timestamp", ledger, "--url", url, "--roots", roots)
        assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert ledger.read_bytes() == before


def _query(ledger: Path, run: Callable[..., Any]) -> bytes:
    path = ledger.with_name("old-query")
    assert run("timestamp", ledger, "--request", path).code == 0
    return path.read_bytes()


@pytest.mark.process
def test_verifying_all_tokens(
    *,
    ledger: Path,
    tmp_path: Path,
    authority: Authority,
    roots: Path,
    run: Callable[..., Any],
    tamper: Callable[..., None],
) -> None:
    nothing = run("timestamp", ledger, "--verify", "--roots", roots)
    assert nothing == (2, "", "ledger: 0 valid tokens, 0 not valid\n")
    answer = tmp_path / "answer"
    for size in (3, 7, 7):
        query = tmp_path / f"query{len(list(tmp_path.iterdir()))}"
        run("timestamp", ledger, "--request", query, "--size", size)
        answer.write_bytes(authority.answer(query.read_bytes()))
        assert run("timestamp", ledger, "--response", answer, "--roots", roots).code == 0
    before = ledger.read_bytes()
    result = run("timestamp", "--case", _case(ledger, tmp_path), "--verify", "--roots", roots)
    assert (result.code, result.err) == (0, "ledger: 3 valid tokens, 0 not valid\n")
    assert [line.split("\t")[:2] for line in result.out.splitlines()] == [
        ["valid", "size 3"],
        ["valid", "size 7"],
        ["valid", "size 7"],
    ]
    assert run("timestamp", ledger, "--verify", "--roots", roots, "--size", "3").out.count("\n") == 1
    assert ledger.read_bytes() == before
    tamper(ledger, "UPDATE timestamp SET token = (SELECT token FROM timestamp WHERE size = 7) WHERE size = 3")
    result = run("timestamp", ledger, "--verify", "--roots", roots)
    assert (result.code, result.err) == (1, "ledger: 2 valid tokens, 1 not valid\n")
    assert result.out.splitlines()[0].startswith("NOT VALID\tsize 3\ttoken ")
    assert "something else" in result.out.splitlines()[0]
    other = tmp_path / "other.pem"
    other.write_bytes(issue("Other", make_key("p256"), authority=True).pem)
    assert run("timestamp", ledger, "--verify", "--roots", other).out.count("NOT VALID") == 3


def _case(ledger: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "case"
    folder.mkdir()
    shutil.copy(ledger, folder / "case.ledger")
    return folder


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((), "one of --request"),
        (("--verify", "--url", "http://x"), "one of --request"),
        (("--verify",), "give --roots"),
        (("--url", "http://x"), "give --roots"),
        (("--response", "none"), "give --roots"),
        (("--request", "q", "--answers", "q"), "--answers goes with"),
        (("--request", "q", "--key", "k"), "--key goes with"),
        (("--verify", "--roots", "none.pem"), "none.pem: No such file"),
        (("--response", "none", "--roots", "none.pem"), "none.pem: No such file"),
    ],
)
def test_what_cannot_be_asked(ledger: Path, run: Callable[..., Any], options: tuple[str, ...], reason: str) -> None:
    result = run("timestamp", ledger, *options)
    assert (result.code, result.out, reason in result.err) == (2, "", True), result.err
