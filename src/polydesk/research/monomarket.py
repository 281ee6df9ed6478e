"""Signals and snapshots from a monomarket SQLite database; it is only read."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from polydesk.model.errors import ConfigError
from polydesk.research.stored_signals import (
    Snapshot,
    Snapshots,
    Stored,
    StoredSignal,
    file_sha256,
    in_order,
    read_number,
    read_side,
    read_size_u6,
    read_snapshot,
    read_time,
    read_token,
)

MAGIC = b"SQLite format 3\x00"
_SIGNALS = (
    "id",
    "strategy",
    "market_id",
    "event_id",
    "side",
    "target_price",
    "size_hint",
    "payload_json",
    "created_at",
)


def is_database(path: Path) -> bool:
    """Return whether a file is a SQLite database."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def read_database(path: Path) -> Stored:
    """Read all signals and the snapshots of their markets.

    Token, market, price and size come from the payload's primary leg where there is one, else the token is YES, the
    price ``target_price`` and the size ``size_hint``.

    Raises:
        ConfigError: Not such a database; names the table, column or row.
    """
    try:
        with closing(sqlite3.connect(f"file:{path.resolve().as_posix()}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            signals = [_signal(row, f"{path} table signals row {row['id']}") for row in _rows(database, path)]
            markets = {signal.market for signal in signals}
            snapshots = Snapshots(_snapshots(database, path, markets))
    except sqlite3.Error as err:
        raise ConfigError(f"{path}: cannot be read as a monomarket database ({err})") from err
    return Stored(path.name, file_sha256(path), in_order(signals), snapshots)


def _rows(database: sqlite3.Connection, path: Path) -> list[dict[str, Any]]:
    known = _columns(database, path, "signals")
    missing = [name for name in _SIGNALS[1:] if name not in known and name != "payload_json"]
    if missing:
        raise ConfigError(f"{path}: table signals lacks {', '.join(missing)}; it is not a monomarket database")
    names = ", ".join(name if name in known else f"NULL AS {name}" for name in _SIGNALS[1:])
    return list(_dicts(database.execute(f"SELECT rowid AS id, {names} FROM signals ORDER BY rowid")))  # noqa: S608


def _signal(row: Mapping[str, Any], where: str) -> StoredSignal:
    leg = _primary_leg(row["payload_json"], where)
    market = str(_first(leg, "market", "market_id") or row["market_id"])
    return StoredSignal(
        id=str(row["id"]),
        ts_ns=read_time(row["created_at"], f"{where}: field created_at"),
        strategy=str(row["strategy"]),
        event=str(row["event_id"] or market),
        market=market,
        token=read_token(_first(leg, "token", "token_id"), where),
        side=read_side(_first(leg, "side") or row["side"], where),
        price=read_number(_or(_first(leg, "price"), row["target_price"]), f"{where}: field target_price"),
        size_u6=read_size_u6(_or(_first(leg, "qty", "quantity"), row["size_hint"]), f"{where}: field size_hint"),
    )


def _primary_leg(payload: str | None, where: str) -> Mapping[str, Any]:
    if not payload:
        return {}
    try:
        found = msgspec.json.decode(payload)
    except msgspec.DecodeError as err:
        raise ConfigError(f"{where}: field payload_json is not JSON ({err})") from err
    leg = found.get("primary_leg") if isinstance(found, dict) else None
    return leg if isinstance(leg, dict) else {}


def _snapshots(database: sqlite3.Connection, path: Path, markets: set[str]) -> dict[str, list[Snapshot]]:
    known = _columns(database, path, "market_snapshots")
    picked = {}
    for name, others in {"yes": ("yes_price", "yes"), "no": ("no_price", "no"), "liquidity": ("liquidity",)}.items():
        picked[name] = next((other for other in others if other in known), None)
    if picked["yes"] is None or not {"market_id", "captured_at"} <= known:
        raise ConfigError(f"{path}: table market_snapshots needs market_id, captured_at and yes_price; its columns are "
                          f"{', '.join(sorted(known))}")  # fmt: skip
    names = ", ".join(f"{column or 'NULL'} AS {name}" for name, column in picked.items())
    query = f"SELECT market_id, captured_at AS ts, {names} FROM market_snapshots ORDER BY rowid"  # noqa: S608
    found: dict[str, list[Snapshot]] = {}
    for number, row in enumerate(_dicts(database.execute(query)), start=1):
        if str(row["market_id"]) in markets:
            snapshot = read_snapshot(row, f"{path} table market_snapshots row {number}")
            found.setdefault(str(row["market_id"]), []).append(snapshot)
    return found


def _dicts(rows: sqlite3.Cursor) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield dict(row)


def _columns(database: sqlite3.Connection, path: Path, table: str) -> set[str]:
    found = {row["name"] for row in database.execute(f"PRAGMA table_info({table})")}
    if not found:
        raise ConfigError(f"{path}: there is no table {table}; it is not a monomarket database")
    return found


def _first(leg: Mapping[str, Any], *names: str) -> Any:
    return next((leg[name] for name in names if leg.get(name) is not None), None)


def _or(value: Any, other: Any) -> Any:
    return other if value is None else value
