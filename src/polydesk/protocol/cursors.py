"""Cursors of the venue's lists: base64 of a decimal offset."""

import base64
import binascii

FIRST = "MA=="
LAST = "LTE="
"""What a list says when there is no next page."""


def cursor_of(offset: int) -> str:
    """Return the cursor of a page that begins at an offset."""
    return base64.b64encode(str(offset).encode()).decode()


def offset_of(cursor: str) -> int:
    """Return where the page of a cursor begins; -1 for ``LAST``.

    Raises:
        ValueError: It is no cursor.
    """
    try:
        return int(base64.b64decode(cursor, validate=True).decode("ascii"))
    except (binascii.Error, ValueError) as err:
        raise ValueError(f"{cursor!r} is no cursor of a list; begin with {FIRST}") from err
