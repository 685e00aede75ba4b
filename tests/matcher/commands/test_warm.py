"""matcher warm leaves nothing to compile, and who compiles first is told of it once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.process, pytest.mark.slow]

EVERYTHING = """
import gc, pkgutil, sys
from importlib import import_module
import matcher
from matcher.commands import run
code = run(["warm"])
for module in pkgutil.walk_packages(matcher.__path__, "matcher."):
    if not module.name.endswith("__main__"):
        import_module(module.name)
from numba.core.dispatcher import Dispatcher
compiled = [found for found in gc.get_objects() if isinstance(found, Dispatcher)]
ours = [found for found in compiled if found.py_func.__module__.startswith("matcher.")]
print(len(ours), *(found.py_func.__name__ for found in ours if not found._cache._cache_file._load_index()))
sys.exit(code)
"""


def test_every_compiled_function_is_compiled_and_then_nothing_is_left() -> None:
    first = subprocess.run([sys.executable, "-c", EVERYTHING], capture_output=True, text=True, check=True)
    count, *left = first.stdout.splitlines()[-1].split()
    assert int(count) > 90
    assert left == []
    again = subprocess.run([sys.executable, "-m", "matcher", "warm"], capture_output=True, text=True, check=True)
    assert (again.stdout, again.stderr) == ("nothing to compile\n", "")


def test_what_cannot_be_stored_is_a_failure(tmp_path: Path) -> None:
    """A cache that is full, as a disk is: the code works in this process, and no other has it."""
    script = """
import sys
from numba.core.caching import IndexDataCacheFile
def full(*_arguments):
    raise OSError(28, "No space left on device")
IndexDataCacheFile.save = full
from matcher.commands import run
from matcher.commands import warm
warm._examine = lambda _folder: None
sys.exit(run(["warm"]))
"""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 2
    assert "functions could not be stored" in done.stderr
