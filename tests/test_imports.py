"""Which package may import which: the arrows of the design, read from the source files themselves."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LAYERS: list[set[str]] = [
    {"reasons"},
    {"errors"},
    {"model"},
    {"algorithms", "compiled", "files", "configuration", "text", "renderings", "runs", "seen"},
    {"imaging", "drawing", "distances", "calibrate"},
    {"hashers", "index", "sources", "executors", "contents"},
    {"settings", "builds", "given", "content"},
    {"lists", "calibrating"},
    {"outcome"},
    {"chances"},
    {"lookup", "selftest"},
    {"joint", "embedded"},
    {"lookups"},
    {"pictures"},
    {"engine"},
    {"job", "isolated"},
    {"listing", "case_hashes", "sealing", "finding_form"},
    {"hashes_writer", "recorded"},
    {"record"},
    {"evidence", "repeats"},
    {"case", "resuming", "stored", "closed_scans"},
    {"opening", "relookup"},
    {"scan", "reports", "verifying", "comparing"},
    {"commands"},
    {"__main__"},
]
"""From the bottom up. A part imports parts of lower layers, and its own files."""

TOP = {"__init__"}


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Every module that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            found.add(node.module)
    return found


def part(module: str) -> str:
    """`imaging` of `matcher.imaging.decode`."""
    return module.split(".")[1] if "." in module else "__init__"


def part_of(path: Path) -> str:
    return path.relative_to(ROOT / "matcher").parts[0].removesuffix(".py")


def part_of_ledger(path: Path) -> str:
    return path.relative_to(ROOT / "ledger").parts[0].removesuffix(".py")


def test_every_part_has_its_layer() -> None:
    known = set().union(*LAYERS, TOP)
    assert {part_of(path) for path in sources("matcher")} == known


@pytest.mark.parametrize("path", sources("matcher"), ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows_point_down(path: Path) -> None:
    own = part_of(path)
    if own in TOP:
        return  # the public names
    level = next(number for number, layer in enumerate(LAYERS) if own in layer)
    allowed = set().union(*LAYERS[:level]) | {own}
    used = {part(module) for module in imports(path) if module.startswith("matcher.")}
    assert used <= allowed, f"{own} may not import {used - allowed}"


def test_the_ledger_stands_alone() -> None:
    allowed = {"ledger", "click", "cryptography", "rfc3161_client", "sqlite_utils", *sys.stdlib_module_names}
    for path in sources("ledger"):
        assert {module.split(".")[0] for module in imports(path)} <= allowed, path


def test_only_what_writes_and_reads_cases_knows_the_ledger() -> None:
    """record writes entries, in the forms of two others; the rest open, read and check the file."""
    users = {part_of(path) for path in sources("matcher") if any(m.split(".")[0] == "ledger" for m in imports(path))}
    assert users <= {
        "sealing",
        "finding_form",
        "recorded",
        "record",
        "case",
        "resuming",
        "opening",
        "closed_scans",
        "relookup",
        "scan",
        "verifying",
        "commands",
        "reports",
    }


@pytest.mark.parametrize(
    ("library", "package", "homes"),
    [
        ("faiss", "matcher", {"matcher/index/flat.py"}),
        ("sqlite_utils", "matcher", {"matcher/lists/store.py"}),
        ("sqlite_utils", "ledger", {"ledger/store.py"}),
        ("rfc3161_client", "ledger", {"ledger/timestamp.py"}),
        ("psutil", "matcher", {"matcher/executors/limits.py"}),
        ("imagehash", "matcher", {"matcher/hashers/imagehashes.py"}),
        (
            "numba",
            "matcher",
            {
                "matcher/compiled.py",
                "matcher/hashers/quartets.py",
                "matcher/imaging/png_vectors.py",
                "matcher/index/vectors.py",
            },
        ),
        ("deflate", "matcher", {"matcher/imaging/png_reduced.py"}),
        ("pillow_heif", "matcher", {"matcher/imaging/heif.py"}),
        ("pylibjxl", "matcher", {"matcher/imaging/jxl.py"}),
    ],
)
def test_a_library_has_one_home(library: str, package: str, homes: set[str]) -> None:
    users = {
        path.relative_to(ROOT).as_posix()
        for path in sources(package)
        if any(module.split(".")[0] == library for module in imports(path))
    }
    assert users == homes


def test_click_is_in_commands_only() -> None:
    users = {part_of(path) for path in sources("matcher") if "click" in imports(path)}
    assert users == {"commands"}
    assert {part_of_ledger(path) for path in sources("ledger") if "click" in imports(path)} == {"commands"}


@pytest.mark.parametrize("name", ["merkle", "proof", "note", "checkpoint", "entry"])
def test_the_pure_core_touches_no_disk_clock_or_network(name: str) -> None:
    impure = {
        "os",
        "io",
        "pathlib",
        "sqlite3",
        "socket",
        "time",
        "datetime",
        "tempfile",
        "subprocess",
        "shutil",
        "random",
    }
    assert not imports(ROOT / "ledger" / f"{name}.py") & impure


def test_the_ledger_imports_and_verifies_without_the_matchers_libraries(tmp_path: Path) -> None:
    """In a process where those libraries cannot be imported at all."""
    script = f"""
import sys
for name in ("numpy", "PIL", "faiss", "numba", "imagehash", "scipy", "psutil", "matcher"):
    sys.modules[name] = None
from ledger import Ledger, Signer, audit, canonical
signer = Signer.generate("test/alone")
with Ledger.create({str(tmp_path / "l")!r}, origin="test/alone", signer=signer) as log:
    log.append([canonical({{"v": 1, "type": "note"}})], checkpoint=True)
assert audit({str(tmp_path / "l")!r}, keys=[signer.vkey]).intact
import ledger.commands
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_files_stay_small() -> None:
    for package in ("matcher", "ledger", "tests", "benchmarks"):
        for path in sources(package):
            lines = len(path.read_text(encoding="utf-8").splitlines())
            assert lines <= 400, f"{path.relative_to(ROOT)} has {lines} lines"
