"""Draws: a published hash of names, so that nothing depends on the order in which they are asked."""

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made import market
from polydesk.kernel import Latency, VenueTerms, new_venue, venue_arrival
from polydesk.kernel.draw import _finished, _mixed, chance_q31, draw_q31, latency_ns, scaled_q31
from polydesk.kernel.venue_state import Leg

BIG = st.integers(0, (1 << 63) - 1)


def terms(**more):
    still = Latency(0)
    fields = {
        "seed": 1, "cash_u6": 0, "order": still, "cancel": still, "answer": still, "feed": still, "confirm_ns": 0,
        "failure": 0.0, "settle_ns": 0, "dispute": 0.0, "dispute_ns": 0, "min_marketable_u6": 0, "rebates": True,
    }  # fmt: skip
    return VenueTerms(**{**fields, **more})


@pytest.mark.parametrize(
    ("data", "seed", "expected"),
    [
        (b"", 0, 0), (b"", 1, 0x514E28B7), (b"test", 0, 0xBA6BD213), (b"aaaa", 0x9747B28C, 0x5A97808A),
        (b"abcd", 0x9747B28C, 0xF0478627), (b"\xff\xff\xff\xff", 0, 0x76293B50), (b"!Ce\x87", 0, 0xF55B516B),
    ],
)  # fmt: skip
def test_published_values_of_the_hash(data, seed, expected):
    state = seed
    for (word,) in struct.iter_unpack("<I", data):
        state = _mixed(state, word)
    assert _finished(state, len(data)) == expected


@given(BIG, BIG, st.integers(0, 200), BIG)
def test_a_draw_depends_on_its_four_names_alone(seed, number, leg, at_ns):
    first = draw_q31(seed, number, leg, at_ns)
    assert 0 <= first < 1 << 31
    draw_q31(seed ^ 1, number, leg, at_ns)
    assert draw_q31(seed, number, leg, at_ns) == first


def test_draws_are_spread_and_differ_by_every_name():
    draws = [draw_q31(1, number, 0, 7) / (1 << 31) for number in range(4_000)]
    assert sum(draws) / 4_000 == pytest.approx(0.5, abs=0.02)
    for tenth in range(10):
        assert sum(tenth <= 10 * one < tenth + 1 for one in draws) == pytest.approx(400, abs=80)
    base = (1, 2, 3, 4)
    others = {draw_q31(*(b + (i == k) * step for i, b in enumerate(base))) for k in (0, 1, 3) for step in (1, 1 << 32)}
    assert len(others - {draw_q31(*base)}) == 6


@given(st.integers(0, (1 << 62) - 1), st.integers(0, (1 << 31) - 1))
def test_scaling_is_exact(whole, q31):
    assert scaled_q31(whole, q31) == whole * q31 >> 31


@given(st.integers(0, 10**12), st.floats(0, 1), st.integers(1, 10**6), st.integers(0, 1 << 61))
def test_a_constant_latency_stays_within_its_spread(base, jitter, number, at_ns):
    spread = round(base * jitter)
    venue = new_venue(terms(order=Latency(base, spread)), (market(),), (), orders=4, events=0)
    assert base - spread <= latency_ns(venue, int(Leg.ORDER), 0, number, at_ns) <= base + spread


def test_measured_latencies_are_drawn_alike_and_only_those():
    venue = new_venue(terms(order=Latency(5, 5, (30, 10, 20)), cancel=Latency(7)), (market(),), (), orders=4)
    drawn = [venue_arrival(venue, number, 0, 1_000) - 1_000 for number in range(3_000)]
    assert {one: pytest.approx(drawn.count(one), abs=150) for one in (10, 20, 30)} == dict.fromkeys((10, 20, 30), 1_000)
    assert venue_arrival(venue, 1, 1, 1_000) == 1_007


def test_the_order_of_questions_does_not_matter():
    venue = new_venue(terms(order=Latency(50, 10), cancel=Latency(50, 10)), (market(),), (), orders=4)
    names = [(number, cancel, at) for number in range(1, 30) for cancel in (0, 1) for at in (5, 900)]
    asked = {name: venue_arrival(venue, *name) for name in names}
    random.Random(4).shuffle(names)
    assert {name: venue_arrival(venue, *name) for name in names} == asked
    assert len({(asked[name] - name[2]) for name in names}) > 10


@pytest.mark.parametrize(("probability", "chance"), [(0, 0), (1, 1 << 31), (0.5, 1 << 30)])
def test_a_probability_is_a_count_of_draws(probability, chance):
    assert chance_q31(probability) == chance
