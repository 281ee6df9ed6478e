"""A session in a notebook: its numbers, its tables, its charts."""

from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from polydesk.model.errors import SessionError
from polydesk.report.build import Report, build_report
from polydesk.report.final_json import result
from polydesk.report.session import Session, open_session
from polydesk.research import frames, plots
from polydesk.research.why_not import WhyNot, why_not

if TYPE_CHECKING:
    import polars


@dataclass(frozen=True)
class Results:
    """One session as read from disk; everything else is worked out when it is asked for, once.

    Attributes:
        session: Header and records.
    """

    session: Session

    def __repr__(self) -> str:
        """Name the session; its records would fill the page they are shown on."""
        return f"Results({self.name!r}, {len(self.session.records):,} records in {str(self.path)!r})"

    @property
    def name(self) -> str:
        """The session's name."""
        return self.session.header.session

    @property
    def path(self) -> Path:
        """The session's folder."""
        return self.session.path

    @cached_property
    def report(self) -> Report:
        """Everything the report shows."""
        return build_report(self.session.path)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The final figures, as ``polydesk report --json`` prints them."""
        return result(self.report.summary)

    def table(self, name: str) -> pa.Table:
        """Return one of ``frames.TABLES`` as an Arrow table.

        Raises:
            SessionError: There is no such table.
        """
        return frames.table(self.session, name)

    @cached_property
    def fills(self) -> "polars.DataFrame":
        """Every fill reported."""
        return frames.to_polars(self.table("fills"))

    @cached_property
    def orders(self) -> "polars.DataFrame":
        """Every order sent, with what became of it."""
        return frames.to_polars(self.table("orders"))

    @cached_property
    def decisions(self) -> "polars.DataFrame":
        """Every decision, each time a strategy changed its mind."""
        return frames.to_polars(self.table("decisions"))

    @cached_property
    def refusals(self) -> "polars.DataFrame":
        """Every order that risk refused, with the number that failed."""
        return frames.to_polars(self.table("refusals"))

    @cached_property
    def marks(self) -> "polars.DataFrame":
        """Cash, equity and exposure over time."""
        return frames.to_polars(self.table("marks"))

    @cached_property
    def positions(self) -> "polars.DataFrame":
        """Every position at the end, closed ones too."""
        return frames.to_polars(self.table("positions"))

    @cached_property
    def mids(self) -> "polars.DataFrame":
        """Every change of a best price, from the tape."""
        return frames.to_polars(self.table("mids"))

    def plot(self, what: str = "equity") -> plots.Plot:
        """Return a chart of the money: ``equity``, ``drawdown``, ``exposure`` or ``fees``.

        Raises:
            SessionError: There is no such chart, or nothing to draw.
        """
        found = plots.money_plots(self.report)
        if what not in found:
            raise SessionError(f"no chart {what!r}: choose one of {', '.join(found)}")
        return found[what]

    def plot_prices(self, most: int = 4) -> plots.Gallery:
        """Return price charts of the tokens traded most, with the fills."""
        return plots.price_plots(self.report, most)

    def why_not(self, market: str | int, at: str | int) -> WhyNot:
        """Tell why nothing was traded in a market at a moment, as ``polydesk backtest why-not``."""
        return why_not(self.session, str(market), str(at))

    def _repr_html_(self) -> str:
        """Return what a notebook displays: the figures that matter."""
        figures = self.summary
        pnl = figures["pnl"]
        shown = {
            "session": self.name,
            "PnL matched, pUSD": pnl["matched"],
            "PnL confirmed, pUSD": pnl["confirmed"],
            "fees, pUSD": figures["fees"],
            "orders": figures["orders"],
            "fills": figures["fills"],
            "refused": sum(figures["refusals"].values()),
            "accounting": figures["sentinels"],
        }
        left = "style='text-align:left'"
        rows = (f"<tr><th {left}>{key}</th><td>{escape(str(value))}</td></tr>" for key, value in shown.items())
        return f"<table>{''.join(rows)}</table>"


def results_of(folder: Path) -> Results:
    """Read the session in a folder.

    Raises:
        SessionError: There is none.
    """
    return Results(open_session(folder))
