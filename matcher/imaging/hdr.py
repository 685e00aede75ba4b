"""Pictures of high dynamic range → the same for an ordinary display, so that their hashes are near those of copies.

The samples of such a picture are codes for light, by a transfer that is not a display's. Seen as they are, they are
grey and flat. White paper has 203 cd/m² in them (ITU-R BT.2408). Light up to there keeps its colour, brighter light is
cut to the brightest of its hue. Sources: ITU-R BT.2100 (PQ, HLG), ITU-R BT.2087 and SMPTE EG 432-1 (primaries), ITU-T
H.273 (the numbers of all these).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image

_WHITE = 203.0
"""Reference white in cd/m²."""
_HLG_PEAK, _HLG_GAMMA = 1000.0, 1.2
"""The display that HLG is shown on, in cd/m², and its system gamma."""
LINEAR, PQ, HLG = 8, 16, 18
"""Transfer characteristics."""
_BT2020, _P3 = 9, 12
_TO_SRGB = {
    _BT2020: ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)),
    _P3: ((1.2249, -0.2247, -0.0002), (-0.0420, 1.0419, 0.0001), (-0.0197, -0.0786, 1.0983)),
}
"""Light of these primaries → light of sRGB's; others are taken for sRGB's."""
_LUMINANCE = {_BT2020: (0.2627, 0.6780, 0.0593), _P3: (0.2290, 0.6917, 0.0793)}
_SRGB_LUMINANCE = (0.2126, 0.7152, 0.0722)
_STEPS = 65535
_BAND = 1 << 16
"""How many pixels are computed at a time."""
_CICP, _TAGS, _MOST_TAGS = b"cicp", 128, 100

_Light = npt.NDArray[np.float32]
_Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Coding:
    """How a picture's samples code light: the primaries and the transfer, by their numbers of H.273."""

    primaries: int
    transfer: int

    @property
    def is_hdr(self) -> bool:
        """Whether the samples cannot be taken for a display's."""
        return self.transfer in _LIGHTS


def coding_of_profile(profile: object) -> Coding | None:
    """The coding that an ICC profile states in its tag `cicp`; None where it has none. Source: ICC.1:2022, 9.2.17."""
    if not isinstance(profile, bytes):
        return None
    count = min(int.from_bytes(profile[_TAGS : _TAGS + 4]), _MOST_TAGS)
    for entry in range(_TAGS + 4, _TAGS + 4 + 12 * count, 12):
        if profile[entry : entry + 4] == _CICP:
            at = int.from_bytes(profile[entry + 4 : entry + 8])
            if profile[at : at + 4] == _CICP and len(profile) >= at + 12:
                return Coding(profile[at + 8], profile[at + 9])
    return None


def to_sdr(image: Image.Image, coding: Coding) -> Image.Image:
    """The picture in sRGB, with its alpha channel if it has one.

    It may be `image` itself, changed, as a copy would double the memory. Where its coding is an ordinary one, it is
    `image` unchanged.
    """
    if not coding.is_hdr:
        return image
    if image.mode not in ("RGB", "RGBA"):
        image = image.convert("RGBA" if "A" in image.getbands() else "RGB")
    rows = max(1, _BAND // image.width)
    for top in range(0, image.height, rows):
        box = (0, top, image.width, min(image.height, top + rows))
        codes = np.array(image.crop(box))
        codes[:, :, :3] = _displayed(codes[:, :, :3], coding)
        image.paste(Image.fromarray(codes), box)
    return image


def _displayed(codes: npt.NDArray[np.uint8], coding: Coding) -> npt.NDArray[np.uint8]:
    """Codes in (h, w, 3) → sRGB."""
    red, green, blue = (_light_of(coding.transfer)[codes[:, :, channel]] for channel in range(3))
    if coding.transfer == HLG:
        gain = _hlg_gain()[_places(_weighted(_LUMINANCE.get(coding.primaries, _SRGB_LUMINANCE), red, green, blue))]
        red, green, blue = red * gain, green * gain, blue * gain
    if coding.primaries in _TO_SRGB:
        red, green, blue = (_weighted(row, red, green, blue) for row in _TO_SRGB[coding.primaries])
    brightest = np.maximum(np.maximum(red, green), np.maximum(blue, np.float32(1)))
    return np.stack([_srgb()[_places(np.divide(light, brightest))] for light in (red, green, blue)], axis=2)


def _weighted(weights: tuple[float, float, float], red: _Light, green: _Light, blue: _Light) -> _Light:
    """A sum with weights. It is no product of matrices, which gives other results on other machines."""
    first, second, third = (np.float32(weight) for weight in weights)
    total: _Light = red * first + green * second + blue * third
    return total


def _places(light: _Light) -> npt.NDArray[np.uint16]:
    """Places in a table of 0 to 1."""
    places: npt.NDArray[np.uint16] = np.rint(np.clip(light, 0, 1) * np.float32(_STEPS)).astype(np.uint16)
    return places


def _pq(code: _Values) -> _Values:
    root = code ** (4096 / 2523 / 128)
    return 10000 / _WHITE * (np.maximum(root - 3424 / 4096, 0) / (2413 / 128 - 2392 / 128 * root)) ** (16384 / 2610)


def _hlg(code: _Values) -> _Values:
    """The light of the scene, 0 to 1; the display's depends on all three channels."""
    return np.where(code <= 0.5, code**2 / 3, (np.exp((code - 0.55991073) / 0.17883277) + 0.28466892) / 12)


_LIGHTS: dict[int, Callable[[_Values], _Values]] = {
    LINEAR: lambda code: code,
    PQ: _pq,
    HLG: _hlg,
}
"""Codes from 0 to 1 → light, in which 1 is white (HLG: the brightest of the scene)."""


@cache
def _light_of(transfer: int) -> _Light:
    """The light of each code of eight bits."""
    return _rounded(_LIGHTS[transfer](np.arange(256) / 255))


@cache
def _hlg_gain() -> _Light:
    """What the light of an HLG scene is multiplied by for the display, by its luminance in _STEPS."""
    return _rounded(_HLG_PEAK / _WHITE * (np.arange(_STEPS + 1) / _STEPS) ** (_HLG_GAMMA - 1))


@cache
def _srgb() -> npt.NDArray[np.uint8]:
    """The code of sRGB for light in _STEPS."""
    light = np.arange(_STEPS + 1) / _STEPS
    code = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    codes: npt.NDArray[np.uint8] = np.rint(code * 255).astype(np.uint8)
    return codes


def _rounded(values: _Values) -> _Light:
    """To some 24 bits behind the point, since the last bits of a power differ between machines."""
    return (np.rint(values * (1 << 24)) / (1 << 24)).astype(np.float32)
