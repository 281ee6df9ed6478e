"""Queue position: what a level that shrinks takes from the queue before our order, under three models.

Prints move the queue by themselves. A decrease of the level is set against them, whichever was told first, so that
nothing counts twice; what no print explains are cancels, and the model says how much of them stood before us. All
whole numbers, rounded so that we never stand better than the model says. The level is looked at once per message, when
the book is consistent, so that a snapshot counts as one change.

Source of the probability model: hftbacktest documentation, order fill, probability queue position models.
"""

from numba import int64, void

from polydesk.kernel.exact import mul_div
from polydesk.kernel.jit import kernel
from polydesk.kernel.state import BOOKS, OWN, Books, Level, Own, QueueFact, QueueModel

POWER_ONE_Q30 = 1 << 30
"""One, in the fixed point that powers of the queue ratio are computed in."""

_ONE = POWER_ONE_Q30
_SIZE = int(Level.SIZE)
_SHOWN, _PRINTED, _LOST, _LOST_AHEAD = (
    int(QueueFact.SHOWN), int(QueueFact.PRINTED), int(QueueFact.LOST), int(QueueFact.LOST_AHEAD),
)  # fmt: skip
_PESSIMISTIC, _PROPORTIONAL = int(QueueModel.PESSIMISTIC), int(QueueModel.PROPORTIONAL)


@kernel(int64(int64, int64, int64, int64, int64), inline=False)
def moved_ahead(model: int, power: int, ahead: int, behind: int, decrease: int) -> int:
    """Return how much of a decrease stood before us, micro-shares.

    Proportional: ``floor(decrease * ahead / (ahead + behind))``. Probability: with ``r = floor(2**30 * small / large)``
    of the two queues and ``r`` to the power in steps of ``floor(r * x / 2**30)``, the share of the smaller queue is
    ``floor(decrease * r**power / (2**30 + r**power))``, that of the larger ``floor(decrease * 2**30 / (2**30 +
    r**power))``; never more than the whole queue before us.

    Args:
        model: ``QueueModel``.
        power: Of the probability model, at least 1.
        ahead: Queue before us.
        behind: Others' queue behind us.
        decrease: What cancels took from both, at most their sum.
    """
    if model == _PESSIMISTIC or ahead == 0 or decrease == 0:
        return 0
    if model == _PROPORTIONAL:
        return mul_div(decrease, ahead, ahead + behind)
    small, large = min(ahead, behind), max(ahead, behind)
    ratio = mul_div(_ONE, small, large)
    raised = _ONE
    for _ in range(power):
        raised = raised * ratio >> 30
    return min(mul_div(decrease, _ONE if ahead >= behind else raised, _ONE + raised), ahead)


@kernel(void(BOOKS, OWN, int64), inline=False)
def move_queues(books: Books, own: Own, market: int) -> None:
    """Move the queues of a market's own orders by what their levels lost since the last look.

    Of a level that went from ``shown`` to ``now``, prints explain what they can; the rest are cancels of a level that
    showed ``shown`` less that. The queue before us is never more than the level shows. The pessimistic model does not
    look.
    """
    model = own.rule[0]
    if model == _PESSIMISTIC:
        return
    for slot in range(own.open[market]):
        facts = own.queue[market, slot]
        shown = facts[_SHOWN]
        now = books.level[market, 0 if own.side[market, slot] > 0 else 1, own.price[market, slot], _SIZE]
        facts[_SHOWN] = now
        if now >= shown:
            continue
        traded = min(facts[_PRINTED], shown - now)
        facts[_PRINTED] -= traded
        stood, cancelled = shown - traded, shown - now - traded
        before = own.ahead[market, slot]
        ahead = min(before, stood)
        ahead -= moved_ahead(model, own.rule[1], ahead, stood - ahead, cancelled)
        own.ahead[market, slot] = min(ahead, now)
        facts[_LOST] += cancelled
        facts[_LOST_AHEAD] += before - own.ahead[market, slot]


@kernel(void(OWN, int64, int64, int64), inline=False)
def explain_print(own: Own, market: int, slot: int, size: int) -> None:
    """Set a print at an order's price against decreases of its level, before the print itself moves the queue.

    Recordings tell the change of a level before or after the print that caused it. A decrease that came first was taken
    for cancels: as much of it as the print explains is undone, rounded against us. What the print does not explain yet
    waits for the decrease.
    """
    if own.rule[0] == _PESSIMISTIC:
        return
    facts = own.queue[market, slot]
    lost = facts[_LOST]
    explained = min(size, lost)
    if explained > 0:
        kept = mul_div(facts[_LOST_AHEAD], lost - explained, lost)
        own.ahead[market, slot] += facts[_LOST_AHEAD] - kept
        facts[_LOST_AHEAD] = kept
        facts[_LOST] = lost - explained
    facts[_PRINTED] += size - explained
