"""Build the negative bank: the hashes of benign pictures of free software packages.

    python -m benchmarks.calibration.negative_bank FOLDER [--fetch] [--write]

FOLDER/<package>/ holds the unpacked packages of bank_packages.csv; `--fetch` downloads and unpacks those that are not
there (apt-get, dpkg-deb, npm; about 4 GB of packages, 10 GB unpacked). No package is installed, and no picture of one
is copied. Three groups of packages in five are the bank's pictures; the others are kept for measuring chances
(commonness.py). Pictures of PDQ quality below 50 are left out, as are copies, and most of large packages: at most
MOST_OF_PACKAGE of one package and MOST_OF_GROUP of a group, by the digests of their paths. Of the pictures of one group
that are near each other by both algorithms (ALIKE), as the buttons of one game are, the first one remains.

Hashes go to FOLDER/hashes.npz, and are read from there later. `--write` writes negative_bank.npz and negative_bank.csv
of the package (matcher/calibration/).
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import multiprocessing
import re
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matcher.calibration.bank import FILE
from matcher.errors import DecodeError
from matcher.hashers import picture_hashers
from matcher.imaging.decode import decode
from matcher.imaging.embedded import Found
from matcher.imaging.limits import Limits
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import LOW_QUALITY

PACKAGES = Path(__file__).with_name("bank_packages.csv")
SUFFIXES = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".tga", ".bmp", ".tif", ".tiff"}
FEWEST_BYTES, MOST_BYTES = 300, 20_000_000
MOST_OF_PACKAGE, MOST_OF_GROUP = 1_800, 4_000
MOST_PIXELS = 40_000_000
ALIKE = {"pdq": 64, "phash": 8}


@dataclass(frozen=True, slots=True)
class Package:
    """A package by its name in the list: `deb:NAME` or `npm:NAME@VERSION`."""

    name: str
    group: str

    @property
    def in_bank(self) -> bool:
        """Whether its group is the bank's, and not for measuring."""
        return int.from_bytes(hashlib.sha256(self.group.encode()).digest()[:4]) % 5 < 3

    def folder(self, under: Path) -> Path:
        source, _, rest = self.name.partition(":")
        return under / (rest if source == "deb" else f"npm-{rest.replace('@', '-')}")


@dataclass(frozen=True, slots=True)
class Hashed:
    """The pictures of all packages: `pdq` (n, 8, 32), `phash` (n, 8, 8), `sha256` (n, 32) uint8; `package` (n,)."""

    pdq: npt.NDArray[np.uint8]
    phash: npt.NDArray[np.uint8]
    sha256: npt.NDArray[np.uint8]
    package: npt.NDArray[np.int64]


def packages() -> list[Package]:
    with PACKAGES.open(encoding="utf-8", newline="") as stream:
        return [Package(row["package"], row["group"] or row["package"]) for row in csv.DictReader(stream)]


def fetch(package: Package, under: Path) -> None:
    """Download and unpack a package unless its folder is there. CalledProcessError where that fails."""
    folder = package.folder(under)
    if folder.exists():
        return
    source, _, name = package.name.partition(":")
    folder.mkdir(parents=True)
    downloads = under / "downloads" / folder.name
    downloads.mkdir(parents=True, exist_ok=True)
    command = ["apt-get", "-q", "download", name] if source == "deb" else ["npm", "pack", "-s", name]
    subprocess.run(command, cwd=downloads, check=True, stdout=subprocess.DEVNULL)
    archive = next(downloads.iterdir())
    paths = str(archive), str(folder)
    unpack = ["dpkg-deb", "-x", *paths] if source == "deb" else ["tar", "xzf", paths[0], "-C", paths[1]]
    subprocess.run(unpack, check=True)


def files_of(folder: Path) -> list[Path]:
    """The pictures of a package, by the digests of their paths in it."""
    found = [
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and not path.is_symlink()
        and path.is_file()
        and FEWEST_BYTES < path.stat().st_size < MOST_BYTES
    ]
    return sorted(found, key=lambda path: hashlib.sha256(str(path.relative_to(folder)).encode()).digest())


def hashed_file(path: Path) -> tuple[bytes, bytes, bytes] | None:
    """The SHA-256, and PDQ and pHash in all orientations; None for no picture, or one of low quality."""
    warnings.simplefilter("ignore")
    data = path.read_bytes()
    kind = sniff(data[:HEAD])
    if kind is None:
        return None
    try:
        limits = Limits(max_pixels=MOST_PIXELS, max_frames=1)
        picture = next(decode(data, kind, limits, Found()).renderings())
        pdq, phash = (hasher.turned(picture) for hasher in picture_hashers(("pdq", "phash")))
    except (DecodeError, StopIteration):
        return None
    if (pdq[0].quality or 0) < LOW_QUALITY:
        return None
    return hashlib.sha256(data).digest(), b"".join(each.value for each in pdq), b"".join(each.value for each in phash)


def hashed(under: Path) -> Hashed:
    """The hashes of all packages' pictures, from FOLDER/hashes.npz where that is there."""
    stored = under / "hashes.npz"
    if not stored.exists():
        chosen = packages()
        tasks = [(number, path) for number, each in enumerate(chosen) for path in files_of(each.folder(under))]
        taken: Counter[object] = Counter()
        seen: set[bytes] = set()
        rows: list[tuple[bytes, bytes, bytes, int]] = []
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
            kept = list(_fewer(tasks))
            for (number, _), result in zip(
                kept, pool.map(hashed_file, [path for _, path in kept], chunksize=8), strict=True
            ):
                package = chosen[number]
                full = taken[number] >= MOST_OF_PACKAGE or taken[package.group] >= MOST_OF_GROUP
                if result is None or full or result[0] in seen:
                    continue
                seen.add(result[0])
                taken[number] += 1
                taken[package.group] += 1
                rows.append((*result, number))
        np.savez(
            stored,
            sha256=_array([row[0] for row in rows], 32),
            pdq=_array([row[1] for row in rows], 8, 32),
            phash=_array([row[2] for row in rows], 8, 8),
            package=np.array([row[3] for row in rows], np.int64),
        )
    with np.load(stored) as arrays:
        return distinct(Hashed(*(arrays[name] for name in ("pdq", "phash", "sha256", "package"))))


def _array(rows: list[bytes], *shape: int) -> npt.NDArray[np.uint8]:
    return np.frombuffer(b"".join(rows), np.uint8).reshape(-1, *shape)


def distinct(every: Hashed) -> Hashed:
    """Of the pictures of each group that are alike, the first one."""
    chosen = packages()
    kept: dict[str, list[int]] = {}
    for place, number in enumerate(every.package.tolist()):
        earlier = kept.setdefault(chosen[number].group, [])
        pdq = np.bitwise_count(every.pdq[earlier, :1] ^ every.pdq[place][None]).sum(axis=2, dtype=np.int64)
        phash = np.bitwise_count(every.phash[earlier, :1] ^ every.phash[place][None]).sum(axis=2, dtype=np.int64)
        if not ((pdq <= ALIKE["pdq"]) & (phash <= ALIKE["phash"])).any():
            earlier.append(place)
    places = np.sort(np.concatenate([np.array(some, np.int64) for some in kept.values()]))
    return Hashed(every.pdq[places], every.phash[places], every.sha256[places], every.package[places])


def _fewer(tasks: list[tuple[int, Path]]) -> Iterator[tuple[int, Path]]:
    """A generator of the tasks without most of those that would be left out: twice as many as are taken remain."""
    taken: Counter[object] = Counter()
    for number, path in tasks:
        taken[number] += 1
        if taken[number] <= 2 * MOST_OF_PACKAGE:
            yield number, path


def licence(folder: Path, package: Package) -> str:
    """The licences that a package states: its copyright file's short names, or its package.json's."""
    if package.name.startswith("npm:"):
        found = [
            re.search(r'"license"\s*:\s*"([^"]+)"', path.read_text("utf-8")) for path in folder.glob("*/package.json")
        ]
        return next((match[1] for match in found if match), "see the package")
    text = "".join(path.read_text("utf-8", "replace") for path in folder.glob("usr/share/doc/*/copyright"))
    names = dict.fromkeys(re.findall(r"^License: *([\w.+-]+)", text, re.MULTILINE))
    return " ".join(list(names)[:6]) or "see its copyright file"


def version(package: Package) -> str:
    if package.name.startswith("npm:"):
        return package.name.rpartition("@")[2]
    shown = subprocess.run(
        ["apt-cache", "show", package.name.partition(":")[2]], check=False, capture_output=True, text=True
    )
    return next((line[9:] for line in shown.stdout.splitlines() if line.startswith("Version: ")), "")


def write(under: Path, every: Hashed) -> None:
    """Write the files of the package."""
    chosen = packages()
    in_bank = np.array([chosen[number].in_bank for number in every.package])
    np.savez(FILE, pdq=every.pdq[in_bank, 0], phash=every.phash[in_bank], sha256=every.sha256[in_bank])
    counts = Counter(every.package[in_bank].tolist())
    with FILE.with_suffix(".csv").open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(["package", "version", "pictures", "licences"])
        for number, count in sorted(counts.items()):
            package = chosen[number]
            rows.writerow([package.name, version(package), count, licence(package.folder(under), package)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fetch", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    chosen = packages()
    if options.fetch:
        for package in chosen:
            fetch(package, options.folder)
    if missing := [package.name for package in chosen if not package.folder(options.folder).exists()]:
        sys.exit(f"not there, see --fetch: {', '.join(missing)}")
    every = hashed(options.folder)
    counts = Counter("bank" if chosen[number].in_bank else "for measuring" for number in every.package)
    print(", ".join(f"{count:,} pictures {part}" for part, count in sorted(counts.items())))
    if options.write:
        write(options.folder, every)
        print(f"{FILE.name}: {FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
