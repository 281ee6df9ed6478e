"""The live state of a session in a memory-mapped file, for viewers that must not slow the desk.

Layout, little endian: magic "polydesk-live" padded to 16 | u64 counter | u32 payload length | u32 crc32 | payload
(JSON). The writer makes the counter odd, writes, and makes it even again (a seqlock); a reader takes what it read only
if the counter was even and the same before and after, and the CRC agrees. Nobody waits for anybody. A payload that no
longer fits goes to a new, larger file that takes the old one's name.
"""

import mmap
import os
import struct
import time
import zlib
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from polydesk.model.errors import SessionError

HZ = 10.0
"""At most this many snapshots a second."""

_MAGIC = b"polydesk-live\0\0\0"
_COUNTER = struct.Struct("<Q")
_SIZE = struct.Struct("<II")
_COUNTER_AT = len(_MAGIC)
_SIZE_AT = _COUNTER_AT + _COUNTER.size
_PAYLOAD_AT = _SIZE_AT + _SIZE.size
_ROOM = 64 << 10
_TRIES = 200
_PAUSE_S = 0.0005


class TokenBook(msgspec.Struct, frozen=True):
    """Best levels of one token at its own price: (price_g4, size_u6), best first, at most ten a side."""

    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


class LiveBook(msgspec.Struct, frozen=True):
    """The book of one market of interest.

    Attributes:
        market: Index.
        slug: Its name.
        tokens: Both tokens' levels.
        age_ns: Virtual time since its last row; ``None`` when unknown.
        tick_g4: Tick size in force; 0 when not told.
        settled: Whether the market has paid out.
    """

    market: int
    slug: str
    tokens: tuple[TokenBook, TokenBook]
    age_ns: int | None = None
    tick_g4: int = 0
    settled: bool = False


class LiveOrder(msgspec.Struct, frozen=True):
    """An order that is not over; ``state`` is an ``OrderState``."""

    intent: str
    strategy: str
    market: int
    token: int
    side: int
    price_g4: int
    size_u6: int
    filled_u6: int
    state: str


class LivePosition(msgspec.Struct, frozen=True):
    """A position; pairs are the matched and the confirmed column."""

    strategy: str
    market: int
    token: int
    shares_u6: tuple[int, int]
    cost_u6: tuple[int, int]
    realised_u6: tuple[int, int]
    bid_g4: int | None = None


class Exposure(msgspec.Struct, frozen=True):
    """How much of a cap is used.

    Attributes:
        name: Refusal code of the cap, or ``daily_loss``.
        used_u6: In micro-pUSD, or a count.
        cap_u6: Likewise.
        unit: ``pUSD`` (then both are in millionths) or ``orders`` (then both are counts).
        market: The market it is about; -1 for all.
    """

    name: str
    used_u6: int
    cap_u6: int
    unit: str = "pUSD"
    market: int = -1


class LiveState(msgspec.Struct, frozen=True):
    """What the desk publishes.

    Attributes:
        session: Its id.
        mode: ``paper``, ``backtest`` or ``live``.
        source: Where the market input comes from.
        ts_ns: Virtual time.
        seq: Last tape row applied, -1 before the first.
        rows: Rows applied so far.
        rows_total: Rows there will be; ``None`` when unknown.
        rows_per_s: Over the last seconds of wall time.
        books: Books of interest.
        orders: Open orders.
        positions: Positions with shares.
        cash_u6: Matched, then confirmed.
        pnl_u6: Realised and unrealised after fees, matched, then confirmed.
        fees_u6: Matched, then confirmed.
        exposure: Every cap with what is used of it.
        counters: Decisions, orders, fills and whatever else is counted.
        refusals: By code.
        sentinels: ``ok`` or ``broken: ...``.
        assumed: Facts assumed, by market slug and field.
        state: ``running``, ``halted`` or ``ended``.
        published_ns: Wall clock when this was published; 0 when not told.
        equity_u6: Cash and positions at the bid, matched, then confirmed.
        given_u6: Deposits and external cash: what equity is compared with.
        loss_switch: State of the daily loss switch: ``normal``, ``tripped``, ``recovery`` or ``locked``.
    """

    session: str
    mode: str
    source: str
    ts_ns: int
    seq: int
    rows: int
    rows_total: int | None
    rows_per_s: float
    books: tuple[LiveBook, ...]
    orders: tuple[LiveOrder, ...]
    positions: tuple[LivePosition, ...]
    cash_u6: tuple[int, int]
    pnl_u6: tuple[int, int]
    fees_u6: tuple[int, int]
    exposure: tuple[Exposure, ...]
    counters: dict[str, int]
    refusals: dict[str, int]
    sentinels: str
    assumed: dict[str, dict[str, str]]
    state: str = "running"
    published_ns: int = 0
    equity_u6: tuple[int, int] = (0, 0)
    given_u6: int = 0
    loss_switch: str = "normal"


class SnapshotWriter:
    """Publishes a session's state; one writer per file, which the session's journal lock sees to."""

    def __init__(self, path: Path, *, hz: float = HZ) -> None:
        """Make the file with nothing published yet.

        Raises:
            SessionError: The file cannot be made.
        """
        self._path = path
        self._period_s = 1.0 / hz
        self._due_s = float("-inf")
        self._counter = 0
        self._map = self._mapped(_ROOM, b"")

    def __enter__(self) -> "SnapshotWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def due(self, now_s: float) -> bool:
        """Whether a snapshot would be taken now, so that the state need not be collected for nothing.

        Args:
            now_s: Monotonic clock, seconds.
        """
        return now_s >= self._due_s

    def publish(self, state: LiveState, now_s: float, *, force: bool = False) -> bool:
        """Publish the state unless the last one is too recent.

        Args:
            state: What viewers will see.
            now_s: Monotonic clock, seconds.
            force: Publish in any case, as for the last state of a session.

        Returns:
            Whether it was published.

        Raises:
            SessionError: A larger file was needed and cannot be made.
        """
        if not force and not self.due(now_s):
            return False
        self._due_s = now_s + self._period_s
        payload = msgspec.json.encode(state)
        if _PAYLOAD_AT + len(payload) > len(self._map):
            grown = self._mapped(2 * (_PAYLOAD_AT + len(payload)), payload)
            self._map.close()
            self._map = grown
        else:
            self._put(self._map, payload)
        return True

    def close(self) -> None:
        """Let go of the file; the last state stays readable."""
        self._map.close()

    def _put(self, target: mmap.mmap, payload: bytes) -> None:
        self._count(target)
        target[_PAYLOAD_AT : _PAYLOAD_AT + len(payload)] = payload
        target[_SIZE_AT:_PAYLOAD_AT] = _SIZE.pack(len(payload), zlib.crc32(payload))
        self._count(target)

    def _count(self, target: mmap.mmap) -> None:
        self._counter += 1
        # One copy of eight aligned bytes; pack_into would clear them first, and a reader could see that.
        target[_COUNTER_AT:_SIZE_AT] = _COUNTER.pack(self._counter)

    def _mapped(self, size: int, payload: bytes) -> mmap.mmap:
        """Return a new file of ``size`` bytes that took the snapshot's name once it held the payload."""
        unborn = self._path.with_name(f".{self._path.name}.new")
        try:
            with unborn.open("w+b") as file:
                # Real zeros: a hole that cannot be filled on a full disk would end the process with SIGBUS.
                file.write(_MAGIC + bytes(size - len(_MAGIC)))
                file.flush()
                mapped = mmap.mmap(file.fileno(), size)
            if payload:
                self._put(mapped, payload)
            unborn.replace(self._path)
        except OSError as err:
            raise SessionError(
                f"{self._path}: the live state cannot be published ({err.strerror}); free space"
            ) from err
        return mapped


def read_snapshot(path: Path) -> dict[str, Any]:
    """Return the newest published state, without the writer noticing.

    Returns:
        The fields of ``LiveState``; empty while nothing was published.

    Raises:
        SessionError: No such file, not a live state, or its writer died while writing it.
    """
    payload = _payload(path)
    return msgspec.json.decode(payload, type=dict[str, Any]) if payload else {}


def read_live_state(path: Path) -> LiveState | None:
    """Return the newest published state; ``None`` while nothing was published.

    Raises:
        SessionError: As ``read_snapshot``, or another version of the program wrote it.
    """
    payload = _payload(path)
    try:
        return msgspec.json.decode(payload, type=LiveState) if payload else None
    except msgspec.DecodeError as err:
        raise SessionError(f"{path}: not a live state of this version ({err}); the session must end first") from err


def _payload(path: Path) -> bytes:
    for _ in range(_TRIES):
        payload = _stable_payload(path)
        if payload is not None:
            return payload
        time.sleep(_PAUSE_S)
    raise SessionError(f"{path}: no whole state to read; its writer ended while writing, look at the journal instead")


def _stable_payload(path: Path) -> bytes | None:
    """Return the payload, empty before the first one, or ``None`` when a write was under way."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as err:
        raise SessionError(f"{path}: no live state ({err.strerror}); is the session running?") from err
    try:
        head = os.pread(fd, _PAYLOAD_AT, 0)
        if len(head) < _PAYLOAD_AT or head[: len(_MAGIC)] != _MAGIC:
            raise SessionError(f"{path}: not a live state; remove it")
        (before,) = _COUNTER.unpack_from(head, _COUNTER_AT)
        length, crc = _SIZE.unpack_from(head, _SIZE_AT)
        if before == length == 0:
            return b""
        payload = os.pread(fd, length, _PAYLOAD_AT)
        (after,) = _COUNTER.unpack(os.pread(fd, _COUNTER.size, _COUNTER_AT))
    finally:
        os.close(fd)
    if before % 2 or before != after or zlib.crc32(payload) != crc:
        return None
    return payload
