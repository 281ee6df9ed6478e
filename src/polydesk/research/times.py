"""Times as people and files write them: ISO 8601 in UTC."""

from datetime import UTC, datetime

from polydesk.model.errors import ConfigError
from polydesk.model.grid import NS_PER_S


def iso(ts_ns: int) -> str:
    """Return a time as ISO 8601 in UTC with microseconds and ``Z``."""
    whole, rest = divmod(ts_ns, NS_PER_S)
    moment = datetime.fromtimestamp(whole, UTC).replace(microsecond=rest // 1000)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def time_ns(text: str, what: str, expected: str = "a time") -> int:
    """Return an ISO 8601 time as ns UTC, exact to a microsecond; a time without a zone is UTC.

    Args:
        text: As written.
        what: Option or field it stands in; the error begins with it.
        expected: What may stand there.

    Raises:
        ConfigError: Not a time.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as err:
        raise ConfigError(f"{what} {text!r}: expected {expected} such as 2026-04-16T07:15:00Z") from err
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000
