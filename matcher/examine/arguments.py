"""The arguments of a caller, checked before use, so that a caller's mistake does not become a finding.

An argument of the wrong type (`None` for a file's bytes) is a TypeError; an invalid hash is a SettingsError.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from matcher.algorithms import Algorithm, Metric
from matcher.errors import SettingsError
from matcher.hashers import known_algorithm
from matcher.model import Hash

Digests = Mapping[str, bytes] | Iterable[Hash]
"""Digests of one file: a mapping from algorithm names to values, or hashes."""


Data = bytes | bytearray | memoryview
"""One file's bytes."""


def checked_data(data: Data) -> Data:
    """Return the data unchanged. TypeError unless it is bytes: `BytesIO(None)` would be an empty file."""
    if not isinstance(data, Data):
        raise TypeError(f"data: bytes are expected, not {type(data).__name__}")
    return data


def check_names(name: str, exhibit: str | None) -> None:
    """Check the name and the exhibit of a finding. TypeError unless they are text."""
    if not isinstance(name, str) or not (exhibit is None or isinstance(exhibit, str)):
        raise TypeError(f"name and exhibit: text is expected, not {type(name).__name__}, {type(exhibit).__name__}")


def check_hash(value: Hash) -> Algorithm:
    """The properties of a hash's algorithm. SettingsError unless it is a valid hash of a known algorithm."""
    if not isinstance(value, Hash):
        raise SettingsError(f"a Hash is expected, not {type(value).__name__}")
    known = known_algorithm(value.algorithm) if isinstance(value.algorithm, str) else None
    if known is None:
        raise SettingsError(f"unknown algorithm {value.algorithm!r}")
    if not isinstance(value.value, bytes):
        raise SettingsError(f"{known.name}: the value is {type(value.value).__name__}, not bytes")
    if len(value.value) != known.width:
        raise SettingsError(f"{known.name}: a value of {len(value.value)} bytes, not {known.width}")
    if value.quality is not None and not (isinstance(value.quality, int) and 0 <= value.quality <= 100):
        raise SettingsError(f"{known.name}: a quality of {value.quality!r}, not 0 to 100 or None")
    return known


def checked_digests(digests: Digests) -> dict[str, bytes]:
    """Digests by the names of their algorithms. SettingsError for anything else, and for two that contradict."""
    hashes: Iterable[Hash]
    if isinstance(digests, Mapping):
        hashes = [Hash(name, value) for name, value in digests.items()]
    elif isinstance(digests, Iterable):
        hashes = digests
    else:
        raise SettingsError(f"digests are a mapping or hashes, not {type(digests).__name__}")
    checked: dict[str, bytes] = {}
    for value in hashes:
        known = check_hash(value)
        if known.metric is not Metric.EXACT:
            raise SettingsError(f"{known.name} is no digest")
        if checked.setdefault(known.name, value.value) != value.value:
            raise SettingsError(f"two different {known.name} digests of one file")
    return checked
