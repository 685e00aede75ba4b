"""The command line, one file a command. Data goes to stdout, messages to stderr.

Exit codes:

    match, scan     0 nothing notable, every picture examined and compared   1 notable found   2 failed
                    3 nothing notable, but something was not read, not opened, not looked at or not compared
    lists import    0 all taken   2 nothing taken   3 taken, but lines were refused or something needs a look
    verify          0 intact                             1 not intact      2 could not check
    all others      0 done                               2 not done
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from ledger import STANDARD_OUTPUT, LedgerError, abandon_stdout, flush_stdout, name_stdout
from matcher.commands.lazy import LazyGroup
from matcher.commands.work_done import done_so_far
from matcher.errors import MatcherError
from matcher.system.compiling import WORK
from matcher.system.files import readable_name
from matcher.system.text import left_to_right, printable

DONE, FAILED = 0, 2

NO_HASHER = "no hasher that computes them is installed here"
"""The reason why a listed hash can be looked up, but no picture can match it."""

_COMMANDS = (
    *("bench", "decide", "demo", "diff", "export", "findings", "hash", "lists", "match", "relookup", "report", "scan"),
    *("verify", "warm"),
)


@click.group(
    cls=LazyGroup,
    files={name: f"{__name__}.{name}" for name in _COMMANDS},
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="evidence-matcher", prog_name="matcher")
def cli() -> None:
    """Find pictures that are already known, and record every file that was examined."""


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. No exception leaves this function."""
    done_so_far()
    try:
        result = cli.main(list(arguments), prog_name="matcher", standalone_mode=False)
        flush_stdout()
    except click.ClickException as error:
        with suppress(OSError, ValueError):  # stderr cannot be written to
            error.show()
    except (click.Abort, KeyboardInterrupt):
        say("matcher: interrupted")
    except (MatcherError, LedgerError) as error:
        say(f"matcher: {error}{_open_files(error)}")
    except (BrokenPipeError, SystemExit):  # the reader of our output left; click would exit with 1, "notable"
        pass
    except OSError as error:
        where = f"{readable_name(error.filename)}: " if error.filename else ""
        done = done_so_far() if error.filename == STANDARD_OUTPUT else ""
        say(f"matcher: {where}{error.strerror or error}{_open_files(error)}{'; ' if done else ''}{done}")
    except Exception as error:  # noqa: BLE001 - the last line of defence: an exit code of 1 would mean "notable found"
        at = traceback.extract_tb(error.__traceback__)[-1]
        say(f"matcher: internal error: {type(error).__name__}: {error} ({Path(at.filename).name}:{at.lineno})")
    else:
        return result if isinstance(result, int) else DONE
    abandon_stdout()
    return FAILED


def _open_files(error: BaseException | None) -> str:
    """What to do where an error is that of too many open files; empty for any other."""
    while error is not None and getattr(error, "errno", None) not in (errno.EMFILE, errno.ENFILE):
        error = error.__cause__ or error.__context__
    if error is None:
        return ""
    try:
        import resource

        limit = f"this process may have {resource.getrlimit(resource.RLIMIT_NOFILE)[0]:,} files open; "
    except ImportError:
        limit = ""
    return f"; {limit}raise the limit (`ulimit -n 4096` in the shell) and run the command again"


def say(text: str) -> None:
    """Write one line to stderr. The work continues where stderr is closed or cannot be written to."""
    with suppress(OSError, ValueError):
        line = printable(text)
        click.echo(left_to_right(line) if sys.stderr.isatty() else line, err=True)


_INTERRUPTS = ("SIGINT", "SIGTERM", "SIGHUP")


def _interrupt(_signal: int, _frame: object) -> None:
    """Raise KeyboardInterrupt once. Later signals are ignored: they must not keep the end from being recorded."""
    _on_interrupt(signal.SIG_IGN)
    raise KeyboardInterrupt


def _on_interrupt(handler: Any) -> None:
    for name in _INTERRUPTS:
        if hasattr(signal, name):  # not all on Windows
            signal.signal(getattr(signal, name), handler)


def main() -> None:
    """The entry point of the console script `matcher`."""
    if sys.stderr is None:  # closed by the parent process
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the end
    name_stdout()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # JSON is UTF-8 on every console, and no path stops the output
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    _on_interrupt(_interrupt)
    WORK.on_first = lambda: say("compiling for this machine, once: about half a minute (`matcher warm` does all of it)")
    sys.exit(run(sys.argv[1:]))
