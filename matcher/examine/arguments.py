"""What a caller brings along: checked before it is used, so that a mistake is no finding.

What would be a defect in any program is a TypeError (`None` for a file's bytes); a hash that makes no sense is a
SettingsError.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from matcher.algorithms import Algorithm, Metric
from matcher.errors import SettingsError
from matcher.hashers import known_algorithm
from matcher.model import Hash

Digests = Mapping[str, bytes] | Iterable[Hash]
"""Digests of one file: by the names of their algorithms, or as hashes."""


Data = bytes | bytearray | memoryview
"""One file's bytes."""


def checked_data(data: Data) -> Data:
    """The data, where it is bytes: `BytesIO(None)` would be an empty file. TypeError."""
    if not isinstance(data, Data):
        raise TypeError(f"data: bytes are expected, not {type(data).__name__}")
    return data


def check_names(name: str, exhibit: str | None) -> None:
    """TypeError where those of a finding are no text."""
    if not isinstance(name, str) or not (exhibit is None or isinstance(exhibit, str)):
        raise TypeError(f"name and exhibit: text is expected, not {type(name).__name__}, {type(exhibit).__name__}")


def check_hash(given: Hash) -> Algorithm:
    """The facts of a hash's algorithm. SettingsError where it is no hash of a known algorithm."""
    if not isinstance(given, Hash):
        raise SettingsError(f"a Hash is expected, not {type(given).__name__}")
    known = known_algorithm(given.algorithm) if isinstance(given.algorithm, str) else None
    if known is None:
        raise SettingsError(f"unknown algorithm {given.algorithm!r}")
    if not isinstance(given.value, bytes):
        raise SettingsError(f"{known.name}: the value is {type(given.value).__name__}, not bytes")
    if len(given.value) != known.width:
        raise SettingsError(f"{known.name}: a value of {len(given.value)} bytes, not {known.width}")
    if given.quality is not None and not (isinstance(given.quality, int) and 0 <= given.quality <= 100):
        raise SettingsError(f"{known.name}: a quality of {given.quality!r}, not 0 to 100 or None")
    return known


def checked_digests(given: Digests) -> dict[str, bytes]:
    """Digests by the names of their algorithms. SettingsError for anything else, and where two contradict."""
    hashes: Iterable[Hash]
    if isinstance(given, Mapping):
        hashes = [Hash(name, value) for name, value in given.items()]
    elif isinstance(given, Iterable):
        hashes = given
    else:
        raise SettingsError(f"digests are a mapping or hashes, not {type(given).__name__}")
    found: dict[str, bytes] = {}
    for value in hashes:
        known = check_hash(value)
        if known.metric is not Metric.EXACT:
            raise SettingsError(f"{known.name} is no digest")
        if found.setdefault(known.name, value.value) != value.value:
            raise SettingsError(f"two different {known.name} digests of one file")
    return found
