"""How far does a colour mode move a hash? Photographs are copied in every mode and compared with the original.

    python -m benchmarks.decoding.colour_modes FOLDER [--most N] [--side PIXELS] [--profile CMYK.icc] [--magick CONVERT]

Takes N JPEG photographs below FOLDER (every k-th, so that they spread over the folder) whose PDQ quality is 80 or more,
makes copies and prints, for each mode, the distance of PDQ and pHash from the original in bits: median, largest, and
how many are beyond 10 bits of PDQ. `--side` first reduces the originals to at most that many pixels a side; 0 leaves
them as they are. With a CMYK profile, copies are also separated by it, and read with and without the embedded profile.
With ImageMagick's `convert`, YCCK, 16-bit RGB and Lab copies are made by it, as Pillow cannot write those.
"""

from __future__ import annotations

import argparse
import io
import shutil
import statistics
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from benchmarks.shared.png_cases import filtered, header, joined
from matcher.distances import hamming
from matcher.errors import DecodeError
from matcher.hashers import picture_hashers
from matcher.imaging.decode import decode
from matcher.imaging.embedded import Found
from matcher.imaging.picture import Picture
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import Hash

LIMIT = 10
QUALITY = 80

Copies = dict[str, Callable[[Image.Image], bytes]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--most", type=int, default=50)
    parser.add_argument("--side", type=int, default=0)
    parser.add_argument("--profile", type=Path)
    parser.add_argument("--magick", default=shutil.which("magick") or shutil.which("convert"))
    arguments = parser.parse_args()
    copies = _own_copies()
    if arguments.profile:
        copies |= _separated(arguments.profile.read_bytes())
    if arguments.magick:
        copies |= _magick_copies(arguments.magick)
    else:
        print("ImageMagick is not installed: no YCCK, no 16-bit RGB, no Lab by it", file=sys.stderr)
    distances: dict[str, list[tuple[int, int]]] = {name: [] for name in copies}
    failed: dict[str, int] = dict.fromkeys(copies, 0)
    pictures = 0
    for original in _originals(arguments.folder, arguments.most, arguments.side):
        pictures += 1
        pdq, phash = _hashes(Picture(original))
        for name, copy in copies.items():
            try:
                hashes = [_hashes(picture) for picture in _read(copy(original))]
            except DecodeError:
                failed[name] += 1
                continue
            nearest = _nearest(pdq, [each for each, _ in hashes]), _nearest(phash, [each for _, each in hashes])
            distances[name].append(nearest)
    print(f"{pictures} photographs, PDQ quality {QUALITY} or more\n")
    print(f"| copy | not read | PDQ median | PDQ largest | PDQ > {LIMIT} | pHash median | pHash largest |")
    print("|---|---|---|---|---|---|---|")
    for name, pairs in distances.items():
        if not pairs:
            print(f"| {name} | {failed[name]} | | | | | |")
            continue
        by_pdq, by_phash = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        beyond = sum(distance > LIMIT for distance in by_pdq)
        cells = [failed[name], statistics.median(by_pdq), max(by_pdq), beyond, statistics.median(by_phash)]
        print(f"| {name} | {' | '.join(f'{cell:g}' for cell in cells)} | {max(by_phash)} |")


def _originals(folder: Path, most: int, side: int) -> Iterator[Image.Image]:
    """A generator of at most `most` RGB photographs of high quality, spread over the folder."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    step = max(1, len(paths) // (2 * most))
    taken = 0
    for path in [path for start in range(step) for path in paths[start::step]]:
        with Image.open(path) as image:
            if image.mode != "RGB" or min(image.size) < 200:
                continue
            original = image.convert("RGB")
        if side:
            original.thumbnail((side, side))
        if (_hashes(Picture(original))[0].quality or 0) < QUALITY:
            continue
        yield original
        taken += 1
        if taken == most:
            return


def _hashes(picture: Picture) -> tuple[Hash, Hash]:
    pdq, phash = (hasher.hash(picture) for hasher in picture_hashers(("pdq", "phash")))
    return pdq, phash


def _nearest(original: Hash, pairs: Sequence[Hash]) -> int:
    """The distance of the nearest rendering, which decides a match."""
    return min(hamming(original.value, one.value) for one in pairs)


def _read(data: bytes) -> Iterator[Picture]:
    """A generator of all renderings. DecodeError where the copy cannot be read."""
    kind = sniff(data[:HEAD])
    assert kind is not None
    yield from decode(data, kind, found=Found()).renderings()


def _encoded(image: Image.Image, suffix: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, suffix, **options)
    return stream.getvalue()


def _without_adobe(data: bytes) -> bytes:
    """A JPEG without its Adobe segment."""
    at = data.index(b"\xff\xee")
    return data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4]) :]


def _not_inverted(image: Image.Image) -> bytes:
    """A CMYK JPEG in which 255 is full ink, with an Adobe segment as libjpeg writes it. Pillow inverts on writing."""
    inverted = Image.fromarray(255 - np.asarray(image.convert("CMYK")), "CMYK")
    return _encoded(inverted, "JPEG", quality=90)


def _lab(image: Image.Image) -> Image.Image:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    converted = ImageCms.profileToProfile(image, srgb, lab, outputMode="LAB")
    assert converted is not None
    return converted


def _sixteen_bit_grey(image: Image.Image, *, bits: int = 16) -> Image.Image:
    grey = np.asarray(image.convert("L")).astype(np.uint16)
    return Image.fromarray((grey * 257) >> (16 - bits))


def _sixteen_bit_rgb(image: Image.Image, *, bits: int) -> bytes:
    """A PNG of sixteen bits that uses the lowest `bits`. Pillow cannot write it."""
    values = (np.asarray(image).astype(np.uint16) * 257) >> (16 - bits)
    lines = filtered(values.astype(">u2").view(np.uint8).reshape(*values.shape[:2], 6), (1, 2))
    return joined([header(*image.size, 2, depth=16), (b"IDAT", zlib.compress(lines, 1)), (b"IEND", b"")])


def _with_alpha(image: Image.Image) -> Image.Image:
    copy = image.convert("RGBA")
    copy.putalpha(254)
    return copy


def _own_copies() -> Copies:
    return {
        "JPEG quality 90, for comparison": lambda image: _encoded(image, "JPEG", quality=90),
        "CMYK JPEG, Adobe inverted": lambda image: _encoded(image.convert("CMYK"), "JPEG", quality=90),
        "CMYK JPEG, not inverted": _not_inverted,
        "CMYK JPEG, inverted, no Adobe segment": lambda image: _without_adobe(
            _encoded(image.convert("CMYK"), "JPEG", quality=90)
        ),
        "CMYK JPEG, not inverted, no Adobe segment": lambda image: _without_adobe(_not_inverted(image)),
        "YCCK JPEG": _ycck,
        "CMYK TIFF": lambda image: _encoded(image.convert("CMYK"), "TIFF"),
        "Lab TIFF": lambda image: _encoded(_lab(image), "TIFF"),
        "palette PNG, 256 colours": lambda image: _encoded(image.quantize(256), "PNG"),
        "palette PNG, 16 colours": lambda image: _encoded(image.quantize(16), "PNG"),
        "GIF": lambda image: _encoded(image, "GIF"),
        "grey PNG": lambda image: _encoded(image.convert("L"), "PNG"),
        "16-bit grey PNG": lambda image: _encoded(_sixteen_bit_grey(image), "PNG"),
        "12 of 16 bits grey PNG": lambda image: _encoded(_sixteen_bit_grey(image, bits=12), "PNG"),
        "10 of 16 bits RGB PNG": lambda image: _sixteen_bit_rgb(image, bits=10),
        "12 of 16 bits RGB PNG": lambda image: _sixteen_bit_rgb(image, bits=12),
        "16-bit grey TIFF": lambda image: _encoded(_sixteen_bit_grey(image), "TIFF"),
        "float TIFF, 0 to 1": lambda image: _encoded(
            Image.fromarray(np.asarray(image.convert("L")) / np.float32(255)), "TIFF"
        ),
        "alpha 254 PNG": lambda image: _encoded(_with_alpha(image), "PNG"),
        "bilevel PNG, dithered": lambda image: _encoded(image.convert("1"), "PNG"),
        "bilevel PNG, threshold": lambda image: _encoded(image.convert("1", dither=Image.Dither.NONE), "PNG"),
        "WebP quality 80": lambda image: _encoded(image, "WEBP"),
        "AVIF quality 75": lambda image: _encoded(image, "AVIF", speed=9),
        "JPEG 2000 lossless": lambda image: _encoded(image, "JPEG2000"),
    }


def _separated(profile: bytes) -> Copies:
    """Copies separated into the inks of a press, as design programs write them."""

    def inks(image: Image.Image) -> Image.Image:
        press = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, ImageCms.createProfile("sRGB"), press, outputMode="CMYK")
        assert converted is not None
        converted.info.pop("icc_profile", None)
        return converted

    return {
        "press CMYK JPEG, profile": lambda image: _encoded(inks(image), "JPEG", quality=90, icc_profile=profile),
        "press CMYK JPEG, profile lost": lambda image: _encoded(inks(image), "JPEG", quality=90),
        "press CMYK TIFF, profile": lambda image: _encoded(inks(image), "TIFF", icc_profile=profile),
        "press CMYK TIFF, profile lost": lambda image: _encoded(inks(image), "TIFF"),
    }


def _magick_copies(program: str) -> Copies:
    def made(*options: str) -> Callable[[Image.Image], bytes]:
        def copy(image: Image.Image) -> bytes:
            source = _encoded(image, "PNG", compress_level=1)
            return subprocess.run([program, "png:-", *options], input=source, capture_output=True, check=True).stdout

        return copy

    return {
        "16-bit RGB PNG": made("-depth", "16", "png48:-"),
        "16-bit RGB TIFF": made("-depth", "16", "-type", "TrueColor", "tiff:-"),
        "8-bit Lab TIFF by ImageMagick": made("-colorspace", "Lab", "-depth", "8", "tiff:-"),
        "16-bit Lab TIFF by ImageMagick": made("-colorspace", "Lab", "-depth", "16", "tiff:-"),
        "16-bit CMYK TIFF by ImageMagick": made("-colorspace", "CMYK", "-depth", "16", "tiff:-"),
        "CMYK JPEG by ImageMagick": made("-colorspace", "CMYK", "-quality", "90", "jpeg:-"),
        "CMYK PSD by ImageMagick": made("-colorspace", "CMYK", "psd:-"),
        "RGB PSD by ImageMagick": made("psd:-"),
        "16-bit PSD by ImageMagick": made("-depth", "16", "psd:-"),
    }


def _ycck(image: Image.Image) -> bytes:
    """A CMYK JPEG whose Adobe segment says YCCK: luma and chroma of cyan, magenta and yellow, and black inverted.

    The four planes are written as they are, as plain CMYK, then the segment's last byte is set to 2.
    """
    inks = np.asarray(image.convert("CMYK"))
    colour = Image.fromarray(inks[:, :, :3]).convert("YCbCr")
    planes = np.dstack([np.asarray(colour), 255 - inks[:, :, 3]])
    # Pillow inverts what it writes as CMYK
    data = bytearray(_encoded(Image.fromarray(255 - planes, "CMYK"), "JPEG", quality=90))
    at = data.index(b"\xff\xee")
    data[at + 15] = 2
    return bytes(data)


if __name__ == "__main__":
    main()
