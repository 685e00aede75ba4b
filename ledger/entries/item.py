"""The entry of one item of a scan, written around the bytes of its finding. Pure.

    {"finding":F,"scan":S,"seq":K,"type":"item","v":1}

F are the canonical bytes of the finding, S the number of the scan, K the place of the item in it, from 0. The keys are
in canonical order, so an entry is written and recognised without being parsed: a ledger holds millions of them.
"""

from __future__ import annotations

import re
from typing import Any

from ledger.entries.entry import parse
from ledger.errors import EntryError

_HEAD = b'{"finding":'
_END = b',"type":"item","v":1}'
_PLACE = re.compile(rb',"scan":([0-9]{1,16}),"seq":([0-9]{1,16}),"type":"item","v":1\}\Z')
_LONGEST_NUMBERS = 80
"""The most bytes from `scan` to the end of an entry: two numbers below 2**53, and their keys."""


def encode_item(scan: int, seq: int, finding: bytes) -> bytes:
    """The canonical entry of an item. `finding` must be canonical bytes; they are not checked here."""
    return _HEAD + finding + b',"scan":%d,"seq":%d' % (scan, seq) + _END


def decode_item(body: bytes) -> tuple[int, int, dict[str, Any]]:
    """The scan, the seq and the finding of an item's entry. Raises EntryError where it is not canonical."""
    entry = parse(body)
    return entry["scan"], entry["seq"], entry["finding"]


def place_of(body: bytes) -> tuple[int, int]:
    """The scan and the seq in the canonical entry of an item, which is not parsed. Raises EntryError for any other."""
    match = _PLACE.search(body, max(0, len(body) - _LONGEST_NUMBERS))
    if match is None:
        raise EntryError("this is not the entry of an item")
    return int(match[1]), int(match[2])


def is_item(body: bytes) -> bool:
    """Whether canonical bytes are the entry of an item."""
    return body.endswith(_END)


def is_item_of(body: bytes, scan: int) -> bool:
    """Whether canonical bytes are the entry of an item of that scan."""
    return body.endswith(_END) and b',"scan":%d,"seq":' % scan in body[-_LONGEST_NUMBERS:]
