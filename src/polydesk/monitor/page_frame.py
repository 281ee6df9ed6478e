"""What every page has: the head, a place for what needs attention, a steady look, and no failure in silence."""

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from nicegui import ui

from polydesk.monitor import elements as el
from polydesk.monitor.hub import Hub
from polydesk.monitor.words import Words

_LONGEST_S = 60.0


@dataclass
class Page(ABC):
    """A page that looks at the sessions again and again.

    Attributes:
        hub: Where sessions are read; asked in threads, so that one slow answer keeps no other page waiting.
        words: The page's language.
        every_s: Pause between two looks.
    """

    hub: Hub
    words: Words
    every_s: float = field(default=0.4, init=False)
    _parts: dict[str, Any] = field(default_factory=dict, init=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _failed: bool = field(default=False, init=False)
    _timer: ui.timer | None = field(default=None, init=False)

    async def begin(self) -> Any:
        """Read, put the page together with what is known now, and return what was read."""
        told = await asyncio.to_thread(self.read, first=True)
        # The framework's own <main> around a page would hide ours from screen readers.
        ui.context.client.content.parent_slot.parent.props["role"] = "presentation"  # type: ignore[union-attr]
        # Its words must be in the browser before they are needed; the place for the time is filled there.
        el.Contact().show(text=self.words("page.lost", at="{at}"))
        self._parts["head"] = el.Masthead()
        self._parts["main"] = el.tag("main", id="main", classes="pd-main", tabindex="-1")
        with self._parts["main"]:
            self.build()
        self._parts["notes"] = el.Notes()
        self.show(told)
        ui.context.client.on_exception(self._fail)
        self._timer = ui.timer(self.every_s, self.look)
        return told

    async def look(self) -> None:
        """Read again and show what changed."""
        async with self._turn:
            self.show(await asyncio.to_thread(self.read))
            if self._failed:
                self._failed = False
                self._pause(self.every_s)

    @abstractmethod
    def read(self, *, first: bool = False) -> Any:
        """Read what the page shows; called in a thread.

        Args:
            first: Whether the page is being made: what takes long is then left for the next look.
        """

    @abstractmethod
    def build(self) -> None:
        """Put the parts between head and notes into the page."""

    @abstractmethod
    def show(self, told: Any) -> None:
        """Show what ``read`` returned; only what changed goes to the browser."""

    def note(self, told: list[str]) -> None:
        """Show what needs attention."""
        told = list(told)
        if self.hub.follower.ended:
            told.append(self.words("desk.follower"))
        if self._failed:
            told.append(self.words("page.stale"))
        self._parts["notes"].show(items=told, label=self.words("desk.trouble"))

    def _fail(self) -> None:
        """Say on the page that it may be out of date; the framework logs the error, and a look is tried again.

        Each failure doubles the pause: what fails for days must not fill the disk with its log.
        """
        self._failed = True
        if self._timer is not None:
            self._pause(min(_LONGEST_S, 2 * self._timer.interval))
        self.note([])

    def _pause(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.interval = seconds
