"""Compute a ledger again from session journals, also where its file is damaged, of another version, or missing."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from polydesk.model.errors import JournalError, LedgerError
from polydesk.model.market import Market
from polydesk.store.changes import Contradiction
from polydesk.store.ledger import FILE_NAME, Ledger, LedgerDamaged, open_ledger
from polydesk.store.tail import name_markets, rebuild


class Refilled(msgspec.Struct, frozen=True):
    """What a refill did.

    Attributes:
        records: Journal records applied by session folder.
        kept: Where the unusable ledger was put; empty when the ledger could be used.
        problems: Sessions whose journal is missing, damaged or contradicts itself; what precedes that is in the ledger.
    """

    records: dict[str, int]
    kept: str
    problems: tuple[str, ...]


def refill(data_dir: Path, sessions: Mapping[Path, Sequence[Market] | None], *, replace: bool) -> Refilled:
    """Compute sessions again.

    Args:
        data_dir: Where the ledger is.
        sessions: Session folders with their markets, ``None`` where those are not known.
        replace: Whether a ledger that cannot be used is set aside and a new one filled; then give all sessions.

    Raises:
        LedgerDamaged: The ledger cannot be used and ``replace`` is false.
        LedgerError: The ledger is locked, read-only, or there is no room.
    """
    file = data_dir / FILE_NAME
    try:
        with open_ledger(file) as ledger:
            ledger.check()
            return _filled(ledger, sessions, "")
    except LedgerDamaged:
        if not replace:
            raise
        kept = _set_aside(file)
    with open_ledger(file) as ledger:
        return _filled(ledger, sessions, kept)


def _filled(ledger: Ledger, sessions: Mapping[Path, Sequence[Market] | None], kept: str) -> Refilled:
    records: dict[str, int] = {}
    problems: list[str] = []
    for folder, markets in sessions.items():
        try:
            records[folder.name] = rebuild(ledger, folder)
        except (JournalError, Contradiction) as err:
            problems.append(f"{folder.name}: {err}")
        if markets is not None:
            name_markets(ledger, folder.name, markets)
    return Refilled(records, kept, tuple(problems))


def _set_aside(file: Path) -> str:
    """Rename an unusable ledger with what belongs to it; nothing is thrown away."""
    number = next(n for n in range(1, 1_000_000) if not file.with_name(f"{file.name}.old-{n}").exists())
    kept = file.with_name(f"{file.name}.old-{number}")
    try:
        for end in ("", "-wal", "-shm"):
            part = file.with_name(file.name + end)
            if part.exists():
                part.rename(kept.with_name(kept.name + end))
    except OSError as err:
        raise LedgerError(f"{file}: cannot be set aside ({err.strerror}); make its directory writable") from err
    return str(kept)
