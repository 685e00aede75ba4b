"""Compiled code that is kept on the disk: compiled anew when what it depends on changes, once, by one process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.process, pytest.mark.slow]


ASK = """
import sys; sys.path.insert(0, sys.argv[1])
from matcher.system.compiling import WORK
WORK.on_first = lambda: print("told", file=sys.stderr)
from package.caller import ask
print(ask(), WORK.functions)
"""

CALLER = """
from matcher.system.compiled import compiled
from package.{place} import number, FACTOR

@compiled
def ask():
    return number(3) * FACTOR
"""

CALLEE = """
from matcher.system.compiled import compiled_inner
from package.constants import ADDED

FACTOR = 10

@compiled_inner
def number(by):
    return {value} * by // 3 + ADDED
"""


def write(package: Path, place: str, value: int, added: int = 0) -> None:
    callee = package.joinpath(*place.split(".")).with_suffix(".py")
    callee.parent.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").touch()
    (callee.parent / "__init__.py").touch()
    (package / "caller.py").write_text(CALLER.format(place=place))
    (package / "constants.py").write_text(f"ADDED = {added}\n")
    callee.write_text(CALLEE.format(value=value))
    for path in package.rglob("*.py"):
        os.utime(path, (1_700_000_000, 1_700_000_000))  # as installers do that know no times


def ask(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-B", "-c", ASK, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def answer(asked: subprocess.Popen[str]) -> tuple[int, int, str]:
    """What was answered, how many functions were compiled for it, and what was said."""
    out, err = asked.communicate(timeout=120)
    assert asked.returncode == 0, err
    found, functions = out.split()
    return int(found), int(functions), err.strip()


@pytest.mark.parametrize("place", ["callee", "inner.callee"])
def test_a_changed_callee_is_noticed_wherever_it_is(tmp_path: Path, place: str) -> None:
    package = tmp_path / "package"
    answers = []
    for value in (1, 2, 2):  # the same size and time each
        write(package, place, value)
        answers.append(answer(ask(tmp_path))[:2])
    assert answers == [(10, 2), (20, 2), (20, 0)]
    assert list(package.glob("__pycache__/*.nbc")), "nothing was kept, so nothing was tested"


def test_a_changed_constant_of_another_file_is_noticed(tmp_path: Path) -> None:
    package = tmp_path / "package"
    answers = []
    for added in (1, 2):
        write(package, "callee", 1, added)
        answers.append(answer(ask(tmp_path))[0])
    assert answers == [20, 30]


def test_a_file_that_no_compiled_source_imports_changes_nothing(tmp_path: Path) -> None:
    answers = []
    for comment in ("# one", "# other"):
        write(tmp_path / "package", "inner.callee", 1)
        (tmp_path / "package" / "unrelated.py").write_text(comment)
        answers.append(answer(ask(tmp_path))[:2])
    assert answers == [(10, 2), (10, 0)]


@pytest.mark.parametrize(
    "line",
    ["from package.inner import other", "import package.inner.other", "from .inner.other import (\n    ONE,\n)"],
)
def test_a_file_that_is_imported_through_another_is_noticed(tmp_path: Path, line: str) -> None:
    """However it is imported: a constant may come from there."""
    package = tmp_path / "package"
    compiled = []
    for value in (1, 2):
        write(package, "inner.callee", 1)
        (package / "constants.py").write_text(f"{line}\nADDED = 0\n")
        (package / "inner" / "other.py").write_text(f"ONE = {value}\n")
        compiled.append(answer(ask(tmp_path))[1])
    assert compiled == [2, 2]


def test_of_several_processes_one_compiles_and_says_so(tmp_path: Path) -> None:
    write(tmp_path / "package", "inner.callee", 4)
    answers = [answer(asked) for asked in [ask(tmp_path) for _process in range(3)]]
    assert sorted(answers) == [(40, 0, ""), (40, 0, ""), (40, 2, "told")]


def test_a_constant_makes_no_code_of_its_own(tmp_path: Path) -> None:
    write(tmp_path / "package", "callee", 1)
    (tmp_path / "package" / "caller.py").write_text(
        CALLER.format(place="callee").replace("number(3)", "number(3) + number(6) + number(FACTOR)")
    )
    assert answer(ask(tmp_path))[:2] == (33, 2)
