"""What stands on the screen while a scan runs: a short line a match, no time left too early, names in order."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from matcher.commands import progress_line
from matcher.commands.match_line import cut_middle, entry_name, match_line
from matcher.commands.progress_line import Census, ProgressLine
from matcher.lists.opened import OpenList
from matcher.lists.store import Store
from matcher.model import Finding, Match, Status
from matcher.sources.folder import FolderSource
from matcher.system.text import left_to_right
from tests.conftest import import_list


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(progress_line, "time", made)
    return made


@pytest.fixture
def census(tmp_path: Path) -> Census:
    """A count of ten files of a thousand bytes each."""
    for number in range(10):
        (tmp_path / f"{number}").write_bytes(bytes(1000))
    made = Census(FolderSource(tmp_path))
    made._thread.join()
    assert made.complete
    return made


def test_the_rate_is_that_since_the_first_item_was_done(census: Census, clock: Clock) -> None:
    line = ProgressLine()
    assert line.report(census) == ["0 of 10 items", "time left not known yet"]
    clock.now = 1000.0  # preparing: compiling, starting workers
    assert line.add(1000)
    assert line.report(census)[-1] == "time left not known yet"
    for _ in range(3):
        clock.now += 2
        line.add(1000)
    assert line.report(census) == ["4 of 10 items", "0.5/s", "4.0 kB, 500 B/s", "12 s left"]


def test_a_terminal_shows_that_it_prepares(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    line = ProgressLine()
    line.prepare()
    assert "preparing" in terminal.getvalue()
    clock.now = 100
    line.show("x" * 500)
    assert max(map(len, terminal.getvalue().split("\r"))) < 80
    line.clear()
    assert terminal.getvalue().endswith(" \r")


@pytest.fixture
def lists(tmp_path: Path) -> list[OpenList]:
    path = tmp_path / "noted.jsonl"
    path.write_text(
        '{"id": "noted/1", "algorithm": "md5", "value": "%s", "note": "Holiday\\nat the sea"}\n' % ("01" * 16)
        + '{"id": "noted/%s", "algorithm": "md5", "value": "02%s"}\n' % ("ab" * 32, "02" * 15)  # noqa: UP031 - braces
    )
    import_list(tmp_path / "store", path, "noted")
    return [Store.open(tmp_path / "store").open_list("noted", 1)]


def match(entry: str) -> Match:
    return Match("noted", entry, "1", "pdq", bytes(32), bytes(32), 12, 31, 100, None, "rotate90")


def finding(path: str, *matches: Match) -> Finding:
    return Finding(path, 1, None, Status.EXAMINED, matches=matches, matches_total=len(matches), notable=True)


def test_a_match_is_one_short_line_with_the_note_or_a_short_id(lists: list[OpenList]) -> None:
    assert entry_name(match("noted/1"), lists) == '"Holiday at the sea"'
    assert entry_name(match("noted/" + "ab" * 32), lists) == "abababababab…"
    assert entry_name(match("unknown"), lists) == "unknown"
    assert match_line(finding("DCIM/1.jpg", match("noted/1"), match("noted/2")), lists) == (
        'notable (provisional): DCIM/1.jpg: noted "Holiday at the sea", pdq 12 of 31, rotate90, and 1 more'
    )
    rare = replace(match("noted/1"), chance="3.2e-09")
    assert match_line(finding("DCIM/1.jpg", rare), lists).endswith(
        "pdq 12 of 31, rotate90, by chance once in 310 million pictures"
    )
    others = [replace(match("noted/1"), algorithm="phash", distance=2, chance=chance) for chance in (None, "4.0e-04")]
    assert "pdq 12 of 31, rotate90, by chance once" in match_line(finding("1.jpg", *others, rare), lists)
    low = replace(match("noted/1"), algorithm="phash", chance="1.0e-12", doubtful=True)
    assert "pdq 12 of 31" in match_line(finding("1.jpg", low, rare), lists)
    same = Match("noted", "unknown", "1", "md5", bytes(16), bytes(16), 0, 0, None, None, "none")
    assert match_line(finding("1.jpg", rare, same), lists).endswith("noted unknown, identical by md5, and 1 more")
    assert match_line(finding("1.jpg", same), lists) == "notable (provisional): 1.jpg: noted unknown, identical by md5"


def test_a_long_path_is_cut_to_the_terminal_s_width(lists: list[OpenList]) -> None:
    long = finding("folder/" * 60 + "end.jpg", match("noted/1"))
    line = match_line(long, lists, width=200)
    assert len(line) == 200
    assert "end.jpg: noted" in line
    assert "folder/" * 60 in match_line(long, lists)
    assert cut_middle("abcdefghij", 5) == "ab…ij"
    assert cut_middle("abc", 3) == "abc"


def test_names_in_right_to_left_scripts_keep_the_order_of_the_line() -> None:
    text = "a/תמונות/שלום עולם 12.jpg: known"
    marked = left_to_right(text)
    assert marked == "a/\u200eתמונות\u200e/\u200eשלום עולם\u200e 12.jpg: known"
    assert marked.replace("\u200e", "") == text
    assert left_to_right("plain/Bücher/写真.jpg") == "plain/Bücher/写真.jpg"


def test_lines_are_marked_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    from matcher.commands import say

    for stream, expected in ((Terminal(), "\u200eאב\u200e\n"), (io.StringIO(), "אב\n")):
        monkeypatch.setattr("sys.stderr", stream)
        say("אב")
        assert stream.getvalue() == expected
        say("\u202eab")
        assert "\u202e" not in stream.getvalue()
