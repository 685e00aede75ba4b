"""One drawn picture as thousands of TIFF files: every combination of tags that the writers at hand can write.

`variants` gives their descriptions, `write` writes one. The writers are tifffile (with imagecodecs), ImageMagick's
`convert`, libtiff's `tiffcp` and libvips' `vips`; the programs may be missing. What a writer refuses is no variant.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import tifffile

from benchmarks.decoding.tiff_pictures import UNSIGNED, Variant, colour_table, original, samples_of

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
_ORDERS = {"<": "little", ">": "big"}
Facts = tuple[tuple[str, str], ...]


def variants(programs: frozenset[str]) -> Iterator[Variant]:
    """A generator of every variant of tifffile and of the `programs` that are installed: convert, tiffcp, vips."""
    yield from _by_tifffile()
    if "tiffcp" in programs:
        yield from _by_tiffcp()
    if "convert" in programs:
        yield from _by_convert()
    if "vips" in programs:
        yield from _by_vips()


# tifffile


def _by_tifffile() -> Iterator[Variant]:
    for bytes_compressed in (_of_bytes(), _of_pictures(), _of_rare_tags()):
        for facts in bytes_compressed:
            yield Variant("tifffile", facts)


def _of_bytes() -> Iterator[Facts]:
    """A generator of all kinds of samples in compressions of bytes."""
    dimensions = product(
        (*UNSIGNED, *OTHERS), PHOTOMETRIC, ("contig", "separate"), "<>", "123", BYTES, ("strips", "tiles")
    )
    for samples, photometric, planes, order, predictor, compression, layout in dimensions:
        skipped = (
            (predictor != "1" and (compression not in ("lzw", "adobe_deflate", "zstd") or photometric == "palette"))
            or (predictor == "3" and samples[0] != "f")
            or (planes == "separate" and photometric in ("white", "black", "palette", "mask"))
            # tifffile exchanges the bytes of these before packing them
            or (order == ">" and samples in ("u10", "u12", "u14", "u24"))
            or (layout == "tiles" and compression not in ("none", "lzw", "adobe_deflate"))
            or (photometric == "mask" and samples != "u1")
            or (photometric == "palette" and samples[0] != "u")
        )
        if not skipped:
            yield _facts(samples, photometric, planes, order, predictor, compression, layout)


def _of_pictures() -> Iterator[Facts]:
    """A generator of compressions of pictures, and of subsampled colour."""
    for samples, photometric, planes, order, compression, layout in product(
        ("u1", "u8", "u16", "f32", "f64"),
        ("white", "black", "rgb", "cmyk", "ycbcr", "rgb+alpha"),
        ("contig", "separate"),
        "<>",
        PICTURES,
        ("strips", "tiles"),
    ):
        skipped = (
            (planes == "separate" and photometric in ("white", "black"))
            or (compression.startswith("ccitt") and (samples != "u1" or photometric not in ("white", "black")))
            or (order == ">" and layout == "tiles")
        )
        if not skipped:
            yield _facts(samples, photometric, planes, order, "1", compression, layout)
    for subsampling, compression in product(("1x1", "2x1", "2x2", "4x1", "4x2"), ("jpeg", "none")):
        yield (*_facts("u8", "ycbcr", "contig", "<", "1", compression, "strips"), ("subsampling", subsampling))


def _of_rare_tags() -> Iterator[Facts]:
    """A generator of BigTIFF, tables of 8 bits, orientations, ranges of floats and bits that are not used."""
    for samples, photometric, order, compression, layout in product(
        ("u8", "u16", "f32"), ("white", "black", "rgb", "palette", "cmyk"), "<>", ("none", "lzw"), ("strips", "tiles")
    ):
        yield (*_facts(samples, photometric, "contig", order, "1", compression, layout), ("big", "bigtiff"))
    for samples, order, compression in product(("u2", "u4", "u8", "u16"), "<>", ("none", "lzw", "zstd")):
        yield (*_facts(samples, "palette", "contig", order, "1", compression, "strips"), ("table", "0 to 255"))
    for samples, photometric, orientation in product(("u8", "u16", "f32"), ("black", "rgb"), "2345678"):
        yield (*_facts(samples, photometric, "contig", "<", "1", "lzw", "strips"), ("orientation", orientation))
    for samples, photometric, values in product(
        ("f16", "f32", "f64"), ("white", "black", "rgb"), ("0 to 255", "0 to 65535", "-1 to 1")
    ):
        yield (*_facts(samples, photometric, "contig", "<", "1", "adobe_deflate", "strips"), ("range", values))
    for samples, photometric, used in product(("u16", "i16", "u32", "i32"), ("white", "black", "rgb"), ("10", "12")):
        yield (*_facts(samples, photometric, "contig", "<", "1", "none", "strips"), ("used bits", used))


def _facts(*values: str) -> Facts:
    """Dimension → value, for the dimensions that most writers have."""
    names = ("samples", "photometric", "planes", "order", "predictor", "compression", "layout")
    return tuple((name, _ORDERS.get(value, value)) for name, value in zip(names, values, strict=True))


def _write_by_tifffile(variant: Variant, path: Path) -> None:
    samples, photometric = variant["samples"], variant["photometric"]
    values = samples_of(variant)
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
        "colormap": colour_table(variant) if photometric == "palette" else None,
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
        writer.write(values, **options)


# libtiff's tiffcp: from files that tifffile writes


def _by_tiffcp() -> Iterator[Variant]:
    dimensions = product(
        ("u1", "u2", "u4", "u8", "u12", "u16", "u32", "i8", "i16", "i32", "f16", "f32", "f64"),
        ("white", "black", "rgb", "cmyk", "ycbcr", "lab", "rgb+alpha", "rgb+assoc", "palette"),
        ("contig", "separate"),
        ("<", ">"),
        (
            "none",
            "lzw",
            "lzw:2",
            "lzw:3",
            "zip:2",
            "zip:3",
            "packbits",
            "zstd:3",
            "lzma",
            "jpeg",
            "g3",
            "g3:2d",
            "g4",
            "webp",
            "lerc",
            "sgilog",
        ),
        ("msb2lsb", "lsb2msb"),
        ("strips", "tiles"),
    )
    for samples, photometric, planes, order, compression, fill, layout in dimensions:
        if planes == "separate" and photometric in ("white", "black", "palette"):
            continue
        if (compression.endswith(":3") and samples[0] != "f") or (compression.endswith("p:2") and samples[0] == "f"):
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
        (
            "u1",
            "u2",
            "u4",
            "u8",
            "u10",
            "u12",
            "u14",
            "u16",
            "u32",
            "u64",
            "i8",
            "i16",
            "i32",
            "f16",
            "f24",
            "f32",
            "f64",
        ),
        (
            "white",
            "black",
            "rgb",
            "palette",
            "cmyk",
            "lab",
            "ycbcr",
            "rgb+alpha",
            "rgb+assoc",
            "black+alpha",
            "cmyk+alpha",
        ),
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
    command += {"cmyk": ["-colorspace", "CMYK"], "lab": ["-colorspace", "Lab"], "ycbcr": ["-colorspace", "YCbCr"]}.get(
        kind, []
    )
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
