"""IsolatedMatcher in programs of all kinds: how they start, are interrupted, fork, and end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import matcher

pytestmark = pytest.mark.process

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and fork are POSIX's")

SAME_PACKAGE = {**os.environ, "PYTHONPATH": str(Path(matcher.__file__).parents[1])}
"""An installed copy would be compiled first."""

BEGIN = """
import os, signal, sys, threading, time
from matcher import IsolatedMatcher, MatcherError, Matcher
store, picture = sys.argv[1:3]
from pathlib import Path
data = Path(picture).read_bytes()
def workers():
    import psutil
    alive = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child.pid for child in alive if any("spawn_main" in part for part in child.cmdline())]
"""


def run(script: str, store: Path, picture: Path, *before: str, **options: object) -> subprocess.CompletedProcess[str]:
    """A program as `python -c`, which has no main module that workers could import."""
    command = [sys.executable, *before, "-c", BEGIN + script, store, picture]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, **options)  # type: ignore[call-overload,no-any-return]


def run_file(script: Path, store: Path, picture: Path) -> subprocess.CompletedProcess[str]:
    """A program in a file of its own, which finds the package where this process does."""
    command: list[str | Path] = [sys.executable, script, store, picture]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, env=SAME_PACKAGE)


@pytest.fixture
def picture(known_folder: Path) -> Path:
    return known_folder / "1.png"


def gone(pids: list[int]) -> bool:
    for _ in range(100):
        if not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in pids):
            return True
        time.sleep(0.05)
    return False


def lines(result: subprocess.CompletedProcess[str]) -> list[str]:
    assert result.stderr == ""
    assert result.returncode == 0
    return result.stdout.splitlines()


@pytest.mark.slow
def test_a_program_that_never_closes(known_store: Path, picture: Path) -> None:
    script = """
opened = IsolatedMatcher.open(store, workers=1)
print(opened.examine(data).status, *workers())
"""
    status, *pids = lines(run(script, known_store, picture, "-W", "error"))[0].split()
    assert status == "known"
    assert gone([int(pid) for pid in pids])


@pytest.mark.slow
def test_a_program_that_ends_while_threads_wait(known_store: Path, picture: Path) -> None:
    script = """
opened = IsolatedMatcher.open(store, workers=1)
for _ in range(3):
    threading.Thread(target=lambda: [opened.examine(data) for _ in range(10**9)], daemon=True).start()
time.sleep(0.5)
print(*workers(), flush=True)
sys.stderr = None
"""
    result = run(script, known_store, picture)
    assert result.returncode == 0
    assert gone([int(pid) for pid in result.stdout.split()])


@posix
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_program_that_is_killed(known_store: Path, picture: Path, how: signal.Signals) -> None:
    script = """
opened = IsolatedMatcher.open(store, workers=1)
print(*workers(), flush=True)
while True:
    opened.examine(data)
"""
    command: list[str | Path] = [sys.executable, "-c", BEGIN + script, known_store, picture]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pids = [int(pid) for pid in process.stdout.readline().split()]
        assert pids
        process.send_signal(how)
    assert gone(pids)


INTERRUPTED = """
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in a shell's background inherits that it is ignored
opened = IsolatedMatcher.open(store, workers=2)
before = workers()
if sys.argv[3] == "stopped":
    os.kill(before[0], signal.SIGSTOP)
threading.Timer(0.3, lambda: os.killpg(0, signal.SIGINT)).start()
try:
    while True:
        opened.examine(data + bytes(5 << 20))
except KeyboardInterrupt:
    print("interrupted")
print(opened.examine(data).status)
opened.close()
print(workers())
"""


@pytest.mark.slow
@posix
@pytest.mark.parametrize("state", ["working", "stopped"])
def test_ctrl_c_while_a_call_waits(known_store: Path, picture: Path, state: str) -> None:
    """The whole group hears it: the call is given up, the workers are deaf, the matcher can still be used."""
    command = [sys.executable, "-c", BEGIN + INTERRUPTED, str(known_store), str(picture), state]
    result = subprocess.run(command, capture_output=True, text=True, timeout=240, start_new_session=True, check=False)
    assert lines(result) == ["interrupted", "known", "[]"]


@pytest.mark.slow
@posix
def test_ctrl_c_while_workers_start(known_store: Path, picture: Path) -> None:
    script = """
signal.signal(signal.SIGINT, lambda *_: None)  # a program that goes on
opened = IsolatedMatcher.open(store, workers=2)
def interrupt():
    for _ in range(20):
        time.sleep(0.05)
        os.killpg(0, signal.SIGINT)
threading.Thread(target=interrupt).start()
for _ in range(4):
    for pid in workers():
        os.kill(pid, signal.SIGKILL)
    finding = opened.examine(data)
    print(finding.status, finding.reason)
"""
    result = run(script, known_store, picture, start_new_session=True)
    assert lines(result) == ["known None"] * 4


@pytest.mark.slow
@posix
def test_a_fork_in_the_program(known_store: Path, picture: Path) -> None:
    """The child may not use it, and neither its doing so nor its end harms the parent."""
    script = """
import warnings
warnings.simplefilter("ignore")  # from Python 3.12 on, forking with threads warns
opened = IsolatedMatcher.open(store, workers=1)
pid = os.fork()
if pid == 0:
    try:
        opened.examine(data)
    except MatcherError as error:
        print(error, flush=True)
    opened.close()
    sys.exit(7)
print(opened.examine(data).status, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
for _ in range(5):
    finding = opened.examine(data)
    print(finding.status, finding.reason)
"""
    found = lines(run(script, known_store, picture))
    assert found[-5:] == ["known None"] * 5
    assert sorted(found[:-5])[0] == "known 7"
    assert "before a fork: open it again" in sorted(found[:-5])[1]


GUARDED = "if __name__ == '__main__':\n    with IsolatedMatcher.open(store, workers=1) as opened:\n"
UNGUARDED = "if True:\n    with IsolatedMatcher.open(store, workers=1) as opened:\n"
EXAMINE = "        print(opened.examine(data).status)\n"


@pytest.mark.slow
def test_a_script_with_a_guard(tmp_path: Path, known_store: Path, picture: Path) -> None:
    script = tmp_path / "host.py"
    script.write_text(BEGIN + GUARDED + EXAMINE, encoding="utf-8")
    result = run_file(script, known_store, picture)
    assert lines(result) == ["known"]


@pytest.mark.slow
def test_a_script_without_a_guard_is_told_so(tmp_path: Path, known_store: Path, picture: Path) -> None:
    script = tmp_path / "host.py"
    script.write_text(BEGIN + UNGUARDED + EXAMINE, encoding="utf-8")
    result = run_file(script, known_store, picture)
    assert result.returncode == 1
    assert result.stdout == ""
    assert "a worker process ends before it is ready" in result.stderr.splitlines()[-1]


@pytest.mark.slow
def test_a_program_on_standard_input_is_told_so(known_store: Path, picture: Path) -> None:
    """Python's spawning looks for a file of the name `<stdin>`."""
    command: list[str | Path] = [sys.executable, "-", known_store, picture]
    script = BEGIN + GUARDED + EXAMINE
    result = subprocess.run(command, input=script, capture_output=True, text=True, timeout=240, check=False)
    assert result.returncode == 1
    assert "a worker process ends before it is ready" in result.stderr.splitlines()[-1]


@pytest.mark.slow
def test_a_store_named_from_a_folder_that_is_left(known_store: Path, picture: Path) -> None:
    script = """
opened = IsolatedMatcher.open(os.path.basename(store), workers=1)
os.chdir("/")
import psutil
for pid in workers():
    psutil.Process(pid).kill()
print(opened.examine(data).status)
"""
    assert lines(run(script, known_store, picture, cwd=known_store.parent)) == ["known"]


@pytest.mark.slow
@posix
@pytest.mark.parametrize("reaping", ["signal.SIG_IGN", "lambda *_: reap()"])
def test_a_program_that_reaps_all_its_children_itself(known_store: Path, picture: Path, reaping: str) -> None:
    script = f"""
def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
opened = IsolatedMatcher.open(store, workers=1)
signal.signal(signal.SIGCHLD, {reaping})
for _ in range(3):
    for pid in workers():
        os.kill(pid, signal.SIGKILL)
    print(opened.examine(data).status)
opened.close()
print(workers())
"""
    assert lines(run(script, known_store, picture)) == ["known", "known", "known", "[]"]


def test_in_a_process_that_may_have_no_children(known_store: Path, picture: Path) -> None:
    script = """
import multiprocessing
multiprocessing.current_process()._config["daemon"] = True
try:
    IsolatedMatcher.open(store, workers=1)
except MatcherError as error:
    print(error)
"""
    (line,) = lines(run(script, known_store, picture))
    assert line.startswith("a worker process cannot be started: ")


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_nothing_is_left_open(known_store: Path, picture: Path) -> None:
    """Neither files nor threads, after many workers have died."""
    script = """
import psutil
def held():
    return len(os.listdir("/proc/self/fd")), threading.active_count()
with IsolatedMatcher.open(store, workers=2):
    pass
time.sleep(0.2)
before = held()
with IsolatedMatcher.open(store, workers=2) as opened:
    for _ in range(4):
        for pid in workers():
            os.kill(pid, signal.SIGKILL)
        opened.examine(data + bytes(1 << 20))
del opened  # the lists that it holds are mapped files
for _ in range(3):
    with IsolatedMatcher.open(store, workers=1):
        pass
time.sleep(0.2)
print(before == held(), before, held())
"""
    assert lines(run(script, known_store, picture))[0].startswith("True")


@pytest.mark.slow
def test_importing_starts_nothing() -> None:
    script = "import matcher, threading, multiprocessing as m; print(threading.active_count(), m.active_children())"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ)
    assert result.stdout.split() == ["1", "[]"]
