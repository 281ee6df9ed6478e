"""A running desk in a real browser: it moves, it is missed when it is gone, and everything comes back by itself."""

import os
import re
import signal

import pytest
from monitor_samples import LIVELY
from playwright.sync_api import expect

from made import made_tape
from polydesk.monitor.listen import listen
from polydesk.monitor.words import Language, words_for


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    """Five minutes of two markets."""
    path = tmp_path_factory.mktemp("live") / "tape"
    made_tape(path, seed=3)
    return path


@pytest.fixture
def paced(run_desk, tape):
    """Start a desk that takes about half a minute."""
    settings = [part for setting in LIVELY for part in ("--set", setting)]
    return lambda folder, speed=10, **more: run_desk(folder, "--tape", tape, "--speed", speed, *settings, **more)


def state(page):
    return page.locator("#app .pd-chip[data-key=state]")


def served_by(desk):
    """Wait until a desk has said where its dashboard is; return its address and whether the port was taken."""
    for line in desk.stderr:
        if found := re.search(r"(is in use; )?dashboard: (http://127\.0\.0\.1:\d+)", line):
            return found[2], bool(found[1])
    raise AssertionError("the desk ended without a word of its dashboard")


def contact(page):
    return page.locator("#app .pd-contact[role=alert] p")


def shown_time(page):
    return page.locator("#app .pd-head .line").inner_text()


def test_a_running_desk_moves_and_its_orders_are_in_the_ladder(open_page, serve, paced, tmp_path):
    page = open_page(serve(tmp_path).url)
    expect(page.locator("#app .pd-none")).to_be_visible()
    paced(tmp_path)
    expect(state(page)).to_have_text("running")
    before = shown_time(page)
    page.wait_for_function("before => document.querySelector('#app .pd-head .line').textContent !== before", arg=before)
    expect(page.locator("#app .fills tbody tr.pd-pick").first).to_be_visible()
    # Compared inside the page, at one moment: what the list of orders says is in the ladder.
    page.wait_for_function(
        """() => {
          const chosen = document.querySelector('#app .market input[type=search]').value;
          const rows = [...document.querySelectorAll('#app .orders tbody tr.pd-pick')]
            .map((row) => [...row.cells].map((cell) => cell.textContent.trim()));
          const mine = rows.filter((cells) => cells[1] === chosen && cells[2] === 'buy Up');
          const bids = [...document.querySelectorAll('#app .pd-ladder tr.bid')]
            .filter((row) => row.querySelector('.own span')).map((row) => row.querySelector('th').textContent.trim());
          return mine.length > 0 && mine.every((cells) => bids.includes(cells[3]));
        }"""
    )
    expect(page.locator("#app .pd-strip [data-key=published] dd")).to_have_text("less than 1 s ago")
    assert page.locator("#app .pd-notes p").count() == 0


@pytest.mark.slow
def test_a_list_holds_still_under_the_pointer(open_page, serve, paced, tmp_path):
    page = open_page(serve(tmp_path).url)
    paced(tmp_path)
    expect(page.locator("#app .decisions tbody tr.pd-pick")).not_to_have_count(0)
    page.locator("#app .decisions tbody tr").first.hover()
    first = page.locator("#app .decisions tbody tr").first.get_attribute("data-id")
    expect(page.locator("#app .decisions .pd-held")).to_be_visible()
    assert page.locator("#app .decisions tbody tr").first.get_attribute("data-id") == first
    page.mouse.move(5, 5)
    expect(page.locator("#app .decisions .pd-held")).to_have_count(0)
    expect(page.locator("#app .decisions tbody tr").first).not_to_have_attribute("data-id", first)


@pytest.mark.slow
def test_a_killed_desk_is_missed_and_the_next_one_followed(open_page, serve, paced, tmp_path):
    page = open_page(serve(tmp_path).url)
    desk = paced(tmp_path)
    expect(state(page)).to_have_text("running")
    name = page.locator("#app .pd-strip [data-key=session] dd").inner_text()
    desk.send_signal(signal.SIGKILL)
    desk.wait()
    page.wait_for_function("() => document.querySelector('#app .pd-chip[data-key=state]').textContent === 'silent'")
    expect(page.locator("#app .pd-notes")).to_contain_text(f"polydesk run --resume {name.split(',')[0]}")
    page.get_by_label("without holds").focus()
    page.evaluate("scrollTo(0, 700)")
    paced(tmp_path)
    expect(page.locator("#app .pd-strip [data-key=session] dd")).not_to_have_text(name)
    expect(state(page)).to_have_text("running")
    expect(page.get_by_label("without holds")).to_be_focused()
    assert page.evaluate("scrollY") == 700


@pytest.mark.slow
def test_the_page_comes_back_when_the_dashboard_does(open_page, serve, paced, tmp_path):
    first = serve(tmp_path)
    port = int(first.url.rsplit(":", 1)[1])
    page = open_page(first.url)
    paced(tmp_path, 5)
    expect(state(page)).to_have_text("running")
    before = page.evaluate("window.clientId")
    first.close()
    expect(contact(page)).to_be_visible()
    serve(tmp_path, port)
    page.wait_for_function(
        "before => window.clientId && window.clientId !== before && window.did_handshake", arg=before
    )
    expect(state(page)).to_have_text("running")
    expect(contact(page)).to_have_count(0)
    moment = shown_time(page)
    page.wait_for_function("before => document.querySelector('#app .pd-head .line').textContent !== before", arg=moment)


@pytest.mark.parametrize("lang", [Language.EN, pytest.param(Language.ZH, marks=pytest.mark.slow)])
def test_a_page_without_its_dashboard_says_that_it_is_old(open_page, serve, paced, tmp_path, lang):
    dashboard = serve(tmp_path)
    words = words_for(lang)
    paced(tmp_path, 5)
    page = open_page(f"{dashboard.url}/?lang={lang}")
    expect(state(page)).to_have_text(words("state.running"))
    expect(contact(page)).to_have_count(0)
    os.kill(dashboard.pid, signal.SIGKILL)
    expect(contact(page)).to_have_text(
        re.compile(re.escape(words("page.lost", at="@")).replace("@", r"\d\d:\d\d:\d\d"))
    )
    expect(contact(page)).to_be_in_viewport()
    expect(state(page)).to_have_text(words("chip.lost"))
    expect(page.locator("#app .pd-strip [data-key=published] dd")).to_have_text(words("age.lost"))
    assert page.locator("#app .pd-chip.good").count() == 0
    assert page.evaluate("getComputedStyle(document.querySelector('main#main')).opacity") == "0.5"
    expect(page.locator("#popup")).to_be_hidden()
    page.evaluate("scrollTo(0, 900)")
    expect(contact(page)).to_be_in_viewport()


def test_the_page_outlives_its_desk_and_follows_the_resumed_session(open_page, run_desk, paced, tmp_path):
    with listen(0).socket as taken:
        port = taken.getsockname()[1]
    desk = paced(tmp_path, shown=("--dashboard", "--port", port))
    url, busy = served_by(desk)
    assert not busy
    page = open_page(url)
    expect(state(page)).to_have_text("running")
    expect(page.locator("#app .fills tbody tr.pd-pick").first).to_be_visible()
    name = page.locator("#app .pd-strip [data-key=session] dd").inner_text().split(",")[0]
    desk.send_signal(signal.SIGKILL)
    desk.wait()
    expect(state(page)).to_have_text("silent")
    expect(page.locator("#app .pd-notes")).to_contain_text(f"polydesk run --resume {name}")
    expect(contact(page)).to_have_count(0)
    moment = shown_time(page)
    again = run_desk(tmp_path, "--resume", name, "--speed", 10, shown=("--dashboard", "--port", port))
    expect(state(page)).to_have_text("running")
    page.wait_for_function("before => document.querySelector('#app .pd-head .line').textContent !== before", arg=moment)
    expect(page.locator("#app .pd-notes p")).to_have_count(0)
    assert page.locator("#app .pd-strip [data-key=session] dd").inner_text().startswith(name)
    other, busy = served_by(again)
    assert busy
    assert other != url
    again.send_signal(signal.SIGINT)
    again.wait()
    expect(state(page)).to_have_text("ended")
