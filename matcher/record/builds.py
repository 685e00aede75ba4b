"""The builds of the libraries that compute hashes here: a scan records them, so that it can be repeated."""

from __future__ import annotations

import platform
import sqlite3
from importlib.metadata import version

from PIL import features

from matcher.imaging.formats import heif, jxl

_LIBRARIES = (
    "evidence-matcher",
    "Pillow",
    "ImageHash",
    "numpy",
    "scipy",
    "PyWavelets",
    "numba",
    "llvmlite",
    "deflate",
    "faiss-cpu",
)
_CODECS = ("libjpeg_turbo", "zlib", "libtiff", "webp", "avif", "jpg_2000", "littlecms2")


def tool_version() -> str:
    """The version of this package."""
    return version("evidence-matcher")


def library_builds() -> dict[str, str]:
    """Name → version of every library between a file's bytes and its matches."""
    builds = {name: version(name) for name in _LIBRARIES}
    for name in _CODECS:
        builds[f"Pillow/{name}"] = str(features.version(name))
    return builds | heif.builds() | jxl.builds()


def platform_facts() -> dict[str, str]:
    """Python, SQLite, operating system and host."""
    return {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "os": platform.platform(),
        "machine": platform.machine(),
        "host": platform.node(),
    }
