"""The place of a match in its picture: a box on a blank canvas of the picture's size. The picture is not shown."""

from __future__ import annotations

from matcher.model import Region
from matcher.reports.markup import text


def region_box(region: Region, width: int | None, height: int | None) -> str:
    """A drawing of a region, as SVG markup. The canvas is enlarged where the region extends beyond `width` × `height`.

    That happens where a frame is larger than the first one, whose size is the picture's.
    """
    x, y, wide, high = region
    canvas = max(width or 0, x + wide), max(height or 0, y + high)
    label = f"{wide} × {high} pixels at {x}, {y} of {canvas[0]} × {canvas[1]}"
    return (
        f'<svg class="box" viewBox="0 0 {canvas[0]} {canvas[1]}" role="img" aria-label="{text(label)}">'
        f'<rect class="canvas" width="{canvas[0]}" height="{canvas[1]}"></rect>'
        f'<rect class="region" x="{x}" y="{y}" width="{wide}" height="{high}"></rect></svg>'
        f"<small>region {x} {y} {wide} {high}</small>"
    )
