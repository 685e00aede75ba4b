"""ItemSearch: names are found as they were always found, by bytes, and each entry of a ledger is read once."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from ledger import Decision, Ledger, clock, decision_entry, load_signer
from ledger.storage.store import Store
from matcher.commands import run
from matcher.record.case import LEDGER, CaseReader
from matcher.revisit.decide import DecisionRequest, decide
from matcher.revisit.items import ItemSearch
from matcher.revisit.verify import verify_case

NAMES = ("a.png", 'say "x".png', "C:\\x.png", "für.png", "fu\u0308r 2.png", "\u212a.png", "\u0444\u043e.png")


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "sealed"])
def made(
    tmp_path_factory: pytest.TempPathFactory, known_folder: Path, known_store: Path, request: pytest.FixtureRequest
) -> Path:
    """A case whose items have difficult names."""
    folder = tmp_path_factory.mktemp("items")
    (folder / "exhibit").mkdir()
    for name in NAMES:
        shutil.copy(known_folder / "6.png", folder / "exhibit" / name)
    call = ["scan", str(folder / "exhibit"), "--store", str(known_store), "--case", str(folder / "case"), "--quiet"]
    more = ["--seal-paths"] if request.param else []
    assert run([*call, *more, "--workers", "0", "--key", str(folder / "key"), "--examiner", "A. Keller"]) == 1
    return folder


def search(case: Path, *paths: str) -> list[str]:
    found = ItemSearch(paths=paths)
    with CaseReader(case) as reader:
        found.read_on(reader)
    return [item.path for item in found.items(case)]


@pytest.mark.parametrize("name", NAMES)
def test_each_name_finds_its_item_alone(made: Path, name: str) -> None:
    assert search(made / "case", name) == [name]


@pytest.mark.parametrize(
    ("typed", "name"), [("fu\u0308r.png", "für.png"), ("für 2.png", "fu\u0308r 2.png"), ("K.png", "\u212a.png")]
)
def test_a_name_in_the_other_normal_form_finds_its_item(made: Path, typed: str, name: str) -> None:
    assert search(made / "case", typed) == [name]


def test_every_subset_of_names_is_found_in_the_order_of_the_ledger(made: Path) -> None:
    with CaseReader(made / "case") as reader:
        order = [finding["path"] for _scan, finding in reader.findings()]
    generator = random.Random(17)
    for _ in range(10):
        chosen = generator.sample(NAMES, generator.randrange(1, len(NAMES)))
        assert search(made / "case", *chosen) == [path for path in order if path in chosen]


def test_a_decision_reads_each_entry_once(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(made / "case", tmp_path / "case")
    shutil.copy(made / "key", tmp_path / "key")
    call = ["decide", "--case", str(tmp_path / "case"), "--key", str(tmp_path / "key"), "--path", "a.png"]
    assert run([*call, "--verdict", "needs-review"]) == 0
    read: list[int] = []
    bodies = Store.bodies

    def counted(store: Store, start: int, stop: int) -> list[tuple[int, bytes]]:
        rows = bodies(store, start, stop)
        read.extend(index for index, _body in rows if stop - start > 1)  # one by its index is what a citation reads
        return rows

    monkeypatch.setattr(Store, "bodies", counted)
    assert run([*call, "--verdict", "confirmed"]) == 0  # the examiner is the case's, and the first is superseded
    with CaseReader(tmp_path / "case") as reader:
        assert sorted(read) == list(range(reader.size - 1))
    assert verify_case(tmp_path / "case").problems == ()


def test_a_decision_that_another_process_records_in_between_is_superseded(made: Path, tmp_path: Path) -> None:
    case = tmp_path / "case"
    shutil.copytree(made / "case", case)
    found = ItemSearch(paths=["a.png"])
    with CaseReader(case) as reader:
        found.read_on(reader)
        signer = load_signer(made / "key", name=reader.origin)
    (item,) = found.items(case)
    with Ledger.open(case / LEDGER, signer=signer) as log:
        other = log.append([decision_entry(log, Decision("refuted", "B", [item.index]), clock.now())], checkpoint=True)
        (decided,) = decide(log, DecisionRequest(case, "confirmed", "A. Keller", found))
    assert (decided.index, decided.supersedes) == (other + 1, other)
    assert verify_case(case).problems == ()
