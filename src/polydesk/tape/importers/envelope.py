"""The wrapping recorders put around market-channel messages."""

from datetime import UTC, datetime

import msgspec

from polydesk.tape.importers.reference_feeds import is_reference_message
from polydesk.tape.importers.tally import by_magnitude, plausible

_PAYLOADS = ("payload", "msg", "message", "data", "raw", "raw_data", "frame")
_TIMES = (
    "recv_ns", "recv_wall_ns", "recv_us", "recv_ms", "recv_wall_ts", "recv_wall_ms", "recv_ts", "received_at",
    "receivedAt", "capturedAt", "captured_at", "recv_time", "local_ts", "ts_ns", "ts_ms", "ts", "time", "timestamp",
)  # fmt: skip
_CONTROL = frozenset(("PING", "PONG", "INVALID OPERATION", "NO NEW ASSETS"))


class Envelope(msgspec.Struct, frozen=True):
    """What one line of a recording holds.

    Attributes:
        messages: JSON objects of the payload.
        recv_ns: The recorder's clock; 0 when not stated.
        slug: The recorder's name for the market, if it wrote one.
        source: The recorder's name for the feed, if it wrote one.
        control: Whether the payload is a control frame and not JSON.
    """

    messages: tuple[dict[str, object], ...] = ()
    recv_ns: int = 0
    slug: str = ""
    source: str = ""
    control: bool = False


def open_envelope(line: bytes) -> Envelope:
    """Take the messages out of a line.

    Raises:
        msgspec.DecodeError: Neither JSON nor a known control frame.
    """
    if is_control(line):
        return Envelope(control=True)
    content = msgspec.json.decode(line)
    if isinstance(content, list) or (isinstance(content, dict) and _is_bare(content)):
        return Envelope(_messages(content))
    if not isinstance(content, dict):
        raise msgspec.DecodeError("neither an object nor a list")
    payload = next((content[key] for key in _PAYLOADS if key in content), content)
    if isinstance(payload, str):
        if is_control(payload.encode()):
            return Envelope(control=True)
        payload = msgspec.json.decode(payload)
    return Envelope(_messages(payload), _recv_ns(content), _text(content, "slug"), _text(content, "source"))


def _is_bare(content: dict[str, object]) -> bool:
    """Return whether an object is itself a message, though one of the data socket has a payload of its own."""
    return is_market_message(content) or is_reference_message(content)


def is_control(line: bytes) -> bool:
    """Return whether a line is blank or one of the venue's control words."""
    word = line.strip().strip(b'"')
    return not word or word.decode("latin-1").upper() in _CONTROL


def is_market_message(message: dict[str, object]) -> bool:
    """Return whether an object is a message of the market channel: it says so or has the shape of one."""
    if isinstance(message.get("event_type"), str):
        return "market" in message or "asset_id" in message or "price_changes" in message
    return "asset_id" in message and "bids" in message and "asks" in message


def _messages(payload: object) -> tuple[dict[str, object], ...]:
    if isinstance(payload, list):
        return tuple(item for item in payload if isinstance(item, dict))
    return (payload,) if isinstance(payload, dict) else ()


def _text(content: dict[str, object], key: str) -> str:
    value = content.get(key)
    return value if isinstance(value, str) else ""


def _recv_ns(content: dict[str, object]) -> int:
    """Return the receive time; the size of the number tells its unit, and a number that is no time is passed over."""
    for key in _TIMES:
        value = content.get(key)
        if isinstance(value, str):
            value = _number(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and plausible(ts_ns := by_magnitude(value)):
            return ts_ns
    return 0


def _number(text: str) -> float | None:
    try:
        return int(text) if text.isdigit() else float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
