"""Every picture of an icon, the largest first."""

from __future__ import annotations

import struct
from collections.abc import Callable

from matcher.imaging.drawing import landscape
from matcher.imaging.limits import Limits
from matcher.model import Reason
from tests.shared.embedded_cases import decoded

Encode = Callable[..., bytes]
SIDES = (16, 64, 32)
DRAWN = {side: landscape(side, width=side, height=side) for side in SIDES}


def icon(*pictures: bytes) -> bytes:
    at = 6 + 16 * len(pictures)
    entries = b""
    for picture in pictures:
        entries += struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(picture), at)
        at += len(picture)
    return struct.pack("<HHH", 0, 1, len(pictures)) + entries + b"".join(pictures)


def test_every_picture_of_a_windows_icon(encoded: Encode) -> None:
    pictures = [encoded(DRAWN[side]) for side in SIDES]
    found, seen = decoded(icon(*pictures))
    assert {name: image.tobytes() for name, image in seen.items()} == {
        "": DRAWN[64].tobytes(),
        "frame-2": DRAWN[16].tobytes(),
        "frame-3": DRAWN[32].tobytes(),
    }
    assert (found.width, found.reason) == (64, None)
    by_pillow = encoded(DRAWN[64], "ICO", sizes=[(16, 16), (64, 64)], bitmap_format="bmp")
    assert [image.size for image in decoded(by_pillow)[1].values()] == [(64, 64), (16, 16)]


def test_one_that_is_damaged_does_not_hide_the_others(encoded: Encode) -> None:
    broken = encoded(DRAWN[64])[:40] + b"garbage"
    found, seen = decoded(icon(encoded(DRAWN[16]), broken, encoded(DRAWN[32])))
    assert [image.size for image in seen.values()] == [(16, 16), (32, 32)]
    assert found.reason in (Reason.CORRUPT, Reason.TRUNCATED)


def test_pictures_at_the_same_place_count_once(encoded: Encode) -> None:
    picture = encoded(DRAWN[64])
    entry = struct.pack("<BBBBHHII", 64, 64, 0, 0, 1, 32, len(picture), 6 + 16 * 200)
    data = struct.pack("<HHH", 0, 1, 200) + 200 * entry + picture
    found, seen = decoded(data, limits=Limits(max_total_pixels=64 * 64))
    assert (list(seen), found.reason) == ([""], None)


def test_their_pixels_are_limited_together(encoded: Encode) -> None:
    data = icon(*(encoded(DRAWN[side]) for side in SIDES))
    found, seen = decoded(data, limits=Limits(max_total_pixels=64 * 64 + 16 * 16))
    assert list(seen) == ["", "frame-2"]
    assert found.reason is Reason.TOO_MANY_PIXELS
    assert decoded(data, limits=Limits(max_frames=2))[0].reason is Reason.TOO_MANY_FRAMES


def test_every_picture_of_an_icon_of_macos(encoded: Encode) -> None:
    large = landscape(5, width=512, height=512)
    data = encoded(
        large, "ICNS", append_images=[landscape(6, width=128, height=128), landscape(7, width=32, height=32)]
    )
    found, seen = decoded(data)
    images = {image.size: image.tobytes() for image in seen.values()}
    assert next(iter(seen.values())).size == (1024, 1024)  # which Pillow makes of the one that was passed
    assert images[512, 512] == large.tobytes()
    assert images[128, 128] == landscape(6, width=128, height=128).tobytes()
    assert images[32, 32] == landscape(7, width=32, height=32).tobytes()
    assert found.reason is None
