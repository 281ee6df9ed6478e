"""Axes and drawings: every chart is well-formed, inside its frame and loses no extreme."""

import itertools
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polydesk.report.axes import TimeAxis, round_ticks, stretches, tick_decimals
from polydesk.report.charts import Band, Chart, Line, Marker, draw

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
