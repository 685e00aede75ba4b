"""The command line: one file a command. Data on stdout, talk on stderr, exit codes as documented.

match, scan     0 nothing notable, everything read   1 notable found   2 failed   3 nothing notable, not all read
verify          0 intact                             1 not intact      2 could not check
all others      0 done                               2 not done
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from ledger import LedgerError
from matcher.errors import MatcherError

DONE, FAILED = 0, 2

_COMMANDS = ("demo", "findings", "hash", "lists", "match", "report", "scan", "verify")


class _Commands(click.Group):
    """Loads a command's file when it is asked for: `matcher verify` imports no FAISS."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's interface
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"matcher.commands.{cmd_name}")
        command: click.Command = module.command
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="evidence-matcher", prog_name="matcher")
def cli() -> None:
    """Find pictures that are already known, and record every file that was examined."""


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code. Nothing is raised."""
    try:
        result = cli.main(list(arguments), prog_name="matcher", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return FAILED
    except (click.Abort, KeyboardInterrupt):
        click.echo("matcher: interrupted", err=True)
        return FAILED
    except (MatcherError, LedgerError) as error:
        click.echo(f"matcher: {error}", err=True)
        return FAILED
    except (BrokenPipeError, SystemExit):  # the reader of our output left; click's answer to that is exit 1, "notable"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # keep Python from saying so again at exit
        return FAILED
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"matcher: {where}{error.strerror or error}", err=True)
        return FAILED
    return result if isinstance(result, int) else DONE


def main() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # JSON is UTF-8 on every console, and no path stops the output
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))
