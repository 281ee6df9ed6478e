"""The two pages: one session as it happens, and all sessions side by side."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from nicegui import ui

from polydesk.model.errors import LedgerError
from polydesk.monitor import elements as el
from polydesk.monitor.elements import card, tag
from polydesk.monitor.hub import Hub, SessionView
from polydesk.monitor.panels import detail, head, lists, market, money, sessions
from polydesk.monitor.words import Words

EVERY_S = 0.5
"""Pause between two looks of an open page."""


@dataclass
class DeskPage:
    """The page of one session.

    Attributes:
        hub: Where sessions are read.
        words: The page's language.
        session: The session asked for; empty to follow the newest.
        slug: The market asked for; empty for the one the desk is busiest with.
        token: Which outcome's prices are shown.
    """

    hub: Hub
    words: Words
    session: str = ""
    slug: str = ""
    token: int = 0
    acts_only: bool = True
    _parts: dict[str, Any] = field(default_factory=dict)
    _seen: tuple[Any, ...] = ()
    _view: SessionView | None = None
    _index: int = -1

    def build(self, view: SessionView | None) -> None:
        """Put the page together with what is known now."""
        w, parts = self.words, self._parts
        parts["head"] = el.Masthead()
        parts["notes"] = el.DataTable()
        parts["notes"].classes("pd-notes")
        with tag("main", id="main", classes="pd-desk"):
            tag("h1", w("desk.title"), "pd-hidden")
            parts["empty"] = tag("p", w("desk.none"), "pd-none")
            parts["tiles"] = el.Tiles()
            with card(w("desk.curve"), "wide"):
                parts["equity"] = el.Curve()
                parts["drawdown"] = el.Curve()
                parts["drawdown"].classes("small")
                with tag("details"):
                    tag("summary", w("curve.table"))
                    parts["marks"] = el.DataTable()
            with card(w("desk.trust"), "side"):
                parts["meters"] = el.Meters()
                parts["trust"] = el.Facts()
            with card(w("desk.market"), "full market"):
                parts["chooser"] = el.Chooser()
                el.on(parts["chooser"], "choose", self._choose)
                parts["token"] = ui.toggle([0, 1], value=self.token, on_change=self._turn).props(
                    "dense no-caps unelevated"
                )
                parts["ladder"] = el.Ladder()
                with tag("div", classes="prices"):
                    parts["prices"] = el.Curve()
                    parts["prices_note"] = tag("p", "\u00a0", "pd-note")
                    parts["facts"] = el.Facts()
                parts["prints"] = el.DataTable()
            for name, size in (
                ("positions", "half"),
                ("orders", "half"),
                ("decisions", "half"),
                ("refusals", "half"),
                ("fills", "half"),
                ("settlements", "half"),
                ("assumed", "full"),
            ):
                with card(w(f"desk.{name}"), size):
                    if name == "decisions":
                        ui.checkbox(w("desk.acts_only"), value=self.acts_only, on_change=self._filter).props("dense")
                    parts[name] = el.DataTable()
        parts["detail"] = el.Detail()
        self._shut()
        el.on(parts["detail"], "close", lambda _: self._shut())
        el.on(parts["decisions"], "pick", self._ask_decision)
        for name in ("orders", "refusals", "fills"):
            el.on(parts[name], "pick", self._ask_order)
        if view is not None:
            self.show(view)
        else:
            self._nothing()
        ui.timer(EVERY_S, self._look)

    def show(self, view: SessionView) -> None:
        """Show a view; only what changed goes to the browser."""
        self._view = view
        w, parts = self.words, self._parts
        index = self._index = market.index_of(view, self.slug, self._index)
        self._show_head(view)
        if view.running and index >= 0 and market.book_of(view, index) is None:
            self.hub.want(view.name, index)
        history = self.hub.history(view)
        seen = (view, index, self.token, self.acts_only, id(history))
        if seen == self._seen:
            return
        self._seen = seen
        parts["empty"].set_visibility(False)
        parts["tiles"].show(items=money.tiles(view, w), label=w("desk.figures"))
        parts["meters"].show(items=money.meters(view, w), label=w("desk.caps"), empty=w("desk.caps.empty"))
        parts["trust"].show(items=head.trust(view, w), label=w("desk.trust"))
        axis = money.time_axis(view)
        parts["equity"].show(
            series=money.equity(view, axis, w),
            spans=axis.told(),
            unit="pUSD",
            label=w("curve.equity.label"),
            decimals=2,
            empty=w("curve.empty"),
            step=True,
        )
        parts["drawdown"].show(
            series=money.drawdown(view, axis, w),
            spans=axis.told(),
            unit="pUSD",
            label=w("curve.drawdown.label"),
            decimals=2,
            empty="",
            step=True,
            high=0,
        )
        parts["marks"].show(**money.marks_table(view, w), quiet=True)
        self._show_market(view, index)
        self._show_lists(view)

    def _show_head(self, view: SessionView) -> None:
        query = {"market": self.slug} if self.slug else {}
        if self.session:
            query["session"] = self.session
        self._parts["head"].show(**head.masthead(view, self.words, "desk", query))
        troubles = [{"id": str(at), "cells": [text]} for at, text in enumerate(view.trouble)]
        self._parts["notes"].set_visibility(bool(troubles))
        column = [{"key": "note", "label": self.words("desk.trouble"), "num": False}]
        self._parts["notes"].show(
            caption=self.words("desk.trouble"), columns=column, rows=troubles, empty="", quiet=True
        )

    def _show_market(self, view: SessionView, index: int) -> None:
        w, parts = self.words, self._parts
        name = view.market_name(index) if index >= 0 else ""
        parts["chooser"].show(
            label=w("market.search"),
            options=market.options(view),
            value=name,
            hint=w("market.hint"),
            missing=w("market.missing"),
        )
        parts["token"].set_options({token: view.outcome(index, token) or str(token) for token in (0, 1)})
        parts["ladder"].show(**market.ladder(view, index, self.token, w))
        history = self.hub.history(view)
        samples = market.samples_of(history, view, index)
        parts["prices"].show(
            **market.price_chart(view, index, self.token, samples, w),
            unit="pUSD",
            decimals=3,
            label=w("chart.label", market=name),
            empty=w("chart.empty"),
            step=True,
        )
        parts["prices_note"].text = _history_note(history, w)
        parts["facts"].show(items=market.facts(view, index, w), label=w("market.facts"))
        upto = view.live.ts_ns if view.live else 0
        prints = [] if isinstance(history, str) else history.prints_until(index, upto, market.PRINTS)
        parts["prints"].show(
            caption=w("desk.prints"),
            columns=lists.columns("prints", w),
            empty=w("prints.empty"),
            rows=market.prints_table(prints, w, view, index),
            least=market.PRINTS,
        )

    def _show_lists(self, view: SessionView) -> None:
        w = self.words
        rows = {
            "positions": lists.positions(view, w),
            "orders": lists.orders(view, w),
            "decisions": lists.decisions(view, w, acts_only=self.acts_only),
            "refusals": lists.refusals(view, w),
            "fills": lists.fills(view, w),
            "settlements": lists.settlements(view, w),
            "assumed": lists.assumed(view, w),
        }
        pick = {"orders", "decisions", "refusals", "fills"}
        for name, told in rows.items():
            self._parts[name].show(
                caption=w(f"desk.{name}"),
                columns=lists.columns(name, w),
                rows=told,
                empty=w(f"{name}.empty"),
                quiet=True,
                pick=w(f"{name}.pick") if name in pick else "",
            )

    async def _look(self) -> None:
        name = self.session or await asyncio.to_thread(self.hub.newest)
        if not name:
            return
        if self._view is not None and self._view.name != name:
            # The desk was started again: its markets may be others.
            self.slug, self._index = "", -1
        self.show(await asyncio.to_thread(self.hub.view, name))

    def _nothing(self) -> None:
        self._parts["head"].show(**head.masthead(None, self.words, "desk", {}))
        self._parts["notes"].set_visibility(False)
        view = SessionView("")
        self._parts["tiles"].show(items=money.tiles(view, self.words), label=self.words("desk.figures"))
        self._parts["meters"].show(items=[], label=self.words("desk.caps"), empty=self.words("desk.caps.empty"))
        self._parts["trust"].show(items=[], label=self.words("desk.trust"))
        for name in ("equity", "drawdown"):
            self._parts[name].show(
                series=[],
                spans=[],
                unit="pUSD",
                label=self.words(f"curve.{name}.label"),
                decimals=2,
                empty=self.words("curve.empty"),
                step=True,
            )
        self._parts["marks"].show(**money.marks_table(view, self.words), quiet=True)
        self._show_market(view, -1)
        self._show_lists(view)

    def _choose(self, slug: str) -> None:
        self.slug = slug
        self._again()

    def _turn(self, event: Any) -> None:
        self.token = int(event.value or 0)
        self._again()

    def _filter(self, event: Any) -> None:
        self.acts_only = bool(event.value)
        self._again()

    def _again(self) -> None:
        if self._view is not None:
            self.show(self._view)

    def _ask_decision(self, record: str) -> None:
        self._open(lambda connection, view: detail.decision_detail(connection, view, int(record), self.words))

    def _ask_order(self, intent: str) -> None:
        self._open(lambda connection, view: detail.order_detail(connection, view, intent, self.words))

    def _open(self, ask: Any) -> None:
        ledger = self.hub.ledger()
        if ledger is None or self._view is None:
            return
        try:
            with ledger.reading() as connection:
                told = ask(connection, self._view)
        except LedgerError as err:
            told = detail.CLOSED | {"open": True, "title": self.words("desk.trouble"), "lead": str(err)}
        self._parts["detail"].show(**told, close=self.words("detail.close"))

    def _shut(self) -> None:
        self._parts["detail"].show(**detail.CLOSED, close=self.words("detail.close"))


@dataclass
class SessionsPage:
    """The page of all sessions.

    Attributes:
        hub: Where sessions are read.
        words: The page's language.
        chosen: Names of the sessions compared.
    """

    hub: Hub
    words: Words
    chosen: list[str] = field(default_factory=list)
    _parts: dict[str, Any] = field(default_factory=dict)

    def build(self, views: list[SessionView]) -> None:
        """Put the page together with what is known now."""
        w, parts = self.words, self._parts
        parts["head"] = el.Masthead()
        with tag("main", id="main", classes="pd-sessions"):
            tag("h1", w("sessions.title"))
            with card(w("sessions.list"), "full"):
                parts["list"] = el.DataTable()
                el.on(parts["list"], "pick", self._choose)
            with card(w("sessions.compare"), "full"):
                parts["hint"] = tag("p", w("sessions.hint", most=sessions.MOST), "pd-note")
                parts["curves"] = el.Curve()
                parts["table"] = el.DataTable()
        self.show(views)
        ui.timer(2.0, self._look)

    def show(self, views: list[SessionView]) -> None:
        """Show the sessions; only what changed goes to the browser."""
        w, parts = self.words, self._parts
        query = {"compare": ",".join(self.chosen)} if self.chosen else {}
        parts["head"].show(**head.masthead(None, w, "sessions", query))
        parts["list"].show(
            caption=w("sessions.list"),
            columns=sessions.columns(w),
            empty=w("sessions.empty"),
            quiet=True,
            pick="",
            rows=[sessions.row(view, view.name in self.chosen, w) for view in views],
        )
        chosen = [view for name in self.chosen for view in views if view.name == name]
        compared: dict[str, Any] = {"columns": [], "rows": []}
        ledger = self.hub.ledger()
        if len(chosen) > 1 and ledger is not None:
            with ledger.reading() as connection:
                compared = sessions.comparison(connection, chosen, w)
        parts["table"].set_visibility(len(chosen) > 1)
        parts["curves"].set_visibility(len(chosen) > 1)
        parts["table"].show(**compared, caption=w("sessions.compare"), empty="", quiet=True)
        parts["curves"].show(
            series=sessions.curves(chosen, w) if len(chosen) > 1 else [],
            spans=[],
            unit="pUSD",
            decimals=2,
            label=w("compare.curve.label"),
            empty=w("curve.empty"),
            step=True,
        )

    async def read(self) -> list[SessionView]:
        """Return all sessions, the newest first."""
        rows = await asyncio.to_thread(self.hub.sessions)
        return [await asyncio.to_thread(self.hub.view, row.session) for row in rows]

    async def _look(self) -> None:
        self.show(await self.read())

    async def _choose(self, name: str) -> None:
        self.chosen = [one for one in self.chosen if one != name] if name in self.chosen else [*self.chosen, name]
        self.chosen = self.chosen[-sessions.MOST :]
        self.show(await self.read())
        ui.navigate.history.replace(
            head.link("/sessions", {"compare": ",".join(self.chosen), "lang": self.words.language})
        )


def _history_note(history: Any, words: Words) -> str:
    if history == "reading":
        return words("chart.reading")
    if isinstance(history, str):
        return words("chart.missing", why=history) if history != "none" else "\u00a0"
    return words("chart.source")
