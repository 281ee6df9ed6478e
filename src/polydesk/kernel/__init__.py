"""The compiled kernel: mirrored ladders, event application, own orders, wakes. Arrays in, arrays out."""

from polydesk.kernel.advance import advance
from polydesk.kernel.checkpoint import dump, restore
from polydesk.kernel.jit import compile_seconds, compiled_now, kernel
from polydesk.kernel.look import levels, touch
from polydesk.kernel.matching import cancel, place
from polydesk.kernel.state import (
    Books,
    Count,
    Fact,
    FillCause,
    Fills,
    Own,
    Wake,
    WakeBit,
    new_books,
    new_fills,
    new_own,
    new_wake,
)
from polydesk.kernel.taking import depth, take, takeable

__all__ = [
    "Books",
    "Count",
    "Fact",
    "FillCause",
    "Fills",
    "Own",
    "Wake",
    "WakeBit",
    "advance",
    "cancel",
    "compile_seconds",
    "compiled_now",
    "depth",
    "dump",
    "kernel",
    "levels",
    "new_books",
    "new_fills",
    "new_own",
    "new_wake",
    "place",
    "restore",
    "take",
    "takeable",
    "touch",
]
