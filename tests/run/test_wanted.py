"""Viewers ask for books through a small file, and nonsense in it harms nobody."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polydesk.run.wanted import FILE_NAME, MOST, WantedBooks, want_books


def test_what_is_wanted_is_seen_at_the_next_look(tmp_path):
    wanted = WantedBooks(tmp_path)
    assert wanted.markets(0.0) == frozenset()
    want_books(tmp_path, [3, 7])
    assert wanted.markets(0.1) == frozenset(), "the file is not looked at again so soon"
    assert wanted.markets(1.0) == {3, 7}
    os.unlink(tmp_path / FILE_NAME)
    assert wanted.markets(2.0) == frozenset()


def test_only_the_last_wishes_count_and_no_draft_stays(tmp_path):
    want_books(tmp_path, list(range(MOST + 5)))
    assert WantedBooks(tmp_path).markets(0.0) == frozenset(range(5, MOST + 5))
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize("text", ["", "{", "null", "7", '{"a": 1}', '["x", 1.5, null]', "\x00\xff", "[" * 3000])
def test_nonsense_is_ignored(tmp_path, text):
    (tmp_path / FILE_NAME).write_text(text, encoding="utf-8")
    assert WantedBooks(tmp_path).markets(0.0) == frozenset()


@given(st.lists(st.integers(0, 10_000), max_size=20))
def test_any_wish_comes_back(tmp_path_factory, markets):
    folder = tmp_path_factory.mktemp("wish")
    want_books(folder, markets)
    assert WantedBooks(folder).markets(0.0) == frozenset(markets[-MOST:])


def test_a_folder_that_is_gone_is_an_error_for_the_viewer_only(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        want_books(tmp_path / "gone", [1])
    assert WantedBooks(tmp_path / "gone").markets(0.0) == frozenset()
