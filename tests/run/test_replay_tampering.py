"""Journals that were changed after the fact, by hands that know the format: replay finds every change."""

import msgspec
import pytest
from test_sessions import nobody, settings

from made import made_tape
from polydesk.model.errors import TapeError
from polydesk.model.records import Fill, OrderAck, SessionEnded, Settled
from polydesk.report.session import read_session
from polydesk.research import run_backtest, with_strategies
from polydesk.run.finish import publish_results
from polydesk.run.recorder import without_marks
from polydesk.run.replay import verify_session
from polydesk.run.session import run_session
from polydesk.tape import open_tape
from polydesk.tape.journal import FILE_NAME as JOURNAL
from polydesk.tape.journal import JournalWriter


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    return made_tape(tmp_path_factory.mktemp("tape") / "t", seed=3, steps=500)


@pytest.fixture(scope="module")
def session(tape, tmp_path_factory):
    return run_session(settings(tmp_path_factory.mktemp("data")), tape, "paper", nobody).path


def rewritten(session, target, change):
    """Write the session's journal anew, chain and all, with ``change`` applied to its records."""
    header, records = read_session(session)
    target.mkdir()
    journal = JournalWriter.create(target / JOURNAL, header)
    for record in change(records[1:]):
        journal.append(record)
    journal.close()
    return verify_session(target)


def first(records, kind):
    return next(i for i, r in enumerate(records) if isinstance(r, kind))


def altered(kind, **changes):
    def change(records):
        at = first(records, kind)
        return [*records[:at], msgspec.structs.replace(records[at], **changes), *records[at + 1 :]]

    return change


def test_the_unchanged_session_is_identical(session, tmp_path):
    verdict = rewritten(session, tmp_path / "same", lambda records: records)
    assert (verdict.identical, verdict.complete) == (True, True)


@pytest.mark.parametrize(
    "change",
    [
        altered(OrderAck, status="delayed"),
        altered(Settled, origin="venue2"),
        altered(Fill, matched_ns=1),
        altered(SessionEnded, journal_sha256="0" * 64),
    ],
    ids=["ack", "settlement", "fill", "hash"],
)
def test_a_changed_answer_of_the_venue_is_found(session, tmp_path, change):
    verdict = rewritten(session, tmp_path / "changed", change)
    assert not verdict.identical
    assert verdict.first_difference


def test_a_journal_without_its_end_is_told(session, tmp_path):
    verdict = rewritten(session, tmp_path / "cut", lambda records: records[:-40])
    assert (verdict.identical, verdict.complete) == (True, False)


def test_the_ledger_remembers_an_end_that_the_journal_has_lost(tape, tmp_path):
    path = run_session(settings(tmp_path), tape, "paper", nobody).path
    assert publish_results(tmp_path, path) == []
    header, records = read_session(path)
    (path / JOURNAL).unlink()
    journal = JournalWriter.create(path / JOURNAL, header)
    for record in records[1:-40]:
        journal.append(record)
    journal.close()
    verdict = verify_session(path)
    assert not verdict.identical
    assert records[-1].journal_sha256 in verdict.first_difference


def test_bytes_behind_the_end_are_found(session, tmp_path):
    rewritten(session, tmp_path / "more", lambda records: records)
    with (tmp_path / "more" / JOURNAL).open("ab") as file:
        file.write(b"junk")
    assert "behind its end" in verify_session(tmp_path / "more").first_difference


def test_a_tape_with_other_facts_is_neither_run_nor_replayed(tape, tmp_path):
    """Exchanging the payouts in the manifest, hash untouched, must not change anybody's PnL."""
    own = made_tape(tmp_path / "own", seed=3, steps=300)
    path = run_session(settings(tmp_path), own, "paper", nobody).path
    manifest = own.path / "manifest.json"
    text = manifest.read_text()
    swapped = msgspec.json.format(msgspec.json.encode(_swap(msgspec.json.decode(text))), indent=2).decode()
    assert swapped != text
    manifest.write_text(swapped)
    with pytest.raises(TapeError, match="hash"):
        run_session(settings(tmp_path), open_tape(own.path), "paper", nobody)
    with pytest.raises(TapeError, match="hash"):
        verify_session(path)


def _swap(manifest):
    for resolution in manifest["resolutions"]:
        resolution["payout_g4"] = resolution["payout_g4"][::-1]
    return manifest


def test_the_backtest_command_and_run_write_equal_journals(tape, tmp_path):
    base = settings(tmp_path)
    tested = run_backtest(base, tape, "inventory_maker", nobody)
    ran = run_session(with_strategies(base, ["inventory_maker"]), tape, "paper", nobody)
    one, two = read_session(tested.path)[1], read_session(ran.path)[1]
    assert without_marks(one) == without_marks(two)
    assert one[-1].journal_sha256 == two[-1].journal_sha256
