"""Axes and drawings: every chart is well-formed, inside its frame and loses no extreme."""

import itertools
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polydesk.report.axes import TimeAxis, round_ticks, stretches, tick_decimals
from polydesk.report.bars import Bar, BarChart, draw_bars
from polydesk.report.charts import MOST_POINTS, Band, Chart, Line, Marker, draw, draw_narrow, shortened

S = 10**9
HOUR = 3_600 * S


@given(st.floats(-1e9, 1e9), st.floats(0, 1e9))
def test_ticks_cover_the_range_evenly(low: float, span: float) -> None:
    ticks = round_ticks(low, low + span)
    step = ticks[1] - ticks[0]
    slack = step * 1e-6
    assert ticks[0] <= low + slack
    assert ticks[-1] >= low + span - slack
    assert 2 <= len(ticks) <= 12
    assert tick_decimals(ticks) <= 6


def test_long_pause_takes_little_room() -> None:
    first = [at * S for at in range(0, 600, 10)]
    second = [50 * 24 * HOUR + at * S for at in range(0, 300, 10)]
    axis = TimeAxis([*first, *second], 0, 1000)
    assert len(axis.stretches) == 2
    assert axis.x(first[0]) == 0
    assert axis.x(second[-1]) == pytest.approx(1000)
    assert axis.x(second[0]) - axis.x(first[-1]) < 30
    assert axis.x(first[-1]) > 600
    assert not axis.same_stretch(first[-1], second[0])
    assert len(axis.breaks()) == 1
    assert sum(bool(tick.day) for tick in axis.ticks()) == 2


@given(st.lists(st.integers(0, 10**18), min_size=1, max_size=40))
def test_axis_is_monotone_and_inside(times: list[int]) -> None:
    axis = TimeAxis(times, 50, 950)
    xs = [axis.x(ts) for ts in sorted(times)]
    assert xs == sorted(xs)
    assert xs[0] >= 50
    assert sum(last - first for first, last in stretches(sorted(set(times)))) <= max(times) - min(times)
    ticks = axis.ticks()
    assert ticks
    assert all(later.x > earlier.x for earlier, later in itertools.pairwise(ticks))


points = st.lists(
    st.tuples(st.integers(0, 5_000).map(lambda s: s * S), st.floats(-1e6, 1e6)), min_size=1, max_size=50
).map(lambda found: sorted(dict(found).items()))


@given(points, st.booleans(), st.booleans())
def test_drawing_is_well_formed_and_inside_its_frame(values: list, filled: bool, signed: bool) -> None:
    chart = Chart(
        "T <&>", "D", "pUSD", (Line("a <b>", "first", values, filled=filled),), (Band("first", values, values),),
        [Marker(values[0][0], values[0][1], True, True, "x & <y>")], zero=True, signed=signed,
    )  # fmt: skip
    svg = draw(chart)
    root = ET.fromstring(svg)  # noqa: S314 - our own text
    assert root.find("title").text == "T <&>"
    assert root.find("desc").text == "D"
    for path in root.iter("path"):
        numbers = [float(n) for n in re.findall(r"-?\d+\.\d", path.get("d"))]
        assert all(-20 <= n <= chart.width + 20 for n in numbers)


def test_thinning_keeps_the_extremes() -> None:
    values = [(at * S, 0.0) for at in range(20_000)]
    values[7_777] = (7_777 * S, 9.0)
    values[7_778] = (7_778 * S, -9.0)
    svg = draw(Chart("t", "d", "u", (Line("l", "first", values),)))
    flat = draw(Chart("t", "d", "u", (Line("l", "first", [v for v in values if v[1] == 0]),)))
    heights = {float(n) for n in re.findall(r"V(\d+\.\d)", svg)}
    assert max(heights) - min(heights) > 150
    assert "V" not in re.search(r'class="line first" d="([^"]*)"', flat).group(1)
    assert len(svg) < 6_000


@given(
    st.lists(st.tuples(st.text(min_size=1, max_size=12), st.floats(-1e9, 1e9)), min_size=1, max_size=12),
    st.booleans(),
)
@settings(max_examples=40)
def test_bars_are_well_formed_and_inside_their_frame(values: list, narrow: bool) -> None:
    named = [("".join(c for c in name if c.isprintable()) or "x", value) for name, value in values]
    chart = BarChart("T <&>", "D", "pUSD", [Bar(name, value, f"{value:+.2f}") for name, value in named])
    root = ET.fromstring(draw_bars(chart, narrow=narrow))  # noqa: S314 - our own text
    _, _, width, height = (float(n) for n in root.get("viewBox").split())
    bars = list(root.iter("rect"))
    assert len(bars) == len(named)
    unit = next(text for text in root.iter("text") if text.get("class") == "unit")
    reach = {"start": (0, 40), "middle": (-20, 20), "end": (-40, 0)}[unit.get("text-anchor")]
    assert float(unit.get("x")) + reach[0] >= -0.1
    assert float(unit.get("x")) + reach[1] <= width + 0.1
    longest = max(abs(value) for _, value in named)
    for bar, (_, value) in zip(bars, named, strict=True):
        x, length = float(bar.get("x")), float(bar.get("width"))
        assert x >= -0.1
        assert x + length <= width + 0.1
        assert float(bar.get("y")) + float(bar.get("height")) <= height
        assert bar.get("class") == ("sell" if value < 0 else "buy")
        if abs(value) == longest and longest > 0:
            assert length == max(float(b.get("width")) for b in bars)


def test_a_narrow_drawing_is_made_for_its_width() -> None:
    values = [(at * S, float(at % 7)) for at in range(1_000)]
    chart = Chart("t", "d", "pUSD", (Line("matched", "first", values),))
    root = ET.fromstring(draw_narrow(chart))  # noqa: S314 - our own text
    assert root.get("viewBox").split()[2] == "400"
    ticks = [float(text.get("x")) for text in root.iter("text") if text.get("class") == "tick"]
    assert all(0 <= x <= 400 for x in ticks)


def test_many_points_are_shortened_without_losing_an_extreme_or_an_end() -> None:
    values = [(at * S, float(at * 7_919 % 1_000)) for at in range(100_000)]
    values[4_321] = (4_321 * S, 5_000.0)
    values[98_765] = (98_765 * S, -5_000.0)
    short = shortened(values)
    assert len(short) <= MOST_POINTS
    assert (short[0], short[-1]) == (values[0], values[-1])
    assert {(4_321 * S, 5_000.0), (98_765 * S, -5_000.0)} <= set(short)
    assert short == sorted(short)
    assert shortened(values[:MOST_POINTS]) == values[:MOST_POINTS]


@pytest.mark.parametrize("days", [2, 9, 60, 400])
def test_many_pauses_leave_room_for_the_data_and_its_dates(days: int) -> None:
    times = [day * 24 * HOUR + at * S for day in range(days) for at in range(0, 600, 10)]
    axis = TimeAxis(times, 62, 916)
    assert len(axis.stretches) == days
    xs = [axis.x(ts) for ts in times]
    assert xs == sorted(xs)
    assert xs[-1] == pytest.approx(916)
    assert sum(one.right - one.left for one in axis.stretches) >= 0.74 * (916 - 62)
    dated = [tick.x for tick in axis.ticks() if tick.day]
    assert dated
    assert all(later - earlier >= 70 for earlier, later in itertools.pairwise(dated)), "dates do not overlap"
    assert len(axis.breaks()) in {0, days - 1}
