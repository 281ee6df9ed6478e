"""The journal keeps every record, in order, and notices every changed byte."""

import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from journal_samples import RECORD_TYPES, fill, header, records, small_session

from polydesk.model.errors import JournalError
from polydesk.model.records import HASHED, SessionHalted
from polydesk.tape.journal import JournalWriter, journal_hash, read_from, read_journal
from polydesk.tape.journal_frames import START, read_batches

SMALL = 16 << 10


def write_small(path):
    """Write the small session and return all its records and the batch ends."""
    writer = JournalWriter.create(path, header(), reserve_bytes=SMALL, sync_every_s=3600)
    for batch in small_session():
        for record in batch:
            writer.append(record)
        writer.commit()
    writer.close()
    return list(read_journal(path)), [START, *(batch.end for batch in read_batches(path))]


@given(st.lists(st.lists(records(), max_size=4), max_size=5))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_record_type_comes_back_and_the_hash_is_a_function_of_the_records(tmp_path_factory, batches):
    path = tmp_path_factory.mktemp("s") / "journal.pdj"
    writer = JournalWriter.create(path, header(tape_sha256="cd" * 32), sync_every_s=3600)
    written = [header(tape_sha256="cd" * 32)]
    for batch in batches:
        for record in batch:
            writer.append(record)
            written.append(record)
        writer.commit()
    writer.close()
    assert list(read_journal(path)) == written
    assert writer.records == len(written)
    if not any(type(record).__name__ == "SessionStarted" for record in written[1:]):
        assert writer.journal_sha256 == journal_hash(written, "cd" * 32)


def test_the_union_is_covered_and_marks_stay_out_of_the_hash():
    assert len(RECORD_TYPES) == 24
    outside = {kind.__name__ for kind in RECORD_TYPES} - {kind.__name__ for kind in HASHED}
    assert outside == {
        "Marked", "SentinelBroke", "SessionStarted", "SessionResumed", "SessionHalted", "SessionEnded",
    }  # fmt: skip
    assert journal_hash([fill(1), SessionHalted("error", 1)], "aa") == journal_hash([fill(1)], "aa")
    assert journal_hash([fill(1)], "aa") != journal_hash([fill(1)], "ab")
    assert journal_hash([fill(1), fill(2)], "aa") != journal_hash([fill(2), fill(1)], "aa")
    assert journal_hash([], "aa") == hashlib.sha256(b"\2\0\0\0aa").hexdigest()


def test_a_cut_at_every_byte_recovers_exactly_the_whole_batches(tmp_path):
    path = tmp_path / "whole" / "journal.pdj"
    everything, ends = write_small(path)
    content = path.read_bytes()
    counts = [0, 1, 3, 4, 7, 8]
    assert ends[-1] == len(content)
    cut = tmp_path / "cut" / "journal.pdj"
    cut.parent.mkdir()
    for size in range(ends[1], len(content) + 1):
        cut.write_bytes(content[:size])
        whole = max(n for n, end in enumerate(ends) if end <= size)
        writer, recovered = JournalWriter.resume(cut, reserve_bytes=SMALL, sync_every_s=3600)
        assert recovered == everything[: counts[whole]], size
        torn = sorted(cut.parent.glob("journal.torn-*"))
        assert [file.read_bytes() for file in torn] == [content[ends[whole] : size].rstrip(b"\0")] * (size not in ends)
        writer.append(fill(99))
        writer.close()
        assert list(read_journal(cut)) == [*recovered, fill(99)]
        for file in torn:
            file.unlink()
    for size in range(ends[1]):
        cut.write_bytes(content[:size])
        with pytest.raises(JournalError, match=r"header|format"):
            JournalWriter.resume(cut, reserve_bytes=SMALL)


def test_every_flipped_byte_is_found_or_cuts_the_last_batch(tmp_path):
    path = tmp_path / "journal.pdj"
    everything, ends = write_small(path)
    content = path.read_bytes()
    for position in range(len(content)):
        damaged = bytearray(content)
        damaged[position] ^= 1 << (position % 8)
        path.write_bytes(damaged)
        if position >= ends[-2]:
            assert list(read_journal(path)) == everything[:-1]
        elif position < START:
            with pytest.raises(JournalError, match=r"header|format"):
                list(read_journal(path))
        else:
            start = max(end for end in ends if end <= position)
            with pytest.raises(
                JournalError, match=f"damaged at offset {start}, .*nothing from there on can be trusted"
            ):
                list(read_journal(path))
            with pytest.raises(JournalError, match=f"offset {start}"):
                JournalWriter.resume(path)


def test_an_exchanged_frame_breaks_the_chain(tmp_path):
    path, other = tmp_path / "a.pdj", tmp_path / "b.pdj"
    _, ends = write_small(path)
    content = path.read_bytes()
    # A frame that is whole in itself (CRC and all) but written after another history.
    writer = JournalWriter.create(other, header("another"), sync_every_s=3600)
    for record in small_session()[0]:
        writer.append(record)
    writer.close()
    foreign = other.read_bytes()[next(read_batches(other)).end :]
    path.write_bytes(content[: ends[1]] + foreign + content[ends[2] :])
    with pytest.raises(JournalError, match=f"chain is broken at offset {ends[1]}"):
        list(read_journal(path))


def test_reading_while_it_is_written_continues_where_it_stopped(tmp_path):
    path = tmp_path / "journal.pdj"
    writer = JournalWriter.create(path, header(), reserve_bytes=SMALL)
    seen, offset = read_from(path)
    assert seen == [header()]
    writer.append(fill(1))
    assert read_from(path, offset) == ([], offset), "not committed, not visible"
    writer.commit()
    assert read_from(path, offset)[0] == [fill(1)]
    offset = read_from(path, offset)[1]
    writer.append(fill(2))
    writer.append(fill(3))
    writer.close()
    seen, end = read_from(path, offset)
    assert seen == [fill(2), fill(3)]
    assert end == path.stat().st_size, "close gives the allocated space back"
    with pytest.raises(JournalError, match="behind the end"):
        read_from(path, end + 1)
    with pytest.raises(JournalError, match=r"damaged|chain"):
        read_from(path, offset - 1)


def test_resume_continues_hash_count_and_chain(tmp_path):
    path = tmp_path / "journal.pdj"
    writer = JournalWriter.create(path, header())
    writer.append(fill(1))
    writer.close()
    writer.close()
    again, recovered = JournalWriter.resume(path)
    assert recovered == [header(), fill(1)]
    assert (again.records, again.journal_sha256) == (writer.records, writer.journal_sha256)
    again.append(fill(2))
    again.close()
    assert again.journal_sha256 == journal_hash([fill(1), fill(2)], header().tape_sha256)
    assert list(read_journal(path)) == [header(), fill(1), fill(2)]


def test_what_cannot_be_opened_is_named(tmp_path):
    with pytest.raises(JournalError, match=r"none\.pdj: cannot read"):
        list(read_journal(tmp_path / "none.pdj"))
    (tmp_path / "text.pdj").write_text("not a journal at all, but long enough to hold a header")
    with pytest.raises(JournalError, match="not that of a session journal"):
        list(read_journal(tmp_path / "text.pdj"))
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="choose another data directory"):
        JournalWriter.create(tmp_path / "file" / "s" / "journal.pdj", header())
    JournalWriter.create(tmp_path / "journal.pdj", header()).close()
    with pytest.raises(JournalError, match="exists already"):
        JournalWriter.create(tmp_path / "journal.pdj", header())
    with pytest.raises(JournalError, match="cannot continue"):
        JournalWriter.resume(tmp_path / "missing.pdj")
    content = bytearray((tmp_path / "journal.pdj").read_bytes())
    content[12] = 2
    (tmp_path / "journal.pdj").write_bytes(content)
    with pytest.raises(JournalError, match="format differs from 1"):
        list(read_journal(tmp_path / "journal.pdj"))


def test_a_record_that_the_reserve_could_not_save_is_refused(tmp_path):
    with pytest.raises(JournalError, match="exceeds"):
        JournalWriter.create(tmp_path / "journal.pdj", header("s" * 20_000), reserve_bytes=SMALL)
    assert not (tmp_path / "journal.pdj").exists()
