"""One column of the accounts: what is true if the fills in it are true.

The account keeps two: *matched* (every fill the venue reported) and *confirmed* (only final ones).

Rounding: the payer's amount rounds up and the receiver's down to a micro-pUSD, as the exchange does. Cost and
realised PnL are kept on the other side of that rounding and the difference is booked to ``dust``, so that
``cash + cost + fees + dust = deposits + external + realised`` holds to the last unit.
"""

from bisect import insort
from collections.abc import Iterator

import msgspec

from polydesk.model.grid import LOT_U6, cost_u6, proceeds_u6
from polydesk.model.orders import Side


class Position(msgspec.Struct):
    """Shares of one token held for one strategy, at average cost.

    Attributes:
        shares_u6: Micro-shares held.
        cost_u6: What the held shares cost, without fees.
        fees_u6: Taker fees paid so far on this token.
        dust_u6: Rounding paid so far.
        realised_u6: PnL of closed shares before fees and dust.
        redeemed_u6: Shares paid out at settlement.
        redeemed_cash_u6: What they were paid.
        opened_ns: When the position last grew from nothing, or from less than can be sold.
        held_fees_u6: The part of ``fees_u6`` that was paid to buy the shares still held.
    """

    strategy: str
    market: int
    token: int
    shares_u6: int = 0
    cost_u6: int = 0
    fees_u6: int = 0
    dust_u6: int = 0
    realised_u6: int = 0
    opened_ns: int = 0
    held_fees_u6: int = 0
    redeemed_u6: int = 0
    redeemed_cash_u6: int = 0

    @property
    def net_u6(self) -> int:
        """Realised PnL after fees and dust, micro-pUSD."""
        return self.realised_u6 - self.fees_u6 - self.dust_u6


class Column(msgspec.Struct):
    """Cash and positions; all amounts in micro-pUSD.

    Attributes:
        deposits_u6: Cash at the start of the session.
        external_u6: Sum of external cash moves (rewards, withdrawals, ...).
        redeemed: Shares and cash paid out per ``market/token``.
        positions: By ``position_key``.
        held: Keys of the positions with shares, by market, so that nobody has to look at those that are closed.
    """

    cash_u6: int = 0
    cost_u6: int = 0
    fees_u6: int = 0
    dust_u6: int = 0
    realised_u6: int = 0
    deposits_u6: int = 0
    external_u6: int = 0
    redeemed: dict[str, tuple[int, int]] = msgspec.field(default_factory=dict)
    positions: dict[str, Position] = msgspec.field(default_factory=dict)
    held: dict[int, list[str]] = msgspec.field(default_factory=dict)

    @property
    def net_u6(self) -> int:
        """Realised PnL after fees and dust, micro-pUSD."""
        return self.realised_u6 - self.fees_u6 - self.dust_u6


def position_key(strategy: str, market: int, token: int) -> str:
    """Return the key of a position in ``Column.positions``."""
    return f"{strategy}/{market}/{token}"


def position_of(column: Column, strategy: str, market: int, token: int) -> Position:
    """Return the position, creating an empty one."""
    key = position_key(strategy, market, token)
    found = column.positions.get(key)
    if found is None:
        found = column.positions[key] = Position(strategy, market, token)
    return found


def held_positions(column: Column) -> Iterator[Position]:
    """Yield every position with shares."""
    for keys in column.held.values():
        for key in keys:
            yield column.positions[key]


def held_cost_u6(column: Column, market: int) -> int:
    """Return what the shares held in a market cost, without fees, micro-pUSD."""
    return sum(column.positions[key].cost_u6 for key in column.held.get(market, ()))


def note_held(column: Column, position: Position) -> None:
    """Bring ``held`` up to date after a position's shares have changed."""
    key = position_key(position.strategy, position.market, position.token)
    keys = column.held.setdefault(position.market, [])
    if position.shares_u6 and key not in keys:
        insort(keys, key)
    elif not position.shares_u6 and key in keys:
        keys.remove(key)
    if not keys:
        del column.held[position.market]


def deposit(column: Column, amount_u6: int) -> None:
    """Book the starting cash."""
    column.cash_u6 += amount_u6
    column.deposits_u6 += amount_u6


def move_cash(column: Column, amount_u6: int) -> None:
    """Book external cash; the amount is signed."""
    column.cash_u6 += amount_u6
    column.external_u6 += amount_u6


def trade(column: Column, position: Position, side: Side, price_g4: int, size_u6: int, fee_u6: int, ts_ns: int) -> int:
    """Book a trade and return the PnL it realised before its fee, micro-pUSD (0 for a buy)."""
    if side is Side.BUY:
        _buy(column, position, price_g4, size_u6, ts_ns)
        position.held_fees_u6 += fee_u6
        realised = 0
    else:
        realised = _dispose(column, position, price_g4, size_u6)
    column.cash_u6 -= fee_u6
    column.fees_u6 += fee_u6
    position.fees_u6 += fee_u6
    return realised


def settle(column: Column, position: Position, payout_g4: int) -> int:
    """Pay out every held share at ``payout_g4`` without a fee; return the PnL realised, micro-pUSD.

    As at the venue, a token's payout is rounded down once over every share redeemed, whoever held it and whenever.
    """
    if position.shares_u6 == 0:
        return 0
    key = f"{position.market}/{position.token}"
    shares, paid = column.redeemed.get(key, (0, 0))
    shares += position.shares_u6
    got = proceeds_u6(payout_g4, shares) - paid
    column.redeemed[key] = (shares, paid + got)
    position.redeemed_u6 += position.shares_u6
    position.redeemed_cash_u6 += got
    return _dispose(column, position, payout_g4, position.shares_u6, got)


def settle_token(column: Column, positions: list[Position], payout_g4: int) -> list[int]:
    """Pay out one token held by several strategies; return the PnL each position realised, micro-pUSD."""
    return [settle(column, position, payout_g4) for position in positions]


def unsettle(column: Column, position: Position) -> None:
    """Take a position's part of a payout back, before its history is replayed without a failed fill."""
    if not position.redeemed_u6:
        return
    key = f"{position.market}/{position.token}"
    shares, paid = column.redeemed[key]
    column.redeemed[key] = (shares - position.redeemed_u6, paid - position.redeemed_cash_u6)


def _buy(column: Column, position: Position, price_g4: int, size_u6: int, ts_ns: int) -> None:
    paid = cost_u6(price_g4, size_u6)
    kept = proceeds_u6(price_g4, size_u6)
    if position.shares_u6 < LOT_U6:
        position.opened_ns = ts_ns
    # Shares sold before their own purchase failed are owed: what is bought back for them is spent, not held.
    owed = min(size_u6, max(0, -position.shares_u6))
    spent = kept * owed // size_u6 if owed < size_u6 else kept
    position.shares_u6 += size_u6
    position.cost_u6 += kept - spent
    position.dust_u6 += paid - kept
    position.realised_u6 -= spent
    column.cash_u6 -= paid
    column.cost_u6 += kept - spent
    column.dust_u6 += paid - kept
    column.realised_u6 -= spent
    note_held(column, position)


def _dispose(column: Column, position: Position, price_g4: int, size_u6: int, got_u6: int | None = None) -> int:
    got = proceeds_u6(price_g4, size_u6) if got_u6 is None else got_u6
    worth = cost_u6(price_g4, size_u6)
    share = _share(position, position.cost_u6, size_u6)
    position.held_fees_u6 -= _share(position, position.held_fees_u6, size_u6)
    realised = worth - share
    position.shares_u6 -= size_u6
    position.cost_u6 -= share
    position.dust_u6 += worth - got
    position.realised_u6 += realised
    column.cash_u6 += got
    column.cost_u6 -= share
    column.dust_u6 += worth - got
    column.realised_u6 += realised
    note_held(column, position)
    return realised


def _share(position: Position, whole_u6: int, size_u6: int) -> int:
    if size_u6 >= position.shares_u6:
        return whole_u6
    return whole_u6 * size_u6 // position.shares_u6
