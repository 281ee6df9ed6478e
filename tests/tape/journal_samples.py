"""Records for journal tests: one strategy that makes every type, and a small fixed session."""

import typing

import hypothesis.strategies as st
import msgspec

from polydesk.model.ids import FillId, IntentId, SessionId
from polydesk.model.orders import Side, Term
from polydesk.model.records import (
    Cause,
    Decision,
    Fill,
    Liquidity,
    Marked,
    Record,
    SessionEnded,
    SessionStarted,
    TimerFired,
)

RECORD_TYPES = typing.get_args(Record)
_I64 = st.integers(-(2**63), 2**63 - 1)
_LEAVES = {
    int: _I64,
    str: st.text(st.characters(codec="utf-8"), max_size=20),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
}


def _values(kind):
    kind = getattr(kind, "__supertype__", kind)
    if kind in _LEAVES:
        return _LEAVES[kind]
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple and parts[-1] is Ellipsis:
        return st.lists(_values(parts[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(_values, parts))
    if origin is dict:
        return st.dictionaries(_values(parts[0]), _values(parts[1]), max_size=3)
    if issubclass(kind, msgspec.Struct):
        return structs(kind)
    return st.sampled_from(kind)


def structs(kind):
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{name: _values(hints[name]) for name in kind.__struct_fields__})


def records():
    return st.one_of([structs(kind) for kind in RECORD_TYPES])


def header(session="s-1", tape_sha256="ab" * 32):
    return SessionStarted(SessionId(session), 1, "paper", 7, "tape", tape_sha256, (0, 9), "{}", {"cpu": "x"}, 5)


def fill(number):
    return Fill(
        number, number * 1000, FillId(f"fill-{number}"), IntentId("ord-000001"), 0, number % 2, Side.BUY,
        4850, 10_000_000, 0, Liquidity.MAKER, Cause.PRINT, number,
    )  # fmt: skip


def small_session():
    """Return batches of a short session without its header."""
    why = (Term("mid", 0.485), Term("skew", -0.01))
    return [
        [TimerFired(0, 10), Decision(0, 10, "maker", 0, "quote", "", -1, 0.0, 0.0, 5_000_000, why)],
        [fill(1)],
        [Marked(3, 30, (1, 2), (3, 4), 5), fill(2), fill(3)],
        [SessionEnded("tape_end", "00", 9)],
    ]
