"""CONTRIBUTING.md: every kind of plug-in is there, and the package that it shows works as it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
GROUPS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]


def shown(language: str) -> list[str]:
    example = PAGE.split("### As a package of your own", 1)[1]
    return re.findall(rf"^```{language}\n(.*?)^```", example, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("group", GROUPS)
def test_every_entry_point_group_is_in_the_table(group: str) -> None:
    (row,) = (line for line in PAGE.splitlines() if line.startswith("|") and f"| `{group}` |" in line)
    files = re.findall(r"`((?:matcher|tests)/[\w/.]+\.py)`", row)
    assert len(files) >= 3, "the protocol's file, one to copy from, and the contract suite"


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """The package as an installer leaves it: its module, and its metadata with the entry points."""
    folder = tmp_path / "lab-plugins"
    (folder / "tests").mkdir(parents=True)
    (toml,) = shown("toml")
    module, suite, *_ = shown("python")
    (folder / "lab_plugins.py").write_text(module, encoding="utf-8")
    (folder / "tests/test_contracts.py").write_text(suite, encoding="utf-8")
    (folder / "pyproject.toml").write_text(toml.replace("../evidence-matcher", ROOT.as_posix()), encoding="utf-8")
    metadata = folder / "lab_plugins-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: lab-plugins\nVersion: 0.1.0\n")
    points = tomllib.loads(toml)["project"]["entry-points"]
    lines = [
        f"[{group}]\n" + "".join(f"{name} = {at}\n" for name, at in found.items()) for group, found in points.items()
    ]
    (metadata / "entry_points.txt").write_text("\n".join(lines))
    return folder


def run(plugin: Path, *arguments: str, code: int = 0) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(plugin), str(ROOT)])}
    command = [sys.executable, *arguments]
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, cwd=plugin, env=environment
    )
    assert result.returncode == code, result.stdout + result.stderr
    return result.stdout


@pytest.mark.process
def test_the_example_imports_a_list_and_writes_a_report(plugin: Path, known_folder: Path) -> None:
    from hashlib import md5

    (plugin / "known.toy").write_text(f"toy|{md5((known_folder / '1.png').read_bytes()).hexdigest()}|1\n")
    matcher = ("-m", "matcher")
    run(plugin, *matcher, "lists", "import", "known.toy", "--store", "s", "--name", "lab", "--format", "toy")
    scan = ("scan", str(known_folder), "--store", "s", "--case", "c", "--workers", "0", "--quiet")
    run(plugin, *matcher, *scan, code=1)
    report = run(plugin, *matcher, "report", "--case", "c", "--format", "toy", "-o", "-").splitlines()
    assert report[0].startswith("ledger size ")
    assert report[1:] == ["known\t1\t'1.png'", *(f"examined\t0\t'{number}.png'" for number in range(2, 7))]


@pytest.mark.process
def test_the_example_passes_the_contract_suites(plugin: Path) -> None:
    assert re.search(r"\d\d passed", run(plugin, "-m", "pytest", "-q", "-p", "no:cacheprovider"))
