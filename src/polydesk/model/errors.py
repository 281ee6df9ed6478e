"""The one tree of errors; every message names the file or field and the fix."""

from pathlib import Path


class PolydeskError(Exception):
    """Root of every error polydesk raises on purpose.

    Attributes:
        exit_code: What the command line returns when the error reaches it.
    """

    exit_code = 2


class NumberError(PolydeskError, ValueError):
    """A price, size or amount that cannot be held exactly."""


class ConfigError(PolydeskError):
    """A configuration key or value that is unknown, of the wrong type or in conflict with another."""


class TapeError(PolydeskError):
    """A tape that is missing, damaged or of another format version."""


class ImportFailed(PolydeskError):  # noqa: N818 - reads as the event it reports
    """A recording that no importer recognises or that is damaged."""


class JournalError(PolydeskError):
    """A session journal that is missing, damaged or already in use."""


class JournalFull(JournalError):  # noqa: N818 - a state, not a mistake
    """No disk space is left for the journal beyond its reserve."""

    exit_code = 3


class SessionError(PolydeskError):
    """A session that does not exist or cannot be continued as asked."""


class SessionInterrupted(KeyboardInterrupt):
    """Ctrl-C cut a session off before it could end in order; its journal is whole and the session can be continued.

    Attributes:
        folder: The session's folder.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(f"session {folder.name} was cut off")
        self.folder = folder


class StrategyError(PolydeskError):
    """An answer of a strategy that nobody can act on."""


class LedgerError(PolydeskError):
    """The ledger cannot be opened, written or does not agree with its journal."""


class MonitorError(PolydeskError):
    """The dashboard cannot be started."""


class SafetyRefusal(PolydeskError):  # noqa: N818 - a refusal, not a mistake
    """A safety rule says no."""

    exit_code = 3


class InvariantBroken(PolydeskError):  # noqa: N818 - a state, not a mistake
    """The program's own books contradict themselves; nothing may be traded on them."""

    exit_code = 1


class Unanswered(InvariantBroken):
    """A call from compiled code into Python came back without an answer; whoever made it knows what it met."""
