"""The negative bank: the hashes of benign pictures, and how common a hash is among them.

The pictures are icons, flags, game graphics, figures, interface parts, photographs and wallpapers of free software
packages (negative_bank.csv names them, with their licences). A hash that many of them are near to is that of a simple
picture: an arrow, a flag of three stripes, a bright spot in the dark. Unrelated pictures come near such hashes a
million times as often as near those of a photograph. So a hash has a *commonness*, from 0 to MOST: by how many pictures
of the bank are within a radius of it. docs/calibration.md has what was measured for each.

All results are whole numbers from the file, so that they are equal on every machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.index.vectors import popcount
from matcher.index.words import words_of
from matcher.system.compiled import compiled

FILE = Path(__file__).with_name("negative_bank.npz")

RADII: Mapping[str, int] = {"pdq": 88, "phash": 12}
"""By algorithm: a picture of the bank within this distance, in any orientation, is near."""
FEWEST: Mapping[str, tuple[int, ...]] = {"pdq": (1, 3, 8, 20, 60), "phash": (1, 4, 10, 25, 60)}
"""By algorithm: the fewest near pictures of each commonness from 1 on."""
MOST: Mapping[str, int] = {name: len(counts) for name, counts in FEWEST.items()}
"""The largest commonness by each algorithm that has one."""

_SIDES = {"pdq": 16, "phash": 8}
_TURNS = (
    (False, False, False),
    (True, True, False),
    (False, True, True),
    (True, False, True),
    (False, False, True),
    (False, True, False),
    (True, False, False),
    (True, True, True),
)
"""For each of TRANSFORMS: whether rows and columns are exchanged, and whether odd rows, and columns, are negated."""

Words = npt.NDArray[np.uint64]


def turned_codes(codes: npt.NDArray[np.uint8], algorithm: str) -> npt.NDArray[np.uint8]:
    """(n, 8, width): about the hashes of the pictures in each orientation, from those of the upright ones, (n, width).

    A turn exchanges rows and columns of the cosine coefficients, and changes the sign of every second one. Where the
    median of the coefficients is not 0, some bits differ: 3 % of PDQ's.
    """
    side = _SIDES[algorithm]
    bits = np.unpackbits(codes, axis=1).reshape(-1, side, side)
    odd = np.arange(side) % 2
    every = []
    for exchanged, rows, columns in _TURNS:
        negated = (odd[:, None] * rows) ^ (odd[None, :] * columns)
        every.append((bits.transpose(0, 2, 1) if exchanged else bits) ^ negated.astype(np.uint8))
    return np.packbits(np.stack(every, axis=1).reshape(len(codes), len(_TURNS), -1), axis=2)


@dataclass(frozen=True)
class Bank:
    """The hashes of `len` pictures: `pdq` (n, 32), `phash` (n, 8, 8: in all orientations), `sha256` (n, 32), uint8.

    `digest` is the SHA-256 of the file.
    """

    digest: str
    pdq: npt.NDArray[np.uint8]
    phash: npt.NDArray[np.uint8]
    sha256: npt.NDArray[np.uint8]

    @classmethod
    def packaged(cls) -> Bank:
        """The bank in this package; its file is read once."""
        return _packaged()

    @classmethod
    def parsed(cls, data: bytes) -> Bank:
        """The bank of a file's bytes."""
        with np.load(BytesIO(data), allow_pickle=False) as arrays:
            return cls(
                hashlib.sha256(data).hexdigest(),
                *(np.ascontiguousarray(arrays[name]) for name in ("pdq", "phash", "sha256")),
            )

    def __len__(self) -> int:
        return len(self.pdq)

    def near(self, algorithm: str, codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
        """(n,): the number of the bank's pictures near each of `codes`, (n, width) uint8."""
        counts: npt.NDArray[np.int64] = _near(words_of(codes), self._words[algorithm], RADII[algorithm])
        return counts

    def commonness(self, algorithm: str, codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
        """(n,): the commonness of each of `codes`, (n, width) uint8; 0 by an algorithm that has none."""
        if algorithm not in FEWEST or not len(codes):
            return np.zeros(len(codes), np.int64)
        return np.searchsorted(FEWEST[algorithm], self.near(algorithm, codes), side="right").astype(np.int64)

    def has(self, sha256: bytes) -> bool:
        """Whether a file with this digest is one of the bank's pictures."""
        return sha256 in self._digests

    @cached_property
    def _words(self) -> dict[str, Words]:
        """By algorithm: (n, 8, words) uint64."""
        return {
            "pdq": _in_words(turned_codes(self.pdq, "pdq")),
            "phash": _in_words(self.phash),
        }

    @cached_property
    def _digests(self) -> frozenset[bytes]:
        return frozenset(digest.tobytes() for digest in self.sha256)


def _in_words(codes: npt.NDArray[np.uint8]) -> Words:
    pictures, turns, width = codes.shape
    return words_of(codes.reshape(pictures * turns, width)).reshape(pictures, turns, -1)


@cache
def _packaged() -> Bank:
    return Bank.parsed(FILE.read_bytes())


@compiled
def _near(queries: Words, bank: Words, radius: int) -> Any:
    counts = np.zeros(len(queries), np.int64)
    for query in range(queries.shape[0]):
        for picture in range(bank.shape[0]):
            for turn in range(bank.shape[1]):
                distance = 0
                for word in range(bank.shape[2]):
                    distance += popcount(bank[picture, turn, word] ^ queries[query, word])
                    if distance > radius:
                        break
                if distance <= radius:
                    counts[query] += 1
                    break
    return counts
