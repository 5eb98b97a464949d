"""A line of a few numbers drawn as SVG: no script, no colour of its own, and in words for whoever does not see it."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString

WIDTH, HEIGHT, INSET = 120, 28, 2


def spark(values: Sequence[int], words: str) -> SafeString:
    """Oldest first, from nothing up to the largest of them. `words` say what it shows."""
    points = _points(values)
    line = " ".join(f"{x:g},{y:g}" for x, y in points)
    floor = HEIGHT - INSET
    return format_html(
        '<svg class="os-spark" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">'
        '<title>{}</title><polygon points="{} {},{} {},{}"/><polyline points="{}"/>'
        '<circle cx="{}" cy="{}" r="2"/></svg>',
        *(WIDTH, HEIGHT, WIDTH, HEIGHT, words, words),
        *(line, f"{points[-1][0]:g}", floor, f"{points[0][0]:g}", floor),
        *(line, f"{points[-1][0]:g}", f"{points[-1][1]:g}"),
    )


def _points(values: Sequence[int]) -> list[tuple[float, float]]:
    most, step = max(*values, 1), (WIDTH - 2 * INSET) / max(len(values) - 1, 1)
    height = HEIGHT - 2 * INSET
    return [
        (round(INSET + place * step, 1), round(HEIGHT - INSET - height * value / most, 1))
        for place, value in enumerate(values)
    ]
