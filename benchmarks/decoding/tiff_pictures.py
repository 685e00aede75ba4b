"""The picture of the grid of TIFF variants: its samples in every form, and what a reader should show of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from matcher.imaging.drawing import landscape

WIDTH, HEIGHT = 211, 163
ALPHA = 200
"""The alpha of the variants that have one, out of 255: composited or not, the picture is nearly the same."""
UNSIGNED = ("u1", "u2", "u4", "u6", "u8", "u10", "u12", "u14", "u16", "u24", "u32", "u64")

Samples = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Variant:
    """One file: its writer, and what it varies, dimension → value. The values of `photometric` begin with the kind."""

    writer: str
    facts: tuple[tuple[str, str], ...]

    def __getitem__(self, name: str) -> str:
        return dict(self.facts).get(name, "-")

    @property
    def name(self) -> str:
        words = [self.writer, *(value for _, value in self.facts if value != "-")]
        return "_".join(words).replace("/", "-").replace(":", "-").replace("+", "-") + ".tif"


def truth(variant: Variant) -> Image.Image:
    """The picture that a variant holds, as it should be read, in RGB of eight bits."""
    kind = variant["photometric"].partition("+")[0]
    if kind in ("white", "black", "mask"):
        if variant["samples"] == "u1":
            return _bilevel()
        return _few(original().convert("L"), variant["samples"]).convert("RGB")
    return _colour(variant)


def _colour(variant: Variant) -> Image.Image:
    if variant["photometric"] == "palette":
        return _palette(variant["samples"]).convert("RGB")
    if variant["photometric"].startswith("cmyk"):
        return _few(Image.frombytes("CMYK", (WIDTH, HEIGHT), cmyk().tobytes()), variant["samples"]).convert("RGB")
    return _few(original(), variant["samples"])


def original() -> Image.Image:
    """The picture that all variants hold."""
    return landscape(11, width=WIDTH, height=HEIGHT)


def _few(image: Image.Image, samples: str) -> Image.Image:
    """The picture in as few bits as those of `samples`, scaled to 0 to 255."""
    bits = int(samples[1:]) if samples in UNSIGNED else 8
    if bits >= 8:
        return image
    most = (1 << bits) - 1
    values = ((np.asarray(image) >> (8 - bits)) * (255 / most)).astype(np.uint8)
    return Image.frombytes(image.mode, image.size, values.tobytes())


def _bilevel() -> Image.Image:
    return original().convert("1").convert("RGB")


def _palette(samples: str) -> Image.Image:
    bits = min(8, int(samples[1:])) if samples[:1] == "u" else 8
    return original().quantize(1 << bits if bits < 8 else 200, dither=Image.Dither.NONE)


def samples_of(variant: Variant) -> Samples:
    """The samples of a variant, (height, width) or (height, width, channels)."""
    samples, photometric = variant["samples"], variant["photometric"]
    kind, _, extra = photometric.partition("+")
    if kind == "palette":
        return np.asarray(_palette(samples)).astype(_wide(samples))
    if kind in ("white", "black", "mask"):
        image = original().convert("L") if samples != "u1" else original().convert("1").convert("L")
        channels = np.asarray(image)
        channels = 255 - channels if kind == "white" else channels
        channels = channels[:, :, None] if extra else channels
    elif kind == "cmyk":
        channels = cmyk()
    elif kind == "ycbcr":
        channels = np.asarray(original().convert("YCbCr"))
    elif kind in ("lab", "icclab"):
        channels = lab(signed=kind == "lab")
    else:
        channels = np.asarray(original())
    if extra:
        opacity = np.full((*channels.shape[:2], 1), ALPHA, np.uint8)
        if extra == "assoc":
            channels = (channels.astype(np.uint16) * ALPHA // 255).astype(np.uint8)
        channels = np.concatenate([channels, opacity], axis=2)
    return _scaled(channels, samples, variant)


def _scaled(channels: npt.NDArray[np.uint8], samples: str, variant: Variant) -> Samples:
    """Eight bits in the sample format: unsigned and signed over the whole range, floats from 0 to 1."""
    kind, bits = samples[0], int(samples[1:])
    if kind in "fc":
        low, high = (float(word) for word in variant["range"].split(" to ")) if variant["range"] != "-" else (0, 1)
        return (channels / 255 * (high - low) + low).astype(_wide(samples))
    used = int(variant["used bits"]) if variant["used bits"] != "-" else bits
    if kind == "u" or used < bits:
        wide = channels.astype(np.uint64)
        if used < 8:
            return (wide >> np.uint64(8 - used)).astype(_wide(samples))
        if variant["photometric"] in ("lab", "icclab"):
            return (wide << np.uint64(used - 8)).astype(_wide(samples))
        return (wide * np.uint64(((1 << used) - 1) // 255)).astype(_wide(samples))
    return ((channels.astype(np.int64) - 128) * (1 << (bits - 8))).astype(_wide(samples))


def _wide(samples: str) -> npt.DTypeLike:
    kind, bits = samples[0], int(samples[1:])
    return np.dtype(f"{kind}{next(wide for wide in (8, 16, 32, 64, 128) if bits <= wide) // 8}")


def colour_table(variant: Variant) -> npt.NDArray[np.uint16]:
    """The colour table of a palette, (3, 2^bits)."""
    bits = int(variant["samples"][1:])
    colours = np.array(_palette(variant["samples"]).getpalette(), np.uint16).reshape(-1, 3).T
    table = np.zeros((3, 1 << min(16, bits)), np.uint16)
    table[:, : colours.shape[1]] = colours[:, : table.shape[1]] * (1 if variant["table"] == "0 to 255" else 257)
    return table


def cmyk() -> npt.NDArray[np.uint8]:
    """The picture in inks, half of the grey part replaced by black."""
    inks = 255 - np.asarray(original()).astype(np.float64)
    black = inks.min(axis=2, keepdims=True) / 2
    whole: npt.NDArray[np.uint8] = np.rint(np.dstack([(inks - black) / (255 - black) * 255, black])).astype(np.uint8)
    return whole


def lab(*, signed: bool) -> npt.NDArray[np.uint8]:
    """The picture in Lab, a and b in two's complement (CIELab) or raised by 128 (ICCLab)."""
    source, target = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    converted = ImageCms.profileToProfile(original(), source, target, outputMode="LAB")
    assert converted is not None
    channels = np.dstack([np.asarray(band) for band in converted.split()]).astype(np.uint8)
    if signed:
        channels[:, :, 1:] ^= 0x80
    return channels
