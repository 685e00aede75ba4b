"""How tests are chosen and spread over processes; the fixtures that they share are in tests/conftest.py."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parent


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """A process for each core; but benchmarks need the machine for themselves, and no process beside this one."""
    return 0 if config.getoption("benchmark_only") else None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="leave out what is slow, and beyond what changed, processes")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """--quick: nothing slow; of the tests that start processes or ask a peer, those of what git sees as changed."""
    if not config.getoption("quick"):
        return
    changed = changed_tests()
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        costs = not marks.isdisjoint({"process", "peer"}) and changed.isdisjoint({item.path, item.path.parent})
        (left_out if costs or "slow" in marks else kept).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = kept


def changed_tests() -> set[Path]:
    """The test files that differ from the branch `main`, and the folders of the tests of the modules that do."""
    base = git("merge-base", "HEAD", "origin/main") or git("merge-base", "HEAD", "main") or ["HEAD"]
    names = [*git("diff", "--name-only", *base), *git("ls-files", "--others", "--exclude-standard")]
    found = set()
    for name in map(PurePosixPath, names):
        if name.suffix == ".py":
            found.add(ROOT / name if name.parts[0] == "tests" else ROOT / "tests" / name.parent)
    return found


def git(*arguments: str) -> list[str]:
    """The lines that git prints; none where it fails."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    return done.stdout.splitlines()
