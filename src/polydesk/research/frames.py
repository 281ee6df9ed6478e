"""A session as tables: every record of a kind a row, exact whole numbers beside numbers to calculate with.

Columns that end in ``_g4`` (prices in 1/10 000), ``_u6`` (micro-shares or micro-pUSD) and ``_ns`` are exact. Beside
each stands one without the suffix: a float in shares, pUSD or price, or a UTC timestamp cut to the
microsecond.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pyarrow as pa

from polydesk.model.errors import ConfigError, SessionError
from polydesk.model.grid import FAR_NS, PRICE_ONE_G4
from polydesk.model.ids import IntentId
from polydesk.model.records import (
    CashMoved,
    Decision,
    Fill,
    FillStatus,
    Marked,
    OrderSent,
    Refused,
    SessionEnded,
    Settled,
)
from polydesk.portfolio import Account
from polydesk.report.lives import lives
from polydesk.report.session import Session

if TYPE_CHECKING:
    import polars

_SCALES = {"_g4": 10_000.0, "_u6": 1_000_000.0}
_TIMESTAMP = pa.timestamp("us", "UTC")

Row = dict[str, Any]


def table(session: Session, name: str) -> pa.Table:
    """Return one of the session's tables.

    Args:
        session: As read from disk.
        name: One of ``TABLES``.

    Raises:
        SessionError: There is no such table, or ``mids`` is asked for and the tape is gone.
    """
    if name not in TABLES:
        raise SessionError(f"no table {name!r}: choose one of {', '.join(TABLES)}")
    columns, rows = TABLES[name]
    return _table(columns, rows(session))


def to_polars(found: pa.Table) -> "polars.DataFrame":
    """Return an Arrow table as a polars frame.

    Raises:
        ConfigError: polars is not installed.
    """
    try:
        import polars  # noqa: PLC0415 - an extra
    except ImportError as err:
        raise ConfigError(
            "frames need polars: install polydesk[notebook], or use .table(name) for Arrow tables"
        ) from err
    frame = polars.from_arrow(found)
    if not isinstance(frame, polars.DataFrame):
        raise ConfigError(f"polars made a {type(frame).__name__} of an Arrow table")
    return frame


def _fills(session: Session) -> Iterable[Row]:
    owners = _owners(session)
    final = {r.fill: "confirmed" if r.confirmed else "failed" for r in session.records if isinstance(r, FillStatus)}
    for record in session.records:
        if isinstance(record, Fill):
            row = _plain(record)
            row["strategy"] = owners.get(record.intent, "")
            row["slug"], row["outcome"] = _slug(session, record.market), _outcome(session, record.market, record.token)
            row["side"] = record.side.name.lower()
            row["status"] = final.get(record.id, "open")
            row["cash_u6"] = -int(record.side) * record.price_g4 * record.size_u6 // PRICE_ONE_G4 - record.fee_u6
            yield row


def _orders(session: Session) -> Iterable[Row]:
    for life in lives(session.records).values():
        if not life.refused:
            intent = life.intent
            yield {
                **_plain(intent),
                "seq": life.sent_seq,
                "ts_ns": life.sent_ns,
                "order": intent.id,
                "slug": _slug(session, intent.market),
                "outcome": _outcome(session, intent.market, intent.token),
                "side": intent.side.name.lower(),
                "filled_u6": life.filled_u6,
                "fee_u6": life.fees_u6,
                "state": life.state.value,
                "end": life.end,
            }


def _decisions(session: Session) -> Iterable[Row]:
    for record in session.records:
        if isinstance(record, Decision):
            yield {**_plain(record), "slug": _slug(session, record.market), "why": _terms(record.why)}


def _refusals(session: Session) -> Iterable[Row]:
    for record in session.records:
        if isinstance(record, Refused):
            intent, last = record.intent, record.checks[-1]
            yield {
                **_plain(intent),
                "seq": record.seq,
                "ts_ns": record.ts_ns,
                "order": intent.id,
                "slug": _slug(session, intent.market),
                "outcome": _outcome(session, intent.market, intent.token),
                "side": intent.side.name.lower(),
                "code": record.code,
                "observed": last.observed,
                "limit": last.limit,
                "unit": last.unit,
            }


def _marks(session: Session) -> Iterable[Row]:
    for record in session.records:
        if isinstance(record, Marked):
            yield {
                "seq": record.seq,
                "ts_ns": record.ts_ns,
                "cash_u6": record.cash_u6[0],
                "equity_u6": record.cash_u6[0] + record.value_u6[0],
                "confirmed_u6": record.cash_u6[1] + record.value_u6[1],
                "exposure_u6": record.exposure_u6,
            }


def _positions(session: Session) -> Iterable[Row]:
    account, owners = Account(), _owners(session)
    for record in session.records:
        if isinstance(record, Fill):
            account.fill(record, owners[record.intent])
        elif isinstance(record, FillStatus):
            account.status(record)
        elif isinstance(record, Settled):
            account.settled(record)
        elif isinstance(record, CashMoved):
            account.cash(record)
    for position in account.matched.positions.values():
        yield {
            **_plain(position),
            "slug": _slug(session, position.market),
            "outcome": _outcome(session, position.market, position.token),
            "net_u6": position.net_u6,
        }


def _mids(session: Session) -> Iterable[Row]:
    """Replay the tape and yield every change of a market's best bid or ask, in the price of token 0."""
    from polydesk.kernel import WakeBit, advance, new_books, new_fills, new_own, new_wake  # noqa: PLC0415 - numba

    if session.tape is None:
        raise SessionError(f"mids: {session.missing}")
    markets = session.markets
    books = new_books(len(markets), np.array([market.tick_g4.value for market in markets], np.int64))
    own, sink, wake = new_own(len(markets)), new_fills(), new_wake(len(markets))
    wake.mask[:] = WakeBit.TOUCH
    ended = next((r for r in session.records if isinstance(r, SessionEnded)), None)
    for rows in session.tape.batches(session.header.tape_range[0], ended.rows if ended else None):
        index = 0
        while index < len(rows):
            index = advance(books, own, sink, wake, rows, index, len(rows), FAR_NS)
            market = int(wake.out[0])
            if market >= 0:
                bid, ask = books.touch.item(market, 0), books.touch.item(market, 1)
                two_sided = 0 < bid < ask < PRICE_ONE_G4
                yield {
                    "seq": int(rows[index - 1]["seq"]),
                    "ts_ns": int(rows[index - 1]["ts_ns"]),
                    "market": market,
                    "slug": markets[market].slug,
                    "bid_g4": bid if bid > 0 else None,
                    "ask_g4": ask if ask < PRICE_ONE_G4 else None,
                    "mid": (bid + ask) / (2 * PRICE_ONE_G4) if two_sided else None,
                }


_ORDER = ("ts_ns", "seq", "order", "strategy", "market", "slug", "token", "outcome", "side", "purpose", "price_g4",
          "size_u6")  # fmt: skip

TABLES: dict[str, tuple[tuple[str, ...], Callable[[Session], Iterable[Row]]]] = {
    "fills": (
        ("ts_ns", "seq", "id", "intent", "strategy", "market", "slug", "token", "outcome", "side", "price_g4",
         "size_u6", "fee_u6", "cash_u6", "liquidity", "cause", "matched_ns", "status"),
        _fills,
    ),
    "orders": ((*_ORDER, "type", "filled_u6", "fee_u6", "state", "end"), _orders),
    "decisions": (
        ("ts_ns", "seq", "strategy", "market", "slug", "action", "reason", "token", "confidence", "edge", "size_u6",
         "why"),
        _decisions,
    ),
    "refusals": ((*_ORDER, "code", "observed", "limit", "unit"), _refusals),
    "marks": (("ts_ns", "seq", "cash_u6", "equity_u6", "confirmed_u6", "exposure_u6"), _marks),
    "positions": (
        ("strategy", "market", "slug", "token", "outcome", "shares_u6", "cost_u6", "fees_u6", "realised_u6", "dust_u6",
         "redeemed_u6", "net_u6"),
        _positions,
    ),
    "mids": (("ts_ns", "seq", "market", "slug", "bid_g4", "ask_g4", "mid"), _mids),
}  # fmt: skip
"""Every table: its columns, and where its rows come from."""

_TEXT = {
    "order", "id", "intent", "strategy", "slug", "outcome", "side", "purpose", "type", "liquidity", "cause", "status",
    "state", "end", "action", "reason", "why", "code", "unit",
}  # fmt: skip
_FLOATS = {"confidence", "edge", "mid"}


def _table(columns: tuple[str, ...], rows: Iterable[Row]) -> pa.Table:
    """Build a table column by column, so that an empty one has the same types."""
    listed = list(rows)
    arrays: dict[str, pa.Array] = {}
    for name in columns:
        kind = pa.string() if name in _TEXT else pa.float64() if name in _FLOATS else pa.int64()
        exact = pa.array([row[name] for row in listed], kind)
        stem, suffix = name[:-3], name[-3:]
        if suffix == "_ns":
            arrays["time" if stem == "ts" else stem] = pa.array([row[name] // 1_000 for row in listed], _TIMESTAMP)
        elif suffix in _SCALES:
            values = [None if row[name] is None else row[name] / _SCALES[suffix] for row in listed]
            arrays[stem] = pa.array(values, pa.float64())
        arrays[name] = exact
    return pa.table(arrays)


def _plain(record: Any) -> Row:
    row: Row = msgspec.to_builtins(record)
    return row


def _terms(why: Iterable[Any]) -> str:
    return ", ".join(f"{term.name} {term.value:.6g}" for term in why)


def _owners(session: Session) -> dict[IntentId, str]:
    return {r.intent.id: r.intent.strategy for r in session.records if isinstance(r, OrderSent)}


def _slug(session: Session, market: int) -> str:
    return session.markets[market].slug if market < len(session.markets) else f"market {market}"


def _outcome(session: Session, market: int, token: int) -> str:
    label = session.markets[market].tokens[token].outcome if market < len(session.markets) else None
    return label or f"token {token}"
