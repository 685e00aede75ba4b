"""The builds of the libraries that compute hashes here: a scan records them, so that it can be repeated."""

from __future__ import annotations

import platform
import sqlite3
from functools import cache
from importlib import metadata

from PIL import features

from matcher.imaging.formats import heif, jxl
from matcher.imaging.reduced import png

_LIBRARIES = (
    "evidence-matcher",
    "Pillow",
    "ImageHash",
    "numpy",
    "scipy",
    "PyWavelets",
    "numba",
    "llvmlite",
    "faiss-cpu",
)
_CODECS = ("libjpeg_turbo", "zlib", "zlib_ng", "libtiff", "webp", "avif", "jpg_2000", "littlecms2")
"""Of these, zlib is what runs, and zlib_ng what Pillow was compiled for: where the system's zlib runs, they differ."""


@cache
def version(name: str) -> str:
    """What is installed of a distribution. Its metadata is parsed once: a process has loaded one version of it."""
    return metadata.version(name)


def tool_version() -> str:
    """The version of this package."""
    return version("evidence-matcher")


def library_builds() -> dict[str, str]:
    """Name → version of every library between a file's bytes and its matches."""
    builds = {name: version(name) for name in _LIBRARIES}
    for name in _CODECS:
        builds[f"Pillow/{name}"] = str(features.version(name))
    return builds | png.builds() | heif.builds() | jxl.builds()


def platform_facts() -> dict[str, str]:
    """Python, SQLite, operating system and host."""
    return {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "os": platform.platform(),
        "machine": platform.machine(),
        "host": platform.node(),
    }
