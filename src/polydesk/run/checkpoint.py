"""Checkpoints: a session's whole state at a tape row, so that a restart need not begin at the beginning."""

import contextlib
import hashlib
import os
from pathlib import Path
from typing import Any

import msgspec
from numpy.typing import NDArray

from polydesk.desk import Desk
from polydesk.desk import checkpoint as desk_checkpoint
from polydesk.exchange import ExchangeState
from polydesk.kernel import dump, restore
from polydesk.model.errors import JournalError
from polydesk.run.driver import Machine

FORMAT = 3
FILE_NAME = "checkpoint.pdc"


class Checkpoint(msgspec.Struct, frozen=True):
    """One checkpoint.

    Attributes:
        code: Hash of the code that wrote it; other code starts from the beginning.
        records: Inputs and outputs in the journal at that moment.
        next_row: First tape row not applied.
        desk: Desk state.
        exchange: State of the simulated exchange.
        kernel: The venue's books and own orders.
        ts_ns: When the desk saw its last tape row.
        view: The desk's books where feed latency keeps them apart, otherwise empty.
        feed: With it: first tape row not applied to the venue's books, and what ``DelayedFeed`` says of the last seen.
    """

    format: int
    code: str
    records: int
    next_row: int
    desk: bytes
    exchange: bytes
    kernel: bytes
    ts_ns: int
    view: bytes = b""
    feed: tuple[int, int, int] = (0, 0, 0)


def write_checkpoint(folder: Path, machine: Machine, records: int, code: str) -> None:
    """Replace the session's checkpoint, atomically.

    Raises:
        OSError: The disk does not take it; the old checkpoint stays.
    """
    kept = Checkpoint(
        FORMAT, code, records, machine.next_row, desk_checkpoint.save(machine.desk),
        msgspec.msgpack.encode(machine.venue.state), dump(machine.books, machine.own, machine.wake), machine.ts_ns,
        *_delayed(machine),
    )  # fmt: skip
    body = msgspec.msgpack.encode(kept)
    target = folder / FILE_NAME
    unborn = target.with_suffix(".new")
    try:
        with unborn.open("wb") as file:
            file.write(hashlib.sha256(body).digest() + body)
            file.flush()
            os.fsync(file.fileno())
        unborn.replace(target)
    except OSError:
        with contextlib.suppress(OSError):
            unborn.unlink()
        raise


def _delayed(machine: Machine) -> tuple[bytes, tuple[int, int, int]]:
    feed = machine.feed
    if feed is None:
        return b"", (0, 0, 0)
    return dump(machine.view, feed.nothing, machine.wake), (feed.venue_row, feed.seen_ns, feed.goes_on)


def read_checkpoint(folder: Path, code: str, records: int) -> Checkpoint | None:
    """Return the session's checkpoint when it fits, or ``None``: then the session is repeated from its beginning.

    Args:
        folder: The session's folder.
        code: Hash of the running code.
        records: Inputs and outputs in the journal; a checkpoint that knows more is not of this journal.
    """
    try:
        data = (folder / FILE_NAME).read_bytes()
    except FileNotFoundError:
        return None
    digest, body = data[:32], data[32:]
    if hashlib.sha256(body).digest() != digest:
        return None
    try:
        kept = msgspec.msgpack.decode(body, type=Checkpoint)
    except msgspec.MsgspecError:
        return None
    fits = kept.format == FORMAT and kept.code == code and kept.records <= records
    return kept if fits else None


def restore_machine(kept: Checkpoint, machine: Machine) -> None:
    """Put a checkpoint into a fresh machine of the same session.

    Raises:
        JournalError: A part of it cannot be read.
    """
    books, own, wake = restore(kept.kernel)
    mine: tuple[NDArray[Any], ...] = (*machine.books, *machine.own, *machine.wake)
    for array, saved in zip(mine, (*books, *own, *wake), strict=True):
        array[...] = saved
    if machine.feed is not None:
        for array, saved in zip(machine.view, restore(kept.view)[0], strict=True):
            array[...] = saved
        machine.feed.venue_row, machine.feed.seen_ns, machine.feed.goes_on = kept.feed
    try:
        machine.venue.state = msgspec.msgpack.decode(kept.exchange, type=ExchangeState)
    except msgspec.MsgspecError as err:
        raise JournalError(f"checkpoint of the exchange cannot be read: {err}") from err
    desk: Desk = machine.desk
    desk_checkpoint.load(desk, kept.desk)
    machine.next_row = kept.next_row
    machine.ts_ns = kept.ts_ns
