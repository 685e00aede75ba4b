"""Matches of embedded pictures: stored, verified from the evidence, and found on a list that came after the scan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from matcher.imaging.drawing import landscape
from matcher.revisit.verify import verify_case
from tests.shared.embedded_cases import exif, film, raw_file, saved, with_exif
from tests.shared.relookup_cases import after, lines_of, recorded, run_relookup
from tests.shared.scan_cases import scan

MakeStore = Callable[..., Path]
NOTHING: dict[str, object] = {"id": "other", "algorithm": "md5", "value": "00" * 16}


@pytest.mark.parametrize("exact", [False, True])
def test_a_case_with_embedded_pictures(tmp_path: Path, make_store: MakeStore, known_list: Path, exact: bool) -> None:
    known = [landscape(seed, width=320, height=240) for seed in (1, 2, 3)]
    own = saved(landscape(60, width=640, height=480))
    folder = tmp_path / "exhibit"
    folder.mkdir()
    (folder / "1.jpg").write_bytes(with_exif(own, exif(saved(known[0].resize((160, 120))))) + film())
    (folder / "2.jpg").write_bytes(own + saved(known[1]))
    (folder / "3.nef").write_bytes(raw_file(saved(known[2])))
    (folder / "4.raf").write_bytes(b"FUJIFILMCCD-RAW".ljust(200, b"\0") + saved(known[0]))
    store = make_store([NOTHING])
    scan(tmp_path / "case", folder, store, exact=exact)
    assert all(not matches for matches in recorded(tmp_path / "case").values())
    make_store([*lines_of(known_list, [1, 2, 3]), NOTHING])
    _facts, listener = scan(tmp_path / "fresh", folder, store, exact=exact)
    transforms = {
        finding.path: {match.transform for match in finding.matches} for finding in listener.recorded_findings
    }
    assert transforms == {
        "1.jpg": {"thumbnail none"},
        "2.jpg": {"appended-1 none"},
        "3.nef": {"preview-1 none"},
        "4.raf": {"preview-1 none"},
    }
    (result,) = run_relookup(tmp_path / "case", store)
    assert result.changes_of("unconfirmed") == []
    assert after(recorded(tmp_path / "case"), result) == recorded(tmp_path / "fresh")
    assert bool(result.opened) != exact
    for case in ("case", "fresh"):
        assert verify_case(tmp_path / case).problems == ()
