"""Which files are told to be containers, films or disk images, and does `file` (libmagic) tell the same?

    python -m benchmarks.decoding.unopened_kinds FOLDER… [--lines FILE]

Reads the beginning and the end of every regular file below the folders, and says what the matcher
says of it without decoding: a picture, a reason why it is not opened, or nothing. Beside it stands the media type that
`file --mime-type` gives. Prints, as Markdown, how many files there are of each pair, the largest first, with an example
of each, and the microseconds that telling takes for each file. `--lines` writes one JSON line for each file.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import time
from collections import Counter
from pathlib import Path

from matcher.examine.unopened import unopened
from matcher.examine.unopened.edges import HEAD, TAIL, Edges
from matcher.imaging.sniff import HEAD as PICTURE_HEAD
from matcher.imaging.sniff import sniff


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--lines", type=Path, help="one JSON line for each file")
    arguments = parser.parse_args()
    paths = [path for folder in arguments.folders for path in files_below(folder)]
    peers = media_types(paths)
    pairs: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], Path] = {}
    seconds: list[float] = []
    lines = []
    for path, peer in zip(paths, peers, strict=True):
        try:
            edges = read_edges(path)
        except OSError:
            continue
        begun = time.perf_counter()
        own = told(edges)
        seconds.append(time.perf_counter() - begun)
        pair = own, peer
        pairs[pair] += 1
        examples.setdefault(pair, path)
        lines.append(json.dumps({"path": os.fsencode(path).decode(errors="replace"), "told": own, "file": peer}))
    if arguments.lines is not None:
        arguments.lines.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("| told | file says | files | for example |\n|---|---|---|---|")
    for pair, count in pairs.most_common():
        print(f"| {pair[0]} | {pair[1]} | {count:,} | {os.fsencode(examples[pair]).decode(errors='replace')} |")
    seconds.sort()
    if seconds:
        mean, most = sum(seconds) / len(seconds) * 1e6, seconds[-1] * 1e6
        median = seconds[len(seconds) // 2] * 1e6
        print(
            f"\n{len(seconds):,} files; microseconds a file: median {median:.0f}, mean {mean:.0f}, largest {most:,.0f}"
        )


def files_below(folder: Path) -> list[Path]:
    """Every regular file below a folder that has content, sorted; links are not followed."""
    found = []
    for base, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(base, name)
            try:
                if not path.is_symlink() and path.is_file() and path.stat().st_size:
                    found.append(path)
            except OSError:
                continue
    return found


def read_edges(path: Path) -> Edges:
    """The edges of a file, without reading what lies between them."""
    with path.open("rb") as stream:
        head = stream.read(HEAD)
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(size - TAIL, 0))
        return Edges(head, stream.read(TAIL), size)


def told(edges: Edges) -> str:
    """What the matcher says of a file: `picture TYPE`, `REASON TYPE`, or `nothing`."""
    kind = sniff(edges.head[:PICTURE_HEAD])
    if kind is not None:
        return f"picture {kind.media_type}"
    found = unopened(edges)
    return "nothing" if found is None else f"{found.reason.value} {found.media_type}"


def media_types(paths: list[Path]) -> list[str]:
    """What `file --mime-type` says of each file; empty strings where it is not installed."""
    if not paths:
        return []
    named = b"\n".join(os.fsencode(path) for path in paths if b"\n" not in os.fsencode(path)) + b"\n"
    command = ["file", "--mime-type", "--brief", "--no-pad", "--files-from", "-"]
    try:
        done = subprocess.run(command, input=named, capture_output=True, check=False)
    except FileNotFoundError:
        return [""] * len(paths)
    types = iter(done.stdout.decode("ascii", errors="replace").split("\n"))
    return ["" if b"\n" in os.fsencode(path) else next(types) for path in paths]


if __name__ == "__main__":
    main()
