"""A store with one list of random hashes and the hashes of some pictures, in which lookups are measured.

    store = random_store(work / "store", 1_000_000, pictures)

Each entry has a PDQ and a pHash value. A store that exists is used as it is, since making one takes minutes.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random

import imagehash
import numpy as np
from PIL import Image

from benchmarks.shared.corpus_pictures import upright
from matcher.lists.importing import ImportRequest, import_lists
from matcher.lists.store import Store
from matcher.model import CategoryProfile

WIDTHS = {"pdq": 32, "phash": 8}


def _lines(count: int, known: Iterable[Path]) -> Iterator[dict[str, object]]:
    """A generator of the list's lines: random values for `count` entries, and one entry a known picture."""
    drawn = Random(count)
    for number in range(count):
        for algorithm, width in WIDTHS.items():
            yield {"id": f"r{number}", "algorithm": algorithm, "value": drawn.randbytes(width).hex(), "quality": None}
    for path in known:
        image = upright(path)
        value = np.packbits(imagehash.phash(image).hash).tobytes().hex()
        yield {"id": path.stem, "algorithm": "phash", "value": value, "quality": None}
        if (pdq := pdq_of(image)) is not None:
            yield {"id": path.stem, "algorithm": "pdq", "value": pdq, "quality": 100}


def pdq_of(image: Image.Image) -> str | None:
    """The PDQ hash by the reference; None where that is not installed or the picture's quality is too low."""
    try:
        import pdqhash  # noqa: PLC0415 - a peer, which need not be there
    except ImportError:
        return None
    bits, quality = pdqhash.compute(np.asarray(image))
    return np.packbits(bits).tobytes().hex() if quality >= 50 else None


def bare_store(folder: Path) -> Path:
    """A store with a list that no picture can match: it holds one MD5. Pictures are screened and none is near."""
    if not (folder / "made").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        source = folder.with_suffix(".jsonl")
        source.write_text(json.dumps({"id": "none", "algorithm": "md5", "value": "00" * 16}) + "\n", encoding="utf-8")
        request = ImportRequest("bare", [source], CategoryProfile())
        import_lists(Store(folder), request, on_refused=lambda _source, _line: None)
        source.unlink()
        (folder / "made").touch()
    return folder


def random_store(folder: Path, count: int, known: Sequence[Path] = ()) -> Path:
    """A store with a list named `random`: `count` random entries of each algorithm, and one for each known picture."""
    made = folder / "made"
    if made.exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    source = folder.with_suffix(".jsonl")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with source.open("w", encoding="utf-8") as stream:
        for line in _lines(count, known):
            stream.write(json.dumps(line) + "\n")
    request = ImportRequest("random", [source], CategoryProfile())
    import_lists(Store(folder), request, on_refused=lambda _source, _line: None)
    source.unlink()
    made.touch()
    return folder
