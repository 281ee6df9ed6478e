"""A session's journal as ledger lines: one per fill, per order without one, per refusal and per payout."""

from collections.abc import Iterator, Mapping
from fractions import Fraction

from polydesk.model.grid import cash_u6, cost_u6
from polydesk.model.ids import FillId, IntentId
from polydesk.model.market import Market
from polydesk.model.orders import Check, Side
from polydesk.model.reasons import Refusal
from polydesk.model.records import Fill, FillStatus, OrderSent, Record, Refused, Settled
from polydesk.portfolio import Account, position_key
from polydesk.report.lives import Life
from polydesk.research.ledger_lines import Caps, Line, RiskSeen
from polydesk.risk import loss_limit_u6
from polydesk.risk.limits import RiskLimits


def caps_of(limits: RiskLimits, start_u6: int) -> Caps:
    """Return the limits that every ledger line repeats."""
    return Caps(
        loss_limit_u6(limits, start_u6), cash_u6(limits.max_total_exposure), cash_u6(limits.max_market_exposure)
    )


def session_lines(
    records: tuple[Record, ...], lives: Mapping[IntentId, Life], markets: tuple[Market, ...]
) -> Iterator[Line]:
    """Yield the lines of a session in the order of its journal.

    A match that failed later is a line of kind ``failed`` that changes nothing; what it had bought is not held.

    Args:
        records: The journal without its header.
        lives: Every order of it.
        markets: By index.
    """
    final = {record.fill: record.confirmed for record in records if isinstance(record, FillStatus)}
    account, told = Account(), set[FillId]()
    for record in records:
        if isinstance(record, OrderSent):
            life = lives[record.intent.id]
            if not life.filled_u6 and not life.failed_u6:
                yield _order_line(life, markets, "unfilled", life.end or "working")
        elif isinstance(record, Refused):
            yield _order_line(lives[record.intent.id], markets, "refused", record.code)
        elif isinstance(record, Fill) and record.id not in told:
            told.add(record.id)
            yield _fill_line(record, lives[record.intent], markets, account, _status(final.get(record.id)))
        elif isinstance(record, Settled):
            yield from _payouts(record, markets, account)


def _order_line(life: Life, markets: tuple[Market, ...], kind: str, reason: str) -> Line:
    intent = life.intent
    market = markets[intent.market]
    return Line(
        ts_ns=life.sent_ns,
        kind=kind,
        strategy=intent.strategy,
        event=market.event or market.slug,
        market_id=market.condition_id,
        token_id=market.tokens[intent.token].id,
        side=intent.side.name.lower(),
        qty_u6=intent.size_u6,
        limit_g4=intent.price_g4,
        reason=reason,
        notional_u6=cost_u6(intent.price_g4, intent.size_u6),
        seen=_seen(life),
        order=intent.id,
    )


def _fill_line(fill: Fill, life: Life, markets: tuple[Market, ...], account: Account, status: str) -> Line:
    intent, market = life.intent, markets[fill.market]
    failed = status == "failed"
    change, realised = (0, 0) if failed else _booked(fill, intent.strategy, account)
    return Line(
        ts_ns=fill.ts_ns,
        kind="failed" if failed else "fill",
        strategy=intent.strategy,
        event=market.event or market.slug,
        market_id=market.condition_id,
        token_id=market.tokens[fill.token].id,
        side=fill.side.name.lower(),
        qty_u6=intent.size_u6,
        executed_u6=0 if failed else fill.size_u6,
        limit_g4=intent.price_g4,
        fill_g4=fill.price_g4,
        change_u6=change,
        realised_u6=realised,
        slippage=Fraction(int(fill.side) * (fill.price_g4 - intent.price_g4), intent.price_g4),
        reason="settlement_failed" if failed else "",
        notional_u6=cost_u6(intent.price_g4, intent.size_u6),
        seen=_seen(life),
        order=intent.id,
        fill=fill.id,
        fee_u6=0 if failed else fill.fee_u6,
        liquidity=fill.liquidity.value,
        rule=fill.cause.value,
        status=status,
    )


def _status(confirmed: bool | None) -> str:  # noqa: FBT001 - as the journal has it
    return "matched" if confirmed is None else "confirmed" if confirmed else "failed"


def _booked(fill: Fill, strategy: str, account: Account) -> tuple[int, int]:
    """Book a fill; return the PnL it realised after its fee and rounding, and before them, micro-pUSD."""
    key = position_key(strategy, fill.market, fill.token)
    net, realised = _made(account, key)
    account.fill(fill, strategy)
    after = account.matched.positions[key]
    return after.net_u6 - net, after.realised_u6 - realised


def _made(account: Account, key: str) -> tuple[int, int]:
    held = account.matched.positions.get(key)
    return (0, 0) if held is None else (held.net_u6, held.realised_u6)


def _payouts(event: Settled, markets: tuple[Market, ...], account: Account) -> Iterator[Line]:
    market = markets[event.market]
    mine = [key for key, held in account.matched.positions.items() if held.market == event.market]
    before = {key: _made(account, key) for key in mine}
    for position, shares, _ in account.settled(event):
        net, realised = before[position_key(position.strategy, position.market, position.token)]
        yield Line(
            ts_ns=event.ts_ns,
            kind="settlement",
            strategy=position.strategy,
            event=market.event or market.slug,
            market_id=market.condition_id,
            token_id=market.tokens[position.token].id,
            side="settle",
            qty_u6=shares,
            executed_u6=shares,
            fill_g4=event.payout_g4[position.token],
            change_u6=position.net_u6 - net,
            realised_u6=position.realised_u6 - realised,
            status=event.origin,
        )


def _seen(life: Life) -> RiskSeen:
    """Return the cost at stake before an order, from its own checks; they were made for buys only."""
    if life.intent.side is not Side.BUY:
        return RiskSeen()
    cost = cost_u6(life.intent.price_g4, life.intent.size_u6)
    checks = {check.name: check for check in life.checks}
    return RiskSeen(
        _before(checks.get(Refusal.TOTAL_EXPOSURE.value), cost),
        _before(checks.get(Refusal.MARKET_EXPOSURE.value), cost),
    )


def _before(check: Check | None, cost: int) -> int | None:
    return None if check is None or check.observed < 0 else check.observed - cost
