"""The peers' methods to hash a picture file, each called as its own documentation says and with its own decoding.

`peers()` returns the installed ones by name: threatexchange's PDQ, pdqhash, imagehash, perception, imagededup. Each
takes a Sample and uses one thread.
"""

from __future__ import annotations

import importlib
import io
import logging
import os
from collections.abc import Callable
from contextlib import suppress

import imagehash
import numpy as np
from PIL import Image

from benchmarks.shared.corpus_pictures import Sample

THREATEXCHANGE = "threatexchange PDQ"
IMAGEHASH = "imagehash.phash"

Method = Callable[[Sample], object]


def one_thread() -> None:
    """Limit every library to one thread. Call it before they are loaded; started processes inherit the limit."""
    for name in ("OMP", "OPENBLAS", "MKL", "NUMBA", "VIPS"):
        os.environ[f"{name}_CONCURRENCY" if name == "VIPS" else f"{name}_NUM_THREADS"] = "1"


def _opened(sample: Sample) -> Image.Image:
    return Image.open(io.BytesIO(sample.data))


def _threatexchange() -> dict[str, Method]:
    pdq = importlib.import_module("threatexchange.signal_type.pdq.signal").PdqSignal
    return {THREATEXCHANGE: lambda sample: pdq.hash_from_bytes(sample.data)}


def _pdqhash() -> dict[str, Method]:
    pdqhash = importlib.import_module("pdqhash")

    def every(sample: Sample) -> object:
        return pdqhash.compute_dihedral(np.asarray(_opened(sample).convert("RGB")))

    return {
        "pdqhash.compute": lambda sample: pdqhash.compute(np.asarray(_opened(sample).convert("RGB"))),
        "pdqhash.compute_dihedral": every,
    }


def _perception() -> dict[str, Method]:
    hashers = importlib.import_module("perception.hashers")
    phash, pdq = hashers.PHash(), hashers.PDQHash()
    return {
        "perception PHash": lambda sample: phash.compute(str(sample.path)),
        "perception PDQHash": lambda sample: pdq.compute(str(sample.path)),
    }


def _imagededup() -> dict[str, Method]:
    logging.disable(logging.WARNING)
    methods = importlib.import_module("imagededup.methods")
    importlib.import_module("torch").set_num_threads(1)
    phash = methods.PHash(verbose=False)
    return {"imagededup PHash": lambda sample: phash.encode_image(image_file=sample.path)}


def peers() -> dict[str, Method]:
    """Every installed peer, by name. The others are reported on stdout."""
    installed: dict[str, Method] = {IMAGEHASH: lambda sample: imagehash.phash(_opened(sample))}
    for load in (_threatexchange, _pdqhash, _perception, _imagededup):
        try:
            installed.update(load())
        except ImportError as error:
            print(f"left out: {error}")
    with suppress(ImportError):
        importlib.import_module("cv2").setNumThreads(1)
    return installed
