"""Which charts a report shows, each with the numbers behind it as a table."""

from collections.abc import Callable, Sequence

import msgspec

from polydesk.model.grid import CASH_ONE_U6, PRICE_ONE_G4
from polydesk.model.orders import Side
from polydesk.model.records import Liquidity
from polydesk.report.charts import Band, Chart, Line, Marker, Values, draw
from polydesk.report.marks import Mark, below_peak
from polydesk.report.money import FillLine
from polydesk.report.prices import Prices, Sample
from polydesk.report.quantities import NONE, cash, count, gain, price, shares, utc
from polydesk.report.summary import Summary
from polydesk.report.tables import Table

PANELS = 24
"""Most price charts on a page; the tokens with the largest traded notional come first."""

_ROWS = 24
_MARKERS = 240


class Figure(msgspec.Struct, frozen=True):
    """A chart ready for the page.

    Attributes:
        title: Heading.
        svg: The drawing, escaped.
        table: The same in numbers.
        legend: Class of a colour sample and what it stands for.
    """

    title: str
    svg: str
    table: Table
    legend: tuple[tuple[str, str], ...] = ()


def money_figures(summary: Summary) -> list[Figure]:
    """Equity in two columns, drawdown and exposure; nothing when there are no marks."""
    marks = summary.marks
    if len(marks) < 2:
        return []
    table = _marks_table(marks)
    matched = _values(marks, lambda mark: mark.matched_u6)
    confirmed = _values(marks, lambda mark: mark.confirmed_u6)
    falls = [(mark.ts_ns, fall / CASH_ONE_U6) for mark, fall in zip(marks, below_peak(marks), strict=True)]
    exposure = _values(marks, lambda mark: mark.exposure_u6)
    return [
        Figure(
            "Equity",
            draw(
                Chart(
                    "Equity over time",
                    "Cash and positions at the bid in pUSD, counting every reported fill (matched) and only final "
                    "ones (confirmed).",
                    "pUSD",
                    (Line("confirmed", "second", confirmed), Line("matched", "first", matched)),
                )
            ),
            table,
            (("first", "matched: every fill reported"), ("second", "confirmed: final fills only")),
        ),
        Figure(
            "Drawdown",
            draw(
                Chart(
                    "Drawdown over time",
                    "How far matched equity is below its highest value so far, in pUSD.",
                    "pUSD",
                    (Line("drawdown", "loss", falls, filled=True),),
                    height=185,
                    zero=True,
                    signed=True,
                )
            ),
            table,
        ),
        Figure(
            "Exposure",
            draw(
                Chart(
                    "Exposure over time",
                    "Cost of positions and open buy orders in pUSD.",
                    "pUSD",
                    (Line("exposure", "third", exposure, filled=True),),
                    height=185,
                    zero=True,
                )
            ),
            table,
        ),
    ]


def _values(marks: Sequence[Mark], read: Callable[[Mark], int]) -> Values:
    return [(mark.ts_ns, read(mark) / CASH_ONE_U6) for mark in marks]


def _marks_table(marks: Sequence[Mark]) -> Table:
    step = max(1, -(-len(marks) // _ROWS))
    shown = [*range(0, len(marks) - 1, step), len(marks) - 1]
    falls = below_peak(marks)
    rows = tuple(
        (
            utc(marks[at].ts_ns), cash(marks[at].matched_u6), cash(marks[at].confirmed_u6), gain(falls[at]),
            cash(marks[at].exposure_u6),
        )
        for at in shown
    )  # fmt: skip
    columns = ("time UTC", ">matched", ">confirmed", ">drawdown", ">exposure")
    note = f"Every {step}. of {count(len(marks))} marks." if step > 1 else ""
    return Table("Equity, drawdown and exposure (pUSD)", columns, rows, note=note)


def price_figures(summary: Summary, prices: Prices) -> tuple[list[Figure], int]:
    """Return one chart per traded token at its own price, and how many were left out."""
    groups: dict[tuple[int, int], list[FillLine]] = {}
    for line in summary.fills:
        groups.setdefault((line.fill.market, line.fill.token), []).append(line)
    ranked = sorted(groups, key=lambda key: -sum(x.fill.price_g4 * x.fill.size_u6 for x in groups[key]))
    shown = sorted(key for key in ranked[:PANELS] if prices.series.get(key[0]))
    return [_panel(summary, key, groups[key], prices.series[key[0]]) for key in shown], len(groups) - len(shown)


def _panel(summary: Summary, key: tuple[int, int], fills: Sequence[FillLine], samples: Sequence[Sample]) -> Figure:
    market, token = key
    name = f"{summary.market_name(market)}, {summary.token_name(market, token)}"
    low, high, mid = _token_series(samples, token)
    chart = Chart(
        f"Price of {name} with our fills",
        f"Mid with best bid and ask of the token at its own price, and {len(fills)} fills of ours.",
        "price",
        (Line("mid", "first", mid),),
        bands=(Band("first", low, high),) if low else (),
        markers=[_marker(line) for line in fills[-_MARKERS:]],
        width=560,
        height=244,
    )
    table = _fills_table(fills)
    return Figure(name, draw(chart), table)


def _token_series(samples: Sequence[Sample], token: int) -> tuple[Values, Values, Values]:
    """Return bid, ask and mid of a token where its book is two-sided."""
    whole = [(ts, bid, ask) for ts, bid, ask in samples if 0 < bid < ask < PRICE_ONE_G4]
    if token == 1:
        whole = [(ts, PRICE_ONE_G4 - ask, PRICE_ONE_G4 - bid) for ts, bid, ask in whole]
    return (
        [(ts, bid / PRICE_ONE_G4) for ts, bid, _ in whole],
        [(ts, ask / PRICE_ONE_G4) for ts, _, ask in whole],
        [(ts, (bid + ask) / 2 / PRICE_ONE_G4) for ts, bid, ask in whole],
    )


def _marker(line: FillLine) -> Marker:
    fill = line.fill
    return Marker(
        fill.matched_ns,
        fill.price_g4 / PRICE_ONE_G4,
        fill.side is Side.BUY,
        fill.liquidity is Liquidity.MAKER,
        f"{utc(fill.ts_ns)} UTC {_word(line)} {shares(fill.size_u6)} at {price(fill.price_g4)}, {line.strategy}",
    )


def _fills_table(fills: Sequence[FillLine]) -> Table:
    shown = fills[-_ROWS:]
    rows = tuple(
        (
            utc(line.fill.ts_ns), line.fill.intent, line.strategy, _word(line), price(line.fill.price_g4),
            shares(line.fill.size_u6), line.fill.liquidity.value, line.reason or NONE,
        )
        for line in shown
    )  # fmt: skip
    columns = ("time UTC", "order", "strategy", "side", ">price", ">shares", "liquidity", "exit reason")
    note = f"The last {len(shown)} of {count(len(fills))}." if len(shown) < len(fills) else ""
    return Table("Fills", columns, rows, note=note)


def _word(line: FillLine) -> str:
    return "buy" if line.fill.side is Side.BUY else "sell"
