"""Codes for the benchmarks and tests of the indexes: uniform, grown from real hashes, and hostile ones.

    python -m benchmarks.index.index_codes CORPUS CACHE [--algorithm pdq] [--count 1000000] [--seed 1]

CORPUS is a folder of pictures and CACHE one for their hashes (corpus_hashes.py). Prints the distances of pairs of codes
and the load of the keys of their 16-bit pieces, for the corpus's own hashes, for grown and for uniform codes. `agree`
is the probability that two codes share a piece's key, times 65,536: the relative number of candidates that a lookup in
a table of that piece must verify, 1 for uniform codes.

All codes are (n, width) uint8, `width` a multiple of 8 bytes; the same arguments give the same bytes. The first n of a
longer uniform or grown run are the n of a shorter one.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.shared.corpus_hashes import corpus_hashes
from matcher.model import TRANSFORMS

Codes = npt.NDArray[np.uint8]
Random = np.random.Generator

BLOCK = 1 << 15
COUSINS = 16
MOST_FLIPS = 0.2
FEW_FLIPS = 6
PIECE = 2


def _random(seed: int) -> Random:
    return np.random.Generator(np.random.PCG64(seed))


def _draw(random: Random, count: int, width: int) -> Codes:
    return random.integers(0, 256, (count, width), np.uint8)


def _coins(random: Random, share: npt.NDArray[np.float64], width: int) -> Codes:
    """Packed random bits, each set with the probability of its row: (n,) in 1/256 → (n, width)."""
    return np.packbits(_draw(random, len(share), width * 8) < (share * 256)[:, None], axis=1)


def _in_blocks(count: int, width: int, make: Callable[[int], Codes]) -> Codes:
    codes = np.empty((count, width), np.uint8)
    for first in range(0, count, BLOCK):
        codes[first : first + BLOCK] = make(BLOCK)[: count - first]
    return codes


def uniform(count: int, width: int, seed: int) -> Codes:
    """Codes in which every bit is an independent fair coin."""
    random = _random(seed)
    return _in_blocks(count, width, lambda size: _draw(random, size, width))


def grown(count: int, width: int, seed: int, hashes: Codes) -> Codes:
    """Codes like those of real pictures, grown from `hashes`, (m, width); see `_graft`."""
    assert hashes.shape[1] == width, f"hashes of {hashes.shape[1]} bytes, not {width}"
    random = _random(seed)
    return _in_blocks(count, width, lambda size: _graft(random, size, hashes))


def _graft(random: Random, count: int, hashes: Codes) -> Codes:
    """Codes that are each a real hash with a run of bits of another real one, and some bits flipped.

    The other hash is the nearest of COUSINS that are drawn at random: pictures of one kind (sky above, text on white)
    share bits, so the marginals and correlations within a kind are preserved. It contributes one contiguous run, at
    most half of the bits, and not scattered ones: neighbouring bits (a row of coefficients) depend on each other, and a
    run leaves all pieces but two with keys of real pictures, wherever an index splits the code. Flips make keys that
    the corpus is too small to have; their share is MOST_FLIPS × u^FEW_FLIPS with u uniform: about half of the codes
    have none, and flat and degenerate pictures stay as frequent, and as equal, as in the corpus. The constants are
    chosen so that keys are as crowded as among the corpus's unrelated pictures.
    """
    bits = hashes.shape[1] * 8
    one = hashes[random.integers(0, len(hashes), count)]
    others = hashes[random.integers(0, len(hashes), (count, COUSINS))]
    apart = np.bitwise_count(others.view(np.uint64) ^ one.view(np.uint64)[:, None, :]).sum(axis=2)
    cousin = others[np.arange(count), apart.argmin(axis=1)]
    first, length = random.integers(0, bits, (count, 1)), random.integers(0, bits // 2, (count, 1))
    run = np.packbits((np.arange(bits) - first) % bits < length, axis=1)
    flips = _coins(random, random.random(count) ** FEW_FLIPS * MOST_FLIPS, hashes.shape[1])
    made: Codes = (one & ~run | cousin & run) ^ flips
    return made


def hostile(count: int, width: int, seed: int) -> Codes:
    """A shuffled list that is a worst case for an index. A tenth of it is one code.

    The rest is: 1 % all zeros, 1 % all ones; a fifth that agree with one of a few codes in all 16-bit pieces but one; a
    fifth in clusters whose members differ from each other in 1/8 of the bits or slightly more (32 to 44 of 256, 8 to 10
    of 64: at and just beyond the radius); a fifth letterboxes, a quarter of whose bits is the same, in one run or every
    fourth; the others have in half of their pieces a popular key with one bit flipped.
    """
    random = _random(seed)
    popular = np.vstack([_draw(random, 1, width), np.zeros((1, width), np.uint8), np.full((1, width), 255, np.uint8)])
    tenth, hundredth, fifth = count // 10, count // 100, count // 5
    parts = [
        np.repeat(popular, [tenth, hundredth, hundredth], axis=0),
        _all_but_one(random, fifth, width),
        _clusters(random, fifth, width),
        _letterboxes(random, fifth, width),
    ]
    parts.append(_beside(random, count - sum(map(len, parts)), popular))
    codes = np.concatenate(parts)
    return codes[random.permutation(count)]


def _all_but_one(random: Random, count: int, width: int) -> Codes:
    codes = _draw(random, 1 + count // 1000, width)[np.arange(count) // 1000]
    places = random.integers(0, width // PIECE, count)
    codes.reshape(count, width // PIECE, PIECE)[np.arange(count), places] = _draw(random, count, PIECE)
    return codes


def _clusters(random: Random, count: int, width: int) -> Codes:
    """Clusters of codes: each member flips bits of a centre that no other member flips, 16 to 22 of 256."""
    bits = width * 8
    fewest, most = bits // 16, bits // 16 + bits // 40
    members = bits // most
    clusters = -(-count // members)
    order = random.permuted(np.broadcast_to(np.arange(bits, dtype=np.int16), (clusters, bits)), axis=1)
    flips = np.zeros((clusters, members, bits), bool)
    takes = random.integers(fewest, most + 1, (clusters, members))
    for member in range(members):
        own = order[:, member * most : (member + 1) * most]
        np.put_along_axis(flips[:, member], own, np.arange(most) < takes[:, member, None], axis=1)
    codes = _draw(random, clusters, width)[:, None, :] ^ np.packbits(flips, axis=2)
    return codes.reshape(-1, width)[:count]


def _letterboxes(random: Random, count: int, width: int) -> Codes:
    codes = _draw(random, count, width)
    codes[::2, : width // 4] = 0
    codes[1::2] |= 0x11
    return codes


def _beside(random: Random, count: int, popular: Codes) -> Codes:
    pieces = popular.shape[1] // PIECE
    kinds = random.integers(0, len(popular), (count, pieces))
    near = popular.reshape(len(popular), pieces, PIECE)[kinds, np.arange(pieces)]
    bit = np.uint16(1) << random.integers(0, 8 * PIECE, (count, pieces), np.uint16)
    near ^= bit.astype("<u2").view(np.uint8).reshape(near.shape)
    taken = random.random((count, pieces, 1)) < 0.5
    return np.where(taken, near, _draw(random, count, pieces * PIECE).reshape(near.shape)).reshape(
        count, pieces * PIECE
    )


def queries(codes: Codes, count: int, radius: int, seed: int) -> Codes:
    """Queries for a list of `codes`, (count, width), shuffled.

    Half are unrelated codes of the same kind: each takes half of its 16-bit pieces from each of two random listed
    codes, so that their keys are as popular as the list's (where the two are near each other, the query still has a
    match). The other half are listed codes with 0 to `radius` bits flipped, each number equally often.
    """
    random = _random(seed)
    bits, half = codes.shape[1] * 8, count // 2
    one, other = (codes[random.integers(0, len(codes), half)] for _ in range(2))
    pieces = random.permuted(
        np.broadcast_to(np.arange(codes.shape[1] // PIECE), (half, codes.shape[1] // PIECE)), axis=1
    )
    unrelated = np.where(np.repeat(pieces % 2 == 0, PIECE, axis=1), one, other)
    listed = codes[random.integers(0, len(codes), count - half)]
    places = random.permuted(np.broadcast_to(np.arange(bits, dtype=np.int16), (len(listed), bits)), axis=1)
    flips = np.packbits(places < (np.arange(len(listed)) % (radius + 1))[:, None], axis=1)
    return np.concatenate([unrelated, listed ^ flips])[random.permutation(count)]


def _line(name: str, codes: Codes, seed: int) -> str:
    """One line of the table: distances of random pairs, and the load of the keys of the 16-bit pieces."""
    random = _random(seed)
    first, second = random.integers(0, len(codes), (2, 1_000_000))
    pairs = first != second
    words = codes.view(np.uint64)
    apart = np.bitwise_count(words[first[pairs]] ^ words[second[pairs]]).sum(axis=1)
    near = " ".join(f"{value:.0f}" for value in np.quantile(apart, (0.0001, 0.001, 0.01, 0.5, 0.99)))
    loads = np.array([np.sort(np.bincount(piece, minlength=1 << 16))[::-1] for piece in codes.view("<u2").T])
    shares = [loads[:, place].mean() / len(codes) * 65536 for place in (0, 9, 99, 999)]
    agree = (loads * (loads - 1.0)).sum(axis=1) / (len(codes) * (len(codes) - 1.0)) * 65536
    marginal = np.unpackbits(codes[: 1 << 17], axis=1).mean(axis=0)
    crowded = " | ".join(f"{share:.1f}" for share in shares)
    return (
        f"| {name} | {len(codes):,} | {near} | {apart.std():.2f} | {crowded} | {agree.mean():.2f} | {agree.max():.2f} "
        f"| {marginal.min():.2f} to {marginal.max():.2f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--algorithm", default="pdq")
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    real = corpus_hashes(arguments.corpus, arguments.algorithm, arguments.cache)
    width, count, seed = real.shape[1], arguments.count, arguments.seed
    few = grown(len(real), width, seed, real)
    print(
        "| codes | count | distance of pairs: 0.01 % 0.1 % 1 % 50 % 99 % | std | most popular key, times the mean load "
        "| 10th | 100th | 1,000th | agree, mean | most | share of set bits |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    print(_line("real, 8 orientations", real, seed))
    print(_line("real, as they stand", np.ascontiguousarray(real[:: len(TRANSFORMS)]), seed))
    print(_line("grown, as many", few, seed))
    print(_line("uniform, as many", uniform(len(real), width, seed), seed))
    print(_line("grown", grown(count, width, seed, real), seed))
    print(_line("uniform", uniform(count, width, seed), seed))
    print(_line("hostile", hostile(count, width, seed), seed))


if __name__ == "__main__":
    main()
