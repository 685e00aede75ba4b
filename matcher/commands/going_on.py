"""The command line that goes on with a scan that ended early, as a person pastes it into a shell."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

_ARGUMENTS = f"{__name__}.arguments"


class RememberingCommand(click.Command):
    """A command that keeps its arguments as they were typed, for `repeated`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_ARGUMENTS] = list(args)
        return super().parse_args(ctx, args)


def repeated(*more: str) -> str:
    """The running command as it was typed, quoted for the shell, with those of the options `more` that it has not."""
    context = click.get_current_context()
    typed: list[str] = context.meta[_ARGUMENTS]
    return quoted(["matcher", str(context.info_name), *typed, *(option for option in more if option not in typed)])


def typed_without(options: Mapping[str, int]) -> list[str] | None:
    """The words of the running command as it was typed, without these options and their numbers of values.

    None where the running command does not remember them.
    """
    context = click.get_current_context(silent=True)
    if context is None or _ARGUMENTS not in context.meta:
        return None
    typed: list[str] = context.meta[_ARGUMENTS]
    words, skip = ["matcher", str(context.info_name)], 0
    for word in typed:
        name, separator, _value = word.partition("=")
        if skip:
            skip -= 1
        elif name in options:
            skip = 0 if separator else options[name]
        else:
            words.append(word)
    return words


def quoted(words: Sequence[str | Path]) -> str:
    """A command line for the shell of this system. Bytes that are not UTF-8, and control characters, are escaped."""
    texts = [str(word) for word in words]
    return subprocess.list2cmdline(texts) if os.name == "nt" else " ".join(map(_quoted, texts))


def _quoted(text: str) -> str:
    if text.isprintable():
        return shlex.quote(text)
    escaped = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b"\\'" else f"\\x{byte:02x}" for byte in os.fsencode(text)
    )
    return f"$'{escaped}'"
