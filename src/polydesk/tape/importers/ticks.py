"""Ticks that a recording states or betrays, and where they change."""

from polydesk.model.market import Origin
from polydesk.model.rows import RowKind
from polydesk.tape.importers.batch import DERIVED, Batch, Sides, Stamp
from polydesk.tape.importers.facts import ASSUMED_TICK
from polydesk.tape.importers.registry import Registry

TICKS = (1_000, 500, 100, 50, 25, 10, 5, 1)
"""The venue's tick sizes on the grid, coarsest first."""


def state_tick(
    batch: Batch, registry: Registry, at: Stamp, tick_g4: int, origin: Origin = Origin.VENUE, *, new: bool = False
) -> None:
    """Take a tick that a source states, usually the venue; one that differs from the tick in force becomes a row.

    The venue tells a change for both tokens: the second time it is no change any more. ``new`` is a tick that a message
    of its own tells as a change; books state the tick they have.
    """
    known = registry.tick_known(at.market)
    if registry.note_tick(at.market, tick_g4, origin, new=new) and known:
        batch.add(at, RowKind.TICK, aux=tick_g4)


def derive_tick(batch: Batch, registry: Registry, at: Stamp, sides: Sides) -> None:
    """Derive the tick from a full book where no source states it.

    A market starts with the venue's usual tick, or the finer one that its first book needs. Later the first price
    between the steps of the tick in force tells the finer one, as a derived row.
    """
    known = registry.tick_known(at.market)
    tick = registry.tick_in_force(at.market) if known else ASSUMED_TICK.value
    finer = next(
        step for step in TICKS if tick % step == 0 and not any(price % step for side in sides for price in side)
    )
    if not known:
        registry.note_tick(at.market, finer, Origin.DERIVED, "the venue's usual tick or the first book's finer step")
    elif finer < tick:
        registry.note_tick(at.market, finer, Origin.DERIVED)
        batch.add(at, RowKind.TICK, aux=finer, flags=DERIVED)
