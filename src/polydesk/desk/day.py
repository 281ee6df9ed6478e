"""The day's loss, judged by what the positions would bring now."""

from polydesk.desk.cancels import cancel_all
from polydesk.desk.state import Desk, matched_value_u6
from polydesk.kernel import touch
from polydesk.model.reasons import Refusal
from polydesk.portfolio import held_positions
from polydesk.risk import look


def judge_day(desk: Desk) -> None:
    """Update the daily loss switch, and withdraw what works when it trips.

    Shares without a bid make the loss uncertain, never certain.
    """
    state = desk.state
    account = state.account.matched
    by_bid = desk.config.risk.daily_loss_counts_unrealised
    worth = matched_value_u6(desk) if by_bid else account.cost_u6
    pnl = account.cash_u6 + worth - account.deposits_u6 - account.external_u6
    unpriced = _unpriced_cost_u6(desk) if by_bid else 0
    changed = look(state.daily, desk.config.risk, state.now_ns, pnl, account.deposits_u6, unpriced)
    if changed and state.daily.stopped:
        cancel_all(desk, Refusal.KILL_SWITCH.value, exits=False)


def _unpriced_cost_u6(desk: Desk) -> int:
    return sum(
        position.cost_u6
        for position in held_positions(desk.state.account.matched)
        if touch(desk.books, position.market, position.token)[0] <= 0
    )
