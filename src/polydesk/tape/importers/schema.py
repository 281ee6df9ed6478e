"""What a schema file says: how the columns of one table become market-channel messages."""

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

EventKind = Literal["book", "price_change", "last_trade_price", "tick_size_change", "best_bid_ask", "ignore"]
Unit = Literal["auto", "s", "ms", "us", "ns", "iso"]
Column = Annotated[str, Field(min_length=1)]
"""A column's name; in JSON lines and Parquet structs dots lead inside (``data.bids``)."""

MOST_WIDE_LEVELS = 1_000

_SECTIONS = {
    "book": "book",
    "price_change": "change",
    "last_trade_price": "trade",
    "tick_size_change": "tick",
    "best_bid_ask": "best",
}
"""Which section of a schema names the columns of which event."""


class Part(BaseModel):
    """A part of a schema: frozen, unknown keys are errors, numbers may stand where text is meant."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class TimeColumn(Part):
    """A column of times.

    Attributes:
        column: Its name.
        unit: ``auto`` tells the unit of a number by its size and reads ISO text; a Parquet timestamp needs none.
    """

    column: Column
    unit: Unit = "auto"


class Times(Part):
    """The venue's own time and the recorder's clock; at least one of them."""

    venue: TimeColumn | None = None
    receive: TimeColumn | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "Times":
        if self.venue is None and self.receive is None:
            raise ValueError("name venue or receive, or both")
        return self


class Name(Part):
    """Where an id comes from: a column, a column whose words are translated, or one constant for all rows."""

    column: Column | None = None
    constant: Annotated[str, Field(min_length=1)] | None = None
    values: dict[str, str] = {}

    @model_validator(mode="after")
    def _column_or_constant(self) -> "Name":
        if (self.column is None) == (self.constant is None):
            raise ValueError("name either column or constant")
        if self.values and self.column is None:
            raise ValueError("values translate a column; name it")
        return self


class Events(Part):
    """What each row is: told by a column, or the same for all rows.

    Attributes:
        column: The column that tells it.
        values: Its words (in any case) and the event each means; rows with other words are counted and left out.
        all: The event of every row of a table without such a column.
    """

    column: Column | None = None
    values: dict[str, EventKind] = {}
    all: EventKind | None = None

    @model_validator(mode="after")
    def _column_or_all(self) -> "Events":
        if (self.column is None) == (self.all is None):
            raise ValueError("name either column (with values) or all")
        if self.column is not None and not self.values:
            raise ValueError("values must say which word means which event")
        return self


class ListLevels(Part):
    """Four columns, each a list of numbers: a list, JSON text, or text with commas; best or worst level first."""

    layout: Literal["lists"]
    bid_prices: Column
    bid_sizes: Column
    ask_prices: Column
    ask_sizes: Column


class PairLevels(Part):
    """Two columns of levels, each ``[price, size]`` or an object; lists or JSON text; best or worst level first."""

    layout: Literal["pairs"]
    bids: Column
    asks: Column
    price: Column = "price"
    size: Column = "size"


class WideLevels(Part):
    """One column per level and number: ``bid_px_{n}`` stands for ``bid_px_0``, ``bid_px_1`` and so on.

    Attributes:
        levels: How many there are on each side; an empty cell is no level.
        first: The number of the first one.
    """

    layout: Literal["wide"]
    bid_price: str
    bid_size: str
    ask_price: str
    ask_size: str
    levels: Annotated[int, Field(strict=True, ge=1, le=MOST_WIDE_LEVELS)]
    first: Annotated[int, Field(strict=True, ge=0)] = 0

    @model_validator(mode="after")
    def _numbered(self) -> "WideLevels":
        for name in ("bid_price", "bid_size", "ask_price", "ask_size"):
            if "{n}" not in getattr(self, name):
                raise ValueError(f"{name} needs {{n}} where the number of the level stands")
        return self

    def columns(self, pattern: str) -> list[str]:
        """Return the columns that a pattern stands for."""
        return [pattern.replace("{n}", str(number)) for number in range(self.first, self.first + self.levels)]


class Change(Part):
    """The new absolute size of one level; a list in these columns is several levels of one message."""

    price: Column
    size: Column
    side: Column


class Trade(Part):
    """One trade; ``side`` is the taker's."""

    price: Column
    size: Column
    side: Column | None = None


class Best(Part):
    """The venue's own best prices, beside changes or as rows of their own: the witness that books are checked with."""

    bid: Column
    ask: Column


class Tick(Part):
    """A change of the tick size."""

    new: Column
    old: Column | None = None


class Sides(Part):
    """The words for each side, in any case."""

    buy: tuple[str, ...] = ("buy", "bid", "b", "1")
    sell: tuple[str, ...] = ("sell", "ask", "s", "a", "-1")

    @model_validator(mode="after")
    def _disjoint(self) -> "Sides":
        both = {word.lower() for word in self.buy} & {word.lower() for word in self.sell}
        if both:
            raise ValueError(f"{', '.join(sorted(both))} cannot be both buy and sell")
        return self


class Units(Part):
    """How many of the table's units are one pUSD of price (cents: 100) and one share (micro-shares: 1000000)."""

    price_per_dollar: Annotated[int, Field(strict=True, ge=1, le=10**9)] = 1
    size_per_share: Annotated[int, Field(strict=True, ge=1, le=10**12)] = 1


class TableSchema(Part):
    """How one table is read.

    Attributes:
        name: Stands in the manifest as ``schema:NAME``.
        format: What the file must be; ``auto`` takes any.
        message: A column whose equal neighbouring values join price changes to one venue message.
        derived: A column that is true for rows computed from the recording rather than told by the venue.
        order: ``file`` keeps the rows as they stand, ``receive`` and ``venue`` sort by that time; ``auto`` keeps them
            unless they are grouped by token or the receive time falls back by over a minute.
        markets: Facts in the fields of a markets file.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    description: str = ""
    format: Literal["auto", "csv", "jsonl", "parquet"] = "auto"
    event: Events
    time: Times
    token: Name
    market: Name | None = None
    slug: Name | None = None
    book: Annotated[ListLevels | PairLevels | WideLevels, Field(discriminator="layout")] | None = None
    change: Change | None = None
    trade: Trade | None = None
    best: Best | None = None
    tick: Tick | None = None
    sides: Sides = Sides()
    units: Units = Units()
    message: Column | None = None
    derived: Column | None = None
    order: Literal["auto", "file", "receive", "venue"] = "auto"
    markets: tuple[dict[str, Any], ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> "TableSchema":
        kinds = {self.event.all, *self.event.values.values()} - {None, "ignore"}
        if not kinds:
            raise ValueError("event: no row would be read; let at least one word mean an event")
        for kind, section in _SECTIONS.items():
            if kind in kinds and getattr(self, section) is None:
                raise ValueError(f"event: {kind} needs the section {section} with its columns")
        if self.order in ("receive", "venue") and getattr(self.time, self.order) is None:
            raise ValueError(f"order: {self.order} needs time.{self.order}")
        return self

    def told_in_every_row(self) -> tuple[str, ...]:
        """Return the columns that no row can do without: in JSON lines the others may come late."""
        parts = (self.event, self.token, self.time.venue or self.time.receive)
        return tuple(name for part in parts if (name := _column(part)))

    def columns(self) -> tuple[str, ...]:
        """Return every column the schema names, each once."""
        names = [_column(part) for part in (self.event, self.token, self.market, self.slug)]
        names += [_column(part) for part in (self.time.venue, self.time.receive)]
        names += [self.message, self.derived]
        for part in (self.change, self.trade, self.best, self.tick):
            if part is not None:
                names += part.model_dump().values()
        if isinstance(self.book, WideLevels):
            patterns = (self.book.bid_price, self.book.bid_size, self.book.ask_price, self.book.ask_size)
            names += [column for pattern in patterns for column in self.book.columns(pattern)]
        elif isinstance(self.book, ListLevels):
            names += [self.book.bid_prices, self.book.bid_sizes, self.book.ask_prices, self.book.ask_sizes]
        elif self.book is not None:
            names += [self.book.bids, self.book.asks]
        return tuple(dict.fromkeys(name for name in names if name))

    def sha256(self) -> str:
        """Return the hash of everything the schema says, defaults included, whatever its file looks like."""
        told = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(told.encode()).hexdigest()


def _column(part: Events | Name | TimeColumn | None) -> str | None:
    return None if part is None else part.column
