"""The hashes of a corpus's own pictures, in all eight orientations, stored in a file.

    hashes = corpus_hashes(corpus, "pdq", cache)    # CORPUS has photos/ and screenshots/; CACHE is a folder

The grown codes of index_codes.py are derived from them.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matcher.errors import DecodeError
from matcher.hashers import picture_hashers
from matcher.imaging.decode import decode
from matcher.imaging.embedded import Found
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import TRANSFORMS

PROCESSES = 2
FOLDERS = ("photos", "screenshots")


def corpus_hashes(corpus: Path, algorithm: str, cache: Path) -> npt.NDArray[np.uint8]:
    """The hashes of every readable picture, (pictures × 8, width) uint8: eight orientations of each in turn.

    Flat and degenerate pictures, near-duplicates and hashes of low quality are included, in the corpus's own share.
    `cache` is a folder; a file there with the algorithm's name is used as it is. The first call takes minutes.
    """
    path = cache / f"{algorithm}.npy"
    if path.exists():
        stored: npt.NDArray[np.uint8] = np.load(path)
        return stored
    files = sorted(file for folder in FOLDERS for file in (corpus / folder).rglob("*") if file.is_file())
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
        each = pool.map(partial(_hashes, algorithm), files, chunksize=16)
        hashes = np.frombuffer(b"".join(each), np.uint8).reshape(-1, picture_hashers([algorithm])[0].algorithm.width)
    cache.mkdir(parents=True, exist_ok=True)
    np.save(path, hashes)
    return hashes


def _hashes(algorithm: str, file: Path) -> bytes:
    """The eight hashes joined; empty where the file is not a readable picture."""
    data = file.read_bytes()
    kind = sniff(data[:HEAD])
    if kind is None:
        return b""
    try:
        turned = picture_hashers([algorithm])[0].turned(next(decode(data, kind, found=Found()).renderings()))
    except DecodeError:
        return b""
    assert len(turned) == len(TRANSFORMS)
    return b"".join(value.value for value in turned)
