"""The card of one market: search, ladder, price chart, prints, facts."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from polydesk.monitor import elements as el
from polydesk.monitor.elements import card, tag
from polydesk.monitor.hub import PRINTS
from polydesk.monitor.panels import lists, market
from polydesk.monitor.session_view import MarketView, SessionView
from polydesk.monitor.words import Words


@dataclass
class MarketCard:
    """Shows one market.

    Attributes:
        words: The page's language.
        chosen: Called after somebody chose another market or outcome.
        slug: The market asked for; empty for the one the desk is busiest with.
        token: Which outcome's prices are shown.
        index: The market shown; -1 for none.
    """

    words: Words
    chosen: Callable[[], Awaitable[None]]
    slug: str = ""
    token: int = 0
    index: int = -1
    _parts: dict[str, Any] = field(default_factory=dict)
    _view: SessionView | None = None
    _typed: str = ""
    _wrong: bool = False
    _answers: int = 0

    def build(self) -> None:
        """Put the card into the page."""
        w, parts = self.words, self._parts
        with card(w("desk.market"), "market"):
            parts["chooser"] = el.Chooser()
            el.on(parts["chooser"], "search", self._search)
            el.on(parts["chooser"], "choose", self._choose)
            parts["token"] = el.Choice()
            el.on(parts["token"], "choose", self._turn)
            with tag("div", classes="book"):
                parts["ladder"] = el.Ladder()
            with tag("div", classes="prices"):
                parts["prices"] = el.Curve()
                parts["note"] = tag("p", market.NO_BREAK_SPACE, "pd-note")
                parts["facts"] = el.Facts()
                with tag("details"):
                    tag("summary", w("chart.table"))
                    parts["table"] = el.DataTable()
                    parts["fills"] = el.DataTable()
            with tag("div", classes="about"):
                parts["prints"] = el.DataTable()

    def forget(self) -> None:
        """Show the busiest market again: another session may have other markets."""
        self.slug, self.index, self._typed, self._wrong = "", -1, "", False

    def show(self, view: SessionView, shown: MarketView) -> None:
        """Show a market; only what changed goes to the browser."""
        w, parts = self.words, self._parts
        self._view, self.index = view, shown.index
        name = view.market_name(shown.index) if shown.index >= 0 else ""
        self._show_chooser()
        parts["token"].show(
            label=w("ladder.token"),
            options=[
                {"value": str(token), "text": view.outcome(shown.index, token) or f"#{token}"} for token in (0, 1)
            ],
            value=str(self.token),
        )
        parts["ladder"].show(**market.ladder(view, shown.index, self.token, w))
        parts["prices"].show(
            **market.price_chart(view, shown, self.token, w), unit="pUSD", decimals=3,
            label=w("chart.label", market=name), empty=w("chart.empty"), step=True,
        )  # fmt: skip
        parts["note"].text = market.chart_note(shown, w)
        parts["table"].show(**market.prices_table(shown, self.token, w))
        parts["fills"].show(
            caption=w("chart.fills"), columns=lists.columns("fills", w), rows=lists.fills(view, w, shown.fills),
            empty=w("fills.empty"),
        )  # fmt: skip
        parts["facts"].show(items=market.facts(view, shown.index, w), label=w("market.facts"))
        parts["prints"].show(
            caption=w("desk.prints"), columns=lists.columns("prints", w), empty=w("prints.empty"),
            rows=market.prints_table(shown.prints, w, view, shown.index), least=PRINTS,
        )  # fmt: skip

    def _show_chooser(self) -> None:
        w, view = self.words, self._view
        if view is None:
            return
        self._parts["chooser"].show(
            label=w("market.search"), options=market.options(view, self._typed), hint=w("market.hint"),
            value=view.market_name(self.index) if self.index >= 0 else "", missing=w("market.missing"),
            wrong=self._wrong, answers=self._answers,
        )  # fmt: skip

    def _search(self, typed: str) -> None:
        self._typed, self._wrong = typed, False
        self._show_chooser()

    async def _choose(self, typed: str) -> None:
        found = await asyncio.to_thread(market.find, self._view, typed) if self._view else ""
        self._wrong = not found
        self._answers += 1
        self._typed = "" if found else typed
        if found:
            self.slug = found
            await self.chosen()
        self._show_chooser()

    async def _turn(self, token: str) -> None:
        self.token = int(token in {"1"})
        await self.chosen()
