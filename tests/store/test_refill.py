"""A ledger is filled again from the journals whatever happened to its file; the end of a session tells what is gone."""

import contextlib
import json
import sqlite3
import threading

import msgspec
import pytest
from session_samples import MARKETS, NOON_NS, SHARES, fill, header, intent, scripted, write_session
from sqlalchemy import select

from polydesk.model.errors import LedgerError
from polydesk.model.records import CashMoved, FillStatus, Marked, OrderSent, SessionEnded
from polydesk.report.session import open_session
from polydesk.report.summary import summarise
from polydesk.run.finish import publish_results, rebuild_results
from polydesk.store import LedgerDamaged, moved_cash_u6, name_markets, open_ledger, tables, tail
from polydesk.tape.manifest import FORMAT, Manifest, write_manifest


def manifest():
    return Manifest(FORMAT, "ab" * 32, 900, NOON_NS, NOON_NS + 1, "venue", True, (), MARKETS, (), (), {}, {}, ())


def session(data_dir, name, batches=None, *, copy=True):
    folder = data_dir / "sessions" / name
    told = scripted() if batches is None else batches
    told[0][0] = msgspec.structs.replace(told[0][0], session=name)
    write_session(folder, told)
    if copy:
        write_manifest(folder, manifest())
    return folder


def every_row(data_dir):
    with open_ledger(data_dir / "ledger.db") as ledger, ledger.reading() as connection:
        return {
            table.name: connection.execute(select(table).order_by(*table.primary_key.columns)).all()
            for table in tables.metadata.sorted_tables
        }


def test_a_damaged_ledger_names_the_command_that_fills_a_new_one(tmp_path):
    folders = [session(tmp_path, "s-1"), session(tmp_path, "s-2")]
    for folder in folders:
        assert publish_results(tmp_path, folder) == []
    whole = every_row(tmp_path)
    content = bytearray((tmp_path / "ledger.db").read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 64] = b"\xff" * 64
    (tmp_path / "ledger.db").write_bytes(content)
    command = f"`polydesk ledger rebuild --all --data-dir {tmp_path}`"
    (problem,) = publish_results(tmp_path, folders[0])
    assert problem.startswith("ledger not updated: ")
    assert problem.count("`") == 2
    assert command in problem
    with pytest.raises(LedgerDamaged, match="ledger rebuild --all"):
        rebuild_results(tmp_path, folders[:1], replace=False)
    found = rebuild_results(tmp_path, folders, replace=True)
    assert (found.sessions, found.records, found.problems) == (2, 2 * sum(map(len, scripted())), [])
    assert found.kept == f"{tmp_path / 'ledger.db'}.old-1"
    assert bytes(content) == (tmp_path / "ledger.db.old-1").read_bytes(), "nothing is thrown away"
    assert every_row(tmp_path) == whole
    assert rebuild_results(tmp_path, folders, replace=True).kept == "", "a sound ledger stays where it is"
    assert every_row(tmp_path) == whole


@pytest.mark.parametrize("damage", ["text", "older", "foreign", "newer"])
def test_files_that_are_no_ledger_of_this_version_are_replaced(tmp_path, damage):
    file = tmp_path / "ledger.db"
    folder = session(tmp_path, "s-1")
    if damage == "text":
        file.write_text("this is not a database, although it is long enough to look at " * 9)
    elif damage == "foreign":
        with contextlib.closing(sqlite3.connect(file)) as other:
            other.execute("CREATE TABLE recipes (name TEXT)")
    else:
        open_ledger(file).close()
        change = {"older": "DROP TABLE balances", "newer": "UPDATE alembic_version SET version_num = '9999'"}[damage]
        with contextlib.closing(sqlite3.connect(file)) as other:
            other.execute(change)
            other.commit()
    (problem,) = publish_results(tmp_path, folder)
    assert "polydesk ledger rebuild --all" in problem
    found = rebuild_results(tmp_path, [folder], replace=True)
    assert (found.sessions, found.kept) == (1, f"{file}.old-1")
    assert publish_results(tmp_path, folder) == []


def test_killed_and_damaged_sessions_are_picked_up_as_far_as_they_go(tmp_path):
    killed = session(tmp_path, "s-killed", scripted()[:6])
    torn = session(tmp_path, "s-torn")
    content = bytearray((torn / "journal.pdj").read_bytes())
    content[len(content) // 2] ^= 1
    (torn / "journal.pdj").write_bytes(content)
    wrong = session(tmp_path, "s-wrong", [[header()], [fill(1, intent(9), 1, price=1, size=1)]])
    found = rebuild_results(tmp_path, [killed, torn, wrong], replace=True)
    assert (found.sessions, found.records) == (1, sum(map(len, scripted()[:6])))
    assert [problem.split(":")[0] for problem in found.problems] == ["s-torn", "s-wrong"]
    assert "damaged at offset" in found.problems[0]
    assert "was never sent" in found.problems[1]
    states = {row.session: row.state for row in every_row(tmp_path)["sessions"]}
    assert states["s-killed"] == states["s-torn"] == "running"
    assert json.loads((killed / "reports" / "pipeline_status.json").read_text())["state"] == "running"


def test_a_locked_ledger_is_not_replaced(tmp_path):
    folder = session(tmp_path, "s-1")
    with open_ledger(tmp_path / "ledger.db") as ledger:
        holds, done = threading.Event(), threading.Event()

        def hold():
            with ledger.writing():
                holds.set()
                done.wait(20)

        holder = threading.Thread(target=hold)
        holder.start()
        holds.wait(10)
        try:
            with pytest.raises(LedgerError, match="another process is writing to it"):
                rebuild_results(tmp_path, [folder], replace=True)
        finally:
            done.set()
            holder.join()
    assert [path.name for path in tmp_path.glob("*.old-*")] == []


def test_a_missing_manifest_is_told_and_breaks_nothing(tmp_path):
    folder = session(tmp_path, "s-1", copy=False)
    names, exports = publish_results(tmp_path, folder)
    assert "manifest.json is missing" in names
    assert f"polydesk ledger rebuild s-1 --data-dir {tmp_path}" in exports
    assert len(every_row(tmp_path)["orders"]) == 6, "the ledger needs no names"
    found = open_session(folder)
    assert found.manifest is None
    assert "the session's copy of manifest.json is missing" in found.missing
    assert summarise(found).counts.orders == 6
    (folder / "manifest.json").write_text("{}")
    names, _ = publish_results(tmp_path, folder)
    assert "manifest.json cannot be used" in names
    assert "cannot be used" in open_session(folder).missing


def test_the_names_come_from_the_tape_when_the_copy_is_gone(tmp_path):
    tape = tmp_path / "tape"
    tape.mkdir()
    write_manifest(tape, manifest())
    batches = scripted()
    batches[0][0] = msgspec.structs.replace(batches[0][0], tape_path=str(tape))
    folder = session(tmp_path, "s-1", batches, copy=False)
    (problem,) = publish_results(tmp_path, folder)
    assert f"the names of its markets are taken from {tape}" in problem
    assert len(every_row(tmp_path)["markets"]) == 2
    assert (folder / "reports" / "orders.jsonl").exists()
    write_manifest(tape, msgspec.structs.replace(manifest(), sha256="cd" * 32))
    assert "holds another tape" in publish_results(tmp_path, folder)[0]


def traded(*, off):
    """Return an ended session that bought and paid a fee, with a last mark that is ``off`` micro-pUSD."""
    wanted = intent(1)
    bought = fill(1, wanted, 2, price=4801, size=3_333_333, fee=17)
    paid = 1_600_334 + 17
    cash = (1_000_000_000 + 50 - paid + off, 1_000_000_000 + 50 - paid)
    at = {"seq": 5, "ts_ns": NOON_NS + 5_000_000}
    return [
        [header(config='{"desk": {"cash": "1000"}}'), OrderSent(1, NOON_NS, wanted, ()), bought],
        [FillStatus(3, NOON_NS, bought.id, confirmed=True), CashMoved(4, NOON_NS, "reward", 50)],
        [Marked(**at, cash_u6=cash, value_u6=(0, 0), exposure_u6=0)],
        [SessionEnded("tape_end", "cd" * 32, 5, 900)],
    ]


def test_the_ledgers_own_arithmetic_is_held_against_the_last_mark(tmp_path):
    good = session(tmp_path, "s-good", traded(off=0))
    assert publish_results(tmp_path, good) == []
    assert summarise(open_session(good)).sentinels == "ok"
    assert moved_cash_u6(open_session(good).records) == (50 - 1_600_351, 50 - 1_600_351)
    bad = session(tmp_path, "s-bad", traded(off=1))
    (problem,) = publish_results(tmp_path, bad)
    assert problem.startswith("the ledger disagrees with the desk: cash of the last mark is (998399700, 998399699)")
    broken = summarise(open_session(bad)).broken
    assert any("the ledger's books make" in text for text in broken)
    running = session(tmp_path, "s-running", traded(off=1)[:-1])
    assert publish_results(tmp_path, running) == [], "the last mark of a session that goes on may be old"


def test_shares_of_a_rebuilt_session_keep_the_names_of_its_markets(tmp_path):
    folder = session(tmp_path, "s-1")
    with open_ledger(tmp_path / "ledger.db") as ledger:
        tail(ledger, folder)
        name_markets(ledger, "s-1", MARKETS)
    rebuild_results(tmp_path, [folder], replace=False)
    assert [row.slug for row in every_row(tmp_path)["markets"]] == ["btc-up-1", "btc-up-2"]
    assert sum(row.matched_shares_u6 for row in every_row(tmp_path)["positions"]) == 3 * SHARES
