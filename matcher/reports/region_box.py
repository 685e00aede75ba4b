"""Where a match lies in its picture: a box on a blank canvas of the picture's size. Nothing of the picture is shown."""

from __future__ import annotations

from matcher.model import Region
from matcher.reports.markup import text


def region_box(region: Region, width: int | None, height: int | None) -> str:
    """A drawing of a region, as markup. The canvas of a frame that is larger than the first is as large as needed."""
    x, y, wide, high = region
    canvas = max(width or 0, x + wide), max(height or 0, y + high)
    said = f"{wide} × {high} pixels at {x}, {y} of {canvas[0]} × {canvas[1]}"
    return (
        f'<svg class="box" viewBox="0 0 {canvas[0]} {canvas[1]}" role="img" aria-label="{text(said)}">'
        f'<rect class="canvas" width="{canvas[0]}" height="{canvas[1]}"></rect>'
        f'<rect class="region" x="{x}" y="{y}" width="{wide}" height="{high}"></rect></svg>'
        f"<small>region {x} {y} {wide} {high}</small>"
    )
