"""Charts of a session for a notebook: the report's own drawings, shown inline."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from polydesk.model.errors import SessionError
from polydesk.report.build import Report
from polydesk.report.charts import Chart, Line, draw
from polydesk.report.figures import money_figures
from polydesk.report.panels import price_figures

_STYLE = """
.polydesk-charts { display: flex; flex-wrap: wrap; gap: 8px; }
.polydesk-chart { background: #fff; color: #14181d; padding: 6px 10px; border-radius: 4px; }
.polydesk-chart h4 { margin: 4px 0; font: 600 14px system-ui, sans-serif; }
.polydesk-chart svg { display: block; width: 100%; height: auto; }
.polydesk-chart text { font: 12px system-ui, sans-serif; fill: #55606e; }
.polydesk-chart .grid, .polydesk-chart .pause { stroke: #dbe0e6; } .polydesk-chart .pause { stroke-dasharray: 3 4; }
.polydesk-chart .zero, .polydesk-chart .break { stroke: #55606e; fill: none; }
.polydesk-chart .line { fill: none; stroke-width: 1.8; } .polydesk-chart .line.second { stroke-dasharray: 6 3; }
.polydesk-chart .line.cap { stroke-dasharray: 2 4; }
.polydesk-chart .line.first { stroke: #0060a8; } .polydesk-chart .line.second { stroke: #b35a00; }
.polydesk-chart .line.third { stroke: #00735c; } .polydesk-chart .line.loss { stroke: #a8324a; }
.polydesk-chart .line.cap { stroke: #55606e; }
.polydesk-chart .area, .polydesk-chart .band { stroke: none; opacity: .18; }
.polydesk-chart .first { --c: #0060a8; } .polydesk-chart .second { --c: #b35a00; }
.polydesk-chart .third { --c: #00735c; } .polydesk-chart .loss { --c: #a8324a; } .polydesk-chart .cap { --c: #55606e; }
.polydesk-chart .area, .polydesk-chart .band, .polydesk-chart .label { fill: var(--c); }
.polydesk-chart .label { font-weight: 600; }
.polydesk-chart path.buy, .polydesk-chart rect.buy { fill: #0072b2; stroke: #0072b2; }
.polydesk-chart path.sell, .polydesk-chart rect.sell { fill: #d55e00; stroke: #d55e00; }
.polydesk-chart path.hollow { fill: #fff; }
"""


_WIDE_PX, _NARROW_PX = 960, 470


@dataclass(frozen=True)
class Plot:
    """A drawing that a notebook shows.

    Attributes:
        title: Heading.
        svg: The drawing.
        width_px: Widest it is shown.
    """

    title: str
    svg: str = field(repr=False)
    width_px: int = _WIDE_PX

    @property
    def figure(self) -> str:
        """The drawing under its heading, without a style sheet."""
        style = f'style="width: 100%; max-width: {self.width_px}px"'
        return f'<div class="polydesk-chart" {style}><h4>{escape(self.title)}</h4>{self.svg}</div>'

    def _repr_html_(self) -> str:
        """Return what a notebook displays."""
        return f"<style>{_STYLE}</style>{self.figure}"


@dataclass(frozen=True)
class Gallery:
    """Several drawings side by side.

    Attributes:
        plots: In order.
    """

    plots: tuple[Plot, ...]

    def _repr_html_(self) -> str:
        """Return what a notebook displays."""
        figures = "".join(plot.figure for plot in self.plots)
        return f'<style>{_STYLE}</style><div class="polydesk-charts">{figures}</div>'


def money_plots(report: Report) -> dict[str, Plot]:
    """Return equity, drawdown, exposure and fees over time, by these names.

    Raises:
        SessionError: The session was never marked.
    """
    names = ("equity", "drawdown", "exposure", "fees")
    figures = money_figures(report.summary)
    if not figures:
        raise SessionError(f"session {report.summary.header.session} was never marked: there is nothing to draw")
    return {name: Plot(figure.title, figure.svg) for name, figure in zip(names, figures, strict=True)}


def price_plots(report: Report, most: int) -> Gallery:
    """Return bid, ask and mid of the tokens traded most, with every fill.

    Raises:
        SessionError: The tape is gone.
    """
    if report.prices is None:
        raise SessionError(f"prices: {report.missing}")
    figures, _ = price_figures(report.summary, report.prices, most=most)
    return Gallery(tuple(Plot(figure.title, figure.svg, _NARROW_PX) for figure in figures))


def line_plot(title: str, unit: str, lines: dict[str, Sequence[tuple[int, float]]]) -> Plot:
    """Return curves of your own over time.

    Args:
        title: Heading.
        unit: Unit of the values.
        lines: Points (nanoseconds, value) by the curve's name, in order of time; at most four curves.
    """
    styles = ("first", "second", "third", "loss")
    drawn = [Line(name, style, values) for (name, values), style in zip(lines.items(), styles, strict=False)]
    return Plot(title, draw(Chart(title, title, unit, drawn)))
