"""The command line: python -m ledger, one file a command. Data on stdout, messages on stderr.

Exit codes: verify 0 intact, 1 not intact, 2 could not check; check and timestamp --verify have the same codes for a
proof and for tokens. Every other command: 0 done, 2 not done.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import click

from ledger.commands.output import abandon_stdout, flush_stdout, name_stdout
from ledger.commands.terminal import say
from ledger.errors import LedgerError

_COMMANDS = (
    *("append", "check", "checkpoint", "create", "decide", "entries", "export", "key"),
    *("keygen", "prove", "timestamp", "verify", "witness"),
)


class _Commands(click.Group):
    """Imports a command's file only when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's interface
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"ledger.commands.{cmd_name}").command
        return command


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: python -m ledger verify --case case-17",
)
@click.version_option(package_name="evidence-matcher", prog_name="ledger")
def commands() -> None:
    """Append-only ledgers with a Merkle tree and signed checkpoints."""


def _is_written() -> bool:
    """Whether stdout took all that was written; the reason is said where it did not."""
    try:
        flush_stdout()
    except OSError as error:
        say(f"{error.filename}: {error.strerror}")
        return False
    return True


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and exits with its code."""
    if sys.stderr is None:  # closed by the parent process
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the end
    name_stdout()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with commands.make_context(
            "python -m ledger", list(sys.argv[1:] if arguments is None else arguments)
        ) as context:
            code = commands.invoke(context) or 0
            flush_stdout()
    except click.exceptions.Exit as done:  # help and version
        code = done.exit_code if _is_written() else 2
    except click.ClickException as error:
        with suppress(OSError):  # stderr cannot be written to
            error.show()
        code = 2
    except (click.Abort, KeyboardInterrupt):
        say("interrupted")
        code = 2
    except BrokenPipeError:
        code = 0
    except LedgerError as error:
        say(str(error))
        code = 2
    except OSError as error:
        say(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        code = 2
    abandon_stdout()
    sys.exit(code)
