"""The ledger opens, upgrades, and says what to do when it cannot."""

import contextlib
import os
import sqlite3
import subprocess
import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from session_samples import MARKETS, scripted, write_session
from sqlalchemy import inspect, select, text

from polydesk.model.errors import LedgerError
from polydesk.store import name_markets, open_ledger, rebuild, tables, tail


def test_migrations_make_exactly_the_declared_tables(tmp_path):
    with open_ledger(tmp_path / "ledger.sqlite") as ledger, ledger.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
        assert set(inspect(connection).get_table_names()) == {*tables.metadata.tables, "alembic_version"}
        for table in tables.metadata.sorted_tables:
            keys = inspect(connection).get_pk_constraint(table.name)["constrained_columns"]
            assert keys == [column.name for column in table.primary_key.columns], table.name
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def test_a_ledger_opens_again_and_by_url(tmp_path):
    file = tmp_path / "ledger.sqlite"
    write_session(tmp_path / "s-1", scripted())
    with open_ledger(file) as ledger:
        tail(ledger, tmp_path / "s-1")
        name_markets(ledger, "s-1", MARKETS)
        name_markets(ledger, "s-1", MARKETS)
    with open_ledger(f"sqlite:///{file}") as ledger, ledger.reading() as connection:
        assert connection.execute(select(tables.sessions.c.state)).scalars().all() == ["ended"]
        assert connection.execute(select(tables.markets.c.slug)).scalars().all() == ["btc-up-1", "btc-up-2"]


def test_foreign_damaged_and_newer_files_are_refused_with_the_fix(tmp_path):
    (tmp_path / "text.sqlite").write_text("this is not a database, although it is long enough to look at " * 9)
    with pytest.raises(LedgerError, match=r"text\.sqlite: it is not a ledger .*the session journals fill it again"):
        open_ledger(tmp_path / "text.sqlite")
    with contextlib.closing(sqlite3.connect(tmp_path / "foreign.sqlite")) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(LedgerError, match=r"foreign\.sqlite: holds other tables \(recipes\)"):
        open_ledger(tmp_path / "foreign.sqlite")
    open_ledger(tmp_path / "newer.sqlite").close()
    with contextlib.closing(sqlite3.connect(tmp_path / "newer.sqlite")) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
        other.commit()
    with pytest.raises(LedgerError, match=r"newer\.sqlite: the ledger's schema is not known here"):
        open_ledger(tmp_path / "newer.sqlite")
    with pytest.raises(LedgerError, match="cannot be opened; check that its directory exists"):
        open_ledger(tmp_path / "none" / "ledger.sqlite")
    with pytest.raises(LedgerError, match="no driver for this database"):
        open_ledger("nosuch://user:secret@host/db")


def test_a_damaged_page_is_named_and_the_ledger_can_be_filled_again(tmp_path):
    file = tmp_path / "ledger.sqlite"
    write_session(tmp_path / "s-1", scripted())
    with open_ledger(file) as ledger:
        tail(ledger, tmp_path / "s-1")
    content = bytearray(file.read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 64] = b"\xff" * 64
    file.write_bytes(content)
    with pytest.raises(LedgerError, match=r"ledger\.sqlite: .*the session journals fill it again"):
        rebuild(open_ledger(file), tmp_path / "s-1")
    file.rename(tmp_path / "damaged.sqlite")
    with open_ledger(file) as ledger:
        assert tail(ledger, tmp_path / "s-1") == sum(map(len, scripted()))


def test_a_locked_ledger_says_who_waits_and_readers_are_not_blocked(tmp_path):
    write_session(tmp_path / "s-1", scripted())
    with open_ledger(tmp_path / "ledger.sqlite", busy_s=0.05) as ledger:
        holds, done = threading.Event(), threading.Event()

        def hold():
            with ledger.writing():
                holds.set()
                done.wait(10)

        holder = threading.Thread(target=hold)
        holder.start()
        holds.wait(10)
        with ledger.reading() as connection:
            assert connection.execute(select(tables.sessions)).all() == []
        with pytest.raises(LedgerError, match="another process is writing to it"):
            tail(ledger, tmp_path / "s-1")
        done.set()
        holder.join()
        assert tail(ledger, tmp_path / "s-1") > 0


def write_beyond(ledger, pages):
    rows = [
        {"session": "x", "record": number, "kind": "command", "name": "", "detail": "x" * 4000} for number in range(100)
    ]
    with ledger.writing() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        connection.execute(tables.session_events.insert(), rows)


def test_a_full_database_keeps_what_it_had(tmp_path):
    write_session(tmp_path / "s-1", scripted())
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        pages = sqlite3.connect(tmp_path / "ledger.sqlite")
        with contextlib.closing(pages):
            used = pages.execute("PRAGMA page_count").fetchone()[0]
        with pytest.raises(LedgerError, match="the disk is full; free space"):
            write_beyond(ledger, used)
        with ledger.reading() as connection:
            assert connection.execute(select(tables.session_events)).all() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a read-only mount; directory modes do the same for other users")
def test_a_read_only_directory_is_named(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro,size=64k", "tmpfs", str(disk)], check=False, capture_output=True
    )
    if made.returncode:
        pytest.skip("cannot mount a read-only file system here: a read-only directory is NOT tested")
    try:
        with pytest.raises(LedgerError, match=r"disk/ledger\.sqlite: it cannot be opened"):
            open_ledger(disk / "ledger.sqlite")
    finally:
        subprocess.run(["umount", str(disk)], check=True)
