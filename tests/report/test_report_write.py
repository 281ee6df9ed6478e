"""Where a page may be written."""

import os
import threading

import pytest

from polydesk.model.errors import SessionError
from polydesk.report.html import write_page


def test_a_page_goes_through_a_link(tmp_path):
    target, link = tmp_path / "target.html", tmp_path / "link.html"
    target.write_text("old")
    link.symlink_to(target)
    write_page(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.html", "target.html"]


def test_a_pipe_stays_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    write_page(pipe, "page")
    reader.join()
    assert got == ["page"]
    assert pipe.is_fifo()


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(SessionError, match="cannot write the page"):
        write_page(tmp_path / "no" / "page.html", "page")
