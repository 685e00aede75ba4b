"""Values → pieces of HTML5. This module escapes every value; no other module may make markup of a value.

Names in evidence are hostile: they hold tags, quotes, line breaks, and characters that turn the reading direction so
that `gpj.exe` reads as `exe.jpg`. Invisible and direction-turning characters are shown as code points in a frame.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

_INVISIBLE = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e"
    "\\u2060-\\u206f\\u3164\\ud800-\\udfff\\ufdd0-\\ufdef\\ufeff\\uffa0\\ufff0-\\ufffb\\ufffe\\uffff\\U000e0000-\\U000e0fff"
    + "".join(f"\\U{plane:04x}fffe\\U{plane:04x}ffff" for plane in range(1, 17))
    + "]"
)
"""Controls, invisible and direction-turning characters, surrogates and noncharacters."""

_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
SHORT = 10
"""The number of characters by which a long id is shown."""

NONE = '<span class="none">—</span>'


def text(value: object) -> str:
    """Any value as text, escaped for use in an element or a quoted attribute; — for None and an empty string."""
    if value is None or value == "":
        return NONE
    escaped = html.escape(str(value))
    return _INVISIBLE.sub(lambda match: f'<span class="code">U+{ord(match[0]):04X}</span>', escaped)


def name(value: str, css: str) -> str:
    """A name from evidence or a list, its reading direction isolated, in an element of the class `css`."""
    return f'<bdi class="{css}">{text(value)}</bdi>'


def path_name(value: str, css: str) -> str:
    """A path from evidence, its parts from left to right whatever script each is written in.

    Two words of a right-to-left script with a slash between them are one run of text to a browser, which shows the
    second word left of the first. So each part of such a path is isolated.
    """
    parts = [text(part) if part else "" for part in value.split("/")]
    if any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in value):
        parts = [f'<span class="part">{part}</span>' for part in parts]
    return f'<bdi class="{css}" dir="ltr">{"/".join(parts) or NONE}</bdi>'


def short_id(value: str | None, css: str = "id") -> str:
    """A long id or digest by its first SHORT characters, with the whole in its title; a short one as it is."""
    if value is None or len(value) <= SHORT + 4:
        return "" if value is None else f'<bdi class="{css}">{text(value)}</bdi>'
    return f'<bdi class="{css} cut" title="{html.escape(_visible(value))}">{text(value[:SHORT])}…</bdi>'


def _visible(value: str) -> str:
    """Text for an attribute, which can hold no element: invisible characters as U+ and their code points."""
    return _INVISIBLE.sub(lambda match: f"U+{ord(match[0]):04X}", value)


def number(value: Any) -> str:
    """An integer with thousands separators; any other value as text."""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else text(value)


def value_of(value: Any) -> str:
    """Any JSON value in one line, in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{text(key)} {value_of(item)}" for key, item in value.items()) or NONE
    if isinstance(value, list | tuple):
        return ", ".join(map(value_of, value)) or NONE
    return number(value)


def mono(value: object) -> str:
    """A digest or another machine-readable value, in a fixed-width font."""
    return NONE if value is None else f"<code>{text(value)}</code>"


def time_of(entry: Mapping[str, Any] | None) -> str:
    """The time at which a ledger entry was written, in UTC, to the second; the text as recorded if it is no time."""
    if entry is None or "time" not in entry:
        return NONE
    try:
        stated = datetime.fromisoformat(entry["time"])
    except (TypeError, ValueError):
        return text(entry["time"])
    return f'<span class="when">{stated.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC</span>'


def counted(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun: `1 item`, `1,204 items`. `many` is the plural where it is not `one` + `s`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def facts(caption: str, rows: Iterable[tuple[str, str]]) -> str:
    """A table of names and values. The values are markup."""
    body = "".join(f'<tr><th scope="row">{text(key)}</th><td>{value}</td></tr>\n' for key, value in rows)
    return f'<table class="facts">\n<caption>{text(caption)}</caption>\n<tbody>\n{body}</tbody>\n</table>\n'


def table(caption: str, headers: Sequence[str], rows: Iterable[Sequence[str]], *, numeric: Sequence[int] = ()) -> str:
    """A table whose first column names its rows. The cells are markup; the columns `numeric` are aligned right."""
    css = [' class="num"' if column in numeric else "" for column in range(len(headers))]
    head = "".join(f'<th scope="col"{css[column]}>{text(header)}</th>' for column, header in enumerate(headers))
    lines = []
    for first, *rest in rows:
        cells = "".join(f"<td{css[column]}>{cell}</td>" for column, cell in enumerate(rest, 1))
        lines.append(f'<tr><th scope="row"{css[0]}>{first}</th>{cells}</tr>\n')
    return (
        f'<div class="wide"><table>\n<caption>{text(caption)}</caption>\n<thead>\n<tr>{head}</tr>\n</thead>\n'
        f"<tbody>\n{''.join(lines)}</tbody>\n</table></div>\n"
    )
