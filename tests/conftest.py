"""Fixtures that all tests share. Pictures are drawn by matcher.imaging.drawing; nothing outside the project is needed.

Published vectors lie in ../shared/vectors; where that folder is absent, the tests that read it skip and say so.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

from matcher.imaging.drawing import landscape
from matcher.lists.importing import ImportRequest, import_lists
from matcher.lists.store import Store
from matcher.model import CategoryProfile
from matcher.scan.make_list import make_list

settings.register_profile("a busy machine is no failure", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("a busy machine is no failure")

SHARED = Path(__file__).parents[1].parent / "shared"


@pytest.fixture(scope="session", autouse=True)
def _own_configuration(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Store the keys that tests make in a folder of the test run."""
    os.environ["EVIDENCE_MATCHER_CONFIG"] = str(tmp_path_factory.mktemp("configuration"))


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of the published vectors. Skips where it is absent."""
    folder = SHARED / "vectors"
    if not folder.is_dir():
        pytest.skip(f"PUBLISHED VECTORS NOT TESTED: {folder} is absent")
    return folder


def encode(image: Image.Image, suffix: str = "PNG", **options: object) -> bytes:
    """A picture encoded in the format `suffix`, which is one of Pillow's: the bytes of its file."""
    stream = io.BytesIO()
    image.save(stream, suffix, **options)
    return stream.getvalue()


@pytest.fixture(scope="session")
def encoded() -> Callable[..., bytes]:
    """The function `encode`."""
    return encode


@pytest.fixture(scope="session")
def known_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six drawn originals, named by their seeds."""
    folder = tmp_path_factory.mktemp("known")
    for seed in range(1, 7):
        landscape(seed, width=320, height=240).save(folder / f"{seed}.png")
    return folder


@pytest.fixture(scope="session")
def known_list(known_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A list of the hashes of `known_folder`'s pictures, category 1."""
    path = tmp_path_factory.mktemp("lists") / "known.jsonl"
    make_list(known_folder, name="known", output=path, category="1", workers=0)
    return path


@pytest.fixture(scope="session")
def known_store(known_list: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with `known_list` imported, whose entries are notable."""
    folder = tmp_path_factory.mktemp("stores") / "known.store"
    import_list(folder, known_list, "known")
    return folder


def import_list(store: Path, path: Path, name: str, profile: CategoryProfile | None = None, **more: object) -> None:
    """Import one list file, and assert that no line is refused."""
    request = ImportRequest(name, [path], profile or CategoryProfile(), allow_shrink=True, **more)  # type: ignore[arg-type]
    refused: list[object] = []
    import_lists(Store(store), request, on_refused=lambda _source, line: refused.append(line))
    assert not refused


@pytest.fixture
def make_store(tmp_path: Path) -> Callable[..., Path]:
    """`make_store(lines, name=…, profile=…)` imports a list of these JSON lines. Returns the store's folder."""
    folder = tmp_path / "made.store"

    def make(lines: list[dict[str, object]], *, name: str = "made", profile: CategoryProfile | None = None) -> Path:
        path = tmp_path / f"{name}.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        import_list(folder, path, name, profile)
        return folder

    return make
