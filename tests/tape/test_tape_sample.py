import hashlib
import shutil
import subprocess
import sys

import numpy as np
import pytest

from polydesk.model.errors import TapeError
from polydesk.model.grid import complement_g4
from polydesk.model.rows import RowFlag
from polydesk.tape import SAMPLES, ensure_sample, verify
from polydesk.tape.ladders import Book
from polydesk.tape.sample import RECORDINGS, VARIABLE, data_folder


@pytest.fixture(scope="module")
def cache(sample):
    """The folder into which the bundled recordings were imported, once per run of the tests."""
    return sample.path.parent


def test_both_recordings_are_one_good_tape(cache):
    tape = ensure_sample(cache)
    assert [source.format for source in tape.manifest.sources] == ["cronos", "tickscope"]
    assert len(tape.manifest.files) == 2
    assert len(tape.manifest.markets) == 16
    assert len(tape.manifest.resolutions) == 10
    assert tape.manifest.defects == {}
    assert tape.manifest.counts["snapshot"] == 5_237
    assert tape.manifest.rows == 465_805
    assert tape.manifest.counts["tick"] == 1
    assert not tape.manifest.constructed
    found = verify(tape)
    assert found.ok
    assert (found.snapshots_checked, found.derived_differ) == (41, 0)


def test_recorded_mirrors_agree(cache):
    """In the markets with both tokens, the books of one venue time are each other's mirrors."""
    tape = ensure_sample(cache)
    both = [market.index for market in tape.manifest.markets[:10] if all(token.recorded for token in market.tokens)]
    assert len(both) == 2
    rows = np.concatenate(list(tape.batches(0, tape.manifest.files[0].rows)))
    books, at, compared = {}, {}, 0
    for row in rows[np.isin(rows["market"], both)]:
        market, token = int(row["market"]), int(row["token"])
        if row["flags"] & RowFlag.FIRST:
            books[market, token] = Book()
        book = books[market, token]
        book.put(int(row["side"]), int(row["price_g4"]), int(row["size_u6"]))
        at[market, token] = int(row["venue_ns"])
        if row["flags"] & RowFlag.LAST and at.get((market, 1 - token)) == row["venue_ns"]:
            other = books[market, 1 - token]
            assert book.bids == {complement_g4(price): size for price, size in other.asks.items()}
            assert book.asks == {complement_g4(price): size for price, size in other.bids.items()}
            compared += 1
    assert compared > 800


def test_every_sample_has_its_own_tape(tmp_path):
    notes = []
    tapes = {name: ensure_sample(tmp_path, name, note=notes.append) for name in SAMPLES if name != "default"}
    assert [(tape.manifest.rows, len(tape.manifest.markets)) for tape in tapes.values()] == [(433_154, 10), (18_730, 3)]
    assert ["resolvedkit" in notes[0], "trade-engine" in notes[1]] == [True, True]
    for name, tape in tapes.items():
        assert verify(tape).ok
        assert tape.path.name.startswith(f"sample-{name}-")
        assert ensure_sample(tmp_path, name, note=notes.append).path == tape.path
    assert len(notes) == 2


def test_the_default_tape_is_still_the_same(cache):
    """Sessions recorded over it name it by this hash."""
    expected = "723ee52c264bfde3936c310e61d2670611367c30c8c599fffcfa74be03431eaa"
    assert ensure_sample(cache).manifest.sha256 == expected


def test_a_sample_of_another_name_is_refused(tmp_path):
    with pytest.raises(TapeError, match="'nasdaq': there is none of that name; choose one of default, resolvedkit"):
        ensure_sample(tmp_path, "nasdaq")


def test_the_bundled_files_are_small_listed_and_licensed():
    folder = data_folder()
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 10_000_000
    readme = (folder / "README.md").read_text()
    for sample in SAMPLES.values():
        for recording in sample.recordings:
            assert recording in readme
            assert hashlib.sha256((folder / recording).read_bytes()).hexdigest() in readme
            names = {path.name for path in (folder / recording).parent.iterdir()}
            assert names & {"ATTRIBUTION.md", "LICENSE"}


def test_a_finished_sample_is_used_again(cache):
    tape = ensure_sample(cache).path
    before = {path: path.stat().st_mtime_ns for path in tape.rglob("*.parquet")}
    notes = []
    ensure_sample(cache, note=notes.append)
    assert notes == []
    assert {path: path.stat().st_mtime_ns for path in tape.rglob("*.parquet")} == before != {}


@pytest.mark.slow
def test_a_damaged_sample_is_imported_again(cache, tmp_path):
    shutil.copytree(ensure_sample(cache).path, tmp_path / "c" / ensure_sample(cache).path.name)
    (part, _) = sorted((tmp_path / "c").rglob("*.parquet"))
    part.write_bytes(b"")
    notes = []
    tape = ensure_sample(tmp_path / "c", note=notes.append)
    assert "importing it again" in notes[0]
    assert tape.manifest.rows == 465_805


@pytest.mark.slow
@pytest.mark.parametrize("damaged", ["a fact", "a part"])
def test_a_sample_damaged_without_changing_its_size_is_imported_again(cache, tmp_path, damaged):
    before = ensure_sample(cache).manifest
    shutil.copytree(ensure_sample(cache).path, tmp_path / "c" / ensure_sample(cache).path.name)
    file = next((tmp_path / "c").rglob("manifest.json" if damaged == "a fact" else "*.parquet"))
    content = file.read_bytes()
    middle = len(content) // 2
    flipped = content[:middle] + bytes((content[middle] ^ 1,)) + content[middle + 1 :]
    file.write_bytes(content.replace(b'"slug": "btc', b'"slug": "eth', 1) if damaged == "a fact" else flipped)
    assert file.stat().st_size == len(content)
    assert file.read_bytes() != content
    notes = []
    tape = ensure_sample(tmp_path / "c", note=notes.append)
    assert ("content hash" if damaged == "a fact" else "damaged") in notes[0]
    assert "importing it again" in notes[0]
    assert tape.manifest == before
    tape.check_hash()


def test_a_newcomer_is_told_one_line(tmp_path):
    notes = []
    ensure_sample(tmp_path, "trade-engine", note=notes.append)
    assert len(notes) == 1
    assert notes[0].startswith("importing the bundled recordings")


@pytest.mark.slow
def test_two_processes_make_one_sample(tmp_path):
    script = (
        "import sys; from pathlib import Path; from polydesk.tape import ensure_sample\n"
        "print(ensure_sample(Path(sys.argv[1]), note=lambda text: print(text, file=sys.stderr)).manifest.sha256)"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    told = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert told[0][0] == told[1][0] != ""
    assert sum("importing the bundled" in text for _, text in told) == 1
    assert sorted(path.name.split("-")[0] for path in tmp_path.iterdir()) == ["sample", "sample.lock"]


def test_the_data_folder_can_be_named_and_must_be_there(tmp_path, monkeypatch):
    home = data_folder()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(TapeError, match=VARIABLE):
        ensure_sample(tmp_path / "c")
    for recording in RECORDINGS:
        (tmp_path / recording).parent.mkdir()
        shutil.copy(home / recording, tmp_path / recording)
    assert data_folder() == tmp_path


def test_a_cache_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TapeError, match="--data-dir"):
        ensure_sample(tmp_path / "file")
