"""An id that has the hashes of many files needs a look; an entry with the hashes of one file does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.commands import run
from matcher.lists.shared_ids import FEW, MOST_DIGESTS, MOST_NAMED, shared_ids
from tests.shared.list_cases import bring, line, newest, value

Capture = pytest.CaptureFixture[str]
Lines = list[dict[str, object]]


def hashes(entry_id: str, algorithm: str, count: int, *, start: int = 1, **more: object) -> Lines:
    return [line(entry_id, algorithm, start + number, **more) for number in range(count)]


def others(count: int = 100) -> Lines:
    return [line(f"e{number}", "md5", 1000 + number) for number in range(count)]


FINE = {
    "one file's hashes of each type": [line("a", name, 1) for name in ("md5", "sha1", "sha256", "pdq", "phash")],
    "eight orientations of one picture": [line("a", "md5", 1), *hashes("a", "pdq", 8), *hashes("a", "phash", 8)],
    "as many digests as are allowed": [*hashes("a", "md5", MOST_DIGESTS), *others()],
    "the same digest many times": [*(line("a", "md5", 1, note=str(place)) for place in range(100)), *others()],
    "the frames of a video, in a long list": [*hashes("a", "pdq", 90), *others()],
    "a few digests, most of a short list": [*hashes("a", "md5", FEW), line("b", "md5", 50)],
    "half of a short list": [*hashes("a", "md5", FEW + 1), *others(FEW + 1)],
}
SHARED = {
    "many digests": ([*hashes("a", "md5", MOST_DIGESTS + 1), *others()], [("a", MOST_DIGESTS + 1, "md5")]),
    "digests most of a short list": ([*hashes("a", "md5", FEW + 1), line("b", "md5", 50)], [("a", FEW + 1, "md5")]),
    "pdq alone": (hashes("a", "pdq", MOST_DIGESTS + 1), [("a", MOST_DIGESTS + 1, "pdq")]),
    "lines with notes of their own": (
        [line("a", "md5", 1 + place, note=str(place)) for place in range(100)],
        [("a", 100, "md5")],
    ),
    "two ids": (
        [*hashes("a", "sha1", 20), *hashes("b", "md5", 30, start=99), *others(), *hashes("a", "md5", 17, start=300)],
        [("b", 30, "md5"), ("a", 20, "sha1")],
    ),
}


@pytest.mark.parametrize("lines", FINE.values(), ids=FINE)
def test_no_id_is_shared(tmp_path: Path, lines: Lines) -> None:
    bring(tmp_path, *lines)
    assert shared_ids(newest(tmp_path).parts[-1]) is None


@pytest.mark.parametrize(("lines", "named"), SHARED.values(), ids=SHARED)
def test_ids_are_shared(tmp_path: Path, lines: Lines, named: list[tuple[str, int, str]]) -> None:
    bring(tmp_path, *lines)
    shared = shared_ids(newest(tmp_path).parts[-1])
    assert shared is not None
    assert list(shared.named) == named


def test_many_shared_ids_are_counted(tmp_path: Path) -> None:
    bring(tmp_path, *(each for group in range(8) for each in hashes(f"a{group}", "md5", 17, start=1 + 100 * group)))
    shared = shared_ids(newest(tmp_path).parts[-1])
    assert shared is not None
    assert (shared.count, len(shared.named)) == (8, MOST_NAMED)
    assert " and 3 more" in shared.sentence()


def test_an_update_is_judged_by_what_it_brings(tmp_path: Path) -> None:
    bring(tmp_path, *others())
    bring(tmp_path, *hashes("a", "md5", 20), update=True)
    assert shared_ids(newest(tmp_path).parts[-1]) is not None
    bring(tmp_path, line("b", "md5", 99), update=True)
    assert shared_ids(newest(tmp_path).parts[-1]) is None


def test_the_import_warns_and_exits_with_3_but_a_list_of_known_files_may_have_such_ids(
    tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "l.csv").write_text("id,md5\n" + "".join(f"1,{value(number, 'md5')}\n" for number in range(1, 101)))
    base = ["lists", "import", str(tmp_path / "l.csv"), "--store", str(tmp_path / "s"), "--name"]
    assert run([*base, "made"]) == 3
    said = capsys.readouterr().err
    assert "warning: one id stands for far more hashes than one file has: '1' (100 different md5)" in said
    assert "--column id=NAME" in said
    assert run([*base, "good", "--map", "*=known-good"]) == 0
    assert "'1' (100 different md5)" in capsys.readouterr().err
