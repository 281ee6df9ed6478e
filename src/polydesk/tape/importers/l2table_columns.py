"""Which column of an L2 table is which, told by the names that public tables use."""

import re
from collections.abc import Mapping, Sequence

import msgspec

from polydesk.tape.importers.schema import EventKind, TableSchema

NAME = "l2table"

_ALIASES: dict[str, tuple[str, ...]] = {
    "event": ("event_type", "event", "update_type", "msg_type", "message_type", "type"),
    "token": ("asset_id", "token_id", "clob_token_id", "outcome_token_id", "asset", "token"),
    "market": ("condition_id", "market", "market_id", "condition"),
    "slug": ("market_slug", "slug"),
    "venue": (
        "exchange_timestamp", "exchange_ts", "exch_ts", "timestamp_exchange", "ts_exchange", "venue_timestamp",
        "venue_ts", "venue_ns", "ts_event", "event_ts", "event_timestamp", "source_timestamp",
        "server_ts", "server_timestamp", "timestamp_created_at",
    ),
    "receive": (
        "timestamp_received", "received_timestamp", "received_at", "received_ts", "recv_ts", "recv_ns", "recv_ms",
        "recv_time", "recv_timestamp", "receive_ts", "receive_timestamp", "ts_recv", "local_timestamp", "local_ts",
        "timestamp_local", "ts_local", "capture_ts", "captured_at", "ingest_ts", "ingested_at",
    ),
    "any_time": ("timestamp", "timestamp_ms", "timestamp_ns", "timestamp_us", "ts_ms", "ts_ns", "ts", "time"),
    "bid_prices": ("bid_prices", "bids_prices", "bid_price_levels", "bid_pxs"),
    "bid_sizes": ("bid_sizes", "bids_sizes", "bid_size_levels", "bid_quantities", "bid_qtys", "bid_szs"),
    "ask_prices": ("ask_prices", "asks_prices", "ask_price_levels", "ask_pxs"),
    "ask_sizes": ("ask_sizes", "asks_sizes", "ask_size_levels", "ask_quantities", "ask_qtys", "ask_szs"),
    "bids": ("bids",),
    "asks": ("asks",),
    "change_price": ("pc_price", "change_price", "price_change_price", "delta_price"),
    "change_size": ("pc_size", "change_size", "price_change_size", "delta_size"),
    "change_side": ("pc_side", "change_side", "price_change_side", "delta_side"),
    "trade_price": ("ltp_price", "last_trade_price", "trade_price", "ltp"),
    "trade_size": ("ltp_size", "last_trade_size", "trade_size"),
    "trade_side": ("ltp_side", "last_trade_side", "trade_side", "taker_side", "aggressor_side"),
    "price": ("price",),
    "size": ("size", "qty", "quantity", "amount"),
    "side": ("side",),
    "best_bid": ("best_bid", "best_bid_price"),
    "best_ask": ("best_ask", "best_ask_price"),
    "new_tick": ("new_tick_size", "tick_size_new"),
    "old_tick": ("old_tick_size", "tick_size_old"),
    "message": ("message_seq",),
    "derived": ("derived",),
}  # fmt: skip

_EVENTS: dict[EventKind, tuple[str, ...]] = {
    "book": ("book", "book_snapshot", "snapshot", "orderbook", "order_book"),
    "price_change": ("price_change", "change", "delta", "book_delta", "l2update"),
    "last_trade_price": ("last_trade_price", "last_trade", "trade", "ltp"),
    "tick_size_change": ("tick_size_change", "tick_size", "tick"),
    "best_bid_ask": ("best_bid_ask", "bbo", "quote"),
}

_NEEDED: tuple[EventKind, ...] = ("book", "price_change", "last_trade_price", "tick_size_change")
"""Events that a tape is wrong without."""

LOOKS_FOR = (
    "Parquet, CSV or JSON lines, one row per event: event_type, asset_id, a time, and bid_prices/bid_sizes/ask_prices/"
    "ask_sizes or bids/asks for books, pc_price/pc_size/pc_side or price/size/side for changes and trades"
)


class Found(msgspec.Struct, frozen=True):
    """What the names of a table's columns tell.

    Attributes:
        schema: How to read it; ``None`` when something is missing or told twice.
        columns: Role and column of those understood.
        problems: Why there is no schema, in words.
        deep: Whether there are columns that only tables of this kind have.
        unread: Words for events whose columns are not there: rows with them cannot be read.
    """

    schema: TableSchema | None
    columns: dict[str, str]
    problems: tuple[str, ...]
    deep: bool
    unread: dict[str, EventKind] = {}

    def told(self) -> str:
        """Return the understood columns for a message."""
        return ", ".join(f"{role} = {column}" for role, column in self.columns.items()) or "none"


def infer(columns: Sequence[str]) -> Found:
    """Find the role of each column by its name.

    Args:
        columns: Names as the table writes them; case and camel case make no difference.

    Returns:
        A schema named ``l2table``, or why there is none. A role that two columns claim is a problem, not a choice.
    """
    by_name: dict[str, list[str]] = {}
    for column in columns:
        by_name.setdefault(_plain(column), []).append(column)
    roles, problems = _roles(by_name)
    if "token" not in roles and {_plain(roles.get("market", "")), "market_id"} == {"condition_id", "market_id"}:
        roles["token"] = by_name["market_id"][0]
    deep = bool({"bid_prices", "bid_sizes", "change_price"} & roles.keys())
    schema, missing = _schema(roles)
    problems += missing
    read = schema.event.values if schema else {}
    unread = {word: kind for kind in _NEEDED for word in _EVENTS[kind] if word not in read}
    return Found(None if problems else schema, roles, tuple(problems), deep, unread)


def _plain(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip()).lower()


def _roles(by_name: Mapping[str, list[str]]) -> tuple[dict[str, str], list[str]]:
    roles: dict[str, str] = {}
    problems: list[str] = []
    for role, aliases in _ALIASES.items():
        found = [column for alias in aliases for column in by_name.get(alias, ())]
        claims_one = role not in ("event", "token", "market", "slug", "any_time")
        if len(found) > 1 and claims_one:
            told = " or ".join(found)
            problems.append(f"column {found[0]} stands twice" if len(set(found)) == 1 else f"{role} could be {told}")
        if found:
            roles[role] = found[0]
    if roles.get("token") is not None and roles["token"] == roles.get("market"):
        del roles["market"]
    return roles, problems


def _schema(roles: Mapping[str, str]) -> tuple[TableSchema | None, list[str]]:
    venue, receive = roles.get("venue") or roles.get("any_time"), roles.get("receive")
    book, change, trade = _book(roles), _numbers(roles, "change"), _numbers(roles, "trade")
    missing = [f"no column for {role}" for role in ("event", "token") if role not in roles]
    if not venue and not receive:
        missing.append("no column for the time")
    if not book and not change:
        missing.append("no columns for books or changes")
    if missing:
        return None, missing
    best = {"bid": roles["best_bid"], "ask": roles["best_ask"]} if {"best_bid", "best_ask"} <= roles.keys() else None
    tick = {"new": roles["new_tick"], "old": roles.get("old_tick")} if "new_tick" in roles else None
    sections = {"book": book, "change": change, "trade": trade, "tick": tick, "best": best}
    able: dict[str, object] = {"book": book, "price_change": change, "last_trade_price": trade}
    able |= {"tick_size_change": tick, "best_bid_ask": best}
    words = {word: kind for kind, words in _EVENTS.items() if able[kind] for word in words}
    content = {
        "name": NAME,
        "event": {"column": roles["event"], "values": words},
        "time": {"venue": venue and {"column": venue}, "receive": receive and {"column": receive}},
        "token": {"column": roles["token"]},
        **{name: {"column": roles[name]} for name in ("market", "slug") if name in roles},
        **{name: section for name, section in sections.items() if section},
        **{name: roles[name] for name in ("message", "derived") if name in roles},
    }
    return TableSchema.model_validate(content), []


def _book(roles: Mapping[str, str]) -> dict[str, str] | None:
    lists = ("bid_prices", "bid_sizes", "ask_prices", "ask_sizes")
    if all(name in roles for name in lists):
        return {"layout": "lists", **{name: roles[name] for name in lists}}
    if "bids" in roles and "asks" in roles:
        return {"layout": "pairs", "bids": roles["bids"], "asks": roles["asks"]}
    return None


def _numbers(roles: Mapping[str, str], of: str) -> dict[str, str] | None:
    """Return price, size and side of changes or trades: their own columns, else the ones they share."""
    found = {name: roles.get(f"{of}_{name}") or roles.get(name) for name in ("price", "size", "side")}
    needed = ("price", "size", "side") if of == "change" else ("price", "size")
    if not all(found[name] for name in needed):
        return None
    return {name: column for name, column in found.items() if column}
