"""Putting out rows: what a session's journal is written from. There is always room; see ``room``."""

from numba import int64

from polydesk.desk.loop.columns import Now, Total
from polydesk.desk.loop.outputs import Out, Row
from polydesk.desk.loop.state import LOOP, Loop
from polydesk.kernel.jit import kernel

_BODY = int(Row.BODY)


@kernel(int64(LOOP, int64))
def emit(loop: Loop, kind: int) -> int:
    """Begin a row and return its place; when nothing is told, the same place is written again and again."""
    place: int = loop.now[Now.OUT]
    loop.now[Now.OUT] = place + loop.now[Now.TELL]
    loop.out[place, Row.KIND] = kind
    loop.out[place, Row.SEQ] = loop.now[Now.SEQ]
    loop.out[place, Row.TS_NS] = loop.now[Now.NOW_NS]
    return place


@kernel(int64(LOOP, int64, int64, int64), inline=False)
def emit_cancel(loop: Loop, number: int, cause: int, exit_number: int) -> int:
    """Put out a cancel."""
    place = emit(loop, Out.CANCEL)
    row = loop.out[place]
    row[_BODY] = number
    row[_BODY + 1] = cause
    row[_BODY + 2] = exit_number
    return place


@kernel(int64(LOOP, int64, int64, int64), inline=False)
def emit_mark(loop: Loop, matched_value: int, confirmed_value: int, exposure: int) -> int:
    """Put out a mark of the portfolio."""
    place = emit(loop, Out.MARK)
    row = loop.out[place]
    row[_BODY] = loop.total[0, Total.CASH_U6]
    row[_BODY + 1] = loop.total[1, Total.CASH_U6]
    row[_BODY + 2] = matched_value
    row[_BODY + 3] = confirmed_value
    row[_BODY + 4] = exposure
    return place


@kernel(int64(LOOP, int64, int64, int64, int64, int64, int64), inline=False)
def emit_decision(loop: Loop, strategy: int, market: int, token: int, answer: int, size: int, terms: int) -> int:
    """Put out a decision; ``terms`` numbers of ``loop.terms[0]`` go with it."""
    place = emit(loop, Out.DECISION)
    row = loop.out[place]
    row[Row.STRATEGY] = strategy
    row[Row.MARKET] = market
    row[Row.TOKEN] = token
    row[Row.ANSWER] = answer
    row[Row.SIZE_U6] = size
    for term in range(terms):
        loop.out_float[place, term] = loop.terms[0, term]
    return place


__all__ = ["emit", "emit_cancel", "emit_decision", "emit_mark"]
