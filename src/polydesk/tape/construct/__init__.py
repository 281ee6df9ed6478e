"""Constructed tapes: deterministic markets for what no recording shows, labelled ``constructed`` everywhere."""

from polydesk.model.rows import OracleState
from polydesk.tape.construct.build import GENERATOR, STORY, Story, construct_tape, read_story, told_events
from polydesk.tape.construct.kinds import KINDS
from polydesk.tape.construct.news_rows import Headline
from polydesk.tape.construct.plan import Event, Kind

__all__ = [
    "GENERATOR",
    "KINDS",
    "STORY",
    "Event",
    "Headline",
    "Kind",
    "OracleState",
    "Story",
    "construct_tape",
    "read_story",
    "told_events",
]
