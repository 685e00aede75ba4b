"""Many lists of many parts are opened under a low limit of open files, and where it is too low the error says so."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from matcher.lists.importing import ImportRequest, import_lists
from matcher.lists.store import Store
from matcher.model import CategoryProfile

pytestmark = [
    pytest.mark.slow,
    pytest.mark.process,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of descriptors"),
]

_MATCH = """
import resource, sys
from matcher.commands import run
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]),) * 2)
sys.exit(run(sys.argv[2:]))
"""


@pytest.fixture(scope="module")
def many_parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of three lists with two parts each: more than fifty files to map."""
    folder = tmp_path_factory.mktemp("many")
    for name in ("a", "b", "c"):
        for part in range(2):
            lines = folder / f"{name}{part}.jsonl"
            hashes = {"md5": 16, "sha256": 32, "phash": 8}
            lines.write_text(
                "".join(
                    json.dumps({"id": f"{part}", "algorithm": algorithm, "value": f"{part + 7:02x}" * width}) + "\n"
                    for algorithm, width in hashes.items()
                )
            )
            request = ImportRequest(name, [lines], CategoryProfile(), update=part > 0)
            import_lists(Store(folder / "store"), request, on_refused=print)
    return folder / "store"


def _match(store: Path, data: Path, limit: int) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-c", _MATCH, str(limit), "match", str(data), "--store", str(store)]
    return subprocess.run(arguments, capture_output=True, text=True, check=False)


def test_lists_with_more_files_than_the_limit_allows_are_opened(many_parts: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("a text")
    mapped = [path for path in many_parts.rglob("*") if path.is_file() and path.stat().st_size]
    assert len(mapped) > 50
    done = _match(many_parts, tmp_path / "text", 40)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["reason"] == "not-a-picture"


def test_a_limit_that_is_too_low_is_named_with_what_to_do(many_parts: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("a text")
    done = _match(many_parts, tmp_path / "text", 3)
    assert done.returncode == 2
    assert "may have 3 files open" in done.stderr
    assert "ulimit -n" in done.stderr
