"""A desk's state as bytes, exact both ways."""

from typing import Any

import msgspec

from polydesk.desk.state import Desk, DeskState
from polydesk.model.errors import JournalError

FORMAT = 1


class _Saved(msgspec.Struct):
    format: int
    state: DeskState
    memory: dict[str, dict[int, msgspec.Raw]]


def save(desk: Desk) -> bytes:
    """Return the desk's state; books are saved by the kernel, configuration by the journal."""
    encode = msgspec.msgpack.encode
    memory = {
        name: {market: msgspec.Raw(encode(record)) for market, record in kept.items()}
        for name, kept in desk.memory.items()
    }
    return encode(_Saved(FORMAT, desk.state, memory))


def load(desk: Desk, data: bytes) -> None:
    """Put a saved state into a desk made with the same configuration and markets.

    Raises:
        JournalError: The bytes are of another format or damaged.
    """
    try:
        saved = msgspec.msgpack.decode(data, type=_Saved)
        memory: dict[str, dict[int, Any]] = {
            name: {
                market: msgspec.msgpack.decode(raw, type=desk.strategies[name].state_type)
                for market, raw in kept.items()
            }
            for name, kept in saved.memory.items()
        }
    except (msgspec.MsgspecError, KeyError) as err:
        raise JournalError(f"checkpoint of the desk cannot be read: {err}") from err
    if saved.format != FORMAT:
        raise JournalError(f"checkpoint has format {saved.format}, this program reads {FORMAT}")
    desk.state = saved.state
    desk.memory = memory
    # What was worked out for another state must not be taken for this one's.
    desk.shown.clear()
    desk.standing.clear()
