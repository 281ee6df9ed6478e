"""Token ids that belong to no market: one is damage, many are a file that mixes markets."""

from pathlib import Path

from polydesk.model.errors import ImportFailed
from polydesk.tape.importers.registry import ForeignToken
from polydesk.tape.importers.tally import Tally

MOST_SHARE = 0.01
"""A recording of which more messages than this name a foreign token is refused."""


class ForeignTokens:
    """Counts the foreign tokens of one recording as the defect ``foreign_tokens``."""

    def __init__(self, path: Path, tally: Tally) -> None:
        self._path = path
        self._tally = tally
        self._first = ""

    def note(self, found: ForeignToken, where: str) -> None:
        """Count one."""
        self._tally.defect("foreign_tokens", where)
        self._first = self._first or f"{where}: {found}"

    def check(self, messages: int) -> None:
        """Refuse the recording if there are too many.

        Raises:
            ImportFailed: More than ``MOST_SHARE`` of its messages; names the file, the first line and the ids.
        """
        count = self._tally.defects["foreign_tokens"]
        if count > MOST_SHARE * messages:
            raise ImportFailed(
                f"{self._path}: {self._first} ({count} in {messages} messages); correct the file, or import the "
                "markets apart"
            )
