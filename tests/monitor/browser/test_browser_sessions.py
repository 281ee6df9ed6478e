"""The second page in a real browser: a list that can be long, and sessions side by side."""

import re

import pytest
from playwright.sync_api import expect

from polydesk.monitor.follower import Follower
from store.session_samples import header, write_session


@pytest.fixture(scope="module")
def url(serve, two_sessions):
    return serve(two_sessions[0]).url


@pytest.fixture(scope="module")
def crowded(serve, tmp_path_factory):
    """A data folder with 60 sessions."""
    folder = tmp_path_factory.mktemp("crowd")
    for number in range(60):
        write_session(folder / "sessions" / f"s-{number:03}", [[header(f"s-{number:03}")]])
    follower = Follower(folder)
    follower.look()
    follower.close()
    return serve(folder).url


def names(page):
    return page.locator("#app .sessions tbody td:nth-child(2)")


def test_each_session_has_its_figures_and_its_report(open_page, url, two_sessions):
    page = open_page(f"{url}/sessions")
    expect(names(page)).to_have_text(list(reversed(two_sessions[1])))
    line = page.locator("#app .sessions tbody tr").first
    expect(line).to_contain_text("paper")
    expect(line).to_contain_text("ended")
    expect(line).to_contain_text("constructed data")
    line.get_by_role("link", name="report").click()
    page.wait_for_url(re.compile(f"/sessions/{two_sessions[1][1]}/report"))


def test_a_phone_shows_what_a_session_earned(open_page, url):
    page = open_page(f"{url}/sessions", viewport={"width": 390, "height": 844}, has_touch=True)
    for column in ("PnL matched, pUSD", "PnL confirmed, pUSD"):
        box = page.locator("#app .sessions").get_by_role("columnheader", name=column).bounding_box()
        assert box["x"] + box["width"] <= 390, column


def test_two_sessions_side_by_side_show_what_differs(open_page, url, two_sessions, is_ready):
    page = open_page(f"{url}/sessions")
    for name in two_sessions[1]:
        page.get_by_label(f"Compare {name}").check()
    table = page.get_by_role("table", name="Side by side")
    expect(table.get_by_role("columnheader")).to_have_text(["What", *two_sessions[1], "Differs"])
    seed = table.locator("tr", has=page.get_by_role("rowheader", name="Seed", exact=True))
    expect(seed.locator("td")).to_have_text(["0", "9", "yes"])
    mode = table.locator("tr", has=page.get_by_role("rowheader", name="Mode", exact=True))
    expect(mode.locator("td").last).to_have_text("no")
    expect(page.locator("#app .pd-banner")).to_have_text("Different recordings: results cannot be compared directly")
    page.get_by_label("only what differs").check()
    expect(mode).to_have_count(0)
    expect(seed).to_have_count(1)
    expect(page.locator("#app .pd-chart canvas")).to_be_visible()
    page.reload()
    is_ready(page)
    expect(page.get_by_role("table", name="Side by side")).to_be_visible()
    page.get_by_label(f"Compare {two_sessions[1][0]}").uncheck()
    expect(page.get_by_role("table", name="Side by side")).to_be_hidden()


def test_a_long_list_has_pages_and_a_filter(open_page, crowded):
    page = open_page(f"{crowded}/sessions")
    expect(page.locator("#app .pd-pager [role=status]")).to_have_text("1 to 25 of 60")
    expect(names(page).first).to_have_text("s-059")
    older, newer = page.get_by_role("button", name="Older"), page.get_by_role("button", name="Newer")
    expect(newer).to_be_disabled()
    older.click()
    expect(names(page).first).to_have_text("s-034")
    older.click()
    expect(page.locator("#app .pd-pager [role=status]")).to_have_text("51 to 60 of 60")
    expect(older).to_be_disabled()
    page.get_by_label("Session", exact=True).fill("s-01")
    expect(names(page)).to_have_text([f"s-01{digit}" for digit in range(9, -1, -1)])
    page.get_by_label("Session", exact=True).fill("zebra")
    expect(page.locator("#app .sessions")).to_contain_text("No session has such a name")
