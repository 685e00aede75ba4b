"""The single file: always the same, Python 3.9, the standard library only, nothing defined twice."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.exhibit import assembling
from ledger.exhibit.assembling import PARTS, AssemblingError, assemble, join

FOLDER = Path(assembling.__file__).parent / "verifier"
# Of the standard library since 3.10; `zip` with strict, `int.bit_count`, `match` and dataclass slots are caught below.
NEWER_MODULES = {"tomllib"}
NEWER_NAMES = {"pairwise", "StrEnum", "UTC", "Self", "assert_never", "TypeAlias", "ParamSpec", "override", "batched"}
NEWER_ATTRIBUTES = {"bit_count", "file_digest", "walk", "is_junction", "hardlink_to", "chdir"}
NEWER_KEYWORDS = {"strict", "slots", "kw_only", "match_args"}


def test_every_part_is_joined_and_imports_only_parts_and_the_standard_library() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} == {"__init__", *PARTS}
    for name in PARTS:
        for node in ast.walk(ast.parse((FOLDER / f"{name}.py").read_text("utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for module in modules:
                assert (
                    module.startswith("ledger.exhibit.verifier.") or module.partition(".")[0] in sys.stdlib_module_names
                )


def test_the_files_stay_small_and_the_texts_pure() -> None:
    for path in FOLDER.parent.rglob("*.py"):
        assert len(path.read_text("utf-8").splitlines()) <= 400, path
    for name in ("certificate", "facts", "readme", "selecting"):
        tree = ast.parse((FOLDER.parent / f"{name}.py").read_text("utf-8"))
        modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        modules |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert not {module.partition(".")[0] for module in modules} & {
            "os",
            "pathlib",
            "time",
            "sqlite3",
            "socket",
            "io",
        }


def test_nothing_else_of_the_package_imports_a_part() -> None:
    for path in FOLDER.parents[1].rglob("*.py"):
        if path.parent != FOLDER and path.name != "assembling.py":
            assert "ledger.exhibit.verifier" not in path.read_text("utf-8"), path


@pytest.mark.process
def test_the_file_is_always_the_same() -> None:
    command = [
        sys.executable,
        "-c",
        "import sys; from ledger.exhibit.assembling import assemble as a; sys.stdout.buffer.write(a())",
    ]
    done = subprocess.run(
        command, capture_output=True, check=True, env={"PYTHONHASHSEED": "7", "PYTHONPATH": str(FOLDER.parents[2])}
    )
    assert done.stdout == assemble()


def test_the_file_is_of_python_3_9() -> None:
    tree = ast.parse(assemble(), feature_version=(3, 9))
    assert [node for node in ast.walk(tree) if isinstance(node, ast.Match | ast.TryStar)] == []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert not {alias.name for alias in node.names} & NEWER_MODULES
        elif isinstance(node, ast.ImportFrom):
            assert not {alias.name for alias in node.names} & NEWER_NAMES
        elif isinstance(node, ast.Attribute):
            assert node.attr not in NEWER_ATTRIBUTES
        elif isinstance(node, ast.keyword):
            assert node.arg not in NEWER_KEYWORDS
    # `X | Y` of types is an error there wherever it is evaluated: outside annotations, which are not.
    assert "from __future__ import annotations" in assemble().decode()
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            types = [
                node
                for node in ast.walk(statement.value)
                if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)
            ]
            assert types == []


def test_no_name_is_defined_twice() -> None:
    names: list[str] = []
    for node in ast.parse(assemble()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("sources", "reason"),
    [
        ({"a": '"""A."""\nX = 1\n', "b": '"""B."""\ndef X() -> None: ...\n'}, "X is defined in a.py too"),
        ({"a": '"""A."""\nimport json\n', "b": '"""B."""\njson = 1\n'}, "json is imported by a part"),
        ({"a": "X = 1\n"}, "no docstring"),
        ({"a": '"""A."""\nfrom ledger.entry import parse\n'}, "no part"),
        ({"a": '"""A."""\nfrom ledger.exhibit.verifier.b import x\n'}, "no part"),
        ({"a": '"""A."""\nimport json as j\n'}, "another name"),
    ],
)
def test_what_cannot_be_joined_is_refused(sources: dict[str, str], reason: str) -> None:
    with pytest.raises(AssemblingError, match=reason):
        join(sources)
