"""The exchange's state as bytes continues identically, wherever it is cut."""

import pytest

from exchange_bench import MS, SHARE, STEADY, T0, Bench, filled, kinds
from made_orders import intent
from polydesk.exchange import ExchangeConfig
from polydesk.model.ids import intent_id
from polydesk.model.orders import OrderType, Side
from polydesk.model.records import OrderAck

GTD, FAK = OrderType.GTD, OrderType.FAK


def open_book(**more):
    bench = Bench(**more)
    bench.book(0, {4800: 20, 4700: 30}, {5000: 10, 5100: 40})
    return bench


# --- state ------------------------------------------------------------------------------------------------------------


def play(bench, start=0):
    """A bit of everything, one step at a time, so that it can be cut anywhere."""
    steps = (
        lambda: bench.send(intent(1, price=4800, size=12 * SHARE), 100),
        lambda: bench.send(intent(2, price=5100, size=25 * SHARE, kind=FAK), 110),
        lambda: bench.until(140),
        lambda: bench.until(170),
        lambda: bench.print(200, -1, 4800, 25),
        lambda: bench.send(intent(3, side=Side.SELL, price=5300, size=9 * SHARE), 210),
        lambda: bench.cancel(intent_id(1), 215),
        lambda: bench.until(262),
        lambda: bench.book(280, {4800: 5}, {5300: 8, 5400: 9}),
        lambda: bench.book(300, {5300: 4}, {5400: 9}),
        lambda: bench.send(intent(4, price=5200, kind=GTD, expires_ns=T0 + 60_500 * MS), 310),
        lambda: bench.until(10_000),
    )
    for step in steps[start:]:
        step()
        yield


@pytest.mark.parametrize("cut", range(13))
def test_state_as_bytes_continues_identically(cut):
    config = ExchangeConfig(failure_rate=0.3)
    whole = open_book(config=config)
    for _ in play(whole):
        pass
    assert len(filled(whole.news)) >= 4
    assert {type(one).__name__ for one in whole.news} >= {"OrderAck", "Fill", "FillStatus", "OrderDone"}
    half = open_book(config=config)
    for i, _ in enumerate(play(half)):
        if i + 1 == cut:
            break
    if cut == 0:
        half = open_book(config=config)
    other = half.saved(config)
    for _ in play(other, start=cut):
        pass
    assert other.news == whole.news
    assert other.venue.state == whole.venue.state


def test_two_seeds_differ_only_in_timing_and_failures():
    names = []
    for seed in (1, 2):
        bench = open_book(config=ExchangeConfig(jitter=0.01), seed=seed)
        for _ in play(bench):
            pass
        names.append(sorted(kinds(bench.news), key=str))
        assert isinstance(bench.news[0], OrderAck)
    assert names[0] == names[1]
    assert STEADY.jitter == 0
