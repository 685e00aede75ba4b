"""Which library is fastest at the decodes that screening needs: a reduced grey JPEG, and a PNG?

    python -m benchmarks.decoding.decoders CORPUS --work DIR [--pictures 12] [--rounds 7] [--only FORM …]

JPEG: libjpeg's reduced decode in grey, at the scale that screening needs, by Pillow, simplejpeg, PyTurboJPEG, OpenCV,
pyvips, and imagecodecs (full, since it has no reduced decode). PNG: all pixels, by Pillow, OpenCV, pyvips, imagecodecs'
two decoders, and our own decoder, which directly computes grey means. The pictures are those of bench_image.py, in the
same folder. A library that is not installed is left out. Prints a Markdown table for each form: milliseconds a picture,
the ratio to Pillow, and the largest difference of a grey value from Pillow's.
"""

from __future__ import annotations

import argparse
import importlib
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.shared.bare_decoding import has_own_png, jpeg_scale, own_png
from benchmarks.shared.corpus_pictures import FORMS, Sample, converted, screenshots, sharp_photographs
from benchmarks.shared.hash_peers import one_thread
from benchmarks.shared.rounds import rounds

Pixels = npt.NDArray[np.uint8]
Decoder = Callable[[Sample], Pixels]
JPEG_FORMS = [name for name, form in FORMS.items() if form.kind == "JPEG"]
PNG_FORMS = [name for name, form in FORMS.items() if form.kind == "PNG"]
PILLOW = "Pillow"


def _scale(sample: Sample) -> tuple[int, int, int]:
    """Width, height, and the scale of the reduced decode."""
    with Image.open(io.BytesIO(sample.data)) as image:
        return *image.size, jpeg_scale(*image.size)


def _pillow(sample: Sample) -> Pixels:
    with Image.open(io.BytesIO(sample.data)) as image:
        width, height = image.size
        scale = jpeg_scale(width, height)
        image.draft("L", (width // scale, height // scale))
        return np.asarray(image)


def _simplejpeg() -> Decoder:
    simplejpeg = importlib.import_module("simplejpeg")

    def decode(sample: Sample) -> Pixels:
        height, width, *_ = simplejpeg.decode_jpeg_header(sample.data)
        scale = jpeg_scale(width, height)
        grey: Pixels = simplejpeg.decode_jpeg(
            sample.data, colorspace="GRAY", min_height=height // scale, min_width=width // scale
        )
        return grey[:, :, 0]

    return decode


def _turbojpeg() -> Decoder:
    turbojpeg = importlib.import_module("turbojpeg")
    library = turbojpeg.TurboJPEG()

    def decode(sample: Sample) -> Pixels:
        width, height, *_ = library.decode_header(sample.data)
        scaled = (1, jpeg_scale(width, height))
        grey: Pixels = library.decode(sample.data, pixel_format=turbojpeg.TJPF_GRAY, scaling_factor=scaled)
        return grey[:, :, 0]

    return decode


def _opencv() -> Decoder:
    cv2 = importlib.import_module("cv2")
    flags = {8: cv2.IMREAD_REDUCED_GRAYSCALE_8, 4: cv2.IMREAD_REDUCED_GRAYSCALE_4, 2: cv2.IMREAD_REDUCED_GRAYSCALE_2}

    def decode(sample: Sample) -> Pixels:
        _width, _height, scale = _scale(sample)  # it cannot read a header alone
        pixels: Pixels = cv2.imdecode(np.frombuffer(sample.data, np.uint8), flags.get(scale, cv2.IMREAD_GRAYSCALE))
        return pixels

    return decode


def _pyvips() -> Decoder:
    pyvips = importlib.import_module("pyvips")

    def decode(sample: Sample) -> Pixels:
        head = pyvips.Image.new_from_buffer(sample.data, "")
        scale = jpeg_scale(head.width, head.height)
        pixels: Pixels = pyvips.Image.new_from_buffer(sample.data, "", shrink=scale).colourspace("b-w").numpy()
        return pixels

    return decode


def _imagecodecs() -> Decoder:
    imagecodecs = importlib.import_module("imagecodecs")
    return lambda sample: imagecodecs.jpeg8_decode(sample.data, outcolorspace="GRAYSCALE")


def _whole_by_pillow(sample: Sample) -> Pixels:
    with Image.open(io.BytesIO(sample.data)) as image:
        return np.asarray(image)


def _opencv_png() -> Decoder:
    cv2 = importlib.import_module("cv2")
    return lambda sample: cv2.imdecode(np.frombuffer(sample.data, np.uint8), cv2.IMREAD_COLOR)


def _pyvips_png() -> Decoder:
    pyvips = importlib.import_module("pyvips")
    return lambda sample: pyvips.Image.new_from_buffer(sample.data, "").numpy()


def _imagecodecs_png() -> Decoder:
    imagecodecs = importlib.import_module("imagecodecs")
    return lambda sample: imagecodecs.png_decode(sample.data)


def _imagecodecs_spng() -> Decoder:
    imagecodecs = importlib.import_module("imagecodecs")
    return lambda sample: imagecodecs.spng_decode(sample.data)


REDUCED: dict[str, Callable[[], Decoder]] = {
    PILLOW: lambda: _pillow,
    "simplejpeg": _simplejpeg,
    "PyTurboJPEG": _turbojpeg,
    "OpenCV": _opencv,
    "pyvips": _pyvips,
    "imagecodecs, whole": _imagecodecs,
}
WHOLE: dict[str, Callable[[], Decoder]] = {
    PILLOW: lambda: _whole_by_pillow,
    "OpenCV": _opencv_png,
    "pyvips": _pyvips_png,
    "imagecodecs png": _imagecodecs_png,
    "imagecodecs spng": _imagecodecs_spng,
}


def installed(makers: dict[str, Callable[[], Decoder]]) -> dict[str, Callable[[Any], object]]:
    installed: dict[str, Callable[[Any], object]] = {}
    for name, maker in makers.items():
        try:
            installed[name] = maker()
        except (ImportError, OSError, RuntimeError) as error:
            print(f"{name}: not installed ({error})")
    return installed


def furthest(decode: Callable[[Sample], Any], samples: Sequence[Sample]) -> str:
    """The largest difference of a grey value from Pillow's; empty where the sizes differ."""
    largest = 0
    for sample in samples:
        ours, theirs = _pillow(sample), np.squeeze(decode(sample))
        if ours.shape != theirs.shape:
            return "another size"
        largest = max(largest, int(np.abs(ours.astype(np.int16) - theirs).max()))
    return str(largest)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="+", choices=[*JPEG_FORMS, *PNG_FORMS], default=[*JPEG_FORMS, *PNG_FORMS])
    arguments = parser.parse_args()
    reduced, whole = installed(REDUCED), installed(WHOLE)
    if has_own_png():
        whole["our own, to grey means"] = own_png
    for name in arguments.only:
        is_jpeg = name in JPEG_FORMS
        methods = reduced if is_jpeg else whole
        chosen = (sharp_photographs if is_jpeg else screenshots)(arguments.corpus, arguments.pictures)
        samples = converted(chosen, name, arguments.work)
        times = rounds(methods, samples, arguments.rounds)
        print(f"\n{name}: {len(samples)} pictures\n\n| decoder | ms | times Pillow | of a round | from Pillow's grey |")
        print("|---|---|---|---|---|")
        for method in sorted(methods, key=times.milliseconds):
            low, high = times.spread(method, PILLOW)
            far = furthest(methods[method], samples) if is_jpeg else ""
            print(f"| {method} | {times.milliseconds(method):.2f} | {times.ratio(method, PILLOW):.2f} "
                  f"| {low:.2f} to {high:.2f} "
                  f"| {far} |")  # fmt: skip
        sys.stdout.flush()


if __name__ == "__main__":
    one_thread()
    main()
