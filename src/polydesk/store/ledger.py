"""The ledger database: opening, upgrading, transactions, and errors that say what to do.

Everything in it is computed from session journals, so a damaged ledger is set aside and filled again (``refill``);
nothing is lost with it.
"""

import contextlib
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from polydesk.model.errors import LedgerError

FILE_NAME = "ledger.db"
"""The embedded ledger's name in the data directory."""

HEAD = "0001"
"""Newest schema revision, the last file in ``migrations/versions``."""

_CAUSES = (
    ("database is locked", "another process is writing to it; wait for it or stop it"),
    ("readonly database", "it is read-only; make the file and its directory writable"),
    ("unable to open", "it cannot be opened; check that its directory exists and is writable"),
    ("is full", "the disk is full; free space and go on"),
)
_DAMAGE = (
    ("not a database", "it is not a ledger"),
    ("malformed", "the file is damaged"),
    ("no such", "it was made by another version"),
)


class LedgerDamaged(LedgerError):  # noqa: N818 - a state, not a mistake
    """The ledger's content cannot be used; the journals can fill a new one."""


def rebuild_command(data_dir: Path, what: str) -> str:
    """Return the command that computes ledger and reports again; ``what`` is a session or ``--all``."""
    return f"`polydesk ledger rebuild {what} --data-dir {shlex.quote(str(data_dir))}`"


class Ledger:
    """An open ledger.

    Attributes:
        name: File or address for messages, without a password.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        self.name = name
        self._engine = engine

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection whose reads all see one state and block no writer.

        Raises:
            LedgerError: The database fails; the message names it and the fix.
        """
        with self.errors(), self._engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection that holds the write lock; all is kept at the end, or nothing after an error.

        Raises:
            LedgerError: As ``reading``.
        """
        with self.errors(), self._engine.connect() as connection:
            connection.execution_options(polydesk_writes=True)
            with connection.begin():
                yield connection

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Turn database errors into ``LedgerError``."""
        try:
            yield
        except SQLAlchemyError as err:
            said = str(getattr(err, "orig", None) or err)
            for sign, fix in _CAUSES:
                if sign in said:
                    raise LedgerError(f"{self.name}: {fix}") from err
            told = next((told for sign, told in _DAMAGE if sign in said), "the ledger failed")
            raise LedgerDamaged(f"{self.name}: {told} ({said}); {self.refilling}") from err

    @property
    def refilling(self) -> str:
        """How to fill the ledger again, in words."""
        if Path(self.name).name != FILE_NAME:
            return "give another file or database; the session journals fill it again"
        return f"{rebuild_command(Path(self.name).parent, '--all')} sets it aside and fills a new one from the journals"

    def check(self) -> None:
        """Look through the whole file for damage (SQLite).

        Raises:
            LedgerDamaged: There is some.
            LedgerError: As ``reading``.
        """
        if self._engine.dialect.name != "sqlite":
            return
        with self.reading() as connection:
            found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        if found != "ok":
            raise LedgerDamaged(f"{self.name}: the file is damaged ({found}); {self.refilling}")

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def open_ledger(where: str | Path, *, busy_s: float = 5.0) -> Ledger:
    """Open a ledger, making or upgrading it when needed.

    Args:
        where: A file for SQLite, or a database URL (``postgresql+psycopg://...``).
        busy_s: How long to wait for another writer, seconds (SQLite).

    Raises:
        LedgerError: It cannot be opened, is no ledger, or was made by a newer version.
    """
    url = _url(where)
    sqlite = url.get_backend_name() == "sqlite"
    name = str(url.database) if sqlite else url.render_as_string(hide_password=True)
    try:
        engine = create_engine(url, connect_args={"timeout": busy_s} if sqlite else {})
    except (ArgumentError, ImportError) as err:
        raise LedgerError(f"{name}: no driver for this database ({err}); install it or give a file") from err
    if sqlite:
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    ledger = Ledger(engine, name)
    try:
        _upgrade(ledger)
    except LedgerError:
        ledger.close()
        raise
    return ledger


def _url(where: str | Path) -> URL:
    if isinstance(where, Path) or "://" not in where:
        return URL.create("sqlite", database=str(where))
    try:
        return make_url(where)
    except ArgumentError as err:
        raise LedgerError(f"{where.split(':', 1)[0]}://...: not a database address; give a file or a URL") from err


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own implicit BEGIN comes too late for the read before a write; transactions are begun below.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("polydesk_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _upgrade(ledger: Ledger) -> None:
    with ledger.reading() as connection:
        found = _revision(connection, ledger)
    if found == HEAD:
        return
    with ledger.writing() as connection:
        found = _revision(connection, ledger)
        if found != HEAD:
            from polydesk.store.migrate import upgrade  # noqa: PLC0415 - alembic is slow to import and rarely needed

            upgrade(connection, ledger)


def _revision(connection: Connection, ledger: Ledger) -> str | None:
    names = inspect(connection).get_table_names()
    if "alembic_version" in names:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if names:
        raise LedgerDamaged(f"{ledger.name}: holds other tables ({', '.join(sorted(names)[:3])}); {ledger.refilling}")
    return None
