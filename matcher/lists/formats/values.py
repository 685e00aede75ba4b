"""The fields of a list entry from text. Only this module defines a valid hash, id, note or quality."""

from __future__ import annotations

import hashlib
import re
from binascii import a2b_base64, unhexlify
from functools import cache
from importlib.metadata import entry_points

from matcher.algorithms import ALGORITHMS, Algorithm, Metric
from matcher.errors import ListError
from matcher.hashers import known_algorithm

ID_LIMIT = 1024
"""The most characters of an id, a category or the name of a hash type."""

NOTE_LIMIT = 64 * 1024
"""The most bytes of a note, in UTF-8."""

DIGEST_DIGITS = {"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128}
"""The cryptographic digests of lists, with their hex digits. Those that are not looked up are stored as text."""

_KEPT_AS_TEXT = ("crc32", "edonkey", "tiger", "vpdq", "whirlpool")
_NAMES = frozenset(DIGEST_DIGITS) | frozenset(ALGORITHMS) | frozenset(_KEPT_AS_TEXT)
_ALIASES = {"pdna": "photodna", "sha2224": "sha224", "sha2256": "sha256", "sha2384": "sha384", "sha2512": "sha512"}
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_QUALITY = re.compile(r"[0-9]{1,3}")


class RefusedValue(Exception):
    """A value that is not accepted. It becomes a RefusedLine and never leaves this package."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def decode_text(raw: bytes) -> str:
    """UTF-8 to text. A byte that is not UTF-8 becomes %XX; a % in the text is not changed."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "surrogateescape")
        return _NOT_UTF8.sub(lambda byte: f"%{ord(byte[0]) & 0xFF:02X}", text)


def parse_algorithm(name: str) -> str:
    """Our name of a hash type, whatever its case and hyphens; the name itself for an unknown type."""
    if name in ALGORITHMS or _indexed(name):
        return name
    folded = name.strip().lower().replace("-", "").replace("_", "")
    folded = _ALIASES.get(folded, folded)
    return folded if folded in _NAMES else parse_text("algorithm", name.strip())


def stated_algorithm(name: str | None, source: str) -> str | None:
    """The type that the examiner states. ListError for an unknown type, so that a typing error does not lose a list."""
    if name is None:
        return None
    algorithm = parse_algorithm(name)
    if not is_known(algorithm) and algorithm not in entry_points(group="matcher.hashers").names:
        raise ListError(f"{source}: unknown hash type {name!r}; known types: {', '.join(sorted(_NAMES))}")
    return algorithm


def is_known(algorithm: str) -> bool:
    """Whether lists are known to hold hashes of this type, indexed or not."""
    return algorithm in _NAMES


def is_perceptual(algorithm: str) -> bool:
    """Whether hashes of this type may have a quality. Those of an unknown type may."""
    known = _indexed(algorithm)
    if known:
        return known.metric is not Metric.EXACT
    return algorithm not in DIGEST_DIGITS


def parse_value(algorithm: str, text: str) -> bytes | str:
    """The bytes of hex in any case, for an algorithm that can be looked up; the unchanged text for any other.

    Euclidean hashes may be in base64 too; the length decides. RefusedValue where the value is not valid.
    """
    digits = _digits(algorithm)
    if digits is None:
        return _unknown_value(algorithm, text)
    if len(text) != digits:
        if (letters := _letters(algorithm)) is not None:
            return _from_base64(algorithm, text, digits, letters)
        raise RefusedValue(f"{algorithm} needs {digits} hex digits, has {len(text)}")
    try:
        value = unhexlify(text)
    except ValueError as error:
        raise RefusedValue(f"{algorithm} needs {digits} hex digits, has other characters") from error
    return value if _indexed(algorithm) else text


@cache
def _indexed(algorithm: str) -> Algorithm | None:
    """The algorithm if its hashes are looked up: a built-in one or a plug-in's."""
    return known_algorithm(algorithm)


@cache
def _digits(algorithm: str) -> int | None:
    known = _indexed(algorithm)
    return DIGEST_DIGITS.get(algorithm) if known is None else 2 * known.width


@cache
def _letters(algorithm: str) -> int | None:
    """The length of a hash in base64, with padding; None where this algorithm's hashes are not written in base64."""
    known = _indexed(algorithm)
    return None if known is None or known.metric is not Metric.EUCLIDEAN else -(-known.width // 3) * 4


def _from_base64(algorithm: str, text: str, digits: int, letters: int) -> bytes:
    if len(text) != letters:
        raise RefusedValue(f"{algorithm} needs {digits} hex digits or {letters} of base64, has {len(text)}")
    try:
        value = a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise RefusedValue(f"{algorithm} needs {letters} characters of base64, has other characters") from error
    if 2 * len(value) != digits:
        raise RefusedValue(f"{algorithm} needs {digits // 2} bytes, has {len(value)}")
    return value


def _unknown_value(algorithm: str, text: str) -> str:
    text = _well_formed("value", text)
    if not text:
        raise RefusedValue(f"the {algorithm} value is empty")
    return text


def parse_text(field: str, text: str) -> str:
    """Check an id, a category or a type's name: text that is not empty, of at most ID_LIMIT characters."""
    text = _well_formed(field, text)
    if not text:
        raise RefusedValue(f"{field} is empty")
    if len(text) > ID_LIMIT:
        raise RefusedValue(f"{field} is longer than {ID_LIMIT} characters")
    return text


def parse_note(text: str) -> str:
    """Check a note: free text of at most NOTE_LIMIT bytes."""
    if text.isascii() and len(text) <= NOTE_LIMIT and "\0" not in text:
        return text
    text = _well_formed("note", text)
    if len(text) > NOTE_LIMIT // 4 and len(text.encode()) > NOTE_LIMIT:
        raise RefusedValue(f"note is longer than {NOTE_LIMIT} bytes")
    return text


def check_quality(quality: int) -> int:
    """Check a quality: 0 to 100, inclusive."""
    if not 0 <= quality <= 100:
        raise RefusedValue("quality is not a whole number from 0 to 100")
    return quality


def parse_quality(text: str) -> int:
    """A quality written in decimal digits."""
    return check_quality(int(text) if _QUALITY.fullmatch(text) else -1)


def default_id(value: bytes | str) -> str:
    """The id of an entry that has none: its hash (hex in lower case), or the SHA-256 of a text too long for an id.

    It depends on the hash alone, so that an update of a list replaces the same entry.
    """
    text = value.hex() if isinstance(value, bytes) else value
    return text if len(text) <= ID_LIMIT else hashlib.sha256(text.encode()).hexdigest()


def _well_formed(field: str, text: str) -> str:
    """Text that can be encoded: a lone surrogate (JSON can escape one) becomes %XX of its bytes."""
    if "\0" in text:
        raise RefusedValue(f"{field} holds a NUL")
    if text.isascii():
        return text
    return decode_text(text.encode("utf-8", "surrogatepass"))
