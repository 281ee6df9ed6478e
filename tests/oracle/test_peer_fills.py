"""Fills order by order beside hftbacktest and nautilus_trader 2, on the bundled recordings.

The compiled exchange agrees with the slow matcher; the slow matcher with another program's named rules switched on
agrees with that program. So every difference between the exchange and the program is one of the named rules: see
``docs/fills.md``. Neither is a dependency: name a Python that has it in ``POLYDESK_HFTBACKTEST_PYTHON`` or
``POLYDESK_NAUTILUS2_PYTHON``.
"""

import pytest
from side_by_side import NAMED_RULES, by_order, message_times, ours, schedule, slow, theirs

from polydesk.kernel import QueueModel

pytestmark = pytest.mark.slow

MARKETS = (0, 6, 8, 10, 11, 13)
"""Five minutes of Bitcoin without prints, and parts of a hockey game with few and with many."""


def peer_fills(peer, sample, index, orders, folder):
    try:
        return by_order(theirs(peer, sample, index, orders, folder))
    except LookupError as err:
        pytest.skip(str(err))


def differing(one, other):
    return sorted(number for number in one.keys() | other.keys() if one.get(number) != other.get(number))


@pytest.mark.parametrize("model", [model.name.lower() for model in QueueModel])
def test_the_exchange_agrees_with_the_slow_matcher_on_recordings(sample, model):
    filled = 0
    for index in (6, 10, 13):
        orders = schedule(sample, index, 3, 31)
        fills = ours(sample, index, orders, queue_model=model, queue_power=2)
        assert fills == slow(sample, index, orders, queue=model, queue_power=2)
        filled += len(fills)
    assert filled > 130


def test_hftbacktest_agrees_when_its_rules_are_switched_on(sample, tmp_path):
    filled = 0
    for index in MARKETS:
        orders = schedule(sample, index, 3, 31)
        found = peer_fills("hftbacktest", sample, index, orders, tmp_path)
        assert differing(found, by_order(slow(sample, index, orders, **NAMED_RULES["hftbacktest"]))) == []
        filled += len(found)
    assert filled > 250


@pytest.mark.parametrize(("every_s", "lasts_s", "most"), [(6, 5, 0), (3, 31, 7)])
def test_nautilus_agrees_when_its_rules_are_switched_on(sample, tmp_path, every_s, lasts_s, most):
    """Alone, all orders agree; where a dozen of ours rest at once, which of them a print reaches first differs."""
    differ, filled = 0, 0
    for index in MARKETS:
        orders = schedule(sample, index, every_s, lasts_s)
        found = peer_fills("nautilus2", sample, index, orders, tmp_path)
        times = message_times(sample, index, tmp_path)
        expected = by_order(slow(sample, index, orders, acts_with=times, **NAMED_RULES["nautilus2"]))
        differ += len(differing(found, expected))
        filled += len(found)
    assert differ <= most
    assert filled > 110


def test_the_rules_are_told_apart(sample, tmp_path):
    """Without its rules switched on hftbacktest does not agree: the comparison can fail."""
    orders = schedule(sample, 13, 3, 31)
    found = peer_fills("hftbacktest", sample, 13, orders, tmp_path)
    for left_out in ("queue", "whole_taker", "own_orders_meet"):
        rules = {name: rule for name, rule in NAMED_RULES["hftbacktest"].items() if name != left_out}
        if differing(found, by_order(slow(sample, 13, orders, **rules))):
            return
    pytest.fail("none of the rules made a difference")
