"""One session told step by step, for somebody who sees the desk for the first time.

Everything is read from the session's tape and journal; nothing is told that did not happen in it.
"""

from polydesk.run.story.book import Ladder
from polydesk.run.story.chapter import Chapter
from polydesk.run.story.end import proof_chapter
from polydesk.run.story.market import tape_chapter, verification_chapter
from polydesk.run.story.tell import tell_session

__all__ = ["Chapter", "Ladder", "proof_chapter", "tape_chapter", "tell_session", "verification_chapter"]
