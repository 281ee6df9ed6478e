"""The word of a verdict; alone here, so that the command line knows it without loading anything."""

from enum import StrEnum


class Answer(StrEnum):
    """What to do with the strategy."""

    DEPLOY = "deploy"
    PAPER = "paper"
    NO = "no"

    def worse_than(self, other: "Answer") -> bool:
        """Return whether this answer allows less than another."""
        order = list(Answer)
        return order.index(self) > order.index(other)
