"""A report's tables as text cells, the same for the terminal and the page."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from polydesk.model.orders import Side
from polydesk.report.lives import Life
from polydesk.report.money import PnlLine
from polydesk.report.prices import HORIZONS_S, BookCounts
from polydesk.report.quality import Quality
from polydesk.report.quantities import (
    NONE,
    average_price,
    cash,
    count,
    gain,
    price,
    share_of,
    shares,
    utc,
)
from polydesk.report.summary import Column, Summary

MANY = 200
"""Most rows of a list that a report shows in full; the exports have all."""


class Table(msgspec.Struct, frozen=True):
    """A table of text cells.

    Attributes:
        title: What it shows, with the unit where all numbers share one.
        columns: Headings; a leading ``>`` aligns the column to the right, a ``~`` lets a narrow terminal leave it out.
        rows: Cells.
        total: Last row, set apart; empty for none.
        note: A sentence below the table; empty for none.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...] = ()
    note: str = ""

    @property
    def headings(self) -> tuple[str, ...]:
        """The column names without their marks."""
        return tuple(column.lstrip(">~") for column in self.columns)


def pnl_table(summary: Summary) -> Table:
    """PnL of both columns, taken apart."""
    broken = summary.sentinels if summary.broken else ""
    rows = [
        _pnl_row("realised", summary, "realised_u6", broken),
        _pnl_row("unrealised, at the bid", summary, "unrealised_u6", broken),
        _pnl_row("fees", summary, "fees_u6", broken, sign=-1),
        _pnl_row("rounding", summary, "dust_u6", broken, sign=-1),
    ]
    total = ("PnL", broken or gain(summary.matched.net_u6), broken or gain(summary.confirmed.net_u6))
    note = "Matched counts every fill the venue reported, confirmed only final ones."
    return Table("PnL (pUSD)", ("", ">matched", ">confirmed"), tuple(rows), total, note)


def _pnl_row(label: str, summary: Summary, name: str, broken: str, sign: int = 1) -> tuple[str, ...]:
    def cell(column: Column) -> str:
        value = getattr(column, name)
        return gain(None if value is None else sign * value)

    return (label, broken or cell(summary.matched), broken or cell(summary.confirmed))


def breakdown_table(summary: Summary, by: str) -> Table:
    """PnL by ``strategy`` or ``market``, matched column, adding up to the total."""
    lines = summary.by_strategy if by == "strategy" else summary.by_market
    name = (lambda key: key) if by == "strategy" else (lambda key: summary.market_name(int(key)))
    rows = tuple(_breakdown_row(name(line.key), line, summary.broken) for line in lines)
    whole = PnlLine("total")
    for line in lines:
        whole = _added(whole, line)
    total = _breakdown_row("total", whole, summary.broken) if len(lines) > 1 else ()
    columns = (by, ">fills", ">~notional", ">~closed", ">~won", ">~realised", ">~open", ">~costs", ">PnL")
    note = "Costs are fees and rounding." if summary.broken else _difference(summary, whole)
    return Table(f"PnL by {by} (pUSD, matched)", columns, rows, total, note)


def _breakdown_row(name: str, line: PnlLine, broken: Sequence[str]) -> tuple[str, ...]:
    facts = (name, count(line.fills), cash(line.notional_u6), count(line.closes), share_of(line.wins, line.closes))
    if broken:
        return (*facts, *("broken",) * 4)
    return (*facts, gain(line.realised_u6), gain(line.unrealised_u6), gain(-line.fees_u6), gain(line.net_u6))


def _added(whole: PnlLine, line: PnlLine) -> PnlLine:
    known = whole.unrealised_u6 is not None and line.unrealised_u6 is not None
    return PnlLine(
        whole.key,
        whole.fills + line.fills,
        whole.notional_u6 + line.notional_u6,
        whole.closes + line.closes,
        whole.wins + line.wins,
        whole.realised_u6 + line.realised_u6,
        whole.fees_u6 + line.fees_u6,
        (whole.unrealised_u6 or 0) + (line.unrealised_u6 or 0) if known else None,
    )


def _difference(summary: Summary, whole: PnlLine) -> str:
    if whole.net_u6 is None:
        return "Open positions are not valued one by one: the tape is not there."
    if summary.matched.net_u6 is not None and whole.net_u6 != summary.matched.net_u6:
        off = gain(whole.net_u6 - summary.matched.net_u6)
        return f"Open positions here are at the session's last bids; the last mark is {off} pUSD away."
    return "Costs are fees and rounding; open is unrealised PnL at the bid."


def exit_table(summary: Summary) -> Table:
    """What closing shares realised, by exit reason."""
    rows = tuple(
        (
            line.key, count(line.closes), cash(line.notional_u6), share_of(line.wins, line.closes),
            *(("broken",) * 3 if summary.broken else (
                gain(line.realised_u6), gain(-line.fees_u6), gain(line.realised_u6 - line.fees_u6),
            )),
        )
        for line in summary.by_exit
    )  # fmt: skip
    columns = ("exit reason", ">closed", ">~proceeds", ">won", ">realised", ">exit fees", ">net")
    return Table("PnL by exit reason (pUSD, matched)", columns, rows, note="Entry fees are in the tables above.")


def liquidity_table(summary: Summary) -> Table:
    """Maker and taker fills."""
    fills = sum(line.fills for line in summary.by_liquidity)
    rows = tuple(
        (line.key, count(line.fills), share_of(line.fills, fills), cash(line.notional_u6), cash(line.fees_u6))
        for line in summary.by_liquidity
    )
    return Table("Maker and taker", ("", ">fills", ">of all", ">notional pUSD", ">fees pUSD"), rows)


def quality_table(qualities: Sequence[Quality]) -> Table:
    """Edge at the fill and markouts, price per share and pUSD."""
    rows = []
    for line in qualities:
        per_share = [_per_share(line.gain_u6[h], line.measured_u6[h]) for h in (0, *HORIZONS_S)]
        rows.append((line.liquidity, count(line.fills), shares(line.shares_u6), *per_share))
    columns = (
        "", ">fills", ">~shares", ">vs mid before", *(f">after {horizon} s" for horizon in HORIZONS_S),
    )  # fmt: skip
    note = "Mid of the token less our price (sells: the reverse), per share, before fees. Negative is adverse."
    return Table("Fill quality (price per share)", columns, tuple(rows), note=note)


def _per_share(gain_u6: int, shares_u6: int) -> str:
    return f"{gain_u6 / shares_u6:+.4f}" if shares_u6 else NONE


def counts_table(title: str, heading: str, counts: Mapping[str, int]) -> Table:
    """Reason codes and how often."""
    whole = sum(counts.values())
    rows = tuple((code, count(n), share_of(n, whole)) for code, n in counts.items())
    return Table(title, (heading, ">count", ">of all"), rows, ("total", count(whole), "") if len(rows) > 1 else ())


def position_table(summary: Summary) -> Table:
    """Open positions at the end, at their own token's bid."""
    rows = tuple(
        (
            summary.market_name(p.market), summary.token_name(p.market, p.token), p.strategy, shares(p.shares_u6),
            shares(p.confirmed_u6), average_price(p.cost_u6, p.shares_u6), price(p.bid_g4), cash(p.value_u6),
            "broken" if summary.broken else gain(None if p.value_u6 is None else p.value_u6 - p.cost_u6),
        )
        for p in summary.positions
    )  # fmt: skip
    columns = ("market", "outcome", "~strategy", ">shares", ">~confirmed", ">~cost/share", ">bid", ">value", ">PnL")
    return Table("Open positions at the end (pUSD)", columns, rows)


def open_order_table(summary: Summary) -> Table:
    """Orders that still work, or may, after the last record."""
    shown = summary.open_orders[-MANY:]
    rows = tuple(
        (
            life.intent.id, summary.market_name(life.intent.market), life.intent.strategy,
            f"{life.intent.side.name.lower()} {summary.token_name(life.intent.market, life.intent.token)}",
            price(life.intent.price_g4), shares(life.left_u6), life.state.value,
        )
        for life in shown
    )  # fmt: skip
    columns = ("order", "market", "~strategy", "side", ">price", ">shares left", "state")
    note = _cut(len(shown), len(summary.open_orders), "orders.jsonl")
    return Table("Open orders at the end", columns, rows, note=note)


def failure_table(summary: Summary) -> Table:
    """Errors of strategies."""
    rows = tuple(
        (
            f.strategy, count(f.errors), "no longer" if f.disabled else "still", summary.market_name(f.market),
            utc(f.last_ns), f.error,
        )
        for f in summary.failures
    )  # fmt: skip
    columns = ("strategy", ">errors", "asked", "~last in", "~last at UTC", "last error")
    return Table("Strategies that failed", columns, rows)


_BOOK_LINES = (
    ("late, left out", "rows", "late", "rows"),
    ("other token says otherwise", "rows", "mirror_different", "mirrored"),
    ("venue's best price says otherwise", "rows", "witness_different", "witnesses"),
    ("book left crossed or locked", "messages", "crossed", ""),
    ("unusable, left out", "rows", "invalid", "rows"),
)
"""What is counted, its unit, the counter, and the counter it is a share of."""


def book_table(summary: Summary, books: Sequence[BookCounts]) -> Table:
    """What of the recording did not fit into the books, over all markets."""
    rows = []
    for name, unit, field, base in _BOOK_LINES if books else ():
        number = sum(getattr(book, field) for book in books)
        whole = sum(getattr(book, base) for book in books) if base else 0
        most = max(books, key=lambda book: getattr(book, field))
        where = f"{summary.market_name(most.market)}: {count(getattr(most, field))}" if number else NONE
        compared = f"{share_of(number, whole)} of {count(whole)}" if whole else NONE
        rows.append((name, count(number) if whole or not base else NONE, unit, compared, where))
    note = f"{NONE}: no row states it alone. Best prices stated beside changes are compared by `polydesk tape verify`."
    return Table("Book quality", ("", ">count", "unit", ">~share", "~most in"), tuple(rows), note=note)


def settlement_table(summary: Summary) -> Table:
    """Positions paid out."""
    rows = tuple(
        (
            utc(s.ts_ns), summary.market_name(s.market), summary.token_name(s.market, s.token), s.strategy,
            shares(s.shares_u6), price(s.payout_g4), "broken" if summary.broken else gain(s.realised_u6), s.origin,
        )
        for s in summary.settlements
    )  # fmt: skip
    columns = ("~time UTC", "market", "outcome", "~strategy", ">shares", ">payout", ">realised pUSD", "~origin")
    return Table("Settlements", columns, rows)


def external_table(summary: Summary) -> Table:
    """Cash that trading did not move; it is in equity and not in PnL."""
    rows = tuple((kind, gain(amount)) for kind, amount in summary.external.items())
    return Table("Other cash (pUSD)", ("kind", ">amount"), rows, note="Part of equity, not of PnL.")


def fill_table(summary: Summary) -> Table:
    """The last fills."""
    shown = summary.fills[-MANY:]
    rows = tuple(
        (
            utc(line.fill.ts_ns), line.fill.intent, summary.market_name(line.fill.market),
            f"{line.fill.side.name.lower()} {summary.token_name(line.fill.market, line.fill.token)}",
            price(line.fill.price_g4), shares(line.fill.size_u6), cash(line.fill.fee_u6), line.fill.liquidity.value,
            line.fill.cause.value, line.status, line.reason or NONE,
        )
        for line in shown
    )  # fmt: skip
    columns = (
        "time UTC", "order", "market", "side", ">price", ">shares", ">fee pUSD", "liquidity", "fill rule", "status",
        "exit reason",
    )  # fmt: skip
    return Table("Fills", columns, rows, note=_cut(len(shown), len(summary.fills), "fills.jsonl"))


def order_table(summary: Summary) -> Table:
    """The last orders, refused ones left out."""
    sent = [life for life in summary.lives if not life.refused]
    shown = sent[-MANY:]
    rows = tuple(_order_row(summary, life) for life in shown)
    columns = (
        "sent UTC", "order", "strategy", "market", "side", ">price", ">shares", ">filled", "type", "state", "end",
    )  # fmt: skip
    return Table("Orders", columns, rows, note=_cut(len(shown), len(sent), "orders.jsonl"))


def _order_row(summary: Summary, life: Life) -> tuple[str, ...]:
    intent = life.intent
    word = "buy" if intent.side is Side.BUY else "sell"
    return (
        utc(life.sent_ns), intent.id, intent.strategy, summary.market_name(intent.market),
        f"{word} {summary.token_name(intent.market, intent.token)}", price(intent.price_g4), shares(intent.size_u6),
        shares(life.filled_u6), f"{intent.type.value}{' post-only' if intent.post_only else ''}", life.state.value,
        life.end or NONE,
    )  # fmt: skip


def _cut(shown: int, whole: int, export: str) -> str:
    return f"The last {count(shown)} of {count(whole)}; all are in {export}." if shown < whole else ""


def assumed_table(summary: Summary) -> Table:
    """Facts nobody stated."""
    rows = tuple((a.fact, a.value, _some(a.markets)) for a in summary.assumed)
    return Table("Assumed market facts", ("fact", "assumed", "markets"), rows, note="Refused in live sessions.")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 2 else f"{names[0]} and {len(names) - 1} more"


def settings_table(summary: Summary, sections: Iterable[str]) -> Table:
    """The effective configuration of some sections, one dotted key per row."""
    rows: list[tuple[str, str]] = []
    for section in sections:
        _flatten(section, summary.config.get(section), rows)
    return Table("Configuration", ("key", ">value"), tuple(rows))


def _flatten(key: str, value: object, rows: list[tuple[str, str]]) -> None:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            _flatten(f"{key}.{name}", inner, rows)
    elif value is not None:
        rows.append((key, str(value).lower() if isinstance(value, bool) else str(value)))
