"""Which weight has each feature of a rectangle (matcher/imaging/regions/weights.py), and what do the weights detect?

    python -m benchmarks.detection.region_weights CORPUS [--count 80] [--seed 100]

Composes `--count` screenshots of each kind (half as many grids) from one half of the corpus's photographs and as many
from the other, saves each as PNG and as JPEG 75, and takes the rectangles that the finder makes. A logistic regression
on the first half separates those at a planted picture (every side within 1.2 % of it) from the others, which weigh more
the better they scored in the round before. Prints the weights, and for both halves the share of planted pictures for
which a region has all sides within 2 %, the share for which any rectangle has (candidates), and the number of regions.

Some planted pictures have covered or rounded corners, or the colour of their surroundings, so not all can be detected.
"""

from __future__ import annotations

import argparse
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.optimize import minimize

from benchmarks.detection.compose import compose
from benchmarks.hashing.corpus_recall import photographs
from matcher.imaging.regions.boxes import FEATURES, ROUGH, features
from matcher.imaging.regions.choosing import chosen
from matcher.imaging.regions.finding import MOST_REGIONS, candidates

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

KINDS = ("desktop", "pasted", "phone", "grid")
AT, APART, FOUND = 0.012, 0.035, 0.02
POOL = 2000
ROUNDS = 4
HARDEST, OTHERS = 300, 100
PENALTY = 0.01


class Shown(NamedTuple):
    """One screenshot: its rectangles, their features, and the displacement of each from each planted picture."""

    kind: str
    boxes: npt.NDArray[np.int32]
    rows: Floats
    off: Floats
    """(planted, n): the largest displacement of a side, as a share of the planted picture's."""


def displaced(boxes: npt.NDArray[np.int32], planted: tuple[int, int, int, int]) -> Floats:
    x, y, width, height = planted
    right, lower = boxes[:, 0] + boxes[:, 2] - x - width, boxes[:, 1] + boxes[:, 3] - y - height
    across = np.maximum(abs(boxes[:, 0] - x), abs(right)) / width
    worst: Floats = np.maximum(across, np.maximum(abs(boxes[:, 1] - y), abs(lower)) / height)
    return worst


def shown(kind: str, grey: npt.NDArray[np.uint8], planted: list[tuple[int, int, int, int]]) -> Shown:
    boxes, evidence, extra = candidates(grey)
    rows = np.zeros((len(boxes), FEATURES), np.float64)
    features(boxes, evidence, *extra, True, rows)
    off = np.stack([displaced(boxes, each) for each in planted])
    return Shown(kind, boxes, rows, off)


def half(corpus: Path, which: int, count: int, seed: int) -> Iterator[Shown]:
    """A generator of the screenshots of one half of the pictures."""
    pictures = []
    for path in photographs(corpus, 500)[which::2]:
        image = Image.open(path).convert("RGB")
        if min(image.size) >= 200:
            image.thumbnail((1600, 1600))
            pictures.append(image)
    screens = [path for path in sorted((corpus / "screenshots").iterdir())[which::2] if Image.open(path).width >= 500]
    for kind in KINDS:
        for number in range(count // 2 if kind == "grid" else count):
            rng = np.random.default_rng([seed + which, number])
            some = [pictures[place] for place in rng.choice(len(pictures), 16, replace=False)]
            others = rng.choice(np.array(screens), 4) if kind == "pasted" else rng.choice(len(pictures), 4)
            behind = [Image.open(one).convert("RGB") if kind == "pasted" else pictures[one] for one in others]
            composed = compose(kind, some, behind, rng)
            for form in ("PNG", "JPEG"):
                stream = io.BytesIO()
                composed.image.save(stream, form, quality=75)
                grey = np.asarray(Image.open(stream).convert("RGB").convert("L"))
                yield shown(f"{kind} {form}", grey, composed.boxes)


def examples(
    each: Shown, pool: Ints, weights: Floats | None, used: int, random: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """The features, 1 or -1, and weight of some rectangles of a screenshot: each planted picture counts alike."""
    nearest = each.off[:, pool].min(axis=0) if len(pool) else np.zeros(0)
    good, bad = pool[nearest < AT], pool[nearest > APART]
    if not len(good) or not len(bad):
        return np.zeros((0, used)), np.zeros(0), np.zeros(0)
    some = random.choice(bad, min(OTHERS, len(bad)), replace=False)
    if weights is None:
        hard = random.choice(bad, min(HARDEST, len(bad)), replace=False)
    else:
        hard = bad[np.argsort(-(each.rows[bad, :used] @ weights), kind="stable")[:HARDEST]]
    bad = np.concatenate([hard, some])
    own = each.off[:, good].argmin(axis=0)
    share = len(each.off) ** -0.5 / np.bincount(own, minlength=len(each.off))[own]
    rows = each.rows[np.concatenate([good, bad]), :used]
    return rows, np.repeat([1.0, -1.0], [len(good), len(bad)]), np.concatenate([share, np.full(len(bad), 4 / len(bad))])


def fitted(every: list[Shown], pools: list[Ints], used: int) -> Floats:
    """The weights of the first `used` features."""
    random = np.random.default_rng(0)
    weights: Floats | None = None
    for _ in range(ROUNDS):
        parts = [examples(each, pool, weights, used, random) for each, pool in zip(every, pools, strict=True)]
        rows, signs, shares = (np.concatenate(part) for part in zip(*parts, strict=True))

        def loss(
            now: Floats, rows: Floats = rows, signs: Floats = signs, shares: Floats = shares
        ) -> tuple[float, Floats]:
            margin = signs * (rows @ now)
            slope = -signs / (1 + np.exp(np.clip(margin, -50, 50)))
            penalty = np.r_[0, now[1:]]
            value = (shares * np.logaddexp(0, -margin)).sum() + PENALTY * (penalty**2).sum()
            return value, rows.T @ (shares * slope) + 2 * PENALTY * penalty

        begin = np.zeros(used) if weights is None else weights
        weights = minimize(loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": 400}).x
    assert weights is not None
    return weights


def pooled(every: list[Shown], rough: Floats) -> list[Ints]:
    return [np.sort(np.argsort(-(each.rows[:, :ROUGH] @ rough), kind="stable")[:POOL]) for each in every]


def tell(name: str, every: list[Shown], pools: list[Ints], weights: Floats) -> None:
    table: dict[str, list[int]] = {}
    for each, pool in zip(every, pools, strict=True):
        row = table.setdefault(each.kind, [0, 0, 0, 0, 0])
        row[0] += 1
        row[1] += len(each.off)
        if not len(pool):
            continue
        values = each.rows[pool] @ weights
        order = np.argsort(-values, kind="stable")
        places = pool[chosen(np.ascontiguousarray(each.boxes[pool]), order, MOST_REGIONS)]
        row[2] += int((each.off[:, places] < FOUND).any(axis=1).sum())
        row[3] += int((each.off < FOUND).any(axis=1).sum())
        row[4] += len(places)
    print(f"\n{name}\n\n| screenshots | planted | found | candidates | regions each |\n|---|---|---|---|---|")
    for kind, (count, planted, evidence, candidates_near, regions) in table.items():
        shares = f"{100 * evidence / planted:.1f} % | {100 * candidates_near / planted:.1f} %"
        print(f"| {kind} | {planted} | {shares} | {regions / count:.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--count", type=int, default=80)
    parser.add_argument("--seed", type=int, default=100)
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    first, second = (list(half(arguments.corpus, which, arguments.count, arguments.seed)) for which in (0, 1))
    rough = fitted(first, [np.arange(len(each.boxes)) for each in first], ROUGH)
    pools = pooled(first, rough)
    weights = fitted(first, pools, FEATURES)
    for name, values in (("ROUGH_WEIGHTS", rough), ("WEIGHTS", weights)):
        print(name, ", ".join(f"{value:.4f}" for value in values))
    tell("The half that was fitted", first, pools, weights)
    tell("The other half", second, pooled(second, rough), weights)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
