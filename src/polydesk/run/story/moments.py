"""The moments of a session worth telling: one order from its decision to its exit, a refusal, a quote, a payout."""

from collections.abc import Sequence
from dataclasses import dataclass

from polydesk.model.ids import FillId
from polydesk.model.orders import Purpose
from polydesk.model.records import Fill, FillStatus, Liquidity, Record, Settled
from polydesk.portfolio import Account
from polydesk.report.lives import Life, lives
from polydesk.report.session import Session
from polydesk.run.story.book import Ladder, Look, ladders_at


@dataclass(frozen=True)
class Columns:
    """Cash moved and shares of one position in both columns at one moment; matched first, then confirmed.

    Attributes:
        when: ``before``, ``matched`` or ``confirmed``.
        ts_ns: Virtual time.
        cash_u6: Cash moved since the start of the session, by every fill and payout.
        shares_u6: Shares of the order's token.
    """

    when: str
    ts_ns: int
    cash_u6: tuple[int, int]
    shares_u6: tuple[int, int]


@dataclass(frozen=True)
class Payout:
    """One resolution and what it paid: ``held`` are (strategy, token, shares_u6, realised_u6), none if nobody held."""

    event: Settled
    held: tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True)
class Moments:
    """What is told of a session; ``None`` or empty where nothing of the kind happened.

    Attributes:
        order: The order that is followed: the first entry that filled, else the first that filled, else the first.
        fills: Its fills.
        columns: The account around those fills.
        exit: The first exit of the same position that filled.
        exit_realised_u6: What the exit's fills realised before fees.
        refused: The first order that risk refused.
        resting: The first order that rested and was filled.
        payout: The first resolution that paid somebody, else the first.
        payouts: How many resolutions there were.
        ladders: The books in which ``order``, ``refused`` and ``resting`` were decided, by the order's id.
    """

    order: Life | None
    fills: tuple[Fill, ...]
    columns: tuple[Columns, ...]
    exit: Life | None
    exit_realised_u6: int
    refused: Life | None
    resting: Life | None
    payout: Payout | None
    payouts: int
    ladders: dict[str, Ladder]


def find_moments(session: Session) -> Moments:
    """Choose the moments of a session that has ended; all from its journal, the books from its tape."""
    orders = list(lives(session.records).values())
    sent = [life for life in orders if not life.refused]
    filled = [life for life in sent if life.filled_u6]
    entries = [life for life in filled if life.intent.purpose is Purpose.ENTRY]
    order = next(iter(entries or filled or sent), None)
    exit_ = _exit(filled, order) if order in filled else None
    refused = next((life for life in orders if life.refused), None)
    resting = next((life for life in filled if any(_made(event) for event in life.events)), None)
    columns, realised, payouts = _accounts(session.records, {life.intent.id: life for life in sent}, order, exit_)
    return Moments(
        order=order,
        fills=tuple(event for event in order.events if isinstance(event, Fill)) if order else (),
        columns=columns,
        exit=exit_,
        exit_realised_u6=realised,
        refused=refused,
        resting=resting,
        payout=next((paid for paid in payouts if paid.held), next(iter(payouts), None)),
        payouts=len(payouts),
        ladders=_ladders(session, [life for life in (order, refused, resting) if life is not None]),
    )


def _made(event: object) -> bool:
    return isinstance(event, Fill) and event.liquidity is Liquidity.MAKER


def _exit(filled: Sequence[Life], order: Life | None) -> Life | None:
    if order is None:
        return None
    entry = order.intent
    return next(
        (
            life
            for life in filled
            if life.sent_ns > order.sent_ns
            and life.intent.purpose is Purpose.EXIT
            and (life.intent.strategy, life.intent.market, life.intent.token)
            == (entry.strategy, entry.market, entry.token)
        ),
        None,
    )


def _accounts(
    records: Sequence[Record], sent: dict[str, Life], order: Life | None, exit_: Life | None
) -> tuple[tuple[Columns, ...], int, list[Payout]]:
    """Book the journal's fills, states and payouts, and look at the account around the order's."""
    account = Account()
    mine = {event.id for event in order.events if isinstance(event, Fill)} if order else set()
    last_fill, last_state = _last(records, mine)
    columns: list[Columns] = []
    realised = 0
    payouts = []
    for record in records:
        match record:
            case Fill():
                if order and record.id in mine and not columns:
                    columns.append(_columns("before", record.ts_ns, account, order))
                life = sent[record.intent]
                booked = account.fill(record, life.intent.strategy)
                realised += booked or 0 if life is exit_ else 0
            case FillStatus():
                account.status(record)
            case Settled():
                paid = account.settled(record)
                payouts.append(Payout(record, tuple((p.strategy, p.token, n, gain) for p, n, gain in paid)))
        if order and record is last_fill:
            columns.append(_columns("matched", last_fill.ts_ns, account, order))
        if order and record is last_state:
            columns.append(_columns("confirmed", last_state.ts_ns, account, order))
    return tuple(columns), realised, payouts


def _last(records: Sequence[Record], mine: set[FillId]) -> tuple[Fill | None, FillStatus | None]:
    """Return the last fill of the order and the last word on one of its fills."""
    fill, state = None, None
    for record in records:
        if isinstance(record, Fill) and record.id in mine:
            fill = record
        elif isinstance(record, FillStatus) and record.fill in mine:
            state = record
    return fill, state


def _columns(when: str, ts_ns: int, account: Account, order: Life) -> Columns:
    intent = order.intent
    shares = [
        sum(
            position.shares_u6
            for position in column.positions.values()
            if (position.strategy, position.market, position.token) == (intent.strategy, intent.market, intent.token)
        )
        for column in (account.matched, account.confirmed)
    ]
    return Columns(when, ts_ns, (account.matched.cash_u6, account.confirmed.cash_u6), (shares[0], shares[1]))


def _ladders(session: Session, orders: Sequence[Life]) -> dict[str, Ladder]:
    if session.tape is None:
        return {}
    looks = {life.intent.id: Look(life.sent_seq, life.intent.market, life.intent.token) for life in orders}
    found = ladders_at(session.tape, looks.values())
    return {order: found[look] for order, look in looks.items()}
