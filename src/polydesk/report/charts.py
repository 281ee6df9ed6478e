"""Line charts as inline SVG: no script, no fonts of their own; colours come from the page's style sheet."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape

from polydesk.report.axes import TimeAxis, round_ticks, tick_decimals

_TOP, _BOTTOM, _LEFT, _RIGHT = 28.0, 40.0, 62.0, 84.0
_LABEL_PX = 13.0

MOST_POINTS = 8_000
"""Points of one curve that are looked at one by one."""

NARROW_PX = 400
"""Width of a drawing for a telephone."""

Values = Sequence[tuple[int, float]]
"""Instants (ns) and values, in order of time."""


@dataclass(frozen=True)
class Line:
    """One curve.

    Attributes:
        name: What it is; also its label at the end.
        style: CSS class that colours it.
        values: Its points; each value holds until the next.
        filled: Whether the area down to ``base`` is tinted.
        base: Where the tint ends.
    """

    name: str
    style: str
    values: Values
    filled: bool = False
    base: float = 0.0


@dataclass(frozen=True)
class Band:
    """A tinted area between a low and a high value over time."""

    style: str
    low: Values
    high: Values


@dataclass(frozen=True)
class Marker:
    """One event on the chart: a triangle up (``buy``) or down (``sell``), hollow when we made."""

    ts_ns: int
    value: float
    up: bool
    hollow: bool
    text: str


@dataclass(frozen=True)
class Chart:
    """What to draw.

    Attributes:
        title: Name of the chart, for readers who cannot see it.
        description: What it shows, in one sentence.
        unit: Unit of the value axis.
        lines: Curves, drawn in order.
        bands: Drawn below the curves.
        markers: Drawn above the curves.
        width: Of the drawing, in its own pixels.
        height: Likewise.
        zero: Whether the value axis must reach 0.
        signed: Whether values are gains and losses, labelled with their sign.
    """

    title: str
    description: str
    unit: str
    lines: Sequence[Line]
    bands: Sequence[Band] = ()
    markers: Sequence[Marker] = ()
    width: int = 1_000
    height: int = 250
    zero: bool = False
    signed: bool = False


def draw(chart: Chart) -> str:
    """Return the chart as an ``<svg>`` element; every text in it is escaped."""
    times = [ts for line in chart.lines for ts, _ in line.values] + [m.ts_ns for m in chart.markers]
    axis = TimeAxis(times, _LEFT, chart.width - _RIGHT)
    ticks = round_ticks(*_range(chart), about=max(3, chart.height // 52))
    y = _scale(ticks[0], ticks[-1], chart.height)
    parts = [
        f'<svg class="chart" viewBox="0 0 {chart.width} {chart.height}" role="img">',
        f"<title>{escape(chart.title)}</title><desc>{escape(chart.description)}</desc>",
        *_value_axis(chart, ticks, y),
        *_time_axis(chart, axis),
        *(_band(band, axis, y) for band in chart.bands),
        *(_line(line, axis, y) for line in chart.lines),
        *_end_labels(chart, axis, y, tick_decimals(ticks)),
        *(_marker(marker, axis, y) for marker in chart.markers),
        "</svg>",
    ]
    return "".join(parts)


def draw_narrow(chart: Chart) -> str:
    """Return the chart drawn anew for a telephone: as wide as one, so that its texts stay readable."""
    return draw(replace(chart, width=NARROW_PX, height=max(200, chart.height - 20)))


def shortened(values: Values) -> Values:
    """Return first, lowest, highest and last point of every few neighbours where there are too many to draw.

    A chart of more than ``MOST_POINTS`` has several points in every pixel; this keeps drawing it fast.
    """
    size = -(-len(values) // (MOST_POINTS // 4))
    if len(values) <= MOST_POINTS:
        return values
    return [point for at in range(0, len(values), size) for point in _extremes(list(values[at : at + size]))]


def _range(chart: Chart) -> tuple[float, float]:
    values = [value for line in chart.lines for _, value in line.values] + [m.value for m in chart.markers]
    values += [value for band in chart.bands for side in (band.low, band.high) for _, value in side]
    if chart.zero or not values:
        values.append(0.0)
    return min(values), max(values)


def _scale(low: float, high: float, height: int) -> Callable[[float], float]:
    room = height - _TOP - _BOTTOM
    return lambda value: _TOP + room * (high - value) / (high - low)


def _value_axis(chart: Chart, ticks: Sequence[float], y: Callable[[float], float]) -> Iterable[str]:
    decimals = tick_decimals(ticks)
    right = chart.width - _RIGHT
    for tick in ticks:
        at = y(tick)
        style = "zero" if chart.signed and abs(tick) < 1e-12 else "grid"
        yield f'<line class="{style}" x1="{_LEFT:.0f}" x2="{right:.0f}" y1="{at:.1f}" y2="{at:.1f}"/>'
        label = _number(tick, decimals, chart.signed)
        yield f'<text class="tick" text-anchor="end" x="{_LEFT - 8:.0f}" y="{at + 4:.1f}">{label}</text>'
    yield f'<text class="unit" text-anchor="end" x="{_LEFT - 8:.0f}" y="12">{escape(chart.unit)}</text>'


def _number(value: float, decimals: int, signed: bool) -> str:  # noqa: FBT001 - private
    value = round(value, decimals) + 0.0
    return f"{value:+,.{decimals}f}" if signed and value else f"{value:,.{decimals}f}"


def _time_axis(chart: Chart, axis: TimeAxis) -> Iterable[str]:
    floor = chart.height - _BOTTOM
    for tick in axis.ticks():
        yield f'<line class="grid" x1="{tick.x:.1f}" x2="{tick.x:.1f}" y1="{floor:.1f}" y2="{floor + 5:.1f}"/>'
        yield f'<text class="tick" text-anchor="middle" x="{tick.x:.1f}" y="{floor + 18:.1f}">{tick.label}</text>'
        if tick.day:
            yield f'<text class="tick" text-anchor="middle" x="{tick.x:.1f}" y="{floor + 32:.1f}">{tick.day}</text>'
    for x in axis.breaks():
        yield f'<path class="break" d="M{x - 4:.1f} {floor + 6:.1f}l4 -12M{x + 1:.1f} {floor + 6:.1f}l4 -12"/>'
        yield f'<line class="pause" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP:.0f}" y2="{floor - 8:.1f}"/>'
    yield f'<text class="unit" text-anchor="end" x="{chart.width - 2}" y="{floor + 32:.1f}">UTC</text>'


def _line(line: Line, axis: TimeAxis, y: Callable[[float], float]) -> str:
    runs = _runs(line.values, axis)
    path = "".join(_steps(run, axis, y) for run in runs)
    drawn = f'<path class="line {line.style}" d="{path}"/>'
    if not line.filled:
        return drawn
    base = y(line.base)
    area = "".join(f"{_steps(run, axis, y)}V{base:.1f}H{axis.x(run[0][0]):.1f}Z" for run in runs)
    return f'<path class="area {line.style}" d="{area}"/>{drawn}'


def _band(band: Band, axis: TimeAxis, y: Callable[[float], float]) -> str:
    out = []
    for low, high in zip(_runs(band.low, axis), _runs(band.high, axis), strict=True):
        back = [(axis.x(ts), y(value)) for ts, value in _thin(low, axis)]
        path = _steps(high, axis, y) + f"L{back[-1][0]:.1f} {back[-1][1]:.1f}"
        for (x, _), (_, value) in zip(reversed(back), [*reversed(back[:-1]), back[0]], strict=True):
            path += f"H{x:.1f}V{value:.1f}"
        out.append(path + "Z")
    return f'<path class="band {band.style}" d="{"".join(out)}"/>'


def _runs(values: Values, axis: TimeAxis) -> list[list[tuple[int, float]]]:
    """Cut a curve where the time axis leaves out a pause."""
    runs: list[list[tuple[int, float]]] = []
    for point in values:
        if runs and axis.same_stretch(runs[-1][-1][0], point[0]):
            runs[-1].append(point)
        else:
            runs.append([point])
    return runs


def _thin(run: Values, axis: TimeAxis) -> list[tuple[int, float]]:
    """Keep first, lowest, highest and last point of every pixel, so that no extreme is lost."""
    out: list[tuple[int, float]] = []
    bucket: list[tuple[int, float]] = []
    pixel = None
    for point in run:
        here = int(axis.x(point[0]))
        if here != pixel and bucket:
            out += _extremes(bucket)
            bucket = []
        pixel = here
        bucket.append(point)
    return out + _extremes(bucket)


def _extremes(bucket: list[tuple[int, float]]) -> list[tuple[int, float]]:
    if len(bucket) <= 4:
        return bucket
    low = min(bucket, key=lambda point: point[1])
    high = max(bucket, key=lambda point: point[1])
    return sorted({bucket[0], low, high, bucket[-1]})


def _steps(run: Values, axis: TimeAxis, y: Callable[[float], float]) -> str:
    thin = _thin(run, axis)
    path = f"M{axis.x(thin[0][0]):.1f} {y(thin[0][1]):.1f}"
    before = f"{y(thin[0][1]):.1f}"
    for at, (ts, value) in enumerate(thin[1:], 2):
        here = f"{y(value):.1f}"
        if here != before or at == len(thin):
            path += f"H{axis.x(ts):.1f}" + (f"V{here}" if here != before else "")
        before = here
    return path


def _end_labels(chart: Chart, axis: TimeAxis, y: Callable[[float], float], decimals: int) -> Iterable[str]:
    """Name each curve and its last value where it ends, moved apart where labels would overlap."""
    lines = sorted((line for line in chart.lines if line.values), key=lambda line: y(line.values[-1][1]))
    lowest = chart.height - _BOTTOM - 2 * len(lines) * _LABEL_PX
    free = _TOP
    for at, line in enumerate(lines):
        last_ns, value = line.values[-1]
        top = max(min(y(value), lowest + 2 * at * _LABEL_PX), free)
        free = top + 2 * _LABEL_PX + 2
        x = axis.x(last_ns) + 6
        number = _number(value, max(2, decimals), chart.signed)
        yield f'<text class="label {line.style}" x="{x:.1f}" y="{top + 4:.1f}">{escape(line.name)}</text>'
        yield f'<text class="label {line.style}" x="{x:.1f}" y="{top + 4 + _LABEL_PX:.1f}">{number}</text>'


def _marker(marker: Marker, axis: TimeAxis, y: Callable[[float], float]) -> str:
    x, at = axis.x(marker.ts_ns), y(marker.value)
    tip = -5 if marker.up else 5
    style = ("buy" if marker.up else "sell") + (" hollow" if marker.hollow else "")
    path = f"M{x:.1f} {at + tip:.1f}l4.6 {-1.7 * tip:.1f}h-9.2Z"
    return f'<path class="{style}" d="{path}"><title>{escape(marker.text)}</title></path>'
