"""From a session's folder to everything a report shows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from polydesk.model.errors import TapeError
from polydesk.report.config import ReportConfig
from polydesk.report.prices import BookCounts, Prices
from polydesk.report.quality import Quality, qualities
from polydesk.report.session import Session, open_session
from polydesk.report.study.build import Study, conclude, look, market_study
from polydesk.report.study.tries import count_tries
from polydesk.report.summary import Summary, summarise
from polydesk.tape.verdict import verdict_of

REPORT = ReportConfig()


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


def build_report(folder: Path, config: ReportConfig = REPORT, *, count: bool = True) -> Report:
    """Read the session in ``folder`` and its tape.

    Args:
        folder: Of the session.
        config: Assumed reward terms, guards and rules of the verdict.
        count: Whether to count what else was tried in the session's results folder.

    Raises:
        SessionError: There is no session.
        JournalError: The journal is damaged. A missing tape is not an error: the report says so.
    """
    session = _judged(open_session(folder))
    plain = summarise(session)
    counted = count_tries(folder, session.header) if count else None
    if session.tape is None:
        return Report(with_study(plain, conclude(session, plain, None, config, counted)), None, session.missing, ())
    try:
        prices, asked, answers = look(session, plain, config)
    except TapeError as err:
        return Report(with_study(plain, conclude(session, plain, None, config, counted)), None, str(err), ())
    summary = summarise(session, prices.bids)
    market = market_study(session, summary, prices, asked, answers)
    found = with_study(summary, conclude(session, summary, market, config, counted))
    return Report(found, prices, "", qualities(summary.fills, prices))


def with_study(summary: Summary, study: Study) -> Summary:
    """Return a summary that knows its study: what a guard finds impossible is void, and is not shown."""
    void = tuple(f"guard {guard.text}" for guard in study.guards if not guard.figures)
    refused = {figure: guard.text for guard in study.guards for figure in guard.figures}
    return msgspec.structs.replace(summary, broken=(*summary.broken, *void), refused=refused, study=study)


def _judged(session: Session) -> Session:
    """Return a session that keeps no verdict on its tape with one; reading a report writes nothing beside a tape."""
    if session.verdict is not None or session.tape is None:
        return session
    try:
        return replace(session, verdict=verdict_of(session.tape, keep=False))
    except TapeError as err:
        return replace(session, tape=None, missing=str(err))
