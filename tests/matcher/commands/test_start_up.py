"""What starting costs: no command imports anything heavy before it needs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from matcher.commands.lists import auditing as audit_command
from matcher.index.auditing import MAX_SEED

HEAVY = {"numpy", "numba", "faiss", "sqlite_utils", "PIL", "scipy", "imagehash", "psutil", "pillow_heif", "pylibjxl"}

MATCHER = """
from matcher.commands import cli, run
def every(group, path):
    yield path
    for name in group.list_commands(None):
        found = group.get_command(None, name)
        yield from every(found, [*path, name]) if hasattr(found, "list_commands") else [[*path, name]]
for path in [["--version"], *([*path, "--help"] for path in every(cli, []))]:
    assert run(path) == 0, path
"""

LEDGER = """
from ledger.commands import _COMMANDS, main
for arguments in [["--version"], ["--help"], *([name, "--help"] for name in _COMMANDS)]:
    try:
        main(arguments)
    except SystemExit as done:
        assert done.code == 0, arguments
"""

PUBLIC = """
import matcher, ledger
from matcher.errors import MatcherError
dir(matcher), dir(ledger), matcher.MatcherError, ledger.LedgerError
"""


@pytest.mark.parametrize("script", [MATCHER, LEDGER, PUBLIC], ids=["matcher", "ledger", "packages"])
def test_help_and_versions_import_nothing_heavy(script: str) -> None:
    told = "\nimport sys\nprint('imported', *sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script + told], capture_output=True, text=True, check=True)
    imported = {name.partition(".")[0] for name in done.stderr.partition("imported")[2].split()}
    assert "matcher" in imported or "ledger" in imported
    assert not imported & HEAVY


def test_hashing_a_file_opens_neither_store_nor_index_nor_ledger() -> None:
    script = "import sys\nfrom matcher import Matcher\nMatcher().examine(b'text')\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {name.partition(".")[0] for name in done.stdout.split()} & {"faiss", "sqlite_utils", "ledger", "psutil"}


def test_the_largest_seed_is_that_of_the_audit() -> None:
    assert audit_command._MAX_SEED == MAX_SEED


@pytest.mark.parametrize("package", ["matcher", "ledger"])
def test_every_public_name_has_one_home(package: str) -> None:
    module = __import__(package)
    homes = [name for names in module._HOMES.values() for name in names]
    assert sorted(homes) == sorted(set(module.__all__) - {"clock"})
    assert set(module.__all__) <= set(dir(module))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        module.nonsense  # noqa: B018


def test_a_decision_loads_no_decoder(tmp_path: Path) -> None:
    script = "import sys\nfrom matcher.commands import run\nrun(sys.argv[1:])\nprint(*sys.modules)"
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "case.ledger").write_bytes(b"")
    call = ["decide", "--case", str(tmp_path / "case"), "--index", "1", "--verdict", "confirmed"]
    done = subprocess.run([sys.executable, "-c", script, *call], capture_output=True, text=True, check=True)
    assert "case.ledger" in done.stderr
    assert not {name.partition(".")[0] for name in done.stdout.split()} & (HEAVY - {"numpy", "sqlite_utils"})
