"""Horizontal bar charts as inline SVG: one bar per name, its number beside it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

_WIDE, _NARROW = 1_000, 400
_NAME_PX, _NUMBER_PX = 250.0, 86.0
_ROW_PX, _BAR_PX = 23.0, 13.0
_TOP = 24.0
_EDGE_PX = 60.0


@dataclass(frozen=True)
class Bar:
    """One bar; ``text`` is its number as people read it."""

    name: str
    value: float
    text: str


@dataclass(frozen=True)
class BarChart:
    """What to draw.

    Attributes:
        title: Name of the chart, for readers who cannot see it.
        description: What it shows, in one sentence.
        unit: Unit of the values.
        bars: From top to bottom.
    """

    title: str
    description: str
    unit: str
    bars: Sequence[Bar]


def draw_bars(chart: BarChart, *, narrow: bool = False) -> str:
    """Return the chart as an ``<svg>`` element; a narrow one has each name above its bar. Every text is escaped."""
    width = _NARROW if narrow else _WIDE
    row = _ROW_PX + (20.0 if narrow else 0.0)
    left = (0.0 if narrow else _NAME_PX) + (_NUMBER_PX if any(bar.value < 0 for bar in chart.bars) else 0.0)
    right = width - (_NUMBER_PX if any(bar.value >= 0 for bar in chart.bars) else 4.0)
    low = min([0.0, *(bar.value for bar in chart.bars)])
    high = max([0.0, *(bar.value for bar in chart.bars)])
    scale = (right - left) / (high - low) if high > low else 0.0
    zero = left - low * scale
    height = _TOP + row * len(chart.bars) + 4
    middle = "start" if zero < _EDGE_PX else "end" if zero > width - _EDGE_PX else "middle"
    parts = [
        f'<svg class="chart bars" viewBox="0 0 {width} {height:.0f}" role="img">',
        f"<title>{escape(chart.title)}</title><desc>{escape(chart.description)}</desc>",
        f'<text class="unit" x="{zero:.1f}" text-anchor="{middle}" y="12">{escape(chart.unit)}</text>',
        *_rows(chart, zero, scale, row, narrow=narrow),
        f'<line class="zero" x1="{zero:.1f}" x2="{zero:.1f}" y1="{_TOP - 6:.0f}" y2="{height - 2:.0f}"/>',
        "</svg>",
    ]
    return "".join(parts)


def _rows(chart: BarChart, zero: float, scale: float, row: float, *, narrow: bool) -> Iterable[str]:
    for at, bar in enumerate(chart.bars):
        top = _TOP + at * row + (row - _BAR_PX - 5)
        length = abs(bar.value) * scale
        start = zero - length if bar.value < 0 else zero
        style = "sell" if bar.value < 0 else "buy"
        name_y = top - 5 if narrow else top + 11
        yield f'<text class="name" x="0" y="{name_y:.1f}">{escape(bar.name)}</text>'
        yield f'<rect class="{style}" x="{start:.1f}" y="{top:.1f}" width="{length:.1f}" height="{_BAR_PX:.0f}"/>'
        beside = start - 6 if bar.value < 0 else zero + length + 6
        anchor = "end" if bar.value < 0 else "start"
        place = f'text-anchor="{anchor}" x="{beside:.1f}" y="{top + 11:.1f}"'
        yield f'<text class="number" {place}>{escape(bar.text)}</text>'
