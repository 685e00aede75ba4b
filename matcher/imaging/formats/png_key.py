"""The transparent colour of a PNG (tRNS, PNG specification 11.3.1.1), in the values of the picture that Pillow decodes.

Pillow leaves the colour as the file states it, in samples of the file's depth, also where it brings the picture itself
to eight bits: then no pixel would be transparent.
"""

from __future__ import annotations

from PIL import Image

_DEPTH = 24
"""Where the depth stands: in IHDR, the first chunk."""


def bring_key_to_eight_bits(image: Image.Image, data: bytes) -> None:
    """Change `transparency` in the `info` of a picture of mode L or RGB that was decoded from the PNG `data`.

    Bits above the depth do not count, as the specification says. Of sixteen bits the high byte is compared, which is
    all that Pillow keeps of the pixels.
    """
    key, depth = image.info.get("transparency"), data[_DEPTH]
    if image.mode == "L" and isinstance(key, int):
        most = (1 << depth) - 1
        image.info["transparency"] = (key & most) * 255 // most
    elif image.mode == "RGB" and isinstance(key, tuple):
        image.info["transparency"] = tuple(value >> 8 if depth == 16 else value & 255 for value in key)
