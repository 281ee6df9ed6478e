"""Empty and broken data folders: the page says what is wrong and shows the rest."""

import shutil

import pytest
from playwright.sync_api import expect

from polydesk.store import FILE_NAME as LEDGER
from polydesk.tape.journal import FILE_NAME as JOURNAL


@pytest.fixture
def copied(two_sessions, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(two_sessions[0], folder)
    return folder


def notes(page):
    return page.locator("#app .pd-notes")


def test_an_empty_folder_says_how_to_begin(open_page, serve, tmp_path):
    page = open_page(serve(tmp_path).url)
    expect(page.locator("#app .pd-none")).to_contain_text("polydesk run")
    expect(page.locator("#app .pd-card").first).to_be_hidden()
    page.get_by_role("link", name="Sessions").click()
    expect(page.locator("#app .sessions")).to_contain_text("No session here yet")


def test_a_damaged_ledger_is_told_and_the_desk_is_still_shown(open_page, serve, copied, two_sessions):
    for end in ("-wal", "-shm"):
        (copied / f"{LEDGER}{end}").unlink(missing_ok=True)
    (copied / LEDGER).write_bytes(b"not a database" * 500)
    url = serve(copied).url
    page = open_page(f"{url}/?session={two_sessions[1][1]}")
    expect(notes(page)).to_contain_text("polydesk ledger rebuild --all")
    expect(page.locator("#app .pd-chip[data-key=sentinels]")).to_have_text("books balance")
    page.goto(f"{url}/sessions")
    expect(notes(page)).to_contain_text("polydesk ledger rebuild --all")
    expect(page.locator("#app .sessions tbody tr")).to_have_count(2)


def test_a_damaged_journal_is_told_where_it_is_damaged(open_page, serve, copied, two_sessions):
    journal = copied / "sessions" / two_sessions[1][0] / JOURNAL
    content = bytearray(journal.read_bytes())
    content[len(content) // 3 : len(content) // 3 + 200] = bytes(200)
    journal.write_bytes(bytes(content))
    (copied / LEDGER).unlink()
    url = serve(copied).url
    page = open_page(f"{url}/?session={two_sessions[1][0]}")
    expect(notes(page)).to_contain_text("damaged at offset")
    page.goto(f"{url}/?session={two_sessions[1][1]}")
    expect(page.locator("#app .fills tbody tr.pd-pick").first).to_be_visible()
    page.goto(f"{url}/sessions/{two_sessions[1][0]}/report")
    expect(page.locator("body")).to_contain_text("damaged at offset")


@pytest.mark.slow
def test_a_damaged_live_state_and_a_missing_tape_leave_the_rest(open_page, serve, copied, two_sessions):
    name = two_sessions[1][1]
    (copied / "sessions" / name / "live.state").write_bytes(b"nonsense" * 20)
    page = open_page(f"{serve(copied).url}/?session={name}")
    expect(notes(page)).to_contain_text("not a live state")
    expect(page.locator("#app .fills tbody tr.pd-pick").first).to_be_visible()
    expect(page.locator("#app .pd-meters li")).to_have_count(1)


@pytest.mark.slow
def test_without_scripts_the_page_says_that_it_stands_still(chromium, serve, two_sessions):
    folder, names = two_sessions
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(serve(folder).url)
    expect(page.locator("#pd-first .pd-strip")).to_contain_text(names[1])
    expect(page.locator("#pd-first .pd-late")).to_be_visible()
    context.close()
