"""Telling a session that has ended, chapter by chapter."""

from pathlib import Path

from polydesk.report.final_json import result
from polydesk.report.session import open_session
from polydesk.report.summary import summarise
from polydesk.run.story.chapter import Chapter, Context
from polydesk.run.story.end import result_chapter
from polydesk.run.story.events import (
    quiet_chapter,
    refusal_chapter,
    resting_chapter,
    session_chapter,
    settlement_chapter,
)
from polydesk.run.story.moments import find_moments
from polydesk.run.story.orders import (
    columns_chapter,
    decision_chapter,
    exit_chapter,
    fill_chapter,
    order_chapter,
    permit_chapter,
)


def tell_session(folder: Path, command: str, where: str) -> list[Chapter]:
    """Return the chapters of a session, in the order in which they are told; the last one is its result.

    Args:
        folder: The session's folder.
        command: The command that runs it again.
        where: Option that makes printed commands find the data folder; empty when they do by themselves.

    Raises:
        SessionError: There is no session.
        JournalError: Its journal is damaged.
    """
    session = open_session(folder)
    summary = summarise(session)
    moments = find_moments(session)
    context = Context(session, summary, moments, where)
    chapters = [session_chapter(context, command)]
    if moments.order is not None:
        chapters += [tell(context, moments.order) for tell in (decision_chapter, permit_chapter, order_chapter)]
    else:
        chapters.append(quiet_chapter(context))
    if moments.order is not None and moments.fills:
        chapters += [
            fill_chapter(context, moments.order),
            exit_chapter(context),
            columns_chapter(context, moments.order),
        ]
    chapters += [refusal_chapter(context), resting_chapter(context), settlement_chapter(context)]
    return [*chapters, result_chapter(summary, result(summary), where)]
