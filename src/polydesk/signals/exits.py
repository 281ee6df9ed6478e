"""Generic exits: time, stop, take profit and the market's end, over each position at its own token's bid.

PnL here is the position's value at the bid less its cost and the fees paid for it, as a fraction of its cost. The stop
is never deferred; take profit and time wait for the minimum hold.
"""

from polydesk.model.grid import FAR_NS, proceeds_u6
from polydesk.model.orders import Term
from polydesk.model.params import seconds_ns
from polydesk.model.reasons import Exit
from polydesk.signals.strategy import ExitRules
from polydesk.signals.view import Held

EXITS = tuple(Exit)
_STOP, _TIME, _TAKE_PROFIT = (EXITS.index(reason) + 1 for reason in (Exit.STOP, Exit.TIME, Exit.TAKE_PROFIT))


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
    leaves = rules.before_end_s and end_ns is not None
    leave_ns = end_ns - seconds_ns(rules.before_end_s) if leaves and end_ns is not None else FAR_NS
    number = exit_number(
        gain, held_s, ts_ns, leave_ns, rules.stop_loss, rules.take_profit, rules.max_hold_s, rules.min_hold_s
    )
    return (EXITS[number - 1].value if number else ""), exit_terms(rules, number, gain, held_s)


def exit_number(
    gain: float, held_s: float, ts_ns: int, leave_ns: int, stop_loss: float, take_profit: float, max_hold_s: float,
    min_hold_s: float,
) -> int:  # fmt: skip
    """Return the place of an exit's reason in ``EXITS`` plus 1, or 0; compiled as it is by the desk's loop.

    Args:
        gain: PnL as a fraction of the cost.
        held_s: Seconds held.
        ts_ns: Virtual time.
        leave_ns: When the position must be closed because of the market's end; ``FAR_NS`` for never.
        stop_loss: Exit rule, and so are the rest; 0 is off.
        take_profit: Likewise.
        max_hold_s: Likewise.
        min_hold_s: Likewise.
    """
    if stop_loss and gain <= -stop_loss:
        return _STOP
    if ts_ns >= leave_ns:
        return _TIME
    if held_s < min_hold_s:
        return 0
    if take_profit and gain >= take_profit:
        return _TAKE_PROFIT
    return _TIME if max_hold_s and held_s >= max_hold_s else 0


def exit_terms(rules: ExitRules, number: int, gain: float, held_s: float) -> tuple[Term, ...]:
    """Return the numbers behind an answer of ``exit_number``."""
    why = (Term("gain", gain, "1"), Term("held", held_s, "s"))
    if number == _STOP:
        return (*why, Term("stop_loss", -rules.stop_loss, "1"))
    return (*why, Term("take_profit", rules.take_profit, "1")) if number == _TAKE_PROFIT else why


def exit_due_ns(rules: ExitRules, opened_ns: int, end_ns: int | None, after_ns: int) -> int | None:
    """Return when after ``after_ns`` time alone will next close the position, or ``None``."""
    due = []
    if rules.max_hold_s:
        due.append(opened_ns + seconds_ns(rules.max_hold_s))
    if rules.before_end_s and end_ns is not None:
        due.append(end_ns - seconds_ns(rules.before_end_s))
    return min((when for when in due if when > after_ns), default=None)
