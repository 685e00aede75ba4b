"""The builds of all libraries that may decide what a picture's hashes are stand in the record."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from PIL import features
from zlib_ng import zlib_ng

from matcher.record.builds import library_builds


def test_what_inflates_is_named() -> None:
    builds = library_builds()
    assert builds["zlib-ng"] == version("zlib-ng")
    assert builds["libz-ng"] == str(zlib_ng.ZLIBNG_RUNTIME_VERSION)
    assert builds["Pillow/zlib"] == features.version("zlib")
    assert builds["Pillow/zlib_ng"] == str(features.version("zlib_ng"))


def test_a_pillow_without_zlib_ng_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("PIL.Image.core.HAVE_ZLIBNG", False)
    assert library_builds()["Pillow/zlib_ng"] == "None"


def test_every_build_has_a_version() -> None:
    for name, found in library_builds().items():
        assert isinstance(found, str), name
        assert found, name
