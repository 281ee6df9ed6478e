"""The report as one self-contained page: inline style and charts, no script, nothing loaded from anywhere."""

import os
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from polydesk import __version__
from polydesk.model.errors import SessionError
from polydesk.report.facts import fill_rule, headline, session_facts
from polydesk.report.failures import failure_text
from polydesk.report.figures import Figure, money_figures, price_figures
from polydesk.report.prices import Prices
from polydesk.report.quality import Quality
from polydesk.report.summary import Summary
from polydesk.report.tables import fill_table, order_table, settings_table
from polydesk.report.terminal import report_tables


def render_page(summary: Summary, prices: Prices | None, missing: str, qualities: Sequence[Quality] = ()) -> str:
    """Return the page.

    Args:
        summary: The session.
        prices: For the price charts; ``None`` when the tape cannot be read.
        missing: Why there are no prices.
        qualities: Fill quality, where the tape could be read.
    """
    panels, left_out = price_figures(summary, prices) if prices else ([], 0)
    tables = {
        table.title: table for table in report_tables(summary, qualities, prices.books if prices else ()) if table.rows
    }
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            summary=summary,
            version=__version__,
            facts=session_facts(summary),
            failures=[failure_text(failure) for failure in summary.failures],
            headline=headline(summary),
            fill_rule=fill_rule(summary),
            assumptions=settings_table(summary, ["exchange"]),
            configuration=settings_table(summary, summary.config),
            tables=list(tables.values()),
            figures=[] if summary.broken else money_figures(summary),
            panels=panels,
            left_out=left_out,
            missing=missing,
            orders=order_table(summary),
            fills=fill_table(summary),
            svg=_svg,
        )
    )


def write_page(path: Path, page: str) -> None:
    """Write the page so that it is there completely or not at all; through a link, and as it is to a pipe or device.

    Raises:
        SessionError: The folder is missing or cannot be written.
    """
    try:
        target = path.resolve()
        if target.exists() and not target.is_file():
            target.write_text(page, encoding="utf-8")
            return
        draft = target.with_name(f"{target.name}.partial")
        draft.write_text(page, encoding="utf-8")
        os.replace(draft, target)
    except OSError as err:
        raise SessionError(f"{path}: cannot write the page ({err.strerror}); give another --html FILE") from err


def _svg(figure: Figure) -> Markup:
    """Mark a drawing as safe: ``charts.draw`` escaped every text in it."""
    return Markup(figure.svg)  # noqa: S704


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("polydesk.report", "pages"),
        autoescape=select_autoescape(["j2", "html"], default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
