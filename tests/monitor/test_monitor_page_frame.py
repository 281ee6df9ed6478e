"""A page that fails says so, tries less and less often, and recovers."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from polydesk.monitor.page_frame import Page
from polydesk.monitor.words import Language, words_for


class Notes:
    """Keeps what the page's notes were told."""

    def __init__(self):
        self.items = []

    def show(self, items, label):
        assert label
        self.items = items


class Failing(Page):
    """A page whose looks fail until ``well``."""

    well = False

    def read(self, *, first=False):
        return first

    def build(self):
        pass

    def show(self, told):
        if not self.well:
            raise ValueError(told)
        self.note([])


@pytest.fixture
def page():
    made = Failing(SimpleNamespace(follower=SimpleNamespace(ended=False)), words_for(Language.EN))
    made._parts["notes"] = Notes()
    made._timer = SimpleNamespace(interval=made.every_s)
    return made


def look(page):
    """Let the page look once; in a thread of its own, since a browser's loop may run in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(page.look())).result()


def fail(page):
    with pytest.raises(ValueError, match="False"):
        look(page)
    page._fail()


def test_a_failing_page_says_so_and_is_tried_less_often(page):
    pauses = []
    for _ in range(10):
        fail(page)
        pauses.append(page._timer.interval)
    assert page._parts["notes"].items == [page.words("page.stale")]
    assert pauses[:3] == [0.8, 1.6, 3.2]
    assert pauses[-1] == 60.0


def test_a_page_that_works_again_says_nothing_any_more(page):
    fail(page)
    page.well = True
    look(page)
    look(page)
    assert page._parts["notes"].items == []
    assert page._timer.interval == page.every_s
