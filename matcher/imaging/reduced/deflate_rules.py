"""Compressed data that libdeflate has inflated: does it keep the rules on which zlib insists?

libdeflate takes a code that stands for nothing as if it stood for something. Pillow, by zlib, refuses such data, and
what the two make of a file must not differ. Only the lengths of codes are followed here; nothing is inflated.
Source: RFC 1951.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.imaging.reduced.png_vectors import bits_at
from matcher.system.compiled import compiled, compiled_inner

PADDING = 8
"""Bytes that must follow the compressed data."""

_BITS = 11
_MOST_BITS = 15
_END = 256
_LENGTHS, _DISTANCES, _CODES = 286, 30, 19
"""Symbols that stand for something: literals and lengths, distances, lengths of codes."""

_LENGTH_BITS = np.array([0] * 8 + [n for n in range(1, 6) for _ in range(4)] + [0], np.uint8)
_DISTANCE_BITS = np.array([0, 0] + [n for n in range(14) for _ in range(2)], np.uint8)
_ORDER = np.array([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15], np.uint8)
_STATIC = np.array([8] * 144 + [9] * 112 + [7] * 24 + [8] * 8 + [5] * 32, np.uint8)


@compiled_inner
def _is_code(
    lengths: npt.NDArray[np.uint8],
    counts: npt.NDArray[np.int32],
    symbols: npt.NDArray[np.int32],
    table: npt.NDArray[np.int32],
    alone: bool,
    starts: npt.NDArray[np.int32],
    nexts: npt.NDArray[np.int32],
) -> bool:
    """Make the tables of a code, if zlib would; one symbol of one bit may be `alone`.

    `counts` (16): codes of each length; `symbols`: in the order of their codes; `table` (2 ** _BITS): the symbol << 8 |
    its length for what the next bits may be, 0 for a longer code or none; `starts`, `nexts` (16) hold nothing.
    """
    counts[:] = 0
    for length in lengths:
        counts[length] += 1
    counts[0] = 0
    left = 1
    most = 0
    for length in range(1, _MOST_BITS + 1):
        left = 2 * left - counts[length]
        if left < 0:
            return False
        if counts[length] > 0:
            most = length
    if left > 0 and not (alone and most <= 1):
        return False
    table[:] = 0
    place = 0
    code = 0
    for length in range(1, most + 1):
        code = (code + (counts[length - 1] if length > 1 else 0)) << 1
        starts[length] = place
        nexts[length] = code
        place += counts[length]
    for symbol in range(len(lengths)):
        length = np.int64(lengths[symbol])
        if length == 0:
            continue
        symbols[starts[length]] = symbol
        starts[length] += 1
        if length <= _BITS:
            mirrored = 0
            for bit in range(length):
                mirrored |= ((nexts[length] >> bit) & 1) << (length - 1 - bit)
            for entry in range(mirrored, 1 << _BITS, 1 << length):
                table[entry] = symbol << 8 | length
        nexts[length] += 1
    return True


@compiled_inner
def _join_literals(table: npt.NDArray[np.int32]) -> None:
    """Let an entry stand for all literals that its bits hold: only how long they are is asked for."""
    for entry in range((1 << _BITS) - 1, -1, -1):  # what is left of an entry's bits is a smaller entry, or it is 0
        found = np.int64(table[entry])
        bits = found & 255
        while 0 < found < _END << 8 and bits < _BITS:
            found = np.int64(table[entry >> bits])
            if not 0 < found < _END << 8 or bits + (found & 255) > _BITS:
                break
            bits += found & 255
            table[entry] = bits


@compiled_inner
def _longer(word: np.uint64, counts: npt.NDArray[np.int32], symbols: npt.NDArray[np.int32]) -> int:
    """The symbol << 8 | the length of the code with which `word` begins, bit by bit; 0 if there is none."""
    code = 0
    first = 0
    place = 0
    for length in range(1, _MOST_BITS + 1):
        code |= int(np.int64((word >> np.uint64(length - 1)) & np.uint64(1)))
        if code - counts[length] < first:
            return int(symbols[place + code - first]) << 8 | length
        place += counts[length]
        first = (first + counts[length]) << 1
        code <<= 1
    return 0


@compiled
def keeps_the_rules(data: npt.NDArray[np.uint8]) -> bool:
    """Whether zlib would inflate what libdeflate has inflated. `data`: in zlib's format, and PADDING bytes."""
    end = 8 * (len(data) - PADDING)
    mask = np.uint64((1 << _BITS) - 1)
    lengths = np.zeros(_LENGTHS + _DISTANCES, np.uint8)
    counts, far_counts = np.zeros(16, np.int32), np.zeros(16, np.int32)
    symbols, far_symbols = np.zeros(288, np.int32), np.zeros(32, np.int32)
    table, far_table = np.zeros(1 << _BITS, np.int32), np.zeros(1 << _BITS, np.int32)
    starts, nexts = np.zeros(16, np.int32), np.zeros(16, np.int32)
    at = 16
    last = False
    while not last:
        if at > end:
            return False
        word = bits_at(data, at)
        last = word & np.uint64(1) == 1
        kind = np.int64((word >> np.uint64(1)) & np.uint64(3))
        at += 3
        if kind == 0:
            at = (at + 7) // 8 * 8
            if at > end:
                return False
            at += 32 + 8 * int(np.int64(bits_at(data, at) & np.uint64(0xFFFF)))
            continue
        if kind == 1:
            _is_code(_STATIC[:288], counts, symbols, table, False, starts, nexts)
            _is_code(_STATIC[288:], far_counts, far_symbols, far_table, False, starts, nexts)
        else:
            count = 257 + np.int64((word >> np.uint64(3)) & np.uint64(31))
            far_count = 1 + np.int64((word >> np.uint64(8)) & np.uint64(31))
            given = 4 + np.int64((word >> np.uint64(13)) & np.uint64(15))
            at += 14
            if kind == 3 or count > _LENGTHS or far_count > _DISTANCES or at + 3 * given > end:
                return False
            lengths[:_CODES] = 0
            for number in range(given):
                lengths[_ORDER[number]] = np.int64(bits_at(data, at) & np.uint64(7))
                at += 3
            if not _is_code(lengths[:_CODES], counts, symbols, table, False, starts, nexts):
                return False
            number = 0
            while number < count + far_count:
                if at > end:
                    return False
                word = bits_at(data, at)
                entry = table[np.int64(word & mask)]
                symbol, bits = entry >> 8, entry & 255
                rest = int(np.int64(word >> np.uint64(bits)))
                at += bits
                repeated, length = 1, symbol
                if symbol == 16:
                    if number == 0:
                        return False
                    length, repeated = int(lengths[number - 1]), 3 + (rest & 3)
                    at += 2
                elif symbol == 17:
                    length, repeated = 0, 3 + (rest & 7)
                    at += 3
                elif symbol == 18:
                    length, repeated = 0, 11 + (rest & 127)
                    at += 7
                if number + repeated > count + far_count:
                    return False
                lengths[number : number + repeated] = length
                number += repeated
            if (
                lengths[_END] == 0
                or not _is_code(lengths[:count], counts, symbols, table, True, starts, nexts)
                or not _is_code(
                    lengths[count : count + far_count], far_counts, far_symbols, far_table, True, starts, nexts
                )
            ):
                return False
        _join_literals(table)
        while True:
            if at > end:
                return False
            word = bits_at(data, at)
            entry = np.int64(table[np.int64(word & mask)])
            if entry == 0:
                entry = _longer(word, counts, symbols)
            symbol, bits = entry >> 8, entry & 255
            if entry == 0 or symbol >= _LENGTHS:
                return False
            if symbol <= _END:
                at += bits
                if symbol == _END:
                    break
                continue
            bits += np.int64(_LENGTH_BITS[symbol - _END - 1])
            word >>= np.uint64(bits)
            entry = np.int64(far_table[np.int64(word & mask)])
            if entry == 0:
                entry = _longer(word, far_counts, far_symbols)
            symbol = entry >> 8
            if entry == 0 or symbol >= _DISTANCES:
                return False
            at += bits + (entry & 255) + np.int64(_DISTANCE_BITS[symbol])
    return at <= end
