"""The command line: what it prints where, and its exit codes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from matcher.commands import cli, run
from matcher.imaging.drawing import landscape
from tests.shared.report_cases import without_strength

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def exhibit(tmp_path: Path, known_folder: Path) -> Path:
    """A notable picture, a stranger, and a text."""
    folder = tmp_path / "exhibit"
    folder.mkdir()
    (folder / "a known.png").write_bytes((known_folder / "1.png").read_bytes())
    landscape(70, width=120, height=90).save(folder / "b.jpg")
    (folder / "c.txt").write_text("text")
    return folder


def lines(capsys: Capture) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


class TestMatch:
    """0 nothing notable, 1 notable, 2 failed, 3 nothing notable but not all read."""

    def call(self, store: Path, *files: Path | str) -> int:
        return run(["match", "--store", str(store), *map(str, files)])

    def test_notable(self, exhibit: Path, known_store: Path, capsys: Capture) -> None:
        assert self.call(known_store, exhibit / "b.jpg", exhibit / "a known.png") == 1
        first, second = lines(capsys)
        assert first["path"] == str(exhibit / "b.jpg")
        assert (first["status"], second["status"]) == ("examined", "known")

    def test_nothing(self, exhibit: Path, known_store: Path) -> None:
        assert self.call(known_store, exhibit / "b.jpg", exhibit / "c.txt") == 0

    def test_not_all_read(self, exhibit: Path, known_store: Path) -> None:
        (exhibit / "d.jpg").write_bytes((exhibit / "b.jpg").read_bytes()[:700])
        assert self.call(known_store, exhibit / "b.jpg", exhibit / "d.jpg") == 3
        assert self.call(known_store, exhibit / "a known.png", exhibit / "d.jpg") == 1

    def test_failed(self, exhibit: Path, known_store: Path, tmp_path: Path, capsys: Capture) -> None:
        assert self.call(known_store, exhibit / "absent", exhibit / "b.jpg") == 2
        captured = capsys.readouterr()
        assert "absent: No such file" in captured.err
        assert len(captured.out.splitlines()) == 1
        assert self.call(tmp_path, exhibit / "b.jpg") == 2
        assert self.call(known_store) == 2

    def test_a_store_without_lists_is_no_all_clear(self, exhibit: Path, tmp_path: Path) -> None:
        from matcher.lists.store import Store

        with Store(tmp_path / "s").writing():
            pass
        assert self.call(tmp_path / "s", exhibit / "b.jpg") == 2
        case = ["--case", str(tmp_path / "case")]
        assert run(["scan", str(exhibit), "--store", str(tmp_path / "s"), *case, "--workers", "0"]) == 2


class TestScan:
    def call(self, store: Path, case: Path, *more: Path | str) -> int:
        return run(["scan", "--store", str(store), "--case", str(case), "--workers", "0", *map(str, more)])

    @pytest.mark.slow
    def test_exit_codes(self, exhibit: Path, known_store: Path, tmp_path: Path) -> None:
        assert self.call(known_store, tmp_path / "1", exhibit) == 1
        (exhibit / "a known.png").unlink()
        assert self.call(known_store, tmp_path / "2", exhibit) == 0
        (exhibit / "d.jpg").write_bytes(b"")
        assert self.call(known_store, tmp_path / "3", exhibit) == 3
        assert self.call(known_store, tmp_path / "4", exhibit / "absent") == 2
        assert self.call(known_store, exhibit / "case", exhibit) == 2
        assert not (exhibit / "case").exists()

    def test_jsonl_is_what_findings_prints(
        self, exhibit: Path, known_store: Path, tmp_path: Path, capsys: Capture
    ) -> None:
        assert self.call(known_store, tmp_path / "case", exhibit, "--jsonl", "--exhibit", "E 1") == 1
        captured = capsys.readouterr()
        assert "write both in your notebook" in captured.err
        assert run(["findings", "--case", str(tmp_path / "case")]) == 0
        found = [without_strength(json.loads(line)) for line in capsys.readouterr().out.splitlines()]
        printed = [json.loads(line) for line in captured.out.splitlines()]
        assert found == printed
        assert [finding["path"] for finding in printed] == ["a known.png", "b.jpg", "c.txt"]
        assert {finding["exhibit"] for finding in printed} == {"E 1"}
        assert run(["match", "--store", str(known_store), str(exhibit / "b.jpg")]) == 0
        (matched,) = lines(capsys)
        same = {"path": "b.jpg", "exhibit": "E 1"}
        assert {**matched, **same} == printed[1]

    def test_quiet_says_nothing_on_stderr(
        self, exhibit: Path, known_store: Path, tmp_path: Path, capsys: Capture
    ) -> None:
        self.call(known_store, tmp_path / "case", exhibit, "--quiet")
        captured = capsys.readouterr()
        assert captured.err == ""
        assert "ledger size 9, root " in captured.out

    def test_matches_are_shown_as_they_are_met(
        self, exhibit: Path, known_store: Path, tmp_path: Path, capsys: Capture
    ) -> None:
        self.call(known_store, tmp_path / "case", exhibit)
        assert "notable (provisional): a known.png: known " in capsys.readouterr().err

    @pytest.mark.slow
    def test_several_sources_are_several_scans(self, exhibit: Path, known_store: Path, tmp_path: Path) -> None:
        assert self.call(known_store, tmp_path / "case", exhibit / "c.txt", exhibit / "a known.png") == 1
        assert run(["verify", "--case", str(tmp_path / "case")]) == 0

    @pytest.mark.slow
    def test_findings_filters(self, exhibit: Path, known_store: Path, tmp_path: Path, capsys: Capture) -> None:
        self.call(known_store, tmp_path / "case", exhibit)
        for options, paths in (
            (["--status", "skipped"], ["c.txt"]),
            (["--status", "skipped", "--status", "known"], ["a known.png", "c.txt"]),
            (["--matched"], ["a known.png"]),
            (["--scan", "1", "--matched"], ["a known.png"]),
        ):
            capsys.readouterr()
            assert run(["findings", "--case", str(tmp_path / "case"), *options]) == 0
            assert [finding["path"] for finding in lines(capsys)] == paths
        assert run(["findings", "--case", str(tmp_path / "case"), "--scan", "2"]) == 2

    @pytest.mark.slow
    def test_verify(self, exhibit: Path, known_store: Path, tmp_path: Path, capsys: Capture) -> None:
        case = tmp_path / "case"
        self.call(known_store, case, exhibit)
        printed = capsys.readouterr().out
        size, root = printed.split("ledger size ")[1].split(", root ")
        expect = f"{size}:{root.split()[0]}"
        assert run(["verify", "--case", str(case), "--expect", expect]) == 0
        assert "verified by a key from outside the case" in capsys.readouterr().out
        assert run(["verify", "--case", str(case), "--expect", f"{size}:{'0' * 64}"]) == 1
        assert run(["verify", "--case", str(case), "--expect", "nonsense"]) == 2
        assert run(["verify", "--case", str(tmp_path)]) == 2
        ledger = bytearray((case / "case.ledger").read_bytes())
        place = ledger.index(b'"path":"b.jpg"') + 9
        ledger[place] ^= 1
        (case / "case.ledger").write_bytes(ledger)
        assert run(["verify", "--case", str(case)]) == 1
        assert "NOT INTACT" in capsys.readouterr().out

    def test_verify_without_the_examiners_key_is_self_asserted(
        self, exhibit: Path, known_store: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.call(known_store, tmp_path / "case", exhibit)
        monkeypatch.setenv("EVIDENCE_MATCHER_CONFIG", str(tmp_path / "other examiner"))
        assert run(["verify", "--case", str(tmp_path / "case")]) == 0
        assert "self-asserted" in capsys.readouterr().out
        keys = str(tmp_path / "case" / "verifier.keys")
        assert run(["verify", "--case", str(tmp_path / "case"), "--keys", keys]) == 0
        assert "self-asserted" not in capsys.readouterr().out

    def test_reports(self, exhibit: Path, known_store: Path, tmp_path: Path, capsysbinary: object) -> None:
        case = tmp_path / "case"
        self.call(known_store, case, exhibit)
        for name in ("html", "csv", "jsonl"):
            out = tmp_path / f"r.{name}"
            assert run(["report", "--case", str(case), "--format", name, "-o", str(out)]) == 0
            assert b"known" in out.read_bytes()
        assert run(["report", "--case", str(case), "--format", "html", "-o", str(tmp_path / "no/r.html")]) == 2
        assert run(["report", "--case", str(tmp_path), "--format", "html", "-o", str(tmp_path / "r.html")]) == 2


class TestHash:
    def test_the_default_set(self, exhibit: Path, capsys: Capture) -> None:
        assert run(["hash", str(exhibit / "b.jpg"), str(exhibit / "c.txt")]) == 0
        picture, text = lines(capsys)
        assert [value["algorithm"] for value in picture["hashes"]] == ["md5", "sha256", "pdq", "phash"]
        assert {value["region"] for value in picture["hashes"]} == {None}
        assert (text["status"], len(text["hashes"])) == ("skipped", 2)

    def test_more_algorithms(self, exhibit: Path, capsys: Capture) -> None:
        assert run(["hash", str(exhibit / "b.jpg"), "--algorithms", "dhash16, sha1"]) == 0
        (picture,) = lines(capsys)
        assert {value["algorithm"] for value in picture["hashes"]} == {
            "md5",
            "sha256",
            "sha1",
            "pdq",
            "phash",
            "dhash16",
        }

    def test_failures(self, exhibit: Path, capsys: Capture) -> None:
        assert run(["hash", str(exhibit / "absent")]) == 2
        assert run(["hash", str(exhibit)]) == 2
        assert run(["hash", str(exhibit / "b.jpg"), "--algorithms", "nothing"]) == 2
        assert "unknown algorithm 'nothing'" in capsys.readouterr().err

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes names of any bytes")
    def test_a_name_that_is_not_utf8(self, exhibit: Path, capsys: Capture) -> None:
        path = os.fsencode(exhibit) + b"/\xff%.jpg"
        with open(path, "wb") as stream:  # noqa: PTH123 - bytes
            stream.write((exhibit / "b.jpg").read_bytes())
        assert run(["hash", os.fsdecode(path)]) == 0
        (found,) = lines(capsys)
        assert str(found["path"]).endswith("/%FF%.jpg")


class TestLists:
    def test_import_reports_bad_lines_and_goes_on(self, tmp_path: Path, capsys: Capture) -> None:
        path = tmp_path / "l.txt"
        path.write_text("".join(f"{number:032x}  a\nbroken\n" for number in range(30)))
        assert run(["lists", "import", str(path), "--store", str(tmp_path / "s"), "--name", "l"]) == 3
        captured = capsys.readouterr()
        assert "l version 1: 30 entries: 30 md5; 30 lines refused" in captured.out
        assert "l.txt:2: " in captured.err
        assert "10 more lines were refused" in captured.err
        assert run(["lists", "show", "--store", str(tmp_path / "s"), "--json"]) == 0
        (shown,) = lines(capsys)
        assert (shown["name"], shown["current"], shown["counts"]["refused"]) == ("l", True, 30)

    @pytest.mark.slow
    def test_categories(self, tmp_path: Path, capsys: Capture) -> None:
        path = tmp_path / "l.txt"
        path.write_text(hashlib.md5(b"listed").hexdigest() + "\n")
        call = ["lists", "import", str(path), "--store", str(tmp_path / "s"), "--name", "l"]
        assert run([*call, "--map", "0=known-good", "--map", "*=information", "--category", "0"]) == 0
        (tmp_path / "file").write_bytes(b"listed")
        capsys.readouterr()
        assert run(["match", "--store", str(tmp_path / "s"), str(tmp_path / "file"), "--exclude-known-good"]) == 0
        (found,) = lines(capsys)
        assert (found["status"], found["matches"][0]["category"]) == ("excluded", "0")
        assert run([*call, "--map", "0=bad"]) == 2
        assert run([*call, "--category", "known-good"]) == 0
        assert run(["match", "--store", str(tmp_path / "s"), str(tmp_path / "file")]) == 0
        assert run(call) == 0
        assert run(["match", "--store", str(tmp_path / "s"), str(tmp_path / "file")]) == 1

    @pytest.mark.slow
    def test_build_import_and_match(self, tmp_path: Path, known_folder: Path, capsys: Capture) -> None:
        listed = tmp_path / "own list.jsonl"
        assert run(["lists", "build", str(known_folder), "--name", "own", "-o", str(listed), "--workers", "0"]) == 0
        assert "6 entries, 24 hashes" in capsys.readouterr().out
        store = str(tmp_path / "s")
        assert run(["lists", "import", str(listed), "--store", store, "--name", "own"]) == 0
        assert run(["match", "--store", store, str(known_folder / "1.png")]) == 1

    def test_build_of_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "f").mkdir()
        assert run(["lists", "build", str(tmp_path / "f"), "--name", "x", "-o", str(tmp_path / "l")]) == 2
        assert run(["lists", "build", str(tmp_path / "absent"), "--name", "x", "-o", str(tmp_path / "l")]) == 2
        assert not (tmp_path / "l").exists()

    def test_failures(self, tmp_path: Path) -> None:
        assert run(["lists", "show", "--store", str(tmp_path)]) == 2
        assert run(["lists", "import", "absent", "--store", str(tmp_path / "s"), "--name", "x"]) == 2
        assert run(["lists"]) == 2


def commands() -> list[tuple[str, ...]]:
    import click

    found: list[tuple[str, ...]] = []
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            found.extend((name, sub) for sub in sorted(command.commands))
        else:
            found.append((name,))
    return found


@pytest.mark.parametrize("names", commands(), ids=" ".join)
def test_every_command_has_help_with_an_example_and_is_documented(names: tuple[str, ...], capsys: Capture) -> None:
    assert run([*names, "--help"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    command = "matcher " + " ".join(names)
    assert f"Example: {command}" in printed
    page = (Path(__file__).parents[3] / "docs" / "commands.md").read_text(encoding="utf-8")
    assert f"\n## {command}" in page
    import click

    context = click.Context(cli)
    found: click.Command | None = cli
    for name in names:
        assert isinstance(found, click.Group)
        found = found.get_command(context, name)
    assert found is not None
    for parameter in found.params:
        if isinstance(parameter, click.Option):
            assert (
                f"`{parameter.opts[0]}" in page.split(f"\n## {command}\n")[1].split("\n## ")[0] + page.split("\n## ")[1]
            )


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["scan"], ["match", "--wrong"], ["findings"], ["verify"], ["report"]]
)
def test_wrong_arguments_are_2(arguments: list[str]) -> None:
    assert run(arguments) == 2


def test_help_and_version(capsys: Capture) -> None:
    assert run(["--help"]) == 0
    assert "verify" in capsys.readouterr().out
    assert run(["--version"]) == 0
    assert "0.1.0" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.process
def test_as_a_module_and_with_a_closed_pipe(exhibit: Path, known_store: Path) -> None:
    command = [sys.executable, "-m", "matcher", "hash", *[str(exhibit / "c.txt")] * 2000]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 2


@pytest.mark.slow
def test_demo(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["demo"]) == 0
    printed = capsys.readouterr().out
    assert "11 of 11 altered copies were found, 0 of 44 other items matched" in printed
    assert (tmp_path / "matcher-demo/case/reports/report.html").is_file()
    assert run(["verify", "--case", "matcher-demo/case"]) == 0
    assert run(["demo", "-o", "matcher-demo"]) == 2


def test_interrupt_is_2(known_store: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def interrupted(*_arguments: object, **_options: object) -> Callable[..., object]:
        raise KeyboardInterrupt

    monkeypatch.setattr("matcher.examine.engine.Matcher.open", interrupted)
    assert run(["match", "--store", str(known_store), "x"]) == 2
    assert "interrupted" in capsys.readouterr().err
