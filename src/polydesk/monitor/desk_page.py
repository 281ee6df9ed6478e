"""The first page: one session as it happens."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nicegui import ui
from sqlalchemy import Connection

from polydesk.model.errors import LedgerError
from polydesk.monitor import elements as el
from polydesk.monitor.elements import card, tag
from polydesk.monitor.first_paint import first_paint
from polydesk.monitor.market_card import MarketCard
from polydesk.monitor.page_frame import Page
from polydesk.monitor.panels import detail, head, lists, market, money, strip, trust
from polydesk.monitor.panels.market import NO_BREAK_SPACE
from polydesk.monitor.session_view import MarketView, SessionView
from polydesk.tape.manifest import Manifest

_LISTS = ("positions", "orders", "decisions", "refusals", "fills", "settlements", "assumed")
_PICKED = ("orders", "decisions", "refusals", "fills")


@dataclass(frozen=True)
class Told:
    """What the page shows; ``view`` is ``None`` when there is no such session."""

    name: str
    view: SessionView | None
    market: MarketView


@dataclass
class DeskPage(Page):
    """The page of one session.

    Attributes:
        session: The session asked for; empty to follow the newest.
        asked_market: The market asked for; empty for the one the desk is busiest with.
    """

    session: str = ""
    asked_market: str = ""
    _acts_only: bool = field(default=True, init=False)
    _seen: tuple[Any, ...] = field(default=(), init=False)
    _name: str = field(default="", init=False)
    _view: SessionView | None = field(default=None, init=False)
    _market: MarketCard = field(init=False)
    _assumed_of: Manifest | None = field(default=None, init=False)
    _assumed: list[dict[str, Any]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._market = MarketCard(self.words, self._market_chosen, self.asked_market)

    def read(self, *, first: bool = False) -> Told:
        """Read the session and its market; the tape is left for the second look."""
        name = self.session or self.hub.newest()
        view = self.hub.view(name) if name else None
        if view is None:
            return Told(name, None, MarketView())
        same = name == self._name or first
        slug, shown = (self._market.slug, self._market.index) if same else ("", -1)
        index = market.index_of(view, slug, shown)
        return Told(name, view, self.hub.market(view, index, history=not first))

    def build(self) -> None:
        """Put the cards into the page."""
        w, parts = self.words, self._parts
        tag("h1", w("desk.title"), "pd-hidden")
        parts["none"] = tag("p", NO_BREAK_SPACE, "pd-none")
        parts["strip"] = el.Strip()
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
        self._market.build()
        for name in _LISTS:
            with card(w(f"desk.{name}"), f"list {name} " + ("full" if name == "assumed" else "half")):
                if name == "decisions":
                    parts["acts"] = el.Switch()
                    el.on(parts["acts"], "turn", self._filter)
                parts[name] = el.DataTable()
        parts["detail"] = el.Detail()
        self._shut()
        el.on(parts["detail"], "close", lambda _: self._shut())
        el.on(parts["decisions"], "pick", self._ask_decision)
        for name in _PICKED:
            if name != "decisions":
                el.on(parts[name], "pick", self._ask_order)

    def show(self, told: Told) -> None:
        """Show a session; only what changed goes to the browser."""
        view = told.view or SessionView(told.name)
        if told.name != self._name and self._name:
            # Another desk was started: its markets may be others.
            self._market.forget()
        self._name, self._view = told.name, told.view
        self._show_head(told, view)
        seen = (view, told.market, self._market.token, self._acts_only)
        if seen == self._seen:
            return
        self._seen = seen
        w, parts = self.words, self._parts
        parts["tiles"].show(items=money.tiles(view, w), label=w("desk.figures"))
        none = w("desk.caps.empty" if view.live is not None or view.running else "desk.caps.none")
        parts["meters"].show(items=money.meters(view, w), label=w("desk.caps"), empty=none)
        parts["trust"].show(items=self._trust(view) if told.view else [], label=w("desk.trust"))
        self._show_curves(view)
        self._market.show(view, told.market)
        self._show_lists(view)

    def first_paint(self, told: Told) -> str:
        """Return head and figures as HTML, to be seen before the page's scripts have run."""
        view = told.view or SessionView(told.name)
        tiles = money.tiles(view, self.words) if told.view else []
        return first_paint(self._head(view, told), self._strip(view), tiles, self.words("page.late"))

    def _show_head(self, told: Told, view: SessionView) -> None:
        self._parts["head"].show(**self._head(view, told))
        self._parts["strip"].show(**self._strip(view))
        nothing = told.view is None
        self._parts["main"].classes(add="pd-nothing" if nothing else "", remove="" if nothing else "pd-nothing")
        if told.view is not None:
            self.note(strip.notes(view, self.words, self.hub.data_dir))
            return
        folder = self.hub.data_dir / "sessions"
        none = self.words("desk.unknown", session=told.name, folder=folder) if told.name else self.words("desk.none")
        self._parts["none"].text = none
        self.note(list(self.hub.trouble()))

    def _head(self, view: SessionView, told: Told) -> dict[str, Any]:
        return head.masthead(view if told.view else None, self.words, "desk", self._query())

    def _strip(self, view: SessionView) -> dict[str, Any]:
        w = self.words
        items = strip.strip(view, w, following=not self.session) if view.name else []
        return {"items": items, "label": w("strip.label"), "banners": strip.banners(view, w), "gone": w("age.lost")}

    def _query(self) -> dict[str, str]:
        told = {"session": self.session, "market": self._market.slug}
        return {name: value for name, value in told.items() if value}

    def _trust(self, view: SessionView) -> list[dict[str, str]]:
        if view.manifest is not self._assumed_of:
            # Thousands of markets have tens of thousands of facts, and they never change.
            self._assumed_of, self._assumed = view.manifest, lists.assumed(view, self.words)
        return trust.trust(view, self.words, len(self._assumed))

    def _show_curves(self, view: SessionView) -> None:
        w, parts = self.words, self._parts
        axis = money.time_axis(view)
        common = {"spans": axis.told(), "unit": "pUSD", "decimals": 2, "step": True}
        parts["equity"].show(
            series=money.equity(view, axis, w), label=w("curve.equity.label"), empty=w("curve.empty"), **common
        )
        parts["drawdown"].show(
            series=money.drawdown(view, axis, w), label=w("curve.drawdown.label"), empty="", high=0, **common
        )
        parts["marks"].show(**money.marks_table(view, w), quiet=True)

    def _show_lists(self, view: SessionView) -> None:
        w = self.words
        self._parts["acts"].show(label=w("desk.acts_only"), value=self._acts_only)
        rows = {
            "positions": lists.positions(view, w),
            "orders": lists.orders(view, w),
            "decisions": lists.decisions(view, w, acts_only=self._acts_only),
            "refusals": lists.refusals(view, w),
            "fills": lists.fills(view, w),
            "settlements": lists.settlements(view, w),
            "assumed": self._assumed,
        }
        for name, told in rows.items():
            self._parts[name].show(
                caption=w(f"desk.{name}"), columns=lists.columns(name, w), rows=told, empty=w(f"{name}.empty"),
                quiet=True, pick=w(f"{name}.pick") if name in _PICKED else "", held=w("list.held"),
            )  # fmt: skip

    async def _market_chosen(self) -> None:
        address = head.link("/", self._query() | {"lang": self.words.language})
        ui.navigate.history.replace(address)
        await self.look()

    async def _filter(self, turned: str) -> None:
        self._acts_only = turned == "on"
        await self.look()

    async def _ask_decision(self, record: str) -> None:
        view, w = self._view, self.words
        if view is not None:
            await self._open(lambda connection: detail.decision_detail(connection, view, int(record), w))

    async def _ask_order(self, intent: str) -> None:
        view, w = self._view, self.words
        if view is not None:
            await self._open(lambda connection: detail.order_detail(connection, view, intent, w))

    async def _open(self, question: Callable[[Connection], dict[str, Any]]) -> None:
        try:
            told = await asyncio.to_thread(self.hub.ask, question)
        except LedgerError as err:
            told = detail.CLOSED | {"open": True, "title": self.words("desk.trouble"), "lead": str(err)}
        if told is not None:
            self._parts["detail"].show(**told, close=self.words("detail.close"))

    def _shut(self) -> None:
        self._parts["detail"].show(**detail.CLOSED, close=self.words("detail.close"))
