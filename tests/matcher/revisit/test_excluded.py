"""An item that was excluded as known good, and is not known good any more, was never compared: that is said."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from matcher.model import CategoryProfile, Disposition
from matcher.record.case import CaseReader
from matcher.reports.summarizing import summarize
from matcher.revisit.relookup import NOT_HASHED
from matcher.revisit.verify import verify_case
from tests.shared.relookup_cases import current, run_relookup
from tests.shared.scan_cases import scan

GOOD = CategoryProfile({"good": Disposition.KNOWN_GOOD})


def listed(*contents: bytes) -> list[dict[str, object]]:
    return [
        {"id": f"{number}", "algorithm": "md5", "value": hashlib.md5(content).hexdigest(), "category": "good"}
        for number, content in enumerate(contents)
    ]


@pytest.mark.parametrize(("now", "unconfirmed"), [((b"one", b"two"), []), ((b"two",), [NOT_HASHED])])
def test_an_excluded_item_that_is_no_longer_known_good(
    tmp_path: Path, make_store: Callable[..., Path], now: tuple[bytes, ...], unconfirmed: list[str]
) -> None:
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    (evidence / "1.bin").write_bytes(b"one")
    store = make_store(listed(b"one", b"two"), profile=GOOD)
    case = tmp_path / "case"
    scan(case, evidence, store, exclude_known_good=True)
    make_store(listed(*now), profile=GOOD)
    for _again in range(2):
        (result,) = run_relookup(case, store)
        assert [change.reason for change in result.changes_of("unconfirmed")] == unconfirmed
    with CaseReader(case) as reader:
        assert summarize(reader).scans[0].unconfirmed == len(unconfirmed)
    assert current(case)["1.bin"]["status"] == "excluded"
    assert verify_case(case).problems == ()
