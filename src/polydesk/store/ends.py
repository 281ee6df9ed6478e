"""What the ledger remembers of how sessions ended: a second witness beside their journals."""

from pathlib import Path

from sqlalchemy import select

from polydesk.store.ledger import FILE_NAME, open_ledger
from polydesk.store.tables import sessions


def remembered_end(data_dir: Path, session: str) -> str:
    """Return the ``journal_sha256`` with which a session ended, or ``""`` when the ledger knows of no end.

    Raises:
        LedgerError: The ledger is there and cannot be read.
    """
    if not (data_dir / FILE_NAME).exists():
        return ""
    query = select(sessions.c.journal_sha256).where(sessions.c.session == session, sessions.c.state == "ended")
    with open_ledger(data_dir / FILE_NAME) as ledger, ledger.reading() as connection:
        return str(connection.execute(query).scalar() or "")
