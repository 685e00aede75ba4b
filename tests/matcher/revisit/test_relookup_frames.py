"""Matches in later frames and on black, by a list that came after the scan: confirmed by the renderings' names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from matcher.imaging.decode import decode
from matcher.imaging.drawing import landscape
from matcher.revisit.verify import verify_case
from tests.shared.relookup_cases import after, lines_of, recorded, run_relookup
from tests.shared.scan_cases import scan

MakeStore = Callable[..., Path]
OTHER: dict[str, object] = {"id": "other", "algorithm": "md5", "value": "00" * 16}


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    """A slideshow with originals in its frames 3 and 7, and a picture that is an original on black only."""
    folder = tmp_path / "exhibit"
    folder.mkdir()
    slides = [landscape({3: 1, 7: 2}.get(number, 100 + number), width=320, height=240) for number in range(1, 8)]
    slides[0].save(folder / "slides.gif", save_all=True, append_images=slides[1:])
    shown = landscape(3, width=320, height=240).convert("L")
    ghost = Image.new("RGBA", shown.size, "white")
    ghost.putalpha(shown)
    ghost.save(folder / "ghost.png")
    return folder


@pytest.mark.parametrize("exact", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_frames_and_renderings_on_black_are_confirmed(
    tmp_path: Path,
    evidence: Path,
    make_store: MakeStore,
    known_list: Path,
    exact: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = make_store([OTHER])
    scan(tmp_path / "case", evidence, store, exact=exact)
    make_store([*lines_of(known_list, [1, 2, 3]), OTHER])
    scan(tmp_path / "fresh", evidence, store, exact=exact)
    decoded: list[int] = []

    def counted(data: bytes, *more: object) -> object:
        decoded.append(len(data))
        return decode(data, *more)  # type: ignore[arg-type]

    monkeypatch.setattr("matcher.revisit.reopened_source.decode", counted)
    (result,) = run_relookup(tmp_path / "case", store)
    assert after(recorded(tmp_path / "case"), result) == recorded(tmp_path / "fresh")
    assert result.changes_of("unconfirmed") == []
    assert {(change.path, change.match["transform"]) for change in result.changes_of("new") if change.match} == {
        ("slides.gif", "frame-3 none"),
        ("slides.gif", "frame-7 none"),
        ("ghost.png", "on-black none"),
    }
    assert len(decoded) == (0 if exact else 2)  # one item has two candidates, and is decoded once
    for case in ("case", "fresh"):
        assert verify_case(tmp_path / case).problems == ()
