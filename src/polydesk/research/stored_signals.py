"""Stored signals and market snapshots: what they are, and reading them from tables of text.

Numbers of the sources are decimals of any length. A target is rounded to the price grid against us (a buy up, a sell
down), a snapshot's price to the nearest step, a size down to a micro-share.
"""

import bisect
import csv
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, DecimalException
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec

from polydesk.model.errors import ConfigError
from polydesk.model.grid import CASH_ONE_U6, NS_PER_S, PRICE_ONE_G4, SHARE_U6
from polydesk.model.orders import Side
from polydesk.research.times import time_ns

SIGNAL_COLUMNS = ("ts", "strategy", "market_id", "event_id", "token", "side", "price", "size", "id")
"""Columns of a signal file; ``event_id`` is the market when missing, ``token`` YES, ``id`` the line number."""

SNAPSHOT_COLUMNS = ("ts", "market_id", "yes", "no", "liquidity")
"""Columns of a snapshot file; ``no`` and ``liquidity`` may be empty: unknown."""


_SIGNAL_NEEDS = ("ts", "strategy", "market_id", "side", "price", "size")
_SNAPSHOT_NEEDS = ("ts", "market_id", "yes")
_MAY_LACK = ("price", "size")
"""Fields that a JSON object leaves out where it knows none; the signal is then not filled."""


class StoredSignal(msgspec.Struct, frozen=True):
    """One signal.

    Attributes:
        id: Name within its source.
        ts_ns: When it was made.
        event: Event of the market.
        market: The market's id.
        token: 0 (YES) or 1 (NO).
        price: Target, as given; ``None`` when the source has none.
        size_u6: Asked for; 0 when the source has none.
    """

    id: str
    ts_ns: int
    strategy: str
    event: str
    market: str
    token: int
    side: Side
    price: Fraction | None
    size_u6: int


class Snapshot(msgspec.Struct, frozen=True):
    """What was known of a market at one moment.

    Attributes:
        prices_g4: Of YES and of NO, each its own; ``None`` when not stated.
        liquidity_u6: Micro-pUSD; ``None`` when not stated.
    """

    ts_ns: int
    prices_g4: tuple[int | None, int | None]
    liquidity_u6: int | None


class Snapshots:
    """The snapshots of all markets.

    Args:
        by_market: In order of time; of several at the same time the last one counts.
    """

    def __init__(self, by_market: Mapping[str, list[Snapshot]]) -> None:
        self._found = {market: sorted(rows, key=lambda row: row.ts_ns) for market, rows in by_market.items()}
        self._times = {market: [row.ts_ns for row in rows] for market, rows in self._found.items()}

    def at(self, market: str, ts_ns: int) -> Snapshot | None:
        """Return the last snapshot at or before ``ts_ns``; never a later one, because nobody knew it then."""
        place = bisect.bisect_right(self._times.get(market, []), ts_ns)
        return self._found[market][place - 1] if place else None

    def count(self) -> int:
        """Return how many there are."""
        return sum(map(len, self._found.values()))


class Stored(msgspec.Struct, frozen=True):
    """Everything a replay needs.

    Attributes:
        name: Of the source, for people.
        sha256: Of its file, or of the session's journal.
        signals: In order of time, then of their place in the source.
        snapshots: Of their markets.
    """

    name: str
    sha256: str
    signals: tuple[StoredSignal, ...]
    snapshots: Snapshots


def read_tables(signals: Path, snapshots: Path | None) -> Stored:
    """Read signals, and snapshots, from CSV (with a heading) or JSONL files.

    Raises:
        ConfigError: A file cannot be read, or a line lacks a field or has a wrong one; names file, line and field.
    """
    found = [read_signal(row, where, number) for number, where, row in _lines(signals, _SIGNAL_NEEDS)]
    by_market: dict[str, list[Snapshot]] = {}
    for _, where, row in _lines(snapshots, _SNAPSHOT_NEEDS) if snapshots is not None else ():
        by_market.setdefault(_text(row, "market_id", where), []).append(read_snapshot(row, where))
    return Stored(signals.name, file_sha256(signals), in_order(found), Snapshots(by_market))


def in_order(signals: list[StoredSignal]) -> tuple[StoredSignal, ...]:
    """Return signals by time; those of the same time keep their order."""
    return tuple(sorted(signals, key=lambda signal: signal.ts_ns))


def read_signal(row: Mapping[str, Any], where: str, number: int) -> StoredSignal:
    """Return a row of ``SIGNAL_COLUMNS`` as a signal.

    Raises:
        ConfigError: A field is missing or wrong.
    """
    market = _text(row, "market_id", where)
    side = read_side(row.get("side"), where)
    return StoredSignal(
        id=str(row.get("id") or number),
        ts_ns=read_time(row.get("ts"), f"{where}: field ts"),
        strategy=_text(row, "strategy", where),
        event=str(row.get("event_id") or market),
        market=market,
        token=read_token(row.get("token"), where),
        side=side,
        price=_price(row, where),
        size_u6=read_size_u6(row.get("size"), f"{where}: field size"),
    )


def _price(row: Mapping[str, Any], where: str) -> Fraction | None:
    price = read_number(row.get("price"), f"{where}: field price")
    if price is not None and not 0 <= price <= 1:
        raise ConfigError(f"{where}: field price is {float(price):g}; expected pUSD per share, 0 to 1")
    return price


def read_snapshot(row: Mapping[str, Any], where: str) -> Snapshot:
    """Return a row of ``SNAPSHOT_COLUMNS`` as a snapshot.

    Raises:
        ConfigError: A field is missing or wrong.
    """
    prices = [price_near_g4(read_number(row.get(name), f"{where}: field {name}"), where) for name in ("yes", "no")]
    liquidity = read_number(row.get("liquidity"), f"{where}: field liquidity")
    return Snapshot(
        read_time(row.get("ts"), f"{where}: field ts"),
        (prices[0], prices[1]),
        None if liquidity is None else max(0, int(liquidity * CASH_ONE_U6)),
    )


def read_time(value: object, where: str) -> int:
    """Return ISO 8601 text, or seconds since 1970, as ns UTC.

    Raises:
        ConfigError: Neither.
    """
    if isinstance(value, str) and value:
        try:
            Decimal(value)
        except DecimalException:
            return time_ns(value, where)
    number = read_number(value, where)
    if number is None:
        raise ConfigError(f"{where} is missing; expected a time such as 2026-04-16T07:15:00Z")
    return int(number * NS_PER_S)


def read_token(value: object, where: str) -> int:
    """Return 0 for YES and 1 for NO.

    Raises:
        ConfigError: Another word.
    """
    word = "YES" if value is None or value == "" else str(value).upper()
    if word not in {"YES", "NO", "0", "1"}:
        raise ConfigError(f"{where}: field token is {value!r}; expected YES or NO")
    return int(word in {"NO", "1"})


def read_side(value: object, where: str) -> Side:
    """Return the side of a word.

    Raises:
        ConfigError: Neither ``buy`` nor ``sell``.
    """
    word = str(value).upper()
    if word not in Side.__members__:
        raise ConfigError(f"{where}: field side is {value!r}; expected buy or sell")
    return Side[word]


def read_number(value: object, where: str) -> Fraction | None:
    """Return a number exactly as it is written; ``None`` when there is none.

    Raises:
        ConfigError: Not a finite number.
    """
    if value is None or value == "":
        return None
    try:
        return Fraction(Decimal(str(value)))
    except (DecimalException, ValueError, OverflowError) as err:
        raise ConfigError(f"{where} is {value!r}; expected a number") from err


def read_size_u6(value: object, where: str) -> int:
    """Return a share count in micro-shares, rounded down; 0 when there is none.

    Raises:
        ConfigError: Not a number.
    """
    number = read_number(value, where)
    return 0 if number is None else max(0, int(number * SHARE_U6))


def price_near_g4(price: Fraction | None, where: str) -> int | None:
    """Return a price on the grid, the nearest step.

    Raises:
        ConfigError: Outside 0 to 1.
    """
    if price is None:
        return None
    if not 0 <= price <= 1:
        raise ConfigError(f"{where}: a price of {float(price)} is outside 0 to 1")
    return round(price * PRICE_ONE_G4)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hex.

    Raises:
        ConfigError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as err:
        raise ConfigError(f"{path}: cannot be read ({err.strerror}); give a file of signals") from err


def _lines(path: Path, needs: Sequence[str]) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            if path.suffix == ".csv":
                table = csv.DictReader(file)
                _check_columns(table.fieldnames or (), needs, str(path))
                for number, row in enumerate(table, start=2):
                    yield number, f"{path} line {number}", row
                return
            for number, line in enumerate(file, start=1):
                if line.strip():
                    found = _object(line, f"{path} line {number}")
                    _check_columns(
                        tuple(found), [name for name in needs if name not in _MAY_LACK], f"{path} line {number}"
                    )
                    yield number, f"{path} line {number}", found
    except OSError as err:
        raise ConfigError(f"{path}: cannot be read ({err.strerror}); give a CSV or JSONL file") from err
    except (UnicodeDecodeError, csv.Error) as err:
        raise ConfigError(f"{path}: not a text table ({err}); give a CSV or JSONL file") from err


def _check_columns(found: Sequence[str], needs: Sequence[str], where: str) -> None:
    missing = [name for name in needs if name not in found]
    if missing:
        raise ConfigError(f"{where}: has no field {missing[0]}; needed are {', '.join(needs)}")


def _object(line: str, where: str) -> Mapping[str, Any]:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError as err:
        raise ConfigError(f"{where}: not a JSON object ({err})") from err


def _text(row: Mapping[str, Any], name: str, where: str) -> str:
    value = row.get(name)
    if value is None or value == "":
        raise ConfigError(f"{where}: field {name} is missing; every line needs {', '.join(SIGNAL_COLUMNS[:3])}")
    if not isinstance(value, str | int):
        raise ConfigError(f"{where}: field {name} is {value!r}; expected text")
    return str(value)
