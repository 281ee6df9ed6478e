"""Price charts of the tokens traded most, with our fills, each token at its own price."""

from collections.abc import Sequence

from polydesk.model.grid import PRICE_ONE_G4
from polydesk.model.orders import Side
from polydesk.model.records import Liquidity
from polydesk.report.charts import Band, Chart, Line, Marker, Values, draw
from polydesk.report.figures import Figure
from polydesk.report.money import FillLine
from polydesk.report.prices import Prices, Sample
from polydesk.report.quantities import count, price, shares, utc
from polydesk.report.summary import Summary
from polydesk.report.tables import Table
from polydesk.report.words import ENGLISH, Words

PANELS = 12
"""Most price charts on a page; the tokens with the largest traded notional come first."""

_ROWS = 24
_MARKERS = 160


def price_figures(
    summary: Summary, prices: Prices, words: Words = ENGLISH, most: int = PANELS
) -> tuple[list[Figure], int]:
    """Return one chart per traded token at its own price, and how many were left out."""
    groups: dict[tuple[int, int], list[FillLine]] = {}
    for line in summary.fills:
        groups.setdefault((line.fill.market, line.fill.token), []).append(line)
    ranked = sorted(groups, key=lambda key: -sum(x.fill.price_g4 * x.fill.size_u6 for x in groups[key]))
    shown = sorted(key for key in ranked[:most] if prices.series.get(key[0]))
    return [_panel(summary, key, groups[key], prices.series[key[0]], words) for key in shown], len(groups) - len(shown)


def _panel(
    summary: Summary, key: tuple[int, int], fills: Sequence[FillLine], samples: Sequence[Sample], words: Words
) -> Figure:
    market, token = key
    name = f"{summary.market_name(market)}, {summary.token_name(market, token)}"
    low, high, mid = _token_series(samples, token)
    shown = fills[-_MARKERS:]
    note = words("panel.cut", shown=count(len(shown)), whole=count(len(fills))) if len(shown) < len(fills) else ""
    chart = Chart(
        words("panel.chart", name=name),
        words("panel.text", fills=words.number("n.fills", len(fills))),
        words("panel.unit"),
        (Line(words("panel.mid"), "first", mid),),
        bands=(Band("first", low, high),) if low else (),
        markers=[_marker(line, words) for line in shown],
        width=440,
        height=236,
    )
    return Figure(name, draw(chart), _fills_table(fills, words), note=note, ids=True)


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


def _marker(line: FillLine, words: Words) -> Marker:
    fill = line.fill
    return Marker(
        fill.matched_ns,
        fill.price_g4 / PRICE_ONE_G4,
        fill.side is Side.BUY,
        fill.liquidity is Liquidity.MAKER,
        words(
            "panel.marker",
            time=utc(fill.ts_ns),
            side=words.named("side", fill.side.name.lower()),
            shares=shares(fill.size_u6),
            price=price(fill.price_g4),
            order=fill.intent,
        ),
    )


def _fills_table(fills: Sequence[FillLine], words: Words) -> Table:
    shown = fills[-_ROWS:]
    rows = tuple(
        (
            utc(line.fill.ts_ns), line.fill.intent, words.named("side", line.fill.side.name.lower()),
            price(line.fill.price_g4), shares(line.fill.size_u6),
        )
        for line in shown
    )  # fmt: skip
    columns = words.columns("#time_utc", "#order", "side", ">price", ">shares")
    note = words("cut.last_rows", shown=count(len(shown)), whole=count(len(fills))) if len(shown) < len(fills) else ""
    return Table(words("fills.title"), columns, rows, note=note)
