"""The columns of a table, or the keys of JSON records, that are not read: are hashes or categories among them?

A list loses hashes without a refused line where a column of hashes has another name than ours (`pdq_hash`), and all of
its entries lose their category where the column of categories has (`Kategorie`). Hashes are recognised by their values,
categories by the name. A 16-digit number in decimal is no hash here: it is more often a time or an identifier.
"""

from __future__ import annotations

import re
import shlex
import unicodedata
from binascii import a2b_base64
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from matcher.algorithms import ALGORITHMS, Metric
from matcher.lists.formats.notices import ListNotice
from matcher.lists.formats.values import DIGEST_DIGITS

MOST_VALUES = 1000
"""The most values of a column that are looked at: its first ones that are not empty."""
MOST_NAMES = 50
"""The most keys of JSON records that are told apart, and the most columns that are named in one line."""
_EXAMPLES = 5
_SHOWN = 40

_HEX = re.compile(r"(?=[0-9]*[A-Fa-f])[0-9A-Fa-f]+")
_MIXED = re.compile(r"(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9+/]+={0,2}")
_CATEGORY_STEMS = ("categor", "kategor", "classif", "klassif", "clasific", "disposition", "категор")
_CATEGORY_NAMES = frozenset(
    ("cat", "class", "classe", "clase", "klasse", "severity", "rating", "grade", "label", "verdict", "tag", "tags")
)

_TYPES_BY_DIGITS: dict[int, list[str]] = {}
for _name, _digits in {**DIGEST_DIGITS, **{known.name: 2 * known.width for known in ALGORITHMS.values()}}.items():
    _TYPES_BY_DIGITS.setdefault(_digits, []).append(_name)
_DIGITS_BY_LETTERS = {-(-digits // 6) * 4: digits for digits in _TYPES_BY_DIGITS}
_TYPES = sorted({name for names in _TYPES_BY_DIGITS.values() for name in names}, key=len, reverse=True)


def names_a_category(name: str) -> bool:
    """Whether a column of this name has categories, by the usual words for them in several languages."""
    folded = _folded(name)
    return folded in _CATEGORY_NAMES or any(stem in folded for stem in _CATEGORY_STEMS)


def _folded(name: str) -> str:
    """A name in lower case, of its letters and digits alone, without accents."""
    return "".join(char for char in unicodedata.normalize("NFKD", name.casefold()) if char.isalnum())


@dataclass(slots=True)
class _Seen:
    """What was seen in a column: how many values, those of a hash's length by (digits, in base64), and examples."""

    values: int = 0
    hashes: Counter[tuple[int, bool]] = field(default_factory=Counter)
    examples: dict[str, None] = field(default_factory=dict)

    def add(self, text: str) -> None:
        self.values += 1
        if len(self.examples) < _EXAMPLES:
            self.examples[text[:_SHOWN]] = None
        if (form := _hash_form(text)) is not None:
            self.hashes[form] += 1

    @property
    def has_hashes(self) -> bool:
        """Whether most values look like hashes."""
        return 2 * self.hashes.total() > self.values


def _hash_form(text: str) -> tuple[int, bool] | None:
    """The hex digits of the hash that a value looks like, and whether it is in base64; None for another value."""
    length = len(text)
    if length in _TYPES_BY_DIGITS and _HEX.fullmatch(text):
        return length, False
    digits = _DIGITS_BY_LETTERS.get(length)
    if digits is None or not _MIXED.fullmatch(text):
        return None
    try:
        return (digits, True) if 2 * len(a2b_base64(text, strict_mode=True)) == digits else None
    except ValueError:
        return None


class Unused:
    """Collects values of unused columns. `used`: what the used ones mean (a field or a hash type) and their names.

    `option`: whether `--column` can map a column; JSON keys have to be renamed in the file. With `has_category` a
    further column that could hold categories needs no look: the examiner has chosen one.
    """

    def __init__(self, used: Mapping[str, str], *, option: bool, has_category: bool) -> None:
        self._used = used
        self._option = option
        self._has_category = has_category
        self._seen: dict[str, _Seen] = {}

    def add(self, name: str, text: str) -> bool:
        """Look at a value, which is not empty, of the column `name`. Returns whether further ones will be looked at."""
        seen = self._seen.get(name)
        if seen is None:
            if len(self._seen) >= MOST_NAMES and not self._option:
                return False
            seen = self._seen[name] = _Seen()
        if seen.values < MOST_VALUES:
            seen.add(text)
        return seen.values < MOST_VALUES

    def notices(self) -> Iterator[ListNotice]:
        """A generator of a notice for each column with hashes or categories, and of one for all others.

        Columns without a value lose nothing and have none.
        """
        plain = []
        for name, seen in self._seen.items():
            if seen.has_hashes:
                yield ListNotice(self._of_hashes(name, seen), needs_a_look=True)
            elif not self._has_category and names_a_category(name):
                some = ", ".join(map(repr, seen.examples))
                how = self._how("category", name, "to import it")
                text = f"{self._kind} {name!r} is not used, and is named as categories are: {how}; it has {some}"
                yield ListNotice(text, needs_a_look=True)
            else:
                plain.append(name)
        if plain:
            named = ", ".join(map(repr, plain[:MOST_NAMES]))
            more = f" and {len(plain) - MOST_NAMES} more" if len(plain) > MOST_NAMES else ""
            free = self._option and plain[0] and "note" not in self._used
            how = f"; to keep one as the note: {_column('note', plain[0])}" if free else ""
            kinds = f"{self._kind}s" if self._option else f"{self._kind}s of records"
            yield ListNotice(f"{kinds} that are not used: {named}{more}{how}", needs_a_look=False)

    @property
    def _kind(self) -> str:
        return "column" if self._option else "key"

    def _of_hashes(self, name: str, seen: _Seen) -> str:
        (digits, base64), _count = seen.hashes.most_common(1)[0]
        fitting = _TYPES_BY_DIGITS[digits]
        folded = _folded(name)
        kind = next((each for each in _TYPES if each in fitting and each in folded), fitting[0])
        length = f"{-(-digits // 6) * 4} letters of base64" if base64 else f"{digits} hex digits"
        others = [each for each in fitting if each != kind]
        types = f", as {kind}" + (f" or {', '.join(others)}" if others and kind not in folded else "")
        start = f"{self._kind} {name!r} is not used, and its values look like hashes ({length}{types})"
        known = ALGORITHMS.get(kind)
        if base64 and (known is None or known.metric is not Metric.EUCLIDEAN):
            return f"{start}: such hashes are read in hex, so write them in hex in the file"
        how = self._how(kind, name, "to import them")
        instead = f", in place of {self._used[kind]!r}" if kind in self._used and self._option else ""
        leave = f"; if they are none: {_column('unused', name)}" if self._option and name else ""
        return f"{start}: {how}{instead}{leave}"

    def _how(self, meaning: str, name: str, purpose: str) -> str:
        if not self._option:
            wanted = "category" if meaning == "category" else "value"
            return f"{purpose}, write them under the key {wanted!r}" + ("" if wanted == "category" else ", one a line")
        return f"{purpose}, {_column(meaning, name)}" if name else f"{purpose}, give the column a name in the header"


def _column(meaning: str, name: str) -> str:
    """The option that maps a column, as it is typed in a shell."""
    return f"--column {shlex.quote(f'{meaning}={name}')}"
