"""The machine of a session at its first row: books filled by the rows before it, and only chosen markets looked at.

A session over a stretch of a tape begins with the books as they stood there, because the venue had them too. Nothing is
decided on the rows before: the desk sleeps, so its statistics begin empty, and markets without a row before the stretch
wait for their first snapshot. Markets that were not chosen, or that had paid out before the first row, are never looked
at. Payouts told after the last row of a stretch stay unknown: what is held then is worth its bid.
"""

import msgspec
import numpy as np

from polydesk.desk import DeskConfig
from polydesk.exchange import ExchangeConfig
from polydesk.kernel import Books, Fact, Fills, Own, Wake, advance
from polydesk.model.grid import FAR_NS
from polydesk.model.market import Resolution
from polydesk.model.params import seconds_ns
from polydesk.run.driver import Machine
from polydesk.run.machine import new_machine
from polydesk.tape import Tape


def begin(tape: Tape, desk: DeskConfig, exchange: ExchangeConfig, seed: int, markets: tuple[int, ...] = ()) -> Machine:
    """Return the machine that stands before the first row of the tape's span.

    Args:
        tape: With the span of the session.
        desk: Configuration of the desk.
        exchange: Assumptions of the simulated exchange.
        seed: Of everything random.
        markets: The markets to trade, by index; all when empty.

    Raises:
        TapeError: A file of the tape is damaged.
    """
    manifest, (first, stop) = tape.manifest, tape.span
    if (first, stop) == (0, manifest.rows) and not markets:
        return new_machine(manifest, desk, exchange, seed)
    chosen = set(markets) or set(range(len(manifest.markets)))
    _, last_ns = span_ns(tape)
    paid = {resolution.market for resolution in settled_before(tape, exchange)}
    told = tuple(r for r in manifest.resolutions if r.market in chosen - paid and r.at_ns <= last_ns)
    machine = new_machine(msgspec.structs.replace(manifest, resolutions=told), desk, exchange, seed)
    mask = machine.wake.mask.copy()
    machine.wake.mask[:] = 0
    _fill_books(machine, tape, first)
    for market in chosen - paid:
        machine.wake.mask[market] = mask[market]
        # Nobody was woken by the rows before: the first message of the stretch is looked at, moved or not.
        for books in (machine.books, machine.view):
            books.last[market, Fact.MOVED] = 1
    return machine


def span_ns(tape: Tape) -> tuple[int, int]:
    """Return the time of the first row of the tape's span, and the last moment whose news belongs to it.

    At the end of the whole tape that is the far future: a market may resolve after the recording has ended.
    """
    first, stop = tape.span
    edges = [int(rows["ts_ns"][0]) for row in (first, stop - 1) for rows in tape.whole().batches(row, row + 1)]
    if not edges:
        return 0, FAR_NS
    return edges[0], FAR_NS if stop == tape.manifest.rows else edges[-1]


def settled_before(tape: Tape, exchange: ExchangeConfig) -> tuple[Resolution, ...]:
    """Return the resolutions that had paid out before the first row of the tape's span."""
    first_ns, _ = span_ns(tape)
    wait_ns = seconds_ns(exchange.settle_s)
    return tuple(r for r in tape.manifest.resolutions if r.at_ns + wait_ns < first_ns)


def _fill_books(machine: Machine, tape: Tape, stop: int) -> None:
    """Apply the rows before ``stop`` to the venue's books and to the desk's view, which has seen all of them."""
    feed = machine.feed
    for rows in tape.whole().batches(0, stop):
        _apply(machine.books, machine.own, machine.fills, machine.wake, rows)
        if feed is not None:
            _apply(machine.view, feed.nothing, feed.nowhere, machine.wake, rows)
            feed.seen_ns = int(rows["ts_ns"][-1])
        machine.ts_ns = int(rows["ts_ns"][-1])
    machine.next_row = stop
    if feed is not None:
        feed.venue_row = stop


def _apply(books: Books, own: Own, fills: Fills, wake: Wake, rows: np.ndarray) -> None:
    index = 0
    while index < len(rows):
        index = advance(books, own, fills, wake, rows, index, len(rows), FAR_NS)
