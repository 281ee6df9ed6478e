"""Accounting sentinels: identities that must hold after every event, or no number may be shown."""

from collections import Counter

from polydesk.model.fees import FeeSchedule
from polydesk.model.orders import Intent
from polydesk.model.records import BalanceTold, Fill, Liquidity
from polydesk.portfolio.account import Account
from polydesk.portfolio.column import Column, Position, held_positions, position_key


def broken_identities(account: Account) -> str:
    """Check the running totals of both columns; return what is broken, or an empty string."""
    return _broken("matched", account.matched) or _broken("confirmed", account.confirmed)


def broken_totals(account: Account) -> str:
    """Check that the positions add up to the running totals of both columns; linear in the number of positions."""
    return _broken_sum("matched", account.matched, account) or _broken_sum("confirmed", account.confirmed, account)


def broken_fee(fill: Fill, fees: FeeSchedule, matched_ns: int) -> str:
    """Check a fill's fee against the market's schedule; return what is broken, or an empty string."""
    due = 0 if fill.liquidity is Liquidity.MAKER else fees.taker_fee_u6(matched_ns, fill.price_g4, fill.size_u6)
    if fill.fee_u6 < 0:
        return f"fee of fill {fill.id} is negative: {fill.fee_u6} micro-pUSD"
    if fill.fee_u6 != due:
        return f"fee of fill {fill.id} is {fill.fee_u6}, schedule says {due} micro-pUSD"
    return ""


def broken_fill(fill: Fill, intent: Intent) -> str:
    """Check a fill against the order it fills; return what is broken, or an empty string."""
    if (fill.market, fill.token, fill.side) != (intent.market, intent.token, intent.side):
        return f"fill {fill.id} is for another token or side than order {intent.id}"
    beyond = int(fill.side) * (fill.price_g4 - intent.price_g4)
    if beyond > 0 or (beyond and fill.liquidity is Liquidity.MAKER):
        return f"fill {fill.id} at {fill.price_g4} g4 does not fit the limit {intent.price_g4} g4 of order {intent.id}"
    return ""


def broken_balance(account: Account, told: BalanceTold) -> str:
    """Compare the matched column with the venue's own account of us; return what differs, or an empty string."""
    if told.cash_u6 != account.matched.cash_u6:
        return f"cash: the venue says {told.cash_u6}, the desk {account.matched.cash_u6} micro-pUSD"
    ours: Counter[str] = Counter()
    for position in account.matched.positions.values():
        ours[f"{position.market}/{position.token}"] += position.shares_u6
    for token in sorted(ours.keys() | told.shares_u6.keys()):
        if ours[token] != told.shares_u6.get(token, 0):
            theirs = told.shares_u6.get(token, 0)
            return f"shares: the venue says {theirs} of token {token}, the desk {ours[token]} micro-shares"
    return ""


def _broken(name: str, column: Column) -> str:
    held = column.cash_u6 + column.cost_u6 + column.fees_u6 + column.dust_u6
    given = column.deposits_u6 + column.external_u6 + column.realised_u6
    if held == given:
        return ""
    return f"{name}: cash + cost + fees + dust = {held}, deposits + external + realised = {given} micro-pUSD"


def _broken_sum(name: str, column: Column, account: Account) -> str:
    cost = fees = dust = realised = 0
    for position in column.positions.values():
        cost += position.cost_u6
        fees += position.fees_u6
        dust += position.dust_u6
        realised += position.realised_u6
    for total, parts, what in (
        (column.cost_u6, cost, "cost"),
        (column.fees_u6, fees, "fees"),
        (column.dust_u6, dust, "dust"),
        (column.realised_u6, realised, "realised"),
    ):
        if total != parts:
            return f"{name}: {what} total {total}, positions add up to {parts} micro-pUSD"
    for position in held_positions(column):
        if position.shares_u6 < 0 and not _owes(account, position):
            return f"{name}: {position.strategy} holds {position.shares_u6} micro-shares of market {position.market}"
    return ""


def _owes(account: Account, position: Position) -> bool:
    """Return whether less than nothing is right: a purchase failed after its shares were sold."""
    key = position_key(position.strategy, position.market, position.token)
    return any(entry.state == "failed" for entry in account.history.get(key, ()))
