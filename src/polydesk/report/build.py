"""From a session's folder to everything a report shows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from polydesk.model.errors import TapeError
from polydesk.report.prices import BookCounts, Prices, replay_prices
from polydesk.report.quality import Quality, qualities
from polydesk.report.session import Session, open_session
from polydesk.report.summary import Summary, summarise
from polydesk.tape.verdict import verdict_of


@dataclass(frozen=True)
class Report:
    """A session read, summed up and, where its tape is there, priced.

    Attributes:
        summary: The numbers.
        prices: For charts and markouts; ``None`` when the tape cannot be read.
        missing: Why there are no prices.
        quality: Fill quality by maker and taker.
    """

    summary: Summary
    prices: Prices | None
    missing: str
    quality: tuple[Quality, ...]

    @property
    def books(self) -> Sequence[BookCounts]:
        """What the kernel counted of each market's book; empty when the tape cannot be read."""
        return self.prices.books if self.prices else ()


def build_report(folder: Path) -> Report:
    """Read the session in ``folder`` and its tape.

    Raises:
        SessionError: There is no session.
        JournalError: The journal is damaged. A missing tape is not an error: the report says so.
    """
    session = _judged(open_session(folder))
    plain = summarise(session)
    prices, missing = _prices(session, plain)
    if prices is None:
        return Report(plain, None, missing, ())
    return Report(summarise(session, prices.bids), prices, "", qualities(plain.fills, prices))


def _judged(session: Session) -> Session:
    """Return a session that keeps no verdict on its tape with one; reading a report writes nothing beside a tape."""
    if session.verdict is not None or session.tape is None:
        return session
    try:
        return replace(session, verdict=verdict_of(session.tape, keep=False))
    except TapeError as err:
        return replace(session, tape=None, missing=str(err))


def _prices(session: Session, summary: Summary) -> tuple[Prices | None, str]:
    if session.tape is None:
        return None, session.missing
    first = session.header.tape_range[0]
    fills = [line.fill for line in summary.fills]
    try:
        return replay_prices(session.tape, session.header.tape_range, fills, first + summary.events), ""
    except TapeError as err:
        return None, str(err)
