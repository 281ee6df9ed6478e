"""Follow a session's journal into the ledger, in batches that each move the cursor in the same transaction."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select, update

from polydesk.model.errors import JournalError, LedgerError
from polydesk.model.market import Market
from polydesk.model.records import SessionStarted
from polydesk.store import tables
from polydesk.store.changes import Changes
from polydesk.store.ledger import Ledger
from polydesk.store.projection import apply
from polydesk.store.stored import StoredRows, write
from polydesk.tape.journal import FILE_NAME as JOURNAL
from polydesk.tape.journal_frames import CHAIN_BYTES, Batch, read_batches

_RECORDS_AT_ONCE = 5000


def tail(ledger: Ledger, session_dir: Path) -> int:
    """Apply what the journal says beyond the ledger's cursor; safe to repeat, and while the session runs.

    A ledger that is ahead of its journal (the last batch was lost in a power cut) or knows another history of the
    session is rebuilt for that session, since the journal is what counts.

    Returns:
        How many records were applied.

    Raises:
        JournalError: The journal is missing or damaged; what precedes the damage is applied.
        LedgerError: The database fails; nothing half applied stays.
    """
    applied = 0
    journal = session_dir / JOURNAL
    session = _session_name(journal)
    while True:
        with ledger.writing() as connection:
            count = _apply_next(connection, session, journal)
        applied += count
        if count == 0:
            return applied


def rebuild(ledger: Ledger, session_dir: Path) -> int:
    """Drop a session's rows and compute them again; the names of its markets stay.

    Returns:
        How many records were applied.

    Raises:
        JournalError: As ``tail``.
        LedgerError: As ``tail``.
    """
    session = _session_name(session_dir / JOURNAL)
    with ledger.writing() as connection:
        _drop(connection, session)
    return tail(ledger, session_dir)


def name_markets(ledger: Ledger, session: str, markets: Sequence[Market]) -> None:
    """Store the names of a session's markets and tokens, replacing earlier ones.

    Raises:
        LedgerError: The database fails.
    """
    table = tables.markets
    rows = [
        {
            "session": session,
            "market": market.index,
            "condition_id": market.condition_id,
            "slug": market.slug,
            "question": market.question,
            "token0_id": market.tokens[0].id,
            "token1_id": market.tokens[1].id,
            "token0_outcome": market.tokens[0].outcome,
            "token1_outcome": market.tokens[1].outcome,
        }
        for market in markets
    ]
    with ledger.writing() as connection:
        connection.execute(delete(table).where(table.c.session == session))
        if rows:
            connection.execute(insert(table), rows)


def _session_name(journal: Path) -> str:
    first = next(read_batches(journal), None)
    if first is None or not isinstance(first.records[0], SessionStarted):
        raise JournalError(f"{journal}: no session header; the session never began")
    return first.records[0].session


def _apply_next(connection: Connection, session: str, journal: Path) -> int:
    """Apply up to a batch of records behind the cursor and move it; return how many."""
    offset, records, chain = _cursor(connection, session)
    if records and not _continues(journal, offset, chain):
        _drop(connection, session)
        offset, records = 0, 0
    batches = _next_batches(journal, offset)
    if not batches:
        return 0
    told = [record for batch in batches for record in batch.records]
    changes = Changes(session, records, StoredRows(connection, session), told)
    for record in told:
        apply(changes, record)
    _save_session(connection, changes)
    write(connection, changes)
    last = batches[-1]
    _move_cursor(connection, session, offset=last.end, records=changes.record, chain=last.chain.hex())
    return len(told)


def _next_batches(journal: Path, offset: int) -> list[Batch]:
    """Return the next whole batches, up to about a transaction's worth of records."""
    taken: list[Batch] = []
    records = 0
    try:
        for batch in read_batches(journal, offset):
            taken.append(batch)
            records += len(batch.records)
            if records >= _RECORDS_AT_ONCE:
                break
    except JournalError:
        # Apply what precedes the damage; the next call meets it first and raises.
        if not taken:
            raise
    return taken


def _cursor(connection: Connection, session: str) -> tuple[int, int, str]:
    table = tables.cursors
    query = select(table.c.journal_offset, table.c.records, table.c.chain).where(table.c.session == session)
    found = connection.execute(query.with_for_update()).one_or_none()
    return (found[0], found[1], found[2]) if found else (0, 0, "")


def _move_cursor(connection: Connection, session: str, *, offset: int, records: int, chain: str) -> None:
    table = tables.cursors
    values = {"journal_offset": offset, "records": records, "chain": chain}
    moved = connection.execute(update(table).where(table.c.session == session).values(values))
    if moved.rowcount == 0:
        connection.execute(insert(table), {"session": session} | values)


def _continues(journal: Path, offset: int, chain: str) -> bool:
    """Whether the journal still holds the history that the ledger knows up to ``offset``."""
    try:
        with journal.open("rb") as file:
            file.seek(offset - CHAIN_BYTES)
            return file.read(CHAIN_BYTES).hex() == chain
    except OSError as err:
        raise JournalError(f"{journal}: cannot read the journal ({err.strerror})") from err


def _save_session(connection: Connection, changes: Changes) -> None:
    table = tables.sessions
    columns = changes.session_columns
    if not columns:
        return
    if "mode" in columns:
        connection.execute(insert(table), {"session": changes.session} | columns)
        return
    kept = connection.execute(update(table).where(table.c.session == changes.session).values(columns))
    if kept.rowcount != 1:
        raise LedgerError(f"session {changes.session}: its row is missing in the ledger; rebuild the session")


def _drop(connection: Connection, session: str) -> None:
    for table in tables.metadata.sorted_tables:
        if table is not tables.markets:
            connection.execute(delete(table).where(table.c.session == session))
