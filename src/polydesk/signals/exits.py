"""Generic exits: time, stop, take profit and the market's end, over each position at its own token's bid.

PnL here is the position's value at the bid less its cost and the fees paid for it, as a fraction of its cost. The stop
is never deferred; take profit and time wait for the minimum hold.
"""

from polydesk.model.grid import proceeds_u6
from polydesk.model.orders import Term
from polydesk.model.params import seconds_ns
from polydesk.model.reasons import Exit
from polydesk.signals.strategy import ExitRules
from polydesk.signals.view import Held


def exit_reason(
    rules: ExitRules, held: Held, bid_g4: int, ts_ns: int, end_ns: int | None
) -> tuple[str, tuple[Term, ...]]:
    """Return why a position must be closed now (an ``Exit`` code or ``""``) and the numbers that say so.

    Args:
        rules: The strategy's exit rules.
        held: What is held; not empty.
        bid_g4: Best bid of the token; 0 when there is none.
        ts_ns: Virtual time.
        end_ns: The market's scheduled end, if known.
    """
    held_s = (ts_ns - held.opened_ns) / 1e9
    pnl_u6 = proceeds_u6(bid_g4, held.shares_u6) - held.cost_u6 - held.fees_u6
    gain = pnl_u6 / held.cost_u6 if held.cost_u6 else 0.0
    why = (Term("gain", gain, "1"), Term("held", held_s, "s"))
    stop, profit = Term("stop_loss", -rules.stop_loss, "1"), Term("take_profit", rules.take_profit, "1")
    if rules.stop_loss and gain <= -rules.stop_loss:
        return Exit.STOP.value, (*why, stop)
    if rules.before_end_s and end_ns is not None and ts_ns >= end_ns - seconds_ns(rules.before_end_s):
        return Exit.TIME.value, why
    if held_s < rules.min_hold_s:
        return "", why
    if rules.take_profit and gain >= rules.take_profit:
        return Exit.TAKE_PROFIT.value, (*why, profit)
    if rules.max_hold_s and held_s >= rules.max_hold_s:
        return Exit.TIME.value, why
    return "", why


def exit_due_ns(rules: ExitRules, opened_ns: int, end_ns: int | None, after_ns: int) -> int | None:
    """Return when after ``after_ns`` time alone will next close the position, or ``None``."""
    due = []
    if rules.max_hold_s:
        due.append(opened_ns + seconds_ns(rules.max_hold_s))
    if rules.before_end_s and end_ns is not None:
        due.append(end_ns - seconds_ns(rules.before_end_s))
    return min((when for when in due if when > after_ns), default=None)
