"""Animations of drawn landscapes, and the names of the renderings that are decoded of them."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

from matcher.imaging.decode import Decoded, decode
from matcher.imaging.drawing import landscape
from matcher.imaging.limits import Limits
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import Reason

Encode = Callable[..., bytes]
SIZE = 64 * 48
ANIMATED = ("GIF", "WEBP", "PNG", "AVIF")


def drawn(count: int) -> list[Image.Image]:
    return [landscape(seed, width=64, height=48) for seed in range(1, count + 1)]


def animated(encoded: Encode, format_name: str, count: int, **options: object) -> bytes:
    first, *rest = drawn(count)
    return encoded(first, format_name, save_all=True, append_images=rest, **options)


def opened(data: bytes, **limits: int) -> Decoded:
    kind = sniff(data[:HEAD])
    assert kind is not None
    return decode(data, kind, Limits(**limits))


def labels(data: bytes, **limits: int) -> tuple[list[str], Reason | None]:
    decoded = opened(data, **limits)
    return [picture.rendering for picture in decoded.renderings()], decoded.reason


def names(*numbers: int) -> list[str]:
    return ["" if number == 1 else f"frame-{number}" for number in numbers]
