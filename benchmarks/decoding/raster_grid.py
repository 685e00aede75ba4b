"""Is any FITS, PFM or netpbm file that common writers can write decoded into wrong pixels and called examined?

    python -m benchmarks.decoding.raster_grid DIR

As tiff_grid.py, for one drawn picture in FITS (every BITPIX, BZERO and BSCALE, grey and cubes, by numpy, ImageMagick
and libvips), PFM (grey and colour, both byte orders, scales), PBM, PGM, PPM (raw and plain, maxima from 1 to 65535,
with comments) and PAM. The exit code is 1 if one is wrong; files that do not agree stay in DIR.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.shared.grid_verdicts import judge
from matcher.imaging.drawing import landscape

KEPT = frozenset({"wrong", "read by nobody", "other picture"})
TYPES = {8: ">u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
Values = npt.NDArray[np.generic]
File = tuple[str, str, bytes]
"""The kind, the name and the bytes of a file."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    colour = landscape(11, width=211, height=163)
    grey = colour.convert("L")
    counted: defaultdict[str, Counter[str]] = defaultdict(Counter)
    kept = []
    for image in (grey, colour):
        for kind, name, data in _files(image, folder):
            path = folder / name
            path.write_bytes(data)
            truth = image.convert("1") if kind.startswith("PBM") else image
            verdict = judge(path, truth.convert("RGB"))
            counted[kind][verdict.word] += 1
            if verdict.word in KEPT:
                kept.append((name, verdict))
            else:
                path.unlink()
    words = sorted(sum(counted.values(), Counter()))
    print(f"| kind | written | {' | '.join(words)} |\n|{'---|' * (2 + len(words))}")
    for kind, verdicts in sorted(counted.items()):
        print(f"| {kind} | {verdicts.total()} | {' | '.join(str(verdicts[word]) for word in words)} |")
    for name, verdict in kept:
        print(f"{verdict.word}: {name}: {verdict.ours} {dict(verdict.referees)}")
    sys.exit(any(verdict.word == "wrong" for _, verdict in kept))


def _files(image: Image.Image, folder: Path) -> Iterator[File]:
    yield from _fits(image)
    yield from _pfm(image)
    yield from _netpbm(image)
    yield from _by_programs(image, folder)


def _fits(image: Image.Image) -> Iterator[File]:
    values = np.asarray(image).astype(np.float64)[::-1]
    form = "grey" if values.ndim == 2 else "cube"
    values = values if values.ndim == 2 else np.moveaxis(values, 2, 0)
    for bits, scale, zero in product(TYPES, (1.0, 0.5, -1.0), (0, 3, "unsigned")):
        gain = {8: 1, 16: 128, 32: 2**23, 64: 2**55}.get(bits, 1 / 255)
        stored = values * gain
        if scale < 0:
            stored = stored.max() - stored
        cards: dict[str, float] = {"BSCALE": scale} if scale != 1 else {}
        if zero == "unsigned" and bits > 8:  # as unsigned numbers are stored
            stored = stored * 2 - 2.0 ** (bits - 1)
            cards["BZERO"] = 2 ** (bits - 1)
        elif isinstance(zero, int) and zero:
            cards["BZERO"] = zero
        yield f"FITS {bits}", f"{form}_{bits}_{scale}_{zero}.fits", _fits_file(stored, bits, cards)


def _fits_file(values: Values, bits: int, cards: dict[str, float]) -> bytes:
    axes = {f"NAXIS{place}": size for place, size in enumerate(reversed(values.shape), 1)}
    pairs = {"SIMPLE": "T", "BITPIX": bits, "NAXIS": values.ndim, **axes, **cards}
    text = "".join(f"{name:<8}= {value!s:>20}".ljust(80) for name, value in pairs.items()) + "END".ljust(80)
    data = values.astype(TYPES[bits]).tobytes()
    return text.encode().ljust(-(-len(text) // 2880) * 2880) + data.ljust(-(-len(data) // 2880) * 2880, b"\0")


def _pfm(image: Image.Image) -> Iterator[File]:
    values = np.asarray(image)[::-1] / 255
    magic = "Pf" if values.ndim == 2 else "PF"
    for scale, gain in product((-1.0, 1.0, -0.25, 1000.0), (1.0, 0.01, 3.0, 65535.0)):
        data = (values * gain).astype("<f4" if scale < 0 else ">f4").tobytes()
        yield (
            f"PFM {magic}",
            f"{magic}_{scale}_{gain}.pfm",
            f"{magic}\n{image.width} {image.height}\n{scale}\n".encode() + data,
        )


def _netpbm(image: Image.Image) -> Iterator[File]:
    for gap in ("\n", " # text 1 2\n"):
        if image.mode == "L":
            pixels = np.asarray(image.convert("1"))
            head = f"{gap}{image.width} {image.height}\n".encode()
            mark = "comment" if "#" in gap else "plain"
            yield "PBM raw", f"{mark}.raw.pbm", b"P4" + head + np.packbits(~pixels, axis=1).tobytes()
            yield "PBM plain", f"{mark}.plain.pbm", b"P1" + head + _text((~pixels).astype(int))
        for maximum in (15, 31, 100, 254, 255, 256, 1000, 1023, 4095, 32767, 65534, 65535):
            values = np.rint(np.asarray(image) / 255 * maximum).astype(">u2" if maximum > 255 else "u1")
            kind, raw, plain = ("PGM", b"P5", b"P2") if image.mode == "L" else ("PPM", b"P6", b"P3")
            head = f"{gap}{image.width}{gap}{image.height}\n{maximum}\n".encode()
            name = f"{kind}_{maximum}_{len(gap)}"
            yield f"{kind} raw", f"{name}.raw.pnm", raw + head + values.tobytes()
            yield f"{kind} plain", f"{name}.plain.pnm", plain + head + _text(values)
            size = f"WIDTH {image.width}\nHEIGHT {image.height}\nDEPTH {len(image.getbands())}"
            pam = f"P7\n{size}\nMAXVAL {maximum}\nENDHDR\n"
            yield "PAM", f"{name}.pam", pam.encode() + values.tobytes()


def _text(values: Values) -> bytes:
    return b"\n".join(b" ".join(b"%d" % value for value in row.ravel()) for row in values)


def _by_programs(image: Image.Image, folder: Path) -> Iterator[File]:
    source, target = folder / "source.png", folder / "made"
    image.save(source)
    commands = {
        f"{depth}_{form}_{suffix}": [
            "convert",
            str(source),
            "-depth",
            depth,
            "-define",
            f"quantum:format={form}",
            f"{suffix}:{target}",
        ]
        for depth, form, suffix in product(
            ("1", "8", "12", "16", "32", "64"),
            ("unsigned", "signed", "floating-point"),
            ("fits", "pfm", "pgm", "ppm", "pam"),
        )
    }
    for kind in ("uchar", "char", "ushort", "short", "uint", "int", "float", "double"):
        commands[f"vips_{kind}_fits"] = ["vips", "cast", str(source), f"{target}.fits", kind]
    for name, command in commands.items():
        if shutil.which(command[0]) is None or (name.endswith("pgm") and image.mode != "L"):
            continue
        subprocess.run(command, check=False, capture_output=True, timeout=60)
        made = next((path for path in (target, Path(f"{target}.fits")) if path.exists()), None)
        if made is not None:
            suffix = name.rpartition("_")[2]
            yield f"{suffix.upper()} by {command[0]}", f"{image.mode}_{name}.{suffix}", made.read_bytes()
            made.unlink()
    source.unlink()


if __name__ == "__main__":
    main()
