"""A new version that lost half of anything that the one before it had is refused, and what it lost is named."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from random import Random

import numpy as np
import pytest

from matcher.commands import run
from matcher.errors import ListError, StoreError
from matcher.lists.compacting import compact_list, prune
from matcher.lists.importing import ImportRequest, import_lists
from matcher.lists.removing import remove_entries, retire_list
from matcher.lists.shrinking import different_hashes, keys_of
from matcher.lists.store import Store
from matcher.model import CategoryProfile, Disposition
from tests.shared.list_cases import NAME, bring, line, newest, value

COUNT = 10


def some(algorithm: str, count: int = COUNT, *, start: int = 1, **more: object) -> list[dict[str, object]]:
    return [line(f"e{number}", algorithm, start + number, **more) for number in range(count)]


def test_half_of_the_hashes_of_one_type(tmp_path: Path) -> None:
    bring(tmp_path, *some("md5"), *some("pdq"))
    bring(tmp_path, *some("md5"), *some("pdq", COUNT // 2))  # half is enough
    with pytest.raises(
        ListError, match="would have 2 different pdq hashes, less than half of the 5 of version 2, which"
    ):
        bring(tmp_path, *some("md5"), *some("pdq", 2))
    with pytest.raises(ListError, match="would have 0 different pdq hashes, less than half of the 5"):
        bring(tmp_path, *some("md5"))
    assert newest(tmp_path).version == 2
    assert bring(tmp_path, *some("md5"), allow_shrink=True).version == 3


def test_half_of_the_hashes_that_are_kept_as_text(tmp_path: Path) -> None:
    bring(tmp_path, *some("md5"), *some("sha512x"))
    with pytest.raises(ListError, match="would have 1 different sha512x hash, less than half of the 10"):
        bring(tmp_path, *some("md5"), *({**each, "value": "same"} for each in some("sha512x")))


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "pdq", "photodna"])
def test_all_hashes_have_become_one(tmp_path: Path, algorithm: str) -> None:
    bring(tmp_path, *some(algorithm))
    same = [{**each, "value": value(1, algorithm)} for each in some(algorithm)]
    with pytest.raises(
        ListError, match=f"would have 1 different {algorithm} hash, less than half of the 10 of version 1"
    ):
        bring(tmp_path, *same)
    bring(tmp_path, *same, allow_shrink=True)
    assert bring(tmp_path, *same[:5]).version == 3  # what was one hash before is still one


def test_half_of_the_notable_entries(tmp_path: Path) -> None:
    profile = CategoryProfile({"2": Disposition.INFORMATION})
    bring(tmp_path, *some("md5", category="1"), profile=profile)
    with pytest.raises(ListError, match="would have 4 notable entries, less than half of the 10 of version 1"):
        bring(tmp_path, *some("md5", 4, category="1"), *some("sha1", 6, start=50, category="2"), profile=profile)
    mixed = [*some("md5", category="1")[:4], *some("md5", category="2")[4:]]
    with pytest.raises(ListError, match="would have 4 notable entries"):
        bring(tmp_path, *mixed, profile=profile)
    with pytest.raises(ListError, match="would have 0 notable entries"):
        bring(tmp_path, *some("md5", category="2"), profile=profile)


def test_all_that_was_lost_is_named(tmp_path: Path) -> None:
    bring(tmp_path, *some("md5"), *some("pdq"))
    with pytest.raises(ListError) as raised:
        bring(tmp_path, *some("md5", 3))
    assert (
        "would have 3 entries, less than half of the 10 of version 1, which it would replace, and 3 notable entries, "
        "less than half of 10, and 3 different md5 hashes, less than half of 10, and 0 different pdq hashes, less than "
        "half of 10."
    ) in str(raised.value)


def test_an_update_that_takes_hashes_away(tmp_path: Path) -> None:
    bring(tmp_path, *some("md5"), *some("pdq"))
    bring(tmp_path, *some("md5", 5), update=True)
    with pytest.raises(ListError, match="would have 4 different pdq hashes, less than half of the 10|of the 5"):
        bring(tmp_path, *some("md5", 8), update=True)
    assert newest(tmp_path).version == 2


def test_a_list_that_was_removed_is_compared_with_what_was_in_use(tmp_path: Path) -> None:
    bring(tmp_path, *some("md5"))
    bring(tmp_path, *some("md5", 8))
    retire_list(Store(tmp_path), NAME)
    with pytest.raises(
        ListError, match="would have 3 entries, less than half of the 8 of version 2, which was the last in"
    ):
        bring(tmp_path, *some("md5", 3))
    assert bring(tmp_path, *some("md5", 4)).version == 3
    with pytest.raises(ListError, match="less than half of the 4 of version 3, which it would replace"):
        bring(tmp_path, *some("md5", 1))


def test_a_removed_list_whose_files_were_deleted_is_imported_and_that_is_said(tmp_path: Path) -> None:
    bring(tmp_path, *some("md5"))
    retire_list(Store(tmp_path), NAME)
    prune(Store(tmp_path))
    said: list[str] = []
    path = tmp_path / "again.jsonl"
    path.write_text(json.dumps(line("a", "md5", 1)) + "\n")
    import_lists(
        Store(tmp_path),
        ImportRequest(NAME, [path]),
        on_refused=lambda _source, _line: None,
        on_notice=lambda notice: said.append(notice.text),
    )
    assert said == ["made: version 1, the last in use, was deleted: the new one was not compared with it"]


def test_a_version_whose_index_is_damaged_is_not_passed_over(tmp_path: Path) -> None:
    bring(tmp_path, *some("pdq"))
    for file in (tmp_path / "lists" / NAME / "1" / "hashes" / "pdq.index").rglob("*"):
        if file.is_file():
            file.write_bytes(b"{}")
    with pytest.raises(StoreError, match="--allow-shrink"):
        bring(tmp_path, *some("pdq"))
    assert bring(tmp_path, *some("pdq"), allow_shrink=True).version == 2


def test_different_hashes_are_those_of_a_set(tmp_path: Path) -> None:
    random = Random(5)
    lines = [line(f"e{n}", name, random.randrange(1, 9)) for name in ("md5", "sha1", "pdq", "tiger") for n in range(20)]
    bring(tmp_path, *lines)
    bring(tmp_path, *(line(f"e{n}", "pdq", 100 + n) for n in range(3)), update=True, allow_shrink=True)
    remove_entries(Store(tmp_path), NAME, ["e7", "e8"])
    left = [each for each in lines if each["id"] not in {"e0", "e1", "e2", "e7", "e8"}]
    left += [line(f"e{n}", "pdq", 100 + n) for n in range(3)]
    expected = {
        name: len({each["value"] for each in left if each["algorithm"] == name})
        for name in ("md5", "sha1", "pdq", "tiger")
    }
    assert different_hashes(newest(tmp_path)) == expected
    compact_list(Store(tmp_path), NAME)
    assert different_hashes(newest(tmp_path)) == expected


@pytest.mark.parametrize("width", [8, 16, 20, 32, 144])
def test_keys_differ_where_one_bit_does(width: int) -> None:
    base = np.frombuffer(hashlib.shake_256(bytes([width])).digest(width), np.uint8)
    codes = np.tile(base, (8 * width + 2, 1))
    for bit in range(8 * width):
        codes[bit, bit // 8] ^= np.uint8(1 << (bit % 8))
    keys = keys_of(codes)
    assert len(set(keys.tolist())) == 8 * width + 1
    assert keys[-1] == keys[-2]


def test_the_command_says_what_was_lost_and_exits_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text("id,md5\n" + "".join(f"e{n},{value(n, 'md5')}\n" for n in range(200)))
    (tmp_path / "b.csv").write_text("id,md5\n" + "".join(f"e{n},{value(7, 'md5')}\n" for n in range(200)))
    base = ["lists", "import", "--store", str(tmp_path / "s"), "--name", "made"]
    assert run([*base, str(tmp_path / "a.csv")]) == 0
    assert run([*base, str(tmp_path / "b.csv")]) == 2
    assert "would have 1 different md5 hash, less than half of the 200 of version 1" in capsys.readouterr().err
