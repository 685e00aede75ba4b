"""Known-answer test, run before every scan: does this installation compute the hashes that it must?

The pictures are drawn here by integer arithmetic, so that the test needs no file and no decoder's rounding is tested
twice; selftest.json contains the answers (from hashlib, imagehash and pdqhash). The ledger's `self.test` entry names
the digest of that file.

Decoding is tested too. One of the pictures is written in each common format and read back as evidence is: where a
codec is missing or broken, every such file of an exhibit would be reported as damaged. Screened hashes are compared
with the reference.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from matcher.distances import hamming
from matcher.errors import DecodeError, SelfTestError
from matcher.examine.parts import PartFinder
from matcher.hashers import ScreeningHasher, file_hashers, picture_hashers
from matcher.imaging.decode import decode, decode_reduced
from matcher.imaging.picture import Picture
from matcher.imaging.regions import find_regions, may_hold_regions
from matcher.imaging.sniff import HEAD, sniff

VECTORS = "selftest.json"

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP")
MOST_OFF = 12
"""The largest accepted mean difference to the original, 0 to 255.

Lossless formats have 0; JPEG, WebP and a palette of 256 colours 1.3 to 1.5.
"""


@cache
def draw(seed: int) -> Image.Image:
    """A 200 × 150 RGB picture of overlapping soft-edged boxes, the same on every machine. Not to be drawn upon."""
    height, width = 150, 200
    pixels = np.full((height, width, 3), 96, np.int64)
    y, x = np.mgrid[:height, :width]
    state = seed
    for _ in range(24):
        state = (state * 1103515245 + 12345) % 2**31
        left, top = state % width, (state >> 8) % height
        reach = 8 + (state >> 16) % 48
        box = np.maximum(abs(x - left), abs(y - top))
        weight = np.clip(reach * 4 - box * 4, 0, 64)
        for channel in range(3):
            colour = (state >> (5 * channel)) % 256
            pixels[:, :, channel] += (colour - pixels[:, :, channel]) * weight // 64
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def answers(algorithms: tuple[str, ...], *, cases: int = 4) -> list[dict[str, Any]]:
    """The answers of this installation: the digest of each picture's pixels, and each hash in all orientations."""
    computed = []
    for seed in range(1, cases + 1):
        image = draw(seed)
        values: dict[str, Any] = {}
        for hasher in file_hashers(algorithms):
            running = hasher.start()
            running.update(image.tobytes())
            values[hasher.algorithm.name] = running.digest().hex()
        for picture_hasher in picture_hashers(algorithms):
            turned = picture_hasher.turned(Picture(image))
            values[picture_hasher.algorithm.name] = [value.value.hex() for value in turned]
            if turned[0].quality is not None:
                values[f"{picture_hasher.algorithm.name} quality"] = turned[0].quality
        computed.append({"seed": seed, "answers": values})
    return computed


def decoded() -> list[str]:
    """Decode each common format and return their names. SelfTestError names the first that is not decoded."""
    image = draw(1)
    original = np.asarray(image, np.int16)
    for name in FORMATS:
        stream = BytesIO()
        try:
            image.save(stream, name)
            kind = sniff(stream.getvalue()[:HEAD])
            assert kind is not None
            (picture,) = decode(stream.getvalue(), kind).renderings()
        except (DecodeError, OSError, KeyError) as error:  # OSError, KeyError: Pillow without that codec
            raise SelfTestError(f"self-test failed: {name} is not decoded here: {error}") from error
        off = np.abs(np.concatenate(list(picture.bands())).astype(np.int16) - original).mean()
        quick = decode_reduced(stream.getvalue(), kind)
        for reduced in () if quick is None else quick.renderings:
            off = max(off, np.abs(reduced.grey - picture.reduced().grey).mean())
        if off > MOST_OFF:
            raise SelfTestError(f"self-test failed: {name} is decoded to something else, {off:.0f} of 255 off")
    return list(FORMATS)


def screened(algorithms: tuple[str, ...]) -> None:
    """Compare screened hashes with the reference, on a picture large enough to be reduced. SelfTestError."""
    picture = Picture(draw(2).resize((800, 600), Image.Resampling.BILINEAR))
    for hasher in picture_hashers(algorithms):
        turned = hasher.screened(picture.reduced()) if isinstance(hasher, ScreeningHasher) else None
        if turned is not None:
            apart = hamming(turned[0].value, hasher.hash(picture).value)
            if apart > turned.slack[0]:
                raise SelfTestError(
                    f"self-test failed: {hasher.algorithm.name} of a reduced picture is {apart} bits off, "
                    f"at most {turned.slack[0]} are expected; this installation must not be used"
                )


def found_inside(algorithms: tuple[str, ...]) -> None:
    """A picture on a plain ground is found, and screened. SelfTestError where it is not.

    A worker so has the compiled code of all this before its memory is limited.
    """
    canvas, region = Image.new("RGB", (1000, 800), "white"), (250, 200, 500, 400)
    canvas.paste(draw(2).resize(region[2:], Image.Resampling.BILINEAR), region[:2])
    reduced = Picture(canvas).reduced()
    view = reduced.view()
    if view is None or not may_hold_regions(reduced) or region not in find_regions(view):
        raise SelfTestError(
            "self-test failed: a picture inside a picture is not found; this installation must not be used"
        )
    PartFinder(picture_hashers(algorithms), regions=True, reframings=False).parts_of(reduced)


def run(algorithms: tuple[str, ...]) -> dict[str, Any]:
    """Compare with selftest.json. Returns the fields of `self.test`; SelfTestError names the first wrong answer.

    An algorithm of a plug-in has no known answer here and is listed as untested.
    """
    stored = resources.files("matcher.examine").joinpath(VECTORS).read_bytes()
    expected = json.loads(stored)
    tested = tuple(name for name in algorithms if name in expected[0]["answers"])
    for known, computed in zip(expected, answers(tested, cases=len(expected)), strict=True):
        for name, value in computed["answers"].items():
            if known["answers"][name] != value:
                raise SelfTestError(
                    f"self-test failed: {name} of built-in picture {known['seed']} is {value}, "
                    f"must be {known['answers'][name]}; this installation must not be used"
                )
    screened(tested)
    found_inside(tested)
    return {
        "vectors": hashlib.sha256(stored).hexdigest(),
        "cases": len(expected),
        "tested": list(tested),
        "decoded": decoded(),
        "untested": [name for name in algorithms if name not in tested],
    }
