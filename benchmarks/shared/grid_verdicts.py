"""What is made of a file whose picture is known: read as a scan does, beside independent readers."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

from matcher.distances import hamming
from matcher.errors import DecodeError
from matcher.hashers import picture_hashers
from matcher.imaging.colour import from_float, highest_bits
from matcher.imaging.decode import decode
from matcher.imaging.picture import Picture, turn
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import TRANSFORMS

NEAR = 10
"""The most bits of PDQ between a reading and the picture that it is of."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`word` is a reason, or one of these. Distances are in bits of PDQ, -1 where none was read.

    agree: the picture was read. other picture: the file holds another one than meant, as two referees read it too, or
    the program that wrote it, or it is of one colour, as a referee sees too. read by nobody: the file is called read,
    and no referee reads the picture from it. wrong: the file is called read, and is not, while a referee reads it. not
    written: the writer refused.
    """

    word: str
    ours: int = -1
    referees: tuple[tuple[str, int], ...] = ()

    def as_dict(self) -> dict[str, object]:
        return {"verdict": self.word} | {key: value for key, value in asdict(self).items() if key != "word"}


def judge(path: Path, truth: Image.Image, *, turned: bool = False, writer: str = "") -> Verdict:
    """The verdict on a file that holds the picture `truth`; if `turned`, in any orientation.

    `writer` is the referee whose program wrote the file, "" where none did.
    """
    targets = [_pdq(turn(truth, transform)) for transform in (TRANSFORMS if turned else TRANSFORMS[:1])]
    data = path.read_bytes()
    reason, pictures = _read(data)
    ours = [_pdq(picture) for picture in pictures]
    distance = min((_nearest(targets, code) for code in ours), default=-1)
    if 0 <= distance <= NEAR and reason is None:
        return Verdict("agree", distance)
    if reason is not None:
        return Verdict(reason if distance < 0 else f"{reason}, in part", distance)
    images = dict(_referees(path))
    readings = {name: _pdq(image) for name, image in images.items()}
    referees = tuple((name, _nearest(targets, code)) for name, code in readings.items())
    like_ours = [name for name, code in readings.items() if min(hamming(own, code) for own in ours) <= NEAR]
    right = any(bits <= NEAR for _, bits in referees)
    is_flat = any(map(_is_flat, images.values())) and all(map(_is_flat, pictures))
    is_other = len(like_ours) >= 2 or ((writer in like_ours or is_flat) and not right)
    word = "other picture" if is_other else "wrong" if right else "read by nobody"
    return Verdict(word, distance, referees)


def _is_flat(image: Image.Image) -> bool:
    return all(low == high for low, high in np.reshape(image.convert("RGB").getextrema(), (-1, 2)))


def _nearest(targets: list[bytes], code: bytes) -> int:
    return min(hamming(target, code) for target in targets)


def _read(data: bytes) -> tuple[str | None, list[Image.Image]]:
    kind = sniff(data[:HEAD])
    if kind is None:
        return "not-a-picture", []
    try:
        decoded = decode(data, kind)
        pictures = [picture.image for picture in decoded.renderings()]
    except DecodeError as error:
        return str(error.reason), []
    return None if decoded.reason is None else str(decoded.reason), pictures


def _pdq(image: Image.Image) -> bytes:
    (hasher,) = picture_hashers(("pdq",))
    return bytes(hasher.hash(Picture(image.convert("RGB"))).value)


def _referees(path: Path) -> Iterator[tuple[str, Image.Image]]:
    """A generator of the readings of those referees that are installed and read the file."""
    readers: dict[str, Callable[[Path], Image.Image]] = {
        "ImageMagick": _by_convert,
        "libvips": _by_vips,
        "tifffile": _by_tifffile,
    }
    for name, reader in readers.items():
        try:
            yield name, reader(path)
        except Exception:  # noqa: BLE001 - a referee that refuses has no opinion
            continue


def _by_convert(path: Path) -> Image.Image:
    program = shutil.which("convert")
    if program is None:
        raise FileNotFoundError("convert")
    target = path.with_suffix(".magick.ppm")
    command = [program, f"{path}[0]", "-alpha", "off", "-colorspace", "sRGB", "-auto-level", "-depth", "8", str(target)]
    return _made(command, target)


def _by_vips(path: Path) -> Image.Image:
    program = shutil.which("vips")
    if program is None:
        raise FileNotFoundError("vips")
    target = path.with_suffix(".vips.png")
    return _made([program, "colourspace", str(path), str(target), "srgb"], target)


def _made(command: list[str], target: Path) -> Image.Image:
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        with Image.open(target) as image:
            return image.convert("RGB")
    finally:
        target.unlink(missing_ok=True)


def _by_tifffile(path: Path) -> Image.Image:
    """The first page. Only what a reader of samples can show: grey, RGB, palettes and their negatives."""
    with tifffile.TiffFile(path) as opened:
        page = opened.pages[0]
        assert isinstance(page, tifffile.TiffPage)
        values = page.asarray()
        if page.planarconfig == 2 and values.ndim == 3:
            values = np.moveaxis(values, 0, 2)
        photometric, table, extra = page.photometric, page.colormap, len(page.extrasamples)
    if photometric == 3 and table is not None:
        table = table if table.max() < 256 else table >> 8
        return Image.fromarray(table.T[values].astype(np.uint8))
    if photometric not in (0, 1, 2, 4):
        raise ValueError("a photometric interpretation that tifffile leaves to others")
    if values.ndim == 3 and extra:
        values = values[:, :, : -extra if values.shape[2] - extra != 1 else 1].squeeze()
    if values.dtype.kind == "b":
        values = values.astype(np.uint8) * 255
    image = from_float(values) if values.dtype.kind == "f" else highest_bits(values)
    return Image.fromarray(255 - np.asarray(image)) if photometric == 0 else image
