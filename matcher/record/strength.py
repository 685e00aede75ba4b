"""How strong a match is: the false matches as near as it that are expected among all pictures of its scan. Pure.

The `chance` of a match is the number of matches as near that one picture has by chance; times the number of pictures
that its scan compared, it is the number that the scan has: `expected`. It is exact, then rounded up to two digits.

    strong    below STRONG_BELOW expected, or identical by a digest that is not trivial; never a doubtful match
    look      to be looked at: below LOOK_BELOW; also a match whose chance was not measured
    weak      LOOK_BELOW or more: so many matches as near are expected although nothing listed is there

An item has the strength of its best notable match, and none without a notable match.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from enum import StrEnum
from functools import cache
from typing import Any, Protocol

from matcher.algorithms import ALGORITHMS, Metric
from matcher.model import LOW_QUALITY, Finding, Status

STRONG_BELOW, LOOK_BELOW = Decimal("0.01"), Decimal(1)
NONE_LISTED = Decimal("Infinity")
"""The expected number of what was not measured, where numbers are sorted."""
_EXACT = Context(prec=60, traps=[InvalidOperation])
_MOST = Decimal("1e30")
_COMPARED = frozenset({Status.EXAMINED.value, Status.KNOWN.value, Status.UNREADABLE.value})


class Strength(StrEnum):
    """The groups, the strongest first."""

    STRONG = "strong"
    LOOK = "look"
    WEAK = "weak"


WORDS = {Strength.STRONG: "strong", Strength.LOOK: "to be looked at", Strength.WEAK: "weak"}

MEANINGS = (
    "strong: fewer than 0.01 matches as near are expected by chance among all pictures, or identical; "
    "weak: 1 or more are"
)


class Near(Protocol):
    """The fields of a match that its strength follows from; `Match` has them."""

    @property
    def algorithm(self) -> str: ...
    @property
    def distance(self) -> int: ...
    @property
    def chance(self) -> str | None: ...
    @property
    def doubtful(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class RecordedMatch:
    """These fields of a match that a ledger records."""

    algorithm: str
    distance: int
    chance: str | None
    doubtful: bool

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> RecordedMatch:
        """KeyError, TypeError or ValueError for what is no match. Earlier versions recorded neither of the last two."""
        low = form["quality"] is not None and form["quality"] < LOW_QUALITY
        return cls(form["algorithm"], form["distance"], form.get("chance"), form.get("doubtful", low))


@dataclass(frozen=True, slots=True)
class Nearest:
    """The notable matches of one item, as far as its strength follows from them, whatever the number of pictures.

    `identical`: one is by a digest. `clear` and `doubtful`: the smallest chance of those that are not doubtful, and of
    those that are. `unmeasured`: there is one without a chance, or it is not listed.
    """

    identical: bool = False
    clear: str | None = None
    doubtful: str | None = None
    unmeasured: bool = False

    @classmethod
    def of(cls, notable: Iterable[Near]) -> Nearest | None:
        """Of the notable matches of an item, none of them trivial; None for an item without any."""
        matches = list(notable)
        if not matches:
            return None
        similar = [match for match in matches if not is_identical(match)]
        return cls(
            identical=len(similar) < len(matches),
            clear=_smallest(match.chance for match in similar if not match.doubtful),
            doubtful=_smallest(match.chance for match in similar if match.doubtful),
            unmeasured=any(match.chance is None for match in similar),
        )

    def strength(self, pictures: int) -> Strength:
        """The strength in a scan that compared so many pictures."""
        clear, least = expected_number(self.clear, pictures), self.expected(pictures)
        if self.identical or (clear is not None and clear < STRONG_BELOW):
            return Strength.STRONG
        return Strength.LOOK if self.unmeasured or least < LOOK_BELOW else Strength.WEAK

    def expected(self, pictures: int) -> Decimal:
        """The smallest expected number: 0 for a digest, NONE_LISTED where nothing was measured."""
        if self.identical:
            return Decimal(0)
        numbers = (expected_number(chance, pictures) for chance in (self.clear, self.doubtful))
        return min((number for number in numbers if number is not None), default=NONE_LISTED)


UNLISTED = Nearest(unmeasured=True)
"""Of an item that is notable by a match beyond those that its finding lists."""


def is_identical(match: Near) -> bool:
    """Whether item and entry agree in all bytes: by a digest, with distance 0."""
    algorithm = ALGORITHMS.get(match.algorithm)
    return algorithm is not None and algorithm.metric is Metric.EXACT and match.distance == 0


def counts(items: Mapping[Nearest, int], pictures: int, *, unlisted: int = 0) -> dict[str, int]:
    """The number of items by strength; `items` counts those with equal matches. `unlisted`: further ones (UNLISTED)."""
    counted: Counter[str] = Counter({strength.value: 0 for strength in Strength})
    for nearest, count in items.items():
        counted[nearest.strength(pictures).value] += count
    counted[Strength.LOOK.value] += unlisted
    return dict(counted)


def in_words(counted: Mapping[str, int]) -> str:
    """The number of items by strength in words: `2 strong, 1 to be looked at, 0 weak`."""
    return ", ".join(f"{counted.get(strength.value, 0):,} {words}" for strength, words in WORDS.items())


def expected_number(chance: str | None, pictures: int) -> Decimal | None:
    """The false matches as near that are expected among so many pictures; None where that was not measured."""
    return None if chance is None else _EXACT.multiply(_number(chance), Decimal(max(1, pictures)))


def expected(chance: str | None, pictures: int) -> str | None:
    """`expected_number` with two digits, rounded up, as chances are written: `3.2e-05`. None where not measured."""
    number = expected_number(chance, pictures)
    if number is None:
        return None
    if not number:
        return "0"
    exponent = number.adjusted()
    tens = int(number.scaleb(1 - exponent).to_integral_value(rounding="ROUND_CEILING"))
    if tens == 100:
        tens, exponent = 10, exponent + 1
    return f"{tens // 10}.{tens % 10}e{exponent:+03d}"


def in_digits(number: Decimal) -> str:
    """The number with two significant digits, rounded up, for people: `0.83`, `12`, `0.000004`."""
    if number == 0:
        return "0"
    if number < Decimal("1e-9"):
        return "less than 0.000000001"
    if number >= 100:
        return f"{number.to_integral_value(rounding='ROUND_CEILING'):,f}"
    place = Decimal(1).scaleb(number.adjusted() - 1)
    return f"{number.quantize(min(place, Decimal(1)), rounding='ROUND_CEILING'):,f}"


def chance_in_words(chance: str) -> str:
    """The chance of a match, of one picture: `by chance once in 310 million pictures`; of two digits, never too small.

    The chance is the number of matches as near that a picture is expected to have although nothing listed is there.
    """
    number = _number(chance)
    if number >= 1:
        return f"by chance {in_digits(number)} in every picture"
    if number < Decimal("1e-15"):
        return "by chance less than once in a million billion pictures"
    pictures = 1 / number
    place = max(0, pictures.adjusted() - 1)
    whole = int(pictures.scaleb(-place).to_integral_value(rounding="ROUND_FLOOR")) * 10**place
    for size, word in ((10**12, "thousand billion"), (10**9, "billion"), (10**6, "million")):
        if whole >= size:
            return f"by chance once in {(Decimal(whole) / size).normalize():,f} {word} pictures"
    return f"by chance once in {whole:,} pictures" if whole > 1 else "by chance once in every picture or two"


def is_compared_picture(finding: Finding) -> bool:
    """Whether the finding is of a picture that its scan decoded and compared: each content counts once."""
    return finding.width is not None and finding.status.value in _COMPARED


def is_compared_json(finding: Mapping[str, Any]) -> bool:
    """The same of a finding in its JSON form."""
    return finding["width"] is not None and finding["status"] in _COMPARED


def _smallest(chances: Iterable[str | None]) -> str | None:
    return min((chance for chance in chances if chance is not None), key=_number, default=None)


@cache
def _number(chance: str) -> Decimal:
    """A chance as a number. ValueError where it is none, and TypeError where it is no text."""
    if not isinstance(chance, str):
        raise TypeError("a chance is not text")
    try:
        number = Decimal(chance)
    except InvalidOperation as error:
        raise ValueError("a chance is not a number") from error
    if not number.is_finite() or not 0 <= number < _MOST:
        raise ValueError("a chance is not a number of matches")
    return number
