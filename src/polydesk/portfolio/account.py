"""The account: a matched and a confirmed column, kept in step by the venue's settlement states.

A fill enters the matched column when it is reported and the confirmed one when it is final. A failed fill is taken
back by replaying the position's history without it: average cost has no inverse. Fills of one position become
final in the order in which they were matched, so the confirmed column never sells what it does not hold yet.
"""

from itertools import islice

import msgspec

from polydesk.model.errors import InvariantBroken
from polydesk.model.records import CashMoved, Fill, FillStatus, Settled
from polydesk.portfolio.column import (
    Column,
    Position,
    deposit,
    move_cash,
    note_held,
    position_key,
    position_of,
    settle,
    settle_token,
    trade,
    unsettle,
)


class Entry(msgspec.Struct):
    """One fill in a position's history: ``state`` is ``open``, ``confirmed`` or ``failed``."""

    fill: Fill
    strategy: str
    state: str = "open"


class Account(msgspec.Struct):
    """Two columns and what is needed to keep them in step.

    Attributes:
        matched: Every fill reported.
        confirmed: Only final fills.
        history: Every entry of each position, in the order of matching.
        payouts: Payout per share of resolved markets.
        seen: Position key of every fill booked, so that a repeated report changes nothing.
        final: How many entries at the start of each history are booked for good.
    """

    matched: Column = msgspec.field(default_factory=Column)
    confirmed: Column = msgspec.field(default_factory=Column)
    history: dict[str, list[Entry]] = msgspec.field(default_factory=dict)
    payouts: dict[int, tuple[int, int]] = msgspec.field(default_factory=dict)
    seen: dict[str, str] = msgspec.field(default_factory=dict)
    final: dict[str, int] = msgspec.field(default_factory=dict)

    def open(self, cash_u6: int) -> None:
        """Book the starting cash in both columns."""
        deposit(self.matched, cash_u6)
        deposit(self.confirmed, cash_u6)

    def fill(self, fill: Fill, strategy: str) -> int | None:
        """Book a reported fill in the matched column.

        Returns:
            The PnL realised before the fee in micro-pUSD, or ``None`` when this fill was booked before.
        """
        if fill.id in self.seen:
            return None
        key = position_key(strategy, fill.market, fill.token)
        self.seen[fill.id] = key
        self.history.setdefault(key, []).append(Entry(fill, strategy))
        position = position_of(self.matched, strategy, fill.market, fill.token)
        realised = trade(self.matched, position, fill.side, fill.price_g4, fill.size_u6, fill.fee_u6, fill.ts_ns)
        self._pay_if_resolved(self.matched, position)
        return realised

    def status(self, status: FillStatus) -> Fill | None:
        """Make a fill final or take it back; return the fill, or ``None`` when it was final already.

        Raises:
            InvariantBroken: The venue speaks of a fill it never reported.
        """
        key = self.seen.get(status.fill)
        if key is None:
            raise InvariantBroken(f"fill {status.fill} became final but was never reported")
        pending = islice(self.history[key], self.final.get(key, 0), None)
        entry = next((e for e in pending if e.fill.id == status.fill), None)
        if entry is None or entry.state != "open":
            return None
        entry.state = "confirmed" if status.confirmed else "failed"
        if not status.confirmed:
            self._replay_matched(key)
        self._release(key)
        return entry.fill

    def settled(self, event: Settled) -> list[tuple[Position, int, int]]:
        """Pay out a resolved market in both columns.

        Returns:
            For each position that held shares in the matched column: the position, shares paid (micro) and the
            PnL realised (micro-pUSD).
        """
        self.payouts[event.market] = event.payout_g4
        paid = []
        for column in (self.matched, self.confirmed):
            for token in (0, 1):
                held = [
                    position
                    for position in column.positions.values()
                    if position.market == event.market and position.token == token and position.shares_u6
                ]
                shares = [position.shares_u6 for position in held]
                realised = settle_token(column, held, event.payout_g4[token])
                if column is self.matched:
                    paid += list(zip(held, shares, realised, strict=True))
        return paid

    def cash(self, event: CashMoved) -> None:
        """Book external cash in both columns."""
        move_cash(self.matched, event.amount_u6)
        move_cash(self.confirmed, event.amount_u6)

    def unconfirmed(self) -> int:
        """Return how many fills are not final yet."""
        return sum(entry.state == "open" for entries in self.history.values() for entry in entries)

    def _release(self, key: str) -> None:
        entries = self.history[key]
        place = self.final.get(key, 0)
        while place < len(entries) and entries[place].state != "open":
            entry = entries[place]
            place += 1
            if entry.state == "confirmed":
                fill = entry.fill
                position = position_of(self.confirmed, entry.strategy, fill.market, fill.token)
                trade(self.confirmed, position, fill.side, fill.price_g4, fill.size_u6, fill.fee_u6, fill.ts_ns)
                self._pay_if_resolved(self.confirmed, position)
        self.final[key] = place

    def _pay_if_resolved(self, column: Column, position: Position) -> None:
        payout = self.payouts.get(position.market)
        if payout is not None:
            settle(column, position, payout[position.token])

    def _replay_matched(self, key: str) -> None:
        old = self.matched.positions[key]
        column = self.matched
        unsettle(column, old)
        column.cost_u6 -= old.cost_u6
        column.fees_u6 -= old.fees_u6
        column.dust_u6 -= old.dust_u6
        column.realised_u6 -= old.realised_u6
        column.cash_u6 -= old.realised_u6 - old.cost_u6 - old.fees_u6 - old.dust_u6
        fresh = column.positions[key] = Position(old.strategy, old.market, old.token)
        note_held(column, fresh)
        for entry in self.history[key]:
            if entry.state != "failed":
                fill = entry.fill
                trade(column, fresh, fill.side, fill.price_g4, fill.size_u6, fill.fee_u6, fill.ts_ns)
        self._pay_if_resolved(column, fresh)
