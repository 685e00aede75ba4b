"""matcher warm: compile beforehand what the other commands would compile when they first need it."""

from __future__ import annotations

import json
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from matcher.commands import say
from matcher.system.compiling import WORK

if TYPE_CHECKING:
    from PIL import Image

_ALGORITHMS = ("md5", "sha256", "pdq", "phash", "ahash", "dhash")
_CODES = 3_000
"""Listed codes of each algorithm: enough for an index that uses compiled code."""
_FORMATS = (
    *(("RGB", "PNG"), ("RGBA", "PNG"), ("L", "PNG"), ("LA", "PNG"), ("P", "PNG"), ("1", "PNG")),
    ("RGB", "JPEG"),
)


@click.command("warm", epilog="Example: matcher warm")
def command() -> int:
    """Compile for this machine what the other commands need, so that none of them has to wait for it.

    For whoever installs: run it as the user who owns the installation, and the compiled code is kept beside it for
    all. Done again, it compiles nothing and takes a few seconds.
    """
    from matcher.imaging.drawing import landscape

    WORK.on_first = partial(say, "compiling for this machine, once: about a minute")
    with TemporaryDirectory(prefix="matcher-warm-") as folder:
        _examine(Path(folder))
    _measure(landscape(3, width=3000, height=2000))
    click.echo(
        f"{WORK.functions} functions compiled in {WORK.seconds:.0f} s" if WORK.functions else "nothing to compile"
    )
    if WORK.unsaved:
        say(
            f"{WORK.unsaved} functions could not be stored: neither the installation's folder nor the user's cache can "
            "be written (NUMBA_CACHE_DIR names another folder). Every process will compile them again"
        )
        return 2
    return 0


def _examine(folder: Path) -> None:
    """Examine drawn pictures against a list, by every path that needs compiled code."""
    from matcher.examine.engine import Matcher
    from matcher.examine.selftest import run
    from matcher.imaging.drawing import landscape
    from matcher.lists.importing import ImportRequest, import_lists
    from matcher.lists.store import Store
    from matcher.model import CategoryProfile
    from matcher.settings import Settings

    run(_ALGORITHMS)
    known = landscape(1)
    listed = folder / "list.jsonl"
    listed.write_text("\n".join(_lines(known)), encoding="utf-8")
    request = ImportRequest("warm", [listed], CategoryProfile())
    import_lists(Store(folder / "store"), request, on_refused=lambda _source, _line: None)
    screenshot = landscape(2, width=1600, height=1200)
    screenshot.paste(known, (200, 300))
    for settings in (Settings(algorithms=_ALGORITHMS), Settings(reframings=True), Settings(exact=True)):
        matcher = Matcher.open(folder / "store", settings=settings)
        for image, form in ((known.convert(mode), form) for mode, form in _FORMATS):
            matcher.examine(_written(image, form))
        matcher.examine(_written(screenshot, "PNG"))


def _written(image: Image.Image, form: str) -> bytes:
    stream = BytesIO()
    image.save(stream, form)
    return stream.getvalue()


def _lines(known: Image.Image) -> list[str]:
    """The lines of a list with the hashes of one picture and thousands of made-up ones."""
    from matcher.hashers import picture_hashers
    from matcher.imaging.picture import Picture
    from matcher.index.digest_sorting import WORTH_COMPILING

    lines: list[dict[str, Any]] = [
        {"id": f"d{number}", "algorithm": "md5", "value": _made(number, 16)} for number in range(WORTH_COMPILING)
    ]
    for hasher in picture_hashers(["pdq", "phash"]):
        name, width = hasher.algorithm.name, hasher.algorithm.width
        computed = hasher.hash(Picture(known))
        lines.append({"id": "known", "algorithm": name, "value": computed.value.hex(), "quality": computed.quality})
        lines += [{"id": f"c{n}", "algorithm": name, "value": _made(n, width), "quality": 100} for n in range(_CODES)]
    return [json.dumps(line) for line in lines]


def _made(number: int, width: int) -> str:
    """A made-up code of `width` bytes, in hex."""
    return sha256(str(number).encode()).digest()[:width].hex()


def _measure(picture: Image.Image) -> None:
    """Run the compiled functions that only large regions, `lists audit` and `bench calibration` need."""
    import numpy as np

    from matcher.calibration.bank import Bank
    from matcher.calibration.measuring.common import Hashed, pair_counts
    from matcher.calibration.measuring.counting import Coded, distance_counts, joint_counts, near_pairs
    from matcher.calibration.measuring.region_texture import texture_shares
    from matcher.imaging.picture import Picture
    from matcher.imaging.regions import cropped
    from matcher.index.scanning import scan
    from matcher.index.words import words_of

    numbers = np.arange(2)
    pdq, phash = (Coded(np.zeros((2, width), np.uint8), numbers, numbers) for width in (32, 8))
    distance_counts(pdq, pdq)
    joint_counts((pdq, phash), (pdq, phash))
    near_pairs(pdq, pdq, within=0)
    turned = {name: np.zeros((2, 8, width), np.uint8) for name, width in (("pdq", 32), ("phash", 8))}
    hashed = Hashed.of(turned, numbers, Bank.packaged())
    pair_counts(hashed, hashed)
    for codes in (pdq.codes, phash.codes):
        scan(words_of(codes), words_of(codes[:1]), 0)
    view = Picture(picture).reduced().view()
    if view is not None:
        whole = (0, 0, *picture.size)
        cropped(view, whole)
        texture_shares(view, [whole])
