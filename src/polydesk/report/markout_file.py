"""Markouts fill by fill, as a CSV file for whoever wants to look closer."""

import csv
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from polydesk.model.errors import SessionError
from polydesk.report.money import FillLine
from polydesk.report.prices import HORIZONS_S, Prices
from polydesk.report.quality import markout_u6

COLUMNS = (
    "fill", "order", "strategy", "market", "token", "side", "liquidity", "cause", "status", "matched_ns", "price_g4",
    "size_u6", "fee_u6", "spread_u6", *(f"markout_{horizon}s_u6" for horizon in HORIZONS_S),
)  # fmt: skip
"""``spread_u6`` is against the mid just before the fill; empty where the book was one-sided or the tape had ended."""


def markout_rows(fills: Iterable[FillLine], prices: Prices) -> Iterator[tuple[str, ...]]:
    """Return one row per fill in the order of ``COLUMNS``; amounts are micro-pUSD of the whole fill, before fees."""
    for line in fills:
        fill = line.fill
        gains = []
        for horizon in (0, *HORIZONS_S):
            doubled = prices.after.get((fill.id, horizon))
            gains.append("" if doubled is None else str(markout_u6(fill, doubled)))
        yield (
            fill.id, fill.intent, line.strategy, str(fill.market), str(fill.token), fill.side.name.lower(),
            fill.liquidity.value, fill.cause.value, line.status, str(fill.matched_ns), str(fill.price_g4),
            str(fill.size_u6), str(fill.fee_u6), *gains,
        )  # fmt: skip


def write_markouts(path: Path, fills: Iterable[FillLine], prices: Prices) -> None:
    """Write the file so that it is there completely or not at all.

    Raises:
        SessionError: It cannot be written.
    """
    draft = path.with_name(f"{path.name}.partial")
    try:
        with draft.open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(markout_rows(fills, prices))
        os.replace(draft, path)
    except OSError as err:
        raise SessionError(f"{path}: cannot be written ({err.strerror}); give another --markouts FILE") from err
