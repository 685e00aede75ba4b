"""What does one picture cost on one thread, compared with the peers and with the decoder alone?

    python -m benchmarks.decoding.bench_image CORPUS --work DIR [--pictures 12] [--rounds 7]
                                             [--only FORM …] [--plots DIR]

Photographs of the corpus are converted to 12 and 2 megapixels, screenshots to 1920 × 1080, and stored in DIR. `examine`
computes all of our default hashes in eight orientations, without the digests; each peer computes one hash with its own
decoding. Prints a Markdown table for every form: the mean over the pictures of each one's median over the rounds, and
its ratio to `examine` without lists, with the smallest and the largest ratio of a single round. Then the required
ratios, and whether they were met; exit code 1 where one was not. `--plots` gets performance-image.svg (by matplotlib).
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pillow_heif

from benchmarks.shared.bare_decoding import bare, has_own_png, inflating, own_png, whole
from benchmarks.shared.corpus_pictures import FORMS, Form, Sample, converted, screenshots, sharp_photographs
from benchmarks.shared.hash_peers import IMAGEHASH, THREATEXCHANGE, Method, one_thread, peers
from benchmarks.shared.random_lists import bare_store, random_store
from benchmarks.shared.rounds import Times, rounds
from matcher import Matcher, Settings

OURS, LISTED, EXACT = "examine", "examine, list of 1,000", "examine --exact"
BARE, PILLOW, OWN_PNG = "bare decode", "whole decode by Pillow", "our PNG decoder alone"


class Required(NamedTuple):
    """The requirement that `slow` takes at least (or, with `most`, at most) `bound` times as long as `fast`."""

    form: str
    slow: str
    fast: str
    bound: float
    most: bool = False


REQUIRED = [
    Required("12 MP JPEG", THREATEXCHANGE, OURS, 15),
    Required("12 MP JPEG", IMAGEHASH, OURS, 6),
    Required("12 MP JPEG", OURS, BARE, 1.15, most=True),
    Required("2 MP JPEG", THREATEXCHANGE, OURS, 8),
    Required("2 MP JPEG", IMAGEHASH, OURS, 3),
    Required("2 MP JPEG", OURS, BARE, 1.15, most=True),
    Required("1920x1080 PNG", THREATEXCHANGE, OURS, 3),
    Required("1920x1080 PNG", IMAGEHASH, OURS, 1.3),
    Required("1920x1080 PNG", OURS, BARE, 1.25, most=True),
]


def examined(matcher: Matcher, digests: dict[Path, dict[str, bytes]], sample: Sample) -> None:
    """Run `examine` with the digests passed in, so that none is computed."""
    finding = matcher.examine(sample.data, name=sample.path.name, digests=digests[sample.path])
    if finding.width is None:
        raise ValueError(f"{sample.path}: {finding.status} {finding.reason}")


def ways_for(form: Form, samples: Sequence[Sample], store: Path) -> dict[str, Method]:
    digests = {
        sample.path: {name: hashlib.new(name, sample.data).digest() for name in ("md5", "sha256")} for sample in samples
    }
    nothing_near = bare_store(store.with_name("bare"))
    methods: dict[str, Method] = {
        OURS: partial(examined, Matcher.open(nothing_near), digests),
        LISTED: partial(examined, Matcher.open(store), digests),
        EXACT: partial(examined, Matcher.open(nothing_near, settings=Settings(exact=True)), digests),
        BARE: bare,
        PILLOW: whole,
    }
    if form.kind == "PNG":
        methods.update(inflating(samples))
        if has_own_png():
            methods[OWN_PNG] = own_png
    for name, method in peers().items():
        try:
            answer = method(samples[0])
        except Exception:  # noqa: BLE001 - a peer that does not read this format may raise anything
            answer = None
        if answer is None:
            print(f"{name} does not read {form.kind}")
        else:
            methods[name] = method
    return methods


def table(form: str, samples: Sequence[Sample], times: Times) -> None:
    size = sum(len(sample.data) for sample in samples) / len(samples)
    print(f"\n{form}: {len(samples)} pictures, {size / 1e6:.2f} MB on average\n")
    print(f"| method | ms a picture | times `{OURS}` | of a round |\n|---|---|---|---|")
    for method in sorted(times.seconds, key=times.milliseconds):
        low, high = times.spread(method, OURS)
        print(
            f"| {method} | {times.milliseconds(method):.2f} | {times.ratio(method, OURS):.2f} "
            f"| {low:.2f} to {high:.2f} |"
        )
    sys.stdout.flush()


def judged(measured: dict[str, Times]) -> bool:
    """Print the requirements with the measured ratios. Returns whether all are met."""
    print("\n| form | ratio | required | measured | of a round | |\n|---|---|---|---|---|---|")
    good = True
    for form, slow, fast, bound, most in REQUIRED:
        times = measured.get(form)
        if times is None:
            continue
        if slow not in times.seconds:
            print(f"| {form} | {slow} : {fast} | {'≤' if most else '≥'} {bound} | not installed | | |")
            continue
        ratio = times.ratio(slow, fast)
        low, high = times.spread(slow, fast)
        met = ratio <= bound if most else ratio >= bound
        good = good and met
        print(f"| {form} | {slow} : {fast} | {'≤' if most else '≥'} {bound} | {ratio:.2f} | {low:.2f} to {high:.2f} "
              f"| {'met' if met else 'NOT MET'} |")  # fmt: skip
    return good


def plot(measured: dict[str, Times], folder: Path) -> None:
    """Draw bars with their numbers, one panel for each form, with the bare decode as a line."""
    from benchmarks.shared.plotting import save, subplots  # noqa: PLC0415 - only to draw

    figure, axes = subplots(len(measured), columns=2, height=3.2)
    for axis, (form, times) in zip(axes, measured.items(), strict=False):
        methods = sorted(times.seconds, key=times.milliseconds, reverse=True)
        colours = ["tab:orange" if method.startswith(OURS) else "tab:blue" for method in methods]
        bars = axis.barh(methods, [times.milliseconds(method) for method in methods], color=colours)
        axis.bar_label(bars, fmt="%.1f", padding=3, fontsize=8)
        axis.margins(x=0.1)
        axis.axvline(times.milliseconds(BARE), color="black", linewidth=1, linestyle="--")
        axis.set(xlabel="ms a picture, one thread", title=form)
    save(figure, folder / "performance-image.svg")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="+", choices=list(FORMS), default=list(FORMS))
    parser.add_argument("--plots", type=Path)
    arguments = parser.parse_args()
    pillow_heif.register_heif_opener()
    store = random_store(arguments.work / "store-1000", 1000)
    chosen = {
        "photographs": sharp_photographs(arguments.corpus, arguments.pictures),
        "screenshots": screenshots(arguments.corpus, arguments.pictures),
    }
    measured = {}
    for name in arguments.only:
        form = FORMS[name]
        samples = converted(chosen[form.of], name, arguments.work)
        measured[name] = rounds(ways_for(form, samples, store), samples, arguments.rounds)
        table(name, samples, measured[name])
    good = judged(measured)
    if arguments.plots:
        plot(measured, arguments.plots)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    one_thread()
    main()
