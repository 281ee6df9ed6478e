"""What a chapter of a session's story is made of."""

from dataclasses import dataclass
from typing import Any

import msgspec

from polydesk.model.market import Market
from polydesk.model.orders import Intent, Side
from polydesk.report.quantities import price, shares
from polydesk.report.session import Session
from polydesk.report.summary import Summary
from polydesk.run.story.book import Ladder
from polydesk.run.story.moments import Moments


class Chapter(msgspec.Struct, frozen=True):
    """One step of the story.

    Attributes:
        name: Short and stable, for programs.
        title: For people.
        text: Paragraphs.
        facts: The numbers of the text; whole numbers carry their unit in the name.
        columns: Headings of the table; a leading ``>`` aligns to the right.
        rows: Its cells.
        ladder: A book to draw.
        limit: Limit price on the grid and side of the order to mark in the book.
        good: Whether a check said yes; ``None`` when the chapter is not a check.
        commands: Commands that show the same.
        ts_ns: Virtual time of what is told; 0 when it has none.
    """

    name: str
    title: str
    text: tuple[str, ...]
    facts: dict[str, Any]
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    ladder: Ladder | None = None
    limit: tuple[int, int] | None = None
    good: bool | None = None
    commands: tuple[str, ...] = ()
    ts_ns: int = 0


@dataclass(frozen=True)
class Context:
    """A session and what was chosen from it; ``where`` makes printed commands find the data folder."""

    session: Session
    summary: Summary
    moments: Moments
    where: str

    def market(self, index: int) -> Market:
        """Return a market of the session."""
        return self.session.markets[index]

    def outcome(self, market: int, token: int) -> str:
        """Return the outcome a token pays on; its number when no source tells."""
        return self.market(market).tokens[token].outcome or f"token {token}"

    def asked(self, intent: Intent) -> str:
        """Return an order in words: ``buy 71.42 Up at 0.28``."""
        word = "buy" if intent.side is Side.BUY else "sell"
        what = f"{shares(intent.size_u6)} {self.outcome(intent.market, intent.token)}"
        return f"{word} {what} at {price(intent.price_g4)}"

    def explain(self, order: str) -> str:
        """Return the command that tells everything about an order of this session."""
        return f"polydesk explain {order} --session {self.session.header.session}{self.where}"


def order_facts(intent: Intent) -> dict[str, Any]:
    """Return what identifies an order, for a chapter's facts."""
    return {
        "order": intent.id,
        "strategy": intent.strategy,
        "market": intent.market,
        "token": intent.token,
        "side": intent.side.name.lower(),
        "type": intent.type.value,
        "price_g4": intent.price_g4,
        "size_u6": intent.size_u6,
    }
