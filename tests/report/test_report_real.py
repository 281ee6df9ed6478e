"""Reports of a session that really ran, on a made tape: prices, positions and files from disk."""

import shutil
from pathlib import Path

import pytest

from made import made_tape
from polydesk.model.errors import JournalError, SessionError
from polydesk.model.records import Cause
from polydesk.report.build import build_report
from polydesk.report.final_json import result
from polydesk.report.html import render_page
from polydesk.report.prices import replay_prices
from polydesk.report.session import find_session, open_session
from polydesk.report.summary import summarise
from polydesk.report.terminal import report_tables
from polydesk.run.session import SessionResult, run_session
from polydesk.run.settings import Settings
from polydesk.run.settings_load import load
from polydesk.tape import open_tape


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> SessionResult:
    folder = tmp_path_factory.mktemp("real")
    tape = made_tape(folder / "tape", seed=3)
    settings = load(Settings, None, {}, [f"data_dir={folder}", "run.speed=max"]).settings
    return run_session(settings, tape, "paper", lambda *_: None)


def test_report_of_a_real_session(ended: SessionResult) -> None:
    report = build_report(ended.path)
    assert report.missing == ""
    assert report.summary.constructed is True
    assert report.summary.sentinels == "ok"
    assert report.summary.counts.fills > 0
    assert report.summary.events == open_session(ended.path).header.tape_range[1]
    assert sum(line.net_u6 for line in report.summary.by_market) == report.summary.matched.net_u6
    page = render_page(report.summary, report.prices, report.missing, report.quality)
    assert "constructed data" in page
    assert "Prices and our fills" in page


def test_samples_are_the_books_of_the_tape(ended: SessionResult) -> None:
    """A second, slow book from the same rows has the same touch at every sample."""
    session = open_session(ended.path)
    report = build_report(ended.path)
    fills = [line.fill for line in report.summary.fills]
    prices = replay_prices(session.tape, session.header.tape_range, fills)
    rows = next(session.tape.batches())
    for market, samples in prices.series.items():
        assert len(samples) <= 401
        for ts_ns, bid, ask in samples[:-1:37]:
            book: dict[tuple[int, int], int] = {}
            for row in rows[(rows["market"] == market) & (rows["ts_ns"] < ts_ns) & (rows["kind"] <= 2)]:
                book[int(row["side"]), int(row["price_g4"])] = int(row["size_u6"])
            live = [key for key, size in book.items() if size]
            assert bid == max((price for side, price in live if side == 1), default=0)
            assert ask == min((price for side, price in live if side == -1), default=10_000)


def test_books_are_counted_as_the_rows_say(ended: SessionResult) -> None:
    session = open_session(ended.path)
    report = build_report(ended.path)
    rows = next(session.tape.batches())
    assert {book.market: book.rows for book in report.books} == {
        market: int((rows["market"] == market).sum()) for market in (0, 1)
    }
    assert sum(book.late + book.invalid for book in report.books) == 0, "made tapes are clean"
    table = next(table for table in report_tables(report.summary, (), report.books) if table.title == "Book quality")
    assert len(table.rows) == 5
    assert "Book quality" in render_page(report.summary, report.prices, "", report.quality)
    assert replay_prices(session.tape, session.header.tape_range, []).books == report.books, "also without fills"


def test_takers_always_pay_against_the_mid_before_their_match(ended: SessionResult) -> None:
    report = build_report(ended.path)
    taken = [line.fill for line in report.summary.fills if line.fill.cause is Cause.BOOK]
    known = [(fill, report.prices.after[fill.id, 0]) for fill in taken if (fill.id, 0) in report.prices.after]
    assert known
    assert all(int(fill.side) * (doubled - 2 * fill.price_g4) < 0 for fill, doubled in known)
    assert next(q for q in report.quality if q.key == "taker").gain_u6[0] < 0


def test_missing_and_foreign_tapes_are_said(ended: SessionResult, tmp_path: Path) -> None:
    folder = ended.path
    tape = Path(open_session(folder).header.tape_path)
    kept = tmp_path / "kept"
    shutil.move(tape, kept)
    try:
        report = build_report(folder)
        assert "not a tape" in report.missing
        assert report.prices is None
        assert report.summary.markets, "the session keeps a copy of the manifest"
        made_tape(tape, seed=9)
        assert "put the old tape back" in build_report(folder).missing
        shutil.rmtree(tape)
    finally:
        shutil.move(kept, tape)
    assert build_report(folder).missing == ""


def test_damaged_tape_is_said(ended: SessionResult) -> None:
    tape = open_tape(open_session(ended.path).header.tape_path)
    part = tape.path / tape.manifest.files[0].path
    good = part.read_bytes()
    part.write_bytes(good[:100] + bytes(len(good) - 200) + good[-100:])
    try:
        report = build_report(ended.path)
    finally:
        part.write_bytes(good)
    assert report.prices is None
    assert part.name in report.missing


def test_finding_sessions(ended: SessionResult, tmp_path: Path) -> None:
    data_dir = ended.path.parents[1]
    assert find_session(data_dir, "latest") == ended.path
    assert find_session(data_dir, ended.session) == ended.path
    with pytest.raises(SessionError, match=str(ended.session)):
        find_session(data_dir, str(ended.session)[:-1])
    with pytest.raises(SessionError, match="no sessions here"):
        find_session(tmp_path, "latest")
    (tmp_path / "sessions" / "bad").mkdir(parents=True)
    (tmp_path / "sessions" / "bad" / "journal.pdj").write_bytes(b"nonsense")
    with pytest.raises(JournalError):
        find_session(tmp_path, "latest")


def test_summary_is_the_same_with_and_without_prices(ended: SessionResult) -> None:
    plain, whole = result(summarise(open_session(ended.path))), result(build_report(ended.path).summary)
    assert plain == {key: whole[key] for key in plain}
    assert {"verdict", "guards", "statistics", "study"} == whole.keys() - plain.keys()
