"""Ticks that a recording states, and where they change."""

from polydesk.model.rows import RowKind
from polydesk.tape.importers.batch import Batch, Stamp
from polydesk.tape.importers.registry import Registry


def state_tick(batch: Batch, registry: Registry, at: Stamp, tick_g4: int) -> None:
    """Take a tick the venue states; one that differs from the tick in force becomes a row.

    The venue tells a change for both tokens: the second time it is no change any more.
    """
    known = registry.tick_known(at.market)
    if registry.note_tick(at.market, tick_g4) and known:
        batch.add(at, RowKind.TICK, aux=tick_g4)
