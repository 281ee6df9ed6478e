"""A second look at every match: what the recorded book and the last print can have filled, and no more.

Reads the books as they are shown, not as the matching sees them, so that a fault there does not excuse itself.
"""

import msgspec

from polydesk.kernel import Books, Fact
from polydesk.model.grid import PRICE_ONE_G4
from polydesk.model.orders import Side
from polydesk.model.records import Cause

_OWN = (Cause.COMPLEMENTARY, Cause.MINT, Cause.MERGE)


class Used(msgspec.Struct):
    """What our matches used of a market's last row: its ``seq``, and micro-shares per cause."""

    seq: int = -1
    printed_u6: int = 0
    crossed_u6: int = 0


def broken_match(books: Books, market: int, side: Side, price_g4: int, size_u6: int, cause: Cause, used: Used) -> str:
    """Return what a match contradicts, or an empty string.

    Args:
        books: The kernel's books after the row that filled.
        market: Index.
        side: Our side in the market's one book.
        price_g4: Price in that book.
        size_u6: Micro-shares matched.
        cause: The fill rule.
        used: What earlier matches of the same row used; updated.
    """
    seq = int(books.last[market, Fact.SEQ])
    if used.seq != seq:
        used.seq, used.printed_u6, used.crossed_u6 = seq, 0, 0
    if cause is Cause.BOOK:
        shown = int(books.size[market, 1 if side is Side.BUY else 0, price_g4])
        return "" if size_u6 <= shown else f"took {size_u6} where {shown} micro-shares are shown at {price_g4} g4"
    if cause in _OWN:
        return ""  # nothing of the recorded book is used; the pair of fills balances in the account
    if cause is Cause.PRINT:
        used.printed_u6 += size_u6
        printed, at = int(books.last[market, Fact.PRINT_SIZE]), int(books.last[market, Fact.PRINT_PRICE])
        if int(side) * (at - price_g4) > 0:
            return f"a print at {at} g4 does not reach {price_g4} g4"
        return "" if used.printed_u6 <= printed else f"{used.printed_u6} micro-shares filled by a print of {printed}"
    used.crossed_u6 += size_u6
    crossing = _crossing_u6(books, market, side, price_g4)
    return "" if used.crossed_u6 <= crossing else f"{used.crossed_u6} filled where {crossing} micro-shares crossed"


def _crossing_u6(books: Books, market: int, side: Side, price_g4: int) -> int:
    if side is Side.BUY:
        return int(books.size[market, 1, : price_g4 + 1].sum())
    return int(books.size[market, 0, price_g4:PRICE_ONE_G4].sum())
