"""Generic exits: time, stop, take profit and the market's end, over each position at its own token's bid.

PnL here is the position's value at the bid less its cost and fees, as a fraction of its cost. The stop is never
deferred; take profit and time wait for the minimum hold.
"""

from polydesk.model.grid import proceeds_u6
from polydesk.model.orders import Term
from polydesk.model.params import seconds_ns
from polydesk.model.reasons import Exit
from polydesk.signals.strategy import ExitRules


def exit_reason(
    rules: ExitRules, shares_u6: int, cost_u6: int, opened_ns: int, bid_g4: int, ts_ns: int, end_ns: int | None
) -> tuple[str, tuple[Term, ...]]:
    """Return why a position must be closed now (an ``Exit`` code or ``""``) and the numbers that say so.

    Args:
        rules: The strategy's exit rules.
        shares_u6: Shares held; positive.
        cost_u6: Their cost.
        opened_ns: Since when.
        bid_g4: Best bid of the token; 0 when there is none.
        ts_ns: Virtual time.
        end_ns: The market's scheduled end, if known.
    """
    held_s = (ts_ns - opened_ns) / 1e9
    gain = (proceeds_u6(bid_g4, shares_u6) - cost_u6) / cost_u6 if cost_u6 else 0.0
    why = (Term("gain", gain, "1"), Term("held", held_s, "s"))
    if rules.stop_loss and gain <= -rules.stop_loss:
        return Exit.STOP.value, why
    if rules.before_end_s and end_ns is not None and ts_ns >= end_ns - seconds_ns(rules.before_end_s):
        return Exit.TIME.value, why
    if held_s < rules.min_hold_s:
        return "", why
    if rules.take_profit and gain >= rules.take_profit:
        return Exit.TAKE_PROFIT.value, why
    if rules.max_hold_s and held_s >= rules.max_hold_s:
        return Exit.TIME.value, why
    return "", why


def exit_due_ns(rules: ExitRules, opened_ns: int, end_ns: int | None) -> int | None:
    """Return when time alone will close the position, or ``None``; the desk sets its timer to it."""
    due = []
    if rules.max_hold_s:
        due.append(opened_ns + seconds_ns(max(rules.max_hold_s, rules.min_hold_s)))
    if rules.before_end_s and end_ns is not None:
        due.append(end_ns - seconds_ns(rules.before_end_s))
    return min(due) if due else None
