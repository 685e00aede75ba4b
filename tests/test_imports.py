"""Which package may import which: the arrows of the design, read from the source files themselves."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LAYERS: dict[str, list[set[str]]] = {
    "matcher": [
        {"reasons"},
        {"errors", "model", "algorithms"},
        {"distances", "system"},
        {"imaging", "index", "executors", "sources"},
        {"hashers"},
        {"settings"},
        {"lists"},
        {"calibration"},
        {"lookup"},
        {"examine"},
        {"record"},
        {"scan", "revisit", "reports"},
        {"commands"},
        {"__main__"},
    ],
    "ledger": [
        {"errors"},
        {"strict", "durable", "clock"},
        {"entries", "tree"},
        {"notes", "timestamps"},
        {"storage"},
        {"log"},
        {"decision", "query", "witness"},
        {"auditing"},
        {"exhibit"},
        {"commands"},
        {"__main__"},
    ],
}
"""The rooms of each package, from the bottom up. A room imports rooms of lower layers, and its own files."""

MOST_AT_THE_TOP = {"matcher": 12, "ledger": 8}
"""Modules that stand beside the rooms."""


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@cache
def imports(path: Path) -> frozenset[str]:
    """Every module that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            found.add(node.module)
    return frozenset(found)


def room(module: str) -> str:
    """`imaging` of `matcher.imaging.decode`."""
    return module.split(".")[1] if "." in module else "__init__"


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[1].removesuffix(".py")


@pytest.mark.parametrize("package", LAYERS)
def test_every_room_has_its_layer(package: str) -> None:
    known = set().union(*LAYERS[package], {"__init__"})
    assert {room_of(path) for path in sources(package)} == known


@pytest.mark.parametrize(
    "path", [*sources("matcher"), *sources("ledger")], ids=lambda path: str(path.relative_to(ROOT))
)
def test_arrows_point_down(path: Path) -> None:
    package, own = path.relative_to(ROOT).parts[0], room_of(path)
    if own == "__init__":
        return  # the public names
    layers = LAYERS[package]
    level = next(number for number, layer in enumerate(layers) if own in layer)
    allowed = set().union(*layers[:level]) | {own}
    used = {room(module) for module in imports(path) if module.startswith(f"{package}.")}
    assert used <= allowed, f"{own} may not import {used - allowed}"


@pytest.mark.parametrize("package", MOST_AT_THE_TOP)
def test_few_modules_stand_at_the_top(package: str) -> None:
    assert len(list((ROOT / package).glob("*.py"))) <= MOST_AT_THE_TOP[package]


@pytest.mark.slow
def test_matcher_uses_public_names_of_the_ledger_only() -> None:
    for path in sources("matcher"):
        assert not {module for module in imports(path) if module.startswith("ledger.")}, path


@pytest.mark.slow
def test_benchmarks_import_nothing_of_the_tests() -> None:
    for path in sources("benchmarks"):
        assert not {module for module in imports(path) if module.split(".")[0] in {"tests", "conftest"}}, path
        assert "sys.path" not in path.read_text(encoding="utf-8"), path


@pytest.mark.slow
def test_the_ledger_stands_alone() -> None:
    allowed = {"ledger", "click", "cryptography", "rfc3161_client", "sqlite_utils", *sys.stdlib_module_names}
    for path in sources("ledger"):
        assert {module.split(".")[0] for module in imports(path)} <= allowed, path


@pytest.mark.slow
def test_only_what_writes_and_reads_cases_knows_the_ledger() -> None:
    users = {room_of(path) for path in sources("matcher") if any(m.split(".")[0] == "ledger" for m in imports(path))}
    assert users <= {"record", "scan", "revisit", "reports", "commands"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("library", "package", "homes"),
    [
        ("faiss", "matcher", {"matcher/index/flat.py"}),
        ("sqlite_utils", "matcher", {"matcher/lists/store.py"}),
        ("sqlite_utils", "ledger", {"ledger/storage/store.py"}),
        ("rfc3161_client", "ledger", {"ledger/timestamps/timestamp.py"}),
        ("psutil", "matcher", {"matcher/executors/limits.py"}),
        ("imagehash", "matcher", {"matcher/hashers/imagehashes.py"}),
        (
            "numba",
            "matcher",
            {
                "matcher/system/compiled.py",
                "matcher/hashers/quartets.py",
                "matcher/imaging/reduced/png_vectors.py",
                "matcher/index/vectors.py",
            },
        ),
        ("zlib_ng", "matcher", {"matcher/imaging/reduced/png.py"}),
        (
            "pillow_heif",
            "matcher",
            {"matcher/imaging/formats/heif.py", "matcher/imaging/embedded/heif_items.py"},
        ),
        ("pylibjxl", "matcher", {"matcher/imaging/formats/jxl.py"}),
    ],
)
def test_a_library_has_one_home(library: str, package: str, homes: set[str]) -> None:
    users = {
        path.relative_to(ROOT).as_posix()
        for path in sources(package)
        if any(module.split(".")[0] == library for module in imports(path))
    }
    assert users == homes


@pytest.mark.slow
def test_one_file_speaks_to_a_network() -> None:
    speaking = {"asyncio", "ftplib", "http", "smtplib", "socket", "socketserver", "ssl", "urllib", "xmlrpc"}
    users = {
        path.relative_to(ROOT).as_posix()
        for package in LAYERS
        for path in sources(package)
        if any(module.split(".")[0] in speaking for module in imports(path))
    }
    assert users == {"ledger/commands/posting.py"}


@pytest.mark.slow
def test_click_is_in_commands_only() -> None:
    users = {room_of(path) for path in sources("matcher") if "click" in imports(path)}
    assert users == {"commands"}
    assert {room_of(path) for path in sources("ledger") if "click" in imports(path)} == {"commands"}


@pytest.mark.parametrize(
    "name", ["tree/merkle", "tree/proof", "notes/note", "notes/checkpoint", "notes/cosignature", "entries/entry"]
)
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


@pytest.mark.process
def test_the_ledger_imports_and_verifies_without_the_matchers_libraries(tmp_path: Path) -> None:
    """In a process where those libraries cannot be imported at all."""
    script = f"""
import sys
for name in ("numpy", "PIL", "faiss", "numba", "imagehash", "scipy", "psutil", "matcher"):
    sys.modules[name] = None
from ledger import Ledger, Signer, canonical
from ledger import audit
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
