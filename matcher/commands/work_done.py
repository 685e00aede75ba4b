"""What a command has done by the time at which its output cannot be written: it stays done, and the error says so."""

from __future__ import annotations

_done: list[str] = []


def note_done(text: str) -> None:
    """Note what was done, for the error of an output that cannot be written."""
    _done.append(text)


def done_so_far() -> str:
    """What was noted last, said once; empty where nothing was."""
    done = _done[-1] if _done else ""
    _done.clear()
    return done
