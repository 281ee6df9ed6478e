"""Rows of a table as messages of the market channel, so that they obey the same rules as a raw recording."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from polydesk.model.errors import NumberError
from polydesk.tape.importers.envelope import Envelope
from polydesk.tape.importers.l2table_cells import Cell, items, number, word
from polydesk.tape.importers.l2table_order import moment
from polydesk.tape.importers.l2table_records import Cells, Record, cell
from polydesk.tape.importers.message_rows import Message
from polydesk.tape.importers.schema import Change, ListLevels, Name, PairLevels, TableSchema, WideLevels
from polydesk.tape.importers.tally import Tally

Content = dict[str, object]
_TRUE = frozenset(("true", "1", "1.0", "t", "yes"))


class RowMessage(Message, frozen=True, gc=False):
    """The message of one row, or of neighbouring rows of one message; ``derived`` when the venue did not tell it."""

    derived: bool = False

    @property
    def where(self) -> str:
        """Its place, for people."""
        return f"row {self.line}"


class TableMessages:
    """Makes messages of a table's rows as its schema says."""

    def __init__(self, schema: TableSchema, tally: Tally, unread: Mapping[str, str]) -> None:
        self._schema = schema
        self._unread = unread
        self._tally = tally
        self._kinds = {text.lower(): kind for text, kind in schema.event.values.items()}
        self._words = {text.lower(): "BUY" for text in schema.sides.buy}
        self._words |= {text.lower(): "SELL" for text in schema.sides.sell}
        self._contents: dict[str, Callable[[Cells], Content]] = {
            "book": self._book,
            "price_change": self._change,
            "last_trade_price": self._trade,
            "tick_size_change": self._tick,
            "best_bid_ask": self._best,
        }
        self.malformed = 0

    def read(self, records: Iterable[Record]) -> Iterator[RowMessage]:
        """Yield the messages in order; rows of other events are counted, malformed rows are defects."""
        waiting: RowMessage | None = None
        join: object = None
        for line, cells in records:
            self._tally.records += 1
            made = self._made(line, cells)
            if made is None or cells is None:
                continue
            key = cell(cells, self._schema.message) if self._schema.message else None
            if waiting is not None:
                if key is not None and key == join and _joined(waiting, made):
                    continue
                yield waiting
            waiting, join = made, key
        if waiting is not None:
            yield waiting

    def wrong(self, where: str, why: object) -> None:
        """Count a malformed row."""
        self.malformed += 1
        self._tally.defect("malformed_rows", f"{where} ({why})")

    def _made(self, line: int, cells: Cells | None) -> RowMessage | None:
        if cells is None:
            self.wrong(f"row {line}", "it is not a row with a cell for every column")
            return None
        kind = self._kind(cells)
        if kind in self._unread.values():
            self.wrong(f"row {line}", f"no columns for {kind} are known")
            return None
        if kind not in self._contents:
            self._tally.counts["ignored_rows" if kind == "ignore" else "other_messages"] += 1
            return None
        schema = self._schema
        try:
            venue_ns = moment(cells, schema.time.venue)
            recv_ns = moment(cells, schema.time.receive)
            content = self._contents[kind](cells)
            content |= {"event_type": kind, "timestamp": venue_ns}
            content["asset_id"] = _name(schema.token, cells)
            content["market"] = _name(schema.market, cells) if schema.market else ""
            if not content["asset_id"]:
                raise NumberError("no token id")
        except NumberError as err:
            self.wrong(f"row {line}", err)
            return None
        slug = _name(schema.slug, cells) if schema.slug else ""
        derived = schema.derived is not None and word(cell(cells, schema.derived)).lower() in _TRUE
        if derived:
            content["derived"] = True
        return RowMessage(kind, content, Envelope(recv_ns=recv_ns, slug=slug), venue_ns or recv_ns, line, derived)

    def _kind(self, cells: Cells) -> str:
        event = self._schema.event
        told = word(cell(cells, event.column)).lower() if event.column else ""
        return event.all or self._kinds.get(told) or self._unread.get(told) or ""

    def _price(self, value: Cell) -> object:
        return number(value, self._schema.units.price_per_dollar)

    def _size(self, value: Cell) -> object:
        return number(value, self._schema.units.size_per_share)

    def _side(self, value: Cell) -> str:
        return self._words.get(word(value).lower(), "")

    def _book(self, cells: Cells) -> Content:
        return {"bids": self._levels(cells, "bid"), "asks": self._levels(cells, "ask")}

    def _levels(self, cells: Cells, side: str) -> list[dict[str, object]]:
        layout = self._schema.book
        pairs: list[tuple[Cell, Cell]] = []
        if isinstance(layout, PairLevels):
            pairs = [_pair(level, layout) for level in items(_there(cells, getattr(layout, f"{side}s")))]
        elif isinstance(layout, WideLevels):
            columns = (layout.columns(getattr(layout, f"{side}_{what}")) for what in ("price", "size"))
            both = [(cell(cells, price), cell(cells, size)) for price, size in zip(*columns, strict=True)]
            pairs = [pair for pair in both if not _blank(pair[0])]
        elif isinstance(layout, ListLevels):
            prices, sizes = (items(_there(cells, getattr(layout, f"{side}_{what}"))) for what in ("prices", "sizes"))
            if len(prices) != len(sizes):
                raise NumberError(f"{len(prices)} {side} prices but {len(sizes)} sizes")
            pairs = list(zip(prices, sizes, strict=True))
        return [{"price": self._price(price), "size": self._size(size)} for price, size in pairs]

    def _change(self, cells: Cells) -> Content:
        part = self._schema.change
        if part is None:
            raise NumberError("a change in a table without columns for changes")
        best = self._best(cells) if self._schema.best else {}
        columns = _several(cells, part) or ((cell(cells, part.price), cell(cells, part.size), cell(cells, part.side)),)
        shared = {"asset_id": _name(self._schema.token, cells), **best}
        return {"price_changes": [shared | self._level(*level) for level in columns]}

    def _level(self, price: Cell, size: Cell, side: Cell) -> Content:
        told = self._side(side)
        if not told:
            raise NumberError(f"side {word(side)!r} is neither buy nor sell")
        return {"price": self._price(price), "size": self._size(size), "side": told}

    def _trade(self, cells: Cells) -> Content:
        part = self._schema.trade
        if part is None:
            raise NumberError("a trade in a table without columns for trades")
        side = self._side(cell(cells, part.side)) if part.side else ""
        return {"price": self._price(cell(cells, part.price)), "size": self._size(cell(cells, part.size)), "side": side}

    def _tick(self, cells: Cells) -> Content:
        part = self._schema.tick
        if part is None:
            raise NumberError("a tick change in a table without columns for it")
        old = cell(cells, part.old) if part.old else None
        new = self._price(cell(cells, part.new))
        return {"new_tick_size": new, "old_tick_size": None if _blank(old) else self._price(old)}

    def _best(self, cells: Cells) -> Content:
        part = self._schema.best
        if part is None:
            raise NumberError("best prices in a table without columns for them")
        bid, ask = cell(cells, part.bid), cell(cells, part.ask)
        return {
            "best_bid": None if _blank(bid) else self._price(bid),
            "best_ask": None if _blank(ask) else self._price(ask),
        }


def _blank(value: Cell) -> bool:
    return value is None or value == "" or value != value  # noqa: PLR0124 - NaN marks an empty cell


def _there(cells: Cells, column: str) -> Cell:
    """Return the levels in a column; an empty cell is an empty side, a missing column is not."""
    value = cell(cells, column)
    if value is None and column not in cells and "." not in column:
        raise NumberError(f"no {column}")
    return value


def _pair(level: Cell, layout: PairLevels) -> tuple[Cell, Cell]:
    if isinstance(level, dict):
        return level.get(layout.price), level.get(layout.size)
    if isinstance(level, list | tuple) and len(level) >= 2:
        return level[0], level[1]
    raise NumberError(f"{level!r} is not a level of price and size")


def _several(cells: Cells, part: Change) -> Iterable[tuple[Any, ...]] | None:
    """Return the levels of a change whose columns hold lists, else ``None``."""
    values = [cell(cells, name) for name in (part.price, part.size, part.side)]
    if not any(isinstance(value, list | tuple) or (isinstance(value, str) and value[:1] == "[") for value in values):
        return None
    lists = [items(value) for value in values]
    if len({len(one) for one in lists}) > 1:
        raise NumberError("prices, sizes and sides of a change differ in number")
    return zip(*lists, strict=True)


def _name(part: Name, cells: Cells) -> str:
    if part.constant is not None:
        return part.constant
    told = word(cell(cells, part.column or ""))
    if not part.values or not told:
        return told
    if told not in part.values:
        raise NumberError(f"{part.column} {told!r} is not among the schema's values")
    return part.values[told]


def _joined(first: RowMessage, second: RowMessage) -> bool:
    """Add a price change to the one before it if both are of one message of one market."""
    same = first.kind == second.kind == "price_change" and first.derived == second.derived
    if not same or first.content["market"] != second.content["market"]:
        return False
    entries, more = first.content["price_changes"], second.content["price_changes"]
    if isinstance(entries, list) and isinstance(more, list):
        entries += more
    return True
