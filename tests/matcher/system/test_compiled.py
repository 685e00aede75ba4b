"""Compiled code that is kept on the disk is compiled anew when a file that it depends on changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.process, pytest.mark.slow]


def test_a_changed_callee_in_another_file_is_noticed(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "caller.py").write_text(
        "from matcher.system.compiled import compiled\nfrom package.callee import number\n\n"
        "@compiled\ndef ask():\n    return number()\n"
    )
    script = "import sys; sys.path.insert(0, sys.argv[1]); from package.caller import ask; print(ask())"
    answers = []
    for value in ("1", "22", "22", "333"):
        (package / "callee.py").write_text(
            "from matcher.system.compiled import compiled_inner\n\n"
            f"@compiled_inner\ndef number():\n    return {value}\n"
        )
        done = subprocess.run(
            [sys.executable, "-B", "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
        )
        answers.append(done.stdout.strip())
    assert answers == ["1", "22", "22", "333"]
    assert list(package.glob("__pycache__/*.nbc")), "nothing was kept, so nothing was tested"
