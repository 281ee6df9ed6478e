"""The second page: all sessions, and several of them side by side."""

from dataclasses import dataclass, field
from typing import Any

from nicegui import ui

from polydesk.model.errors import LedgerError
from polydesk.monitor import elements as el
from polydesk.monitor.elements import card, tag
from polydesk.monitor.first_paint import first_paint
from polydesk.monitor.page_frame import Page
from polydesk.monitor.panels import head, sessions
from polydesk.monitor.panels.market import NO_BREAK_SPACE
from polydesk.monitor.session_view import Brief, SessionView


@dataclass(frozen=True)
class Told:
    """What the page shows.

    Attributes:
        briefs: The sessions of one page of the list, the newest first.
        first: Place of the first of them among those that fit the filter, from 0.
        number: How many fit the filter.
        chosen: The sessions compared.
        realised: What each of them earned, by strategy and by exit.
        trouble: What is wrong with the ledger.
    """

    briefs: tuple[Brief, ...]
    first: int
    number: int
    chosen: tuple[SessionView, ...]
    realised: tuple[sessions.Realised, ...]
    trouble: tuple[str, ...]


@dataclass
class SessionsPage(Page):
    """The page of all sessions.

    Attributes:
        names: Names of the sessions compared.
    """

    names: list[str] = field(default_factory=list)
    _first: int = field(default=0, init=False)
    _filter: str = field(default="", init=False)
    _differing: bool = field(default=False, init=False)
    _seen: Any = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.every_s = 1.0

    def read(self, *, first: bool = False) -> Told:
        """Read the sessions of this page of the list and those compared."""
        starts = [start for start in self.hub.starts() if self._filter.casefold() in start.session.casefold()]
        at = max(0, min(self._first, (len(starts) - 1) // sessions.PAGE * sessions.PAGE))
        briefs = tuple(self.hub.brief(start.session) for start in starts[at : at + sessions.PAGE])
        found = [self.hub.view(name) for name in self.names[-sessions.MOST :]]
        chosen = tuple(view for view in found if view is not None)
        trouble = list(self.hub.trouble())
        realised: tuple[sessions.Realised, ...] = ()
        if len(chosen) > 1:
            try:
                read = self.hub.ask(lambda c: tuple(sessions.read_realised(c, view.name) for view in chosen))
                realised = read or ()
            except LedgerError as err:
                trouble.append(str(err))
        return Told(briefs, at, len(starts), chosen, realised, tuple(dict.fromkeys(trouble)))

    def build(self) -> None:
        """Put the cards into the page."""
        w, parts = self.words, self._parts
        tag("h1", w("sessions.title"))
        with card(w("sessions.list"), "full sessions"):
            parts["pager"] = el.Pager()
            el.on(parts["pager"], "filter", self._narrow)
            el.on(parts["pager"], "move", self._move)
            parts["list"] = el.DataTable()
            el.on(parts["list"], "pick", self._choose)
        with card(w("sessions.compare"), "full"):
            tag("p", w("sessions.hint", most=sessions.MOST), "pd-note")
            parts["caution"] = tag("p", NO_BREAK_SPACE, "pd-banner")
            parts["differing"] = el.Switch()
            el.on(parts["differing"], "turn", self._turn_differing)
            parts["curves"] = el.Curve()
            parts["table"] = el.DataTable()

    def show(self, told: Told) -> None:
        """Show the sessions; only what changed goes to the browser."""
        w, parts = self.words, self._parts
        parts["head"].show(**self._head())
        self.note(list(told.trouble))
        last = min(told.first + sessions.PAGE, told.number)
        parts["pager"].show(
            label=w("sessions.pages"), filter=w("sessions.filter"), hint=w("sessions.filter.hint"),
            range=w("sessions.range", first=min(told.first + 1, last), last=last, all=told.number),
            newer=w("sessions.newer"), older=w("sessions.older"), first=told.first == 0, last=last >= told.number,
        )  # fmt: skip
        parts["list"].show(
            caption=w("sessions.list"), columns=sessions.columns(w), quiet=True, pick="",
            empty=w("sessions.no_match" if self._filter else "sessions.empty"),
            rows=[sessions.row(brief, w, chosen=brief.name in self.names) for brief in told.briefs],
        )  # fmt: skip
        self._show_comparison(told)

    def first_paint(self) -> str:
        """Return the head as HTML, to be seen before the page's scripts have run."""
        return first_paint(self._head(), {"items": [], "banners": []}, [], self.words("page.late"))

    def _head(self) -> dict[str, Any]:
        query = {"compare": ",".join(self.names)} if self.names else {}
        return head.masthead(None, self.words, "sessions", query)

    def _show_comparison(self, told: Told) -> None:
        w, parts = self.words, self._parts
        several = len(told.chosen) > 1 and bool(told.realised)
        for name in ("differing", "curves", "table"):
            parts[name].set_visibility(several)
        caution = sessions.caution(told.chosen, w) if several else ""
        parts["caution"].set_visibility(bool(caution))
        if not several:
            return
        parts["caution"].text = caution or NO_BREAK_SPACE
        seen = (told.chosen, told.realised, self._differing)
        if seen == self._seen:
            return
        self._seen = seen
        parts["differing"].show(label=w("compare.differing"), value=self._differing)
        compared = sessions.comparison(told.chosen, told.realised, w, differing=self._differing)
        parts["table"].show(**compared, caption=w("sessions.compare"), quiet=True)
        parts["curves"].show(
            series=sessions.curves(told.chosen), spans=[], unit="pUSD", decimals=2, label=w("compare.curve.label"),
            empty=w("curve.empty"), step=True,
        )  # fmt: skip

    async def _choose(self, name: str) -> None:
        self.names = [one for one in self.names if one != name] if name in self.names else [*self.names, name]
        self.names = self.names[-sessions.MOST :]
        query = {"compare": ",".join(self.names), "lang": self.words.language}
        ui.navigate.history.replace(head.link("/sessions", query))
        await self.look()

    async def _narrow(self, typed: str) -> None:
        self._filter, self._first = typed.strip(), 0
        await self.look()

    async def _move(self, where: str) -> None:
        self._first += sessions.PAGE if where == "older" else -sessions.PAGE
        self._first = max(0, self._first)
        await self.look()

    async def _turn_differing(self, turned: str) -> None:
        self._differing = turned == "on"
        await self.look()
