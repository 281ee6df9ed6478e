"""The verdict kept beside a tape: made once, by today's rules, about this very content."""

import json
import shutil

import msgspec
import pytest
from recordings import T0_MS, UP, all_rows, book, change, write_raw

from polydesk.model.errors import TapeError
from polydesk.tape import Tape, import_tape, open_tape, read_verdict, verdict_of, verify, warning_text
from polydesk.tape import verdict as verdicts
from polydesk.tape.verdict import FILE_NAME, keep_verdict

FIRST_BOOK = book(T0_MS, [("0.40", 10)], [("0.60", 10)], UP)


def tape_of(folder, stated, count=30):
    """A tape whose changes state a best bid of 0.40 or, where it says ``stated``, another one."""
    entries = [(UP, "SELL", "0.7", str(i + 1), stated(i), "0.6") for i in range(count)]
    messages = [FIRST_BOOK, *(change(T0_MS + (i + 1) * 500, entry) for i, entry in enumerate(entries))]
    folder.mkdir(exist_ok=True)
    return import_tape([write_raw(folder / "r", messages)], folder / "t")


@pytest.fixture
def good(tmp_path):
    return tape_of(tmp_path / "good", lambda _: "0.4")


@pytest.fixture
def bad(tmp_path):
    return tape_of(tmp_path / "bad", lambda i: "0.4" if i % 3 else "0.39")


def test_the_verdict_is_what_verify_found(good, bad):
    for tape in (good, bad):
        found, verdict = verify(tape), verdict_of(tape)
        assert (verdict.ok, verdict.witness, verdict.problems) == (found.ok, found.witness, found.problems)
        assert (verdict.compared, verdict.mismatched) == (found.compared, found.mismatched)
        assert (verdict.minutes, verdict.bad_minutes) == (1, len(found.bad_minutes))
        assert verdict.sha256 == tape.manifest.sha256
        assert read_verdict(tape.path) == verdict
    assert verdict_of(good).ok
    assert not verdict_of(bad).ok
    assert (verdict_of(bad).compared, verdict_of(bad).mismatched) == (30, 10)


def test_a_kept_verdict_is_read_and_not_made_again(good):
    kept = msgspec.structs.replace(verdict_of(good), compared=7)
    (good.path / FILE_NAME).write_bytes(msgspec.json.encode(kept))
    assert verdict_of(good) == kept


@pytest.mark.parametrize("other", [{"sha256": "00"}, {"version": 0}, {"format": 0}])
def test_a_verdict_on_other_content_or_by_other_rules_is_made_anew(good, other):
    right = verdict_of(good)
    (good.path / FILE_NAME).write_bytes(msgspec.json.encode(msgspec.structs.replace(right, compared=7, **other)))
    assert verdict_of(good) == right
    assert read_verdict(good.path) == right


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"ok": "yes"}'])
def test_a_damaged_verdict_is_made_anew(good, content):
    right = verdict_of(good)
    (good.path / FILE_NAME).write_bytes(content)
    assert read_verdict(good.path) is None
    assert verdict_of(good) == right
    assert read_verdict(good.path) == right


def test_a_folder_that_takes_no_file_is_no_error(good):
    (good.path / FILE_NAME).mkdir()
    assert verdict_of(good).ok
    assert verdict_of(good).ok
    assert [path.name for path in good.path.iterdir() if path.name.startswith(".")] == []


def test_nothing_is_written_where_that_was_not_asked_for(good):
    before = sorted(path.name for path in good.path.iterdir())
    assert verdict_of(good, keep=False).ok
    assert sorted(path.name for path in good.path.iterdir()) == before


def test_the_tape_stays_what_it_was(good):
    rows, sha256 = all_rows(good), good.manifest.sha256
    verdict_of(good)
    again = open_tape(good.path)
    again.check_hash()
    assert again.manifest.sha256 == sha256
    assert (all_rows(again) == rows).all()


def test_a_very_long_tape_is_judged_only_on_demand(good, monkeypatch):
    monkeypatch.setattr(verdicts, "MOST_ROWS", good.manifest.rows - 1)
    assert verdict_of(good) is None
    assert read_verdict(good.path) is None
    told = keep_verdict(good, verify(good))
    assert verdict_of(good) == told


def test_no_verdict_is_kept_on_rows_that_are_not_the_manifests(good):
    changed = Tape(good.path, msgspec.structs.replace(good.manifest, clock="receive"))
    assert not verdict_of(changed).ok
    assert read_verdict(good.path) is None


def test_a_damaged_tape_is_an_error(good):
    shutil.rmtree(next(good.path.glob("day=*")))
    with pytest.raises(TapeError, match="parquet"):
        verdict_of(good)


def test_progress_is_told_while_a_verdict_is_made(good):
    told = []
    verdict_of(good, progress=lambda done, whole: told.append((done, whole)))
    assert told[-1] == (good.manifest.rows, good.manifest.rows)
    verdict_of(good, progress=lambda *_: pytest.fail("the kept one is read"))


def test_the_warning_has_the_numbers_and_the_command(good, bad):
    assert warning_text(verdict_of(good)) == ""
    assert warning_text(verdict_of(bad), bad.path) == (
        "the tape is not good data: 10 of 30 best prices differ, 1 of 1 compared minutes are bad: 2026-04-16T07:10Z; "
        f"what a session earns on it proves little (polydesk tape verify {bad.path})"
    )
    assert "nobody has checked" in warning_text(None)


def test_crossed_books_without_best_prices_are_told_without_them(tmp_path):
    messages = [book(T0_MS + i, [("0.6" if i % 2 else "0.4", "5")], [("0.5", "5")], UP) for i in range(20)]
    verdict = verdict_of(import_tape([write_raw(tmp_path / "r", messages)], tmp_path / "t"))
    assert verdict.problems == (
        "10 messages left a book crossed or locked, 1 of 1 compared minutes are bad: 2026-04-16T07:10Z",
    )
    assert (verdict.ok, verdict.witness, verdict.compared) == (False, "none", 0)


def test_of_many_bad_minutes_the_first_are_named(tmp_path):
    (problem,) = verdict_of(tape_of(tmp_path, lambda _: "0.39", count=1_200)).problems
    assert problem.startswith("1,200 of 1,200 best prices differ, 11 of 11 compared minutes are bad: 2026-04-16T07:10Z")
    assert problem.endswith("2026-04-16T07:12Z, ...")


def test_the_file_is_plain_json(bad):
    verdict_of(bad)
    told = json.loads((bad.path / FILE_NAME).read_text())
    assert list(told) == [
        "sha256", "version", "format", "ok", "witness", "problems", "compared", "mismatched", "minutes", "bad_minutes",
    ]  # fmt: skip
