"""One drawn picture as thousands of TIFF files: every combination of tags that the writers at hand can write.

`variants` gives their descriptions, `write` writes one. The writers are tifffile (with imagecodecs), ImageMagick's
`convert`, libtiff's `tiffcp` and libvips' `vips`; the programs may be missing. What a writer refuses is no variant.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image, ImageCms

from matcher.imaging.drawing import landscape

WIDTH, HEIGHT = 211, 163
ALPHA = 200
"""The alpha of the variants that have one, out of 255: composited or not, the picture is nearly the same."""

UNSIGNED = ("u1", "u2", "u4", "u6", "u8", "u10", "u12", "u14", "u16", "u24", "u32", "u64")
OTHERS = ("i8", "i16", "i32", "i64", "f16", "f32", "f64", "c64", "c128")
PHOTOMETRIC = {
    **{"white": 0, "black": 1, "rgb": 2, "palette": 3, "mask": 4, "cmyk": 5, "ycbcr": 6, "lab": 8, "icclab": 9},
    **{"black+alpha": 1, "rgb+alpha": 2, "rgb+assoc": 2, "rgb+unknown": 2, "cmyk+alpha": 5},
}
BYTES = ("none", "lzw", "deflate", "adobe_deflate", "packbits", "lzma", "zstd")
"""Compressions of bytes, whatever samples they hold."""
PICTURES = ("jpeg", "webp", "lerc", "jpeg2000", "jpegxl", "png", "ccittrle", "ccitt_t4", "ccitt_t6")
"""Compressions of pictures."""
TILE = (48, 64)

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


def variants(programs: frozenset[str]) -> Iterator[Variant]:
    """A generator of every variant of tifffile and of the `programs` that are installed: convert, tiffcp, vips."""
    yield from _by_tifffile()
    if "tiffcp" in programs:
        yield from _by_tiffcp()
    if "convert" in programs:
        yield from _by_convert()
    if "vips" in programs:
        yield from _by_vips()


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


# tifffile


def _by_tifffile() -> Iterator[Variant]:
    dimensions = product(
        (*UNSIGNED, *OTHERS), PHOTOMETRIC, ("contig", "separate"), ("<", ">"), ("1", "2", "3"), BYTES, ("strips", "tiles")
    )
    for samples, photometric, planes, order, predictor, compression, layout in dimensions:
        if predictor != "1" and (compression in ("none", "packbits", "lzma", "deflate") or photometric == "palette"):
            continue
        if (predictor == "3") != (samples[0] == "f") and predictor == "3":
            continue
        if planes == "separate" and photometric in ("white", "black", "palette", "mask"):
            continue
        if order == ">" and samples in ("u10", "u12", "u14", "u24"):  # tifffile exchanges their bytes before packing
            continue
        if layout == "tiles" and compression not in ("none", "lzw", "adobe_deflate"):
            continue
        if photometric == "mask" and samples != "u1":
            continue
        if photometric == "palette" and samples[0] != "u":
            continue
        yield Variant("tifffile", _facts(samples, photometric, planes, order, predictor, compression, layout))
    for samples, compression, layout in product(("u8", "u16", "f32"), ("none", "lzw"), ("strips", "tiles")):
        for photometric, order in product(("white", "black", "rgb", "palette", "cmyk"), "<>"):
            facts = _facts(samples, photometric, "contig", order, "1", compression, layout)
            yield Variant("tifffile", (*facts, ("big", "bigtiff")))
    for samples, photometric, planes, order, compression, layout in product(
        ("u1", "u8", "u16", "f32", "f64"),
        ("white", "black", "rgb", "cmyk", "ycbcr", "rgb+alpha"),
        ("contig", "separate"),
        "<>",
        PICTURES,
        ("strips", "tiles"),
    ):
        if planes == "separate" and photometric in ("white", "black"):
            continue
        if compression.startswith("ccitt") and (samples != "u1" or photometric not in ("white", "black")):
            continue
        if order == ">" and layout == "tiles":
            continue
        yield Variant("tifffile", _facts(samples, photometric, planes, order, "1", compression, layout))
    for subsampling, samples, compression in product(("1x1", "2x1", "2x2", "4x1", "4x2"), ("u8",), ("jpeg", "none")):
        facts = _facts(samples, "ycbcr", "contig", "<", "1", compression, "strips")
        yield Variant("tifffile", (*facts, ("subsampling", subsampling)))
    for samples, order, compression in product(("u2", "u4", "u8", "u16"), "<>", ("none", "lzw", "zstd")):
        facts = _facts(samples, "palette", "contig", order, "1", compression, "strips")
        yield Variant("tifffile", (*facts, ("table", "0 to 255")))
    for samples, photometric, orientation in product(("u8", "u16", "f32"), ("black", "rgb"), range(2, 9)):
        facts = _facts(samples, photometric, "contig", "<", "1", "lzw", "strips")
        yield Variant("tifffile", (*facts, ("orientation", str(orientation))))
    for samples, photometric, values in product(
        ("f16", "f32", "f64"), ("white", "black", "rgb"), ("0 to 255", "0 to 65535", "-1 to 1")
    ):
        facts = _facts(samples, photometric, "contig", "<", "1", "adobe_deflate", "strips")
        yield Variant("tifffile", (*facts, ("range", values)))
    for samples, photometric, used in product(("u16", "i16", "u32", "i32"), ("white", "black", "rgb"), ("10", "12")):
        facts = _facts(samples, photometric, "contig", "<", "1", "none", "strips")
        yield Variant("tifffile", (*facts, ("used bits", used)))


def _facts(
    samples: str, photometric: str, planes: str, order: str, predictor: str, compression: str, layout: str
) -> tuple[tuple[str, str], ...]:
    order = "little" if order == "<" else "big"
    return (
        ("samples", samples),
        ("photometric", photometric),
        ("planes", planes),
        ("order", order),
        ("predictor", predictor),
        ("compression", compression),
        ("layout", layout),
    )


def _write_by_tifffile(variant: Variant, path: Path) -> None:
    samples, photometric = variant["samples"], variant["photometric"]
    values = _values(variant)
    planes = 2 if variant["planes"] == "separate" else 1
    if planes == 2:
        values = np.moveaxis(values, 2, 0)
    bits = int(samples[1:])
    packed = bits if samples[0] == "u" and bits not in (8, 16, 32, 64) else None
    compression = variant["compression"]
    options: dict[str, object] = {
        "photometric": PHOTOMETRIC[photometric],
        "planarconfig": planes if values.ndim == 3 else None,
        "extrasamples": {"alpha": [2], "assoc": [1], "unknown": [0]}.get(photometric.partition("+")[2]),
        "predictor": int(variant["predictor"]) if variant["predictor"] != "1" else None,
        "compression": None if compression == "none" else compression,
        "bitspersample": packed,
        "colormap": _table(variant) if photometric == "palette" else None,
        "metadata": None,
    }
    if variant["layout"] == "tiles":
        options["tile"] = TILE
    else:
        options["rowsperstrip"] = 64
    if variant["subsampling"] != "-":
        down, across = variant["subsampling"].split("x")
        options["subsampling"] = (int(down), int(across))
    if variant["orientation"] != "-":
        options["extratags"] = [(274, 3, 1, int(variant["orientation"]), True)]
    order = "<" if variant["order"] == "little" else ">"
    with tifffile.TiffWriter(path, bigtiff=variant["big"] == "bigtiff", byteorder=order) as writer:
        writer.write(values, **options)  # type: ignore[arg-type]


def _values(variant: Variant) -> Samples:
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


def _table(variant: Variant) -> npt.NDArray[np.uint16]:
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
    return np.rint(np.concatenate([(inks - black) / (255 - black) * 255, black], axis=2)).astype(np.uint8)


def lab(*, signed: bool) -> npt.NDArray[np.uint8]:
    """The picture in Lab, a and b in two's complement (CIELab) or raised by 128 (ICCLab)."""
    source, target = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    converted = ImageCms.profileToProfile(original(), source, target, outputMode="LAB")
    assert converted is not None
    channels = np.array(converted.split()).transpose(1, 2, 0).copy()
    if signed:
        channels[:, :, 1:] ^= 0x80
    return channels


# libtiff's tiffcp: from files that tifffile writes


def _by_tiffcp() -> Iterator[Variant]:
    dimensions = product(
        ("u1", "u2", "u4", "u8", "u12", "u16", "u32", "i8", "i16", "i32", "f16", "f32", "f64"),
        ("white", "black", "rgb", "cmyk", "ycbcr", "lab", "rgb+alpha", "rgb+assoc", "palette"),
        ("contig", "separate"),
        ("<", ">"),
        ("none", "lzw", "lzw:2", "lzw:3", "zip:2", "zip:3", "packbits", "zstd:3", "lzma", "jpeg", "g3", "g3:2d", "g4", "webp", "lerc", "sgilog"),
        ("msb2lsb", "lsb2msb"),
        ("strips", "tiles"),
    )
    for samples, photometric, planes, order, compression, fill, layout in dimensions:
        if planes == "separate" and photometric in ("white", "black", "palette"):
            continue
        if compression.endswith(":3") and samples[0] != "f" or compression.endswith("p:2") and samples[0] == "f":
            continue
        if compression.startswith("g") and samples != "u1":
            continue
        if photometric == "palette" and samples[0] != "u":
            continue
        if layout == "tiles" and (fill == "lsb2msb" or compression in ("packbits", "lzma")):
            continue
        name, _, predictor = compression.partition(":")
        facts = _facts(samples, photometric, planes, order, predictor.removesuffix("d") or "1", name, layout)
        yield Variant("tiffcp", (*facts, ("fill", fill), ("options", compression)))


def _write_by_tiffcp(variant: Variant, path: Path) -> None:
    base = path.parent / f"base-{variant['samples']}-{variant['photometric']}-{variant['order']}.tif"
    if not base.exists():
        plain = _facts(variant["samples"], variant["photometric"], "contig", "<", "1", "none", "strips")
        _write_by_tifffile(Variant("tifffile", plain), base)
    command = ["tiffcp", "-c", variant["options"], "-p", variant["planes"], "-f", variant["fill"]]
    command += ["-L" if variant["order"] == "little" else "-B"]
    command += ["-t", "-w", "64", "-l", "48"] if variant["layout"] == "tiles" else ["-s", "-r", "40"]
    _run([*command, str(base), str(path)])


# ImageMagick


def _by_convert() -> Iterator[Variant]:
    dimensions = product(
        ("u1", "u2", "u4", "u8", "u10", "u12", "u14", "u16", "u32", "u64", "i8", "i16", "i32", "f16", "f24", "f32", "f64"),
        ("white", "black", "rgb", "palette", "cmyk", "lab", "ycbcr", "rgb+alpha", "rgb+assoc", "black+alpha", "cmyk+alpha"),
        ("contig", "separate"),
        ("<", ">"),
        ("none", "lzw", "zip", "rle", "lzma", "zstd", "jpeg", "webp", "group4", "fax"),
    )
    for samples, photometric, planes, order, compression in dimensions:
        if compression in ("group4", "fax") and samples != "u1":
            continue
        if compression in ("jpeg", "webp") and (samples != "u8" or order == ">"):
            continue
        if planes == "separate" and photometric in ("white", "black", "palette"):
            continue
        if compression in ("rle", "lzma", "zstd") and (order == ">" or planes == "separate"):
            continue
        if photometric == "palette" and samples[0] != "u":
            continue
        facts = _facts(samples, photometric, planes, order, "auto", compression, "strips")
        yield Variant("convert", facts)
        if compression == "lzw" and order == "<":
            yield Variant("convert", (*facts[:-1], ("layout", "tiles")))
            yield Variant("convert", (*facts, ("fill", "lsb2msb")))


def _write_by_convert(variant: Variant, path: Path) -> None:
    samples, photometric = variant["samples"], variant["photometric"]
    kind, _, extra = photometric.partition("+")
    source = path.parent / f"original-{kind in ('white', 'black')}.png"
    if not source.exists():
        (original().convert("L") if kind in ("white", "black") else original()).save(source)
    types = {"white": "Grayscale", "black": "Grayscale", "rgb": "TrueColor", "palette": "Palette"}
    command = ["convert", str(source)]
    command += {"cmyk": ["-colorspace", "CMYK"], "lab": ["-colorspace", "Lab"], "ycbcr": ["-colorspace", "YCbCr"]}.get(kind, [])
    command += {"palette": ["+dither", "-colors", "200"]}.get(kind, [])
    command += ["-alpha", "set", "-channel", "A", "-evaluate", "set", "78%", "+channel"] if extra else []
    if extra:
        command += ["-define", f"tiff:alpha={'associated' if extra == 'assoc' else 'unassociated'}"]
    command += ["-depth", samples[1:], "-compress", variant["compression"]]
    command += ["-interlace", "Plane"] if variant["planes"] == "separate" else []
    formats = {"i": "signed", "f": "floating-point", "u": "unsigned"}
    command += ["-define", f"quantum:format={formats[samples[0]]}"]
    command += ["-define", f"tiff:endian={'lsb' if variant['order'] == 'little' else 'msb'}"]
    command += ["-define", "tiff:fill-order=lsb"] if variant["fill"] == "lsb2msb" else []
    command += ["-define", "tiff:tile-geometry=64x48"] if variant["layout"] == "tiles" else []
    if kind in ("white", "black"):
        command += ["-define", f"quantum:polarity=min-is-{kind}"]
    if kind in types and not extra:
        command += ["-type", "Bilevel" if samples == "u1" and kind in ("white", "black") else types[kind]]
    _run([*command, f"tiff:{path}"])


# libvips


def _by_vips() -> Iterator[Variant]:
    for samples, photometric, compression, predictor, layout in product(
        ("uchar", "ushort", "uint", "char", "short", "int", "float", "double", "complex", "dpcomplex"),
        ("black", "white", "rgb", "cmyk", "lab", "rgb+alpha"),
        ("none", "lzw", "deflate", "packbits", "jpeg", "zstd", "webp", "ccittfax4"),
        ("none", "horizontal", "float"),
        ("strips", "tiles"),
    ):
        if predictor != "none" and compression not in ("lzw", "deflate", "zstd"):
            continue
        facts = (("samples", samples), ("photometric", photometric), ("predictor", predictor))
        yield Variant("vips", (*facts, ("compression", compression), ("layout", layout)))
    for bits, photometric in product("124", ("black", "white")):
        facts = (("samples", f"u{bits}"), ("photometric", photometric), ("predictor", "none"))
        yield Variant("vips", (*facts, ("compression", "none"), ("layout", "strips")))


def _write_by_vips(variant: Variant, path: Path) -> None:
    kind, _, extra = variant["photometric"].partition("+")
    base = path.parent / f"vips-{kind}{extra}-{variant['samples']}.v"
    bits = variant["samples"][1:] if variant["samples"][0] == "u" and variant["samples"][1:].isdigit() else ""
    if not base.exists():
        source = path.parent / f"vips-{kind}{extra}.tif"
        photometric = "black" if kind == "white" else variant["photometric"]
        deep = "u8" if variant["samples"] in ("uchar", "char") or bits else "u16"
        plain = _facts(deep, photometric, "contig", "<", "1", "none", "strips")
        _write_by_tifffile(Variant("tifffile", plain), source)
        if bits or variant["samples"] in ("uchar", "ushort"):
            _run(["vips", "copy", str(source), str(base)])
        else:
            _run(["vips", "cast", str(source), str(base), variant["samples"]])
    command = ["vips", "tiffsave", str(base), str(path), "--compression", variant["compression"]]
    command += ["--predictor", variant["predictor"]]
    command += ["--bitdepth", bits] if bits else []
    command += ["--miniswhite"] if kind == "white" else []
    command += ["--tile", "--tile-width", "64", "--tile-height", "48"] if variant["layout"] == "tiles" else []
    _run(command)


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)


_WRITERS = {
    "tifffile": _write_by_tifffile,
    "tiffcp": _write_by_tiffcp,
    "convert": _write_by_convert,
    "vips": _write_by_vips,
}


def write(variant: Variant, path: Path) -> None:
    """Write the variant's file. Any exception where its writer refuses."""
    _WRITERS[variant.writer](variant, path)
