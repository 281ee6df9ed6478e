"""Bring a ledger to the newest schema with Alembic; the revisions are in ``migrations/versions``."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from polydesk.store.ledger import Ledger, LedgerDamaged


def configuration(connection: Connection) -> Config:
    """Return an Alembic configuration that works on an open connection and needs no file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, ledger: Ledger) -> None:
    """Upgrade to the newest revision inside the caller's transaction.

    Raises:
        LedgerDamaged: The ledger has a revision that this version does not know.
    """
    try:
        command.upgrade(configuration(connection), "head")
    except CommandError as err:
        raise LedgerDamaged(
            f"{ledger.name}: the ledger's schema is not known here ({err}); use the version that made it, or "
            f"{ledger.refilling}"
        ) from err
