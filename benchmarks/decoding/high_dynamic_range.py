"""How far is the hash of a picture in high dynamic range from that of its ordinary copy?

    python -m benchmarks.decoding.high_dynamic_range FOLDER [--most N] [--side PIXELS]

Takes N JPEG photographs below FOLDER (every k-th) whose PDQ quality is 80 or more, at most `--side` pixels a side, and
codes them in PQ and HLG with the primaries of BT.2020 and P3, white at 203 cd/m². `avifenc` (libavif-bin) and
pillow-heif write them as AVIF and HEIC of 10 and 12 bits, `cjxl` (libjxl-tools) as JPEG XL, and a PNG of 16 bits with
cICP is written here. Prints, for each kind, the distance of PDQ and pHash from the original: of the samples as they
are, as most programs show them, and of what the reader makes of them.
"""

from __future__ import annotations

import argparse
import io
import shutil
import statistics
import struct
import subprocess
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from unittest import mock

import numpy as np
import numpy.typing as npt
import pillow_heif
from PIL import Image

from matcher.distances import hamming
from matcher.hashers import picture_hashers
from matcher.imaging.decode import decode
from matcher.imaging.formats import avif, heif, jxl, png
from matcher.imaging.picture import Picture
from matcher.imaging.sniff import HEAD, sniff

LIMIT = 10
QUALITY = 80
PQ, HLG = 16, 18
BT2020, P3 = 9, 12
WHITE = 203.0
FROM_SRGB = {
    BT2020: ((0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.0880, 0.8956)),
    P3: ((0.8225, 0.1774, 0.0), (0.0332, 0.9669, 0.0), (0.0171, 0.0724, 0.9108)),
}
"""Light of sRGB's primaries → light of these (ITU-R BT.2087, SMPTE EG 432-1)."""
LUMINANCE = {BT2020: (0.2627, 0.6780, 0.0593), P3: (0.2290, 0.6917, 0.0793)}
Codes = npt.NDArray[np.uint16]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--most", type=int, default=50)
    parser.add_argument("--side", type=int, default=800)
    arguments = parser.parse_args()
    copies = _copies()
    results: dict[str, list[tuple[int, int, int, int]]] = {name: [] for name in copies}
    count = 0
    for original in _originals(arguments.folder, arguments.most, arguments.side):
        count += 1
        reference = _hashes(original)
        for name, copy in copies.items():
            data = copy(original)
            plain, converted = _read_as_it_is(data), _read(data)
            results[name].append((*_distances(reference, plain), *_distances(reference, converted)))
    print(f"{count} photographs, PDQ quality {QUALITY} or more, at most {arguments.side} pixels a side\n")
    print(
        f"| copy | PDQ before: median, largest, > {LIMIT} | PDQ now: median, largest, > {LIMIT} | pHash before | now |"
    )
    print("|---|---|---|---|---|")
    for name, rows in results.items():
        pdq, phash, pdq_now, phash_now = zip(*rows, strict=True)
        print(f"| {name} | {_summary(pdq)} | {_summary(pdq_now)} | {_summary(phash, 0)} | {_summary(phash_now, 0)} |")


def _summary(distances: tuple[int, ...], limit: int = LIMIT) -> str:
    beyond = f", {sum(distance > limit for distance in distances)}" if limit else ""
    return f"{statistics.median(distances):g}, {max(distances)}{beyond}"


def _originals(folder: Path, most: int, side: int) -> Iterator[Image.Image]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    step = max(1, len(paths) // (2 * most))
    taken = 0
    for path in [path for start in range(step) for path in paths[start::step]]:
        with Image.open(path) as image:
            if image.mode != "RGB" or min(image.size) < 200:
                continue
            original = image.convert("RGB")
        original.thumbnail((side, side))
        quality = picture_hashers(("pdq",))[0].hash(Picture(original)).quality
        if (quality or 0) >= QUALITY:
            yield original
            taken += 1
        if taken == most:
            return


def _hashes(image: Image.Image) -> tuple[bytes, bytes]:
    pdq, phash = (hasher.hash(Picture(image)) for hasher in picture_hashers(("pdq", "phash")))
    return pdq.value, phash.value


def _distances(reference: tuple[bytes, bytes], image: Image.Image) -> tuple[int, int]:
    pdq, phash = _hashes(image)
    return hamming(reference[0], pdq), hamming(reference[1], phash)


def _read(data: bytes) -> Image.Image:
    kind = sniff(data[:HEAD])
    assert kind is not None
    return next(iter(decode(data, kind).renderings())).image


def _read_as_it_is(data: bytes) -> Image.Image:
    """The picture whose codes are taken for sRGB's, as most programs show it."""
    with ExitStack() as patched:
        for module in (avif, heif, jxl, png):
            patched.enter_context(mock.patch.object(module, "to_sdr", lambda image, _coding: image))
        return _read(data)


def coded(image: Image.Image, primaries: int, transfer: int) -> Codes:
    """The picture in sRGB → codes of sixteen bits, (h, w, 3), white at 203 cd/m²."""
    values = np.asarray(image) / 255
    light = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    light = np.clip(np.einsum("ij,hwj->hwi", np.array(FROM_SRGB[primaries]), light), 0, None)
    if transfer == PQ:
        power = (light * WHITE / 10000) ** (2610 / 16384)
        codes = ((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)
    else:
        shown = light * WHITE / 1000
        luminance = np.einsum("j,hwj->hw", np.array(LUMINANCE[primaries]), shown)[:, :, None]
        scene = shown * np.where(luminance > 0, luminance, 1) ** (1 / 1.2 - 1)
        above = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
        codes = np.where(scene <= 1 / 12, np.sqrt(3 * scene), above)
    sixteen_bits: Codes = np.rint(np.clip(codes, 0, 1) * 65535).astype(np.uint16)
    return sixteen_bits


def _png(codes: Codes, primaries: int, transfer: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    height, width, _ = codes.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in codes)
    head = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"cICP", bytes([primaries, transfer, 0, 1])), (b"IDAT", zlib.compress(rows, 1))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in [*parts, (b"IEND", b"")])


def _avif(codes: Codes, primaries: int, transfer: int, *, depth: int) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "a.png", Path(folder) / "a.avif"
        source.write_bytes(_png(codes, primaries, transfer))
        cicp = f"{primaries}/{transfer}/9"
        command = ["avifenc", "-s", "8", "-d", str(depth), "--min", "10", "--max", "20", "--cicp", cicp]
        subprocess.run([*command, str(source), str(target)], check=True, capture_output=True)
        return target.read_bytes()


def _heic(codes: Codes, primaries: int, transfer: int, *, depth: int) -> bytes:
    pillow_heif.options.SAVE_HDR_TO_12_BIT = depth == 12
    height, width, _ = codes.shape
    opened = pillow_heif.from_bytes("RGB;16", (width, height), codes.astype("<u2").tobytes())
    stream = io.BytesIO()
    opened.save(
        stream,
        quality=80,
        color_primaries=primaries,
        transfer_characteristics=transfer,
        matrix_coefficients=9,
        full_range_flag=1,
        save_nclx_profile=True,
    )
    return stream.getvalue()


def _jxl(codes: Codes, primaries: int, transfer: int) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "a.png", Path(folder) / "a.jxl"
        source.write_bytes(_png(codes, primaries, transfer))
        space = (
            f"color_space=RGB_D65_{'202' if primaries == BT2020 else 'DCI'}_Rel_{'PeQ' if transfer == PQ else 'HLG'}"
        )
        command = ["cjxl", "-d", "1", "-e", "3", "-x", space, str(source), str(target)]
        subprocess.run(command, check=True, capture_output=True)
        return target.read_bytes()


def _copies() -> dict[str, Callable[[Image.Image], bytes]]:
    writers: dict[str, Callable[[Codes, int, int], bytes]] = {
        "16-bit PNG with cICP": _png,
        "10-bit HEIC": lambda codes, *numbers: _heic(codes, *numbers, depth=10),
        "12-bit HEIC": lambda codes, *numbers: _heic(codes, *numbers, depth=12),
    }
    if shutil.which("avifenc"):
        writers["10-bit AVIF"] = lambda codes, *numbers: _avif(codes, *numbers, depth=10)
        writers["12-bit AVIF"] = lambda codes, *numbers: _avif(codes, *numbers, depth=12)
    if shutil.which("cjxl"):
        writers["JPEG XL"] = _jxl
    kinds = {"PQ, BT.2020": (BT2020, PQ), "HLG, BT.2020": (BT2020, HLG), "PQ, P3": (P3, PQ)}

    def copy(write: Callable[[Codes, int, int], bytes], numbers: tuple[int, int]) -> Callable[[Image.Image], bytes]:
        return lambda image: write(coded(image, *numbers), *numbers)

    return {
        f"{name}, {kind}": copy(write, numbers) for name, write in writers.items() for kind, numbers in kinds.items()
    }


if __name__ == "__main__":
    main()
