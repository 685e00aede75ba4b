"""PNG files built chunk by chunk, their reference decode, and damaged variants: for tests and the fuzzer."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterable, Sequence
from random import Random

import numpy as np
import numpy.typing as npt
from PIL import Image

from matcher.errors import DecodeError
from matcher.imaging.decode import decode
from matcher.imaging.embedded import Found
from matcher.imaging.limits import Limits
from matcher.imaging.reduced.png import reduced
from matcher.imaging.sniff import HEAD, sniff

MAGIC = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
COLOURS = bytes(np.random.default_rng(3).integers(0, 256, 768, dtype=np.uint8))
Chunk = tuple[bytes, bytes]


def joined(chunks: Iterable[Chunk]) -> bytes:
    """A file of these chunks, each with its CRC."""
    made = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
    return MAGIC + b"".join(made)


def split(data: bytes) -> list[Chunk]:
    """The chunks of a sound file."""
    chunks, at = [], len(MAGIC)
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return chunks


def header(width: int, height: int, colour: int, *, depth: int = 8, rest: bytes = b"\0\0\0") -> Chunk:
    return b"IHDR", struct.pack(">IIBB", width, height, depth, colour) + rest


def filtered(pixels: npt.NDArray[np.uint8], filters: Sequence[int]) -> bytes:
    """The filtered scanlines of pixels (height, width, channels); row i has the filter `filters[i % len(filters)]`."""
    height, width, channels = pixels.shape
    lines = pixels.reshape(height, width * channels).astype(np.int64)
    above = np.zeros(width * channels, np.int64)
    made = []
    for row, line in enumerate(lines):
        left = np.concatenate([np.zeros(channels, np.int64), line])[: len(line)]
        corner = np.concatenate([np.zeros(channels, np.int64), above])[: len(line)]
        guess = left + above - corner
        far = [np.abs(guess - value) for value in (left, above, corner)]
        nearest = np.where((far[0] <= far[1]) & (far[0] <= far[2]), left, np.where(far[1] <= far[2], above, corner))
        used = filters[row % len(filters)]
        predicted = [np.zeros_like(line), left, above, (left + above) // 2, nearest][used]
        made.append(bytes([used]) + ((line - predicted) % 256).astype(np.uint8).tobytes())
        above = line
    return b"".join(made)


def picture(
    pixels: npt.NDArray[np.uint8],
    colour: int,
    filters: Sequence[int] = (4,),
    *,
    pieces: int = 1,
    between: Sequence[Chunk] = (),
    palette: bytes = b"",
) -> bytes:
    """A PNG of pixels (height, width, channels), its data in several chunks, with other chunks before them."""
    compressed = zlib.compress(filtered(pixels, filters))
    step = -(-len(compressed) // pieces)
    parts = [(b"IDAT", compressed[at : at + step]) for at in range(0, len(compressed), step)]
    colours = [(b"PLTE", palette)] if palette else []
    return joined([header(pixels.shape[1], pixels.shape[0], colour), *colours, *between, *parts, (b"IEND", b"")])


def pixels_of(seed: int, width: int, height: int, channels: int) -> npt.NDArray[np.uint8]:
    """Noise on a gradient, so that each choice of the Paeth filter occurs. An alpha channel is opaque everywhere."""
    random = np.random.default_rng(seed)
    slope = np.add.outer(np.arange(height) * 3, np.arange(width) * 5)[:, :, None]
    made = (slope + random.integers(0, 1 << int(random.integers(1, 9)), (height, width, channels))).astype(np.uint8)
    if channels in (2, 4):
        made[:, :, -1] = 255
    return made


def ordinary(data: bytes) -> dict[str, npt.NDArray[np.uint8]] | None:
    """The grey pixels by rendering, of the reference decode; None if that reports a fault."""
    kind = sniff(data[:HEAD])
    if kind is None or kind.decoder != "PNG":
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            decoded = decode(data, kind, found=Found())
            pictures = list(decoded.renderings())
        except DecodeError:
            return None
    if decoded.reason is not None:
        return None
    return {picture.rendering: np.asarray(picture.grey) for picture in pictures}


def means(grey: npt.NDArray[np.uint8], scale: int) -> npt.NDArray[np.float32]:
    """The slow oracle: the mean of each block, computed one after the other."""
    height, width = grey.shape
    tops, lefts = range(0, height, scale), range(0, width, scale)
    values = [[grey[y : y + scale, x : x + scale].mean(dtype=np.float64) for x in lefts] for y in tops]
    return np.array(values, np.float32)


def is_read(data: bytes) -> bool:
    """Whether the fast decoder reads the file. AssertionError where the reference decode differs."""
    results = reduced(data, Limits())
    if results is None:
        return False
    greys = ordinary(data)
    assert greys is not None, "read by the fast decoder, refused by the reference"
    assert [result.rendering for result in results] == list(greys)
    for result in results:
        grey = greys[result.rendering]
        assert (result.height, result.width) == grey.shape
        assert result.grey.dtype == np.float32
        assert np.array_equal(result.grey, means(grey, result.scale)), result.rendering
    return True


def opaque_screen(seed: int, *, mode: str, width: int, height: int) -> Image.Image:
    """Windows with lines like text: flat colours and sharp edges, as on a screen."""
    random = np.random.default_rng(seed)
    pixels = np.full((height, width, 3), random.integers(0, 256, 3), np.uint8)
    for _ in range(24):
        top, left = int(random.integers(0, height)), int(random.integers(0, width))
        pixels[top : top + height // 3, left : left + width // 3] = random.integers(0, 256, 3)
        for line in range(top + 4, min(height, top + height // 3), 14):
            letters = random.integers(0, 2, (min(9, height - line), min(width // 4, width - left), 1)) * 255
            pixels[line : line + 9, left : left + width // 4] = letters
    image = Image.fromarray(pixels)
    return image.quantize(256) if mode == "P" else image.convert(mode)


def sound_files() -> list[bytes]:
    """Small files of every kind that is read, with chunks before the pixels."""
    extras = [(b"tEXt", b"Title\0text"), (b"gAMA", bytes(4)), (b"iCCP", b"x\0\0" + zlib.compress(b"profile"))]
    return [
        picture(
            pixels_of(7, 23, 19, CHANNELS[colour]), colour, (0, 1, 2, 3, 4), pieces=3, between=extras, palette=palette
        )
        for colour, palette in ((0, b""), (2, b""), (3, COLOURS), (4, b""), (6, b""))
    ] + transparent_files()


def transparent_files() -> list[bytes]:
    """Small files whose pixels are not all opaque."""
    random = np.random.default_rng(5)
    made = []
    for colour in (3, 4, 6):
        pixels = pixels_of(9, 23, 19, CHANNELS[colour])
        if colour == 3:
            alphas = [(b"tRNS", random.integers(0, 256, 200, np.uint8).tobytes())]
            made.append(picture(pixels, 3, (0, 1, 2, 3, 4), between=alphas, palette=COLOURS))
        else:
            pixels[:, :, -1] = random.integers(0, 256, pixels.shape[:2])
            made.append(picture(pixels, colour, (0, 1, 2, 3, 4)))
    return made


def damaged(data: bytes, random: Random) -> bytes:
    """A sound file with one to three faults, mostly inside chunks with right CRCs: a wrong CRC ends decoding early."""
    if random.random() < 0.2:
        return _torn(bytearray(data), random)
    chunks = split(data)
    for _ in range(random.randint(1, 3)):
        random.choice(_FAULTS)(chunks, random)
    made = joined(chunks)
    return _torn(bytearray(made), random) if random.random() < 0.1 else made


def _torn(data: bytearray, random: Random) -> bytes:
    """Change, cut off or append bytes of the file."""
    kind = random.randrange(3)
    if kind == 0:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    elif kind == 1:
        del data[random.randrange(len(data)) :]
    else:
        data += random.randbytes(random.randint(1, 40))
    return bytes(data)


def _changed(chunks: list[Chunk], random: Random) -> None:
    at = random.randrange(len(chunks))
    name, body = chunks[at]
    if body:
        place = random.randrange(min(len(body), 64) if random.random() < 0.5 else len(body))
        chunks[at] = name, body[:place] + bytes([random.randrange(256)]) + body[place + 1 :]


def _cut(chunks: list[Chunk], random: Random) -> None:
    at = random.randrange(len(chunks))
    name, body = chunks[at]
    chunks[at] = name, body[: random.randint(0, len(body))] + random.randbytes(random.choice([0, 0, 1, 5]))


def _swapped(chunks: list[Chunk], random: Random) -> None:
    one, other = (random.randrange(len(chunks)) for _ in range(2))
    chunks[one], chunks[other] = chunks[other], chunks[one]


def _doubled(chunks: list[Chunk], random: Random) -> None:
    chunks.insert(random.randrange(len(chunks) + 1), random.choice(chunks))


def _dropped(chunks: list[Chunk], random: Random) -> None:
    if len(chunks) > 1:
        del chunks[random.randrange(len(chunks))]


def _inserted(chunks: list[Chunk], random: Random) -> None:
    """Insert a chunk with a known name and a body that may be invalid."""
    chunks.insert(random.randint(min(1, len(chunks)), len(chunks)), (random.choice(_NAMES), random.choice(_BODIES)))


def _refiltered(chunks: list[Chunk], random: Random) -> None:
    """Change bytes inside sound compressed data: unknown filters, pixels that are not opaque, too few or too many."""
    places = [at for at, (name, _) in enumerate(chunks) if name == b"IDAT"]
    try:
        raw = bytearray(zlib.decompress(b"".join(chunks[at][1] for at in places)))
    except zlib.error:
        return
    kind = random.randrange(4)  # 3: as they were, compressed in another way
    if kind == 0 and raw:
        raw[random.randrange(len(raw))] = random.randrange(256)
    elif kind == 1:
        del raw[random.randint(0, len(raw)) :]
    elif kind == 2:
        raw += random.randbytes(random.choice([1, 7, 5000]))
    compressor = zlib.compressobj(random.randint(0, 9), zlib.DEFLATED, random.choice([9, 12, 15]))
    compressed = compressor.compress(raw) + compressor.flush() + random.randbytes(random.choice([0, 0, 0, 6]))
    for at in reversed(places[1:]):
        del chunks[at]
    chunks[places[0]] = b"IDAT", compressed


_BOMB = zlib.compress(bytes(2 << 20))
_NAMES = (
    b"gAMA cHRM sRGB pHYs sBIT bKGD tIME iDOT caBX tEXt zTXt iTXt iCCP eXIf tRNS acTL fcTL fdAT PLTE IDAT IEND IHDR "
    b"CgBI DDAT cICP hIST sPLT a1b2 \xe9abc"
).split()
_BODIES = [
    b"",
    b"\0",
    b"x\0",
    b"\xff\0",
    bytes(9),
    bytes(26),
    bytes(32),
    b"Title\0text",
    b"Title\0\0" + zlib.compress(b"text"),
    b"Title\0\1" + zlib.compress(b"text"),
    b"Title\0\0" + _BOMB,
    b"Title\0\1\0\0\0" + _BOMB,
    b"transparency\0\0",
    b"interlace\0x",
    b"bbox\0x",
]
_FAULTS = [_changed, _cut, _swapped, _doubled, _dropped, _inserted, _inserted, _refiltered, _refiltered]
