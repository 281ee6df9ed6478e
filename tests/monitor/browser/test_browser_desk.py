"""The first page in a real browser, on an ended session: numbers, search, dialogs, keyboard, colours, languages."""

import json
import re

import pytest
from playwright.sync_api import expect
from typer.testing import CliRunner

from polydesk.cli.app import app
from polydesk.monitor.words import Language, words_for

_NAMES = """() => {
  const all = (what) => [...document.querySelector('#app').querySelectorAll(what)].filter((e) => !e.closest('.hidden'));
  const named = (e) => e.labels?.length || e.getAttribute('aria-label') || e.textContent.trim() || e.title;
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  return {
    unnamed: all('input, button, a, select').filter((e) => !named(e)).map((e) => e.outerHTML),
    headings: all('h1, h2, h3, h4').filter((e) => !e.closest('dialog')).map((e) => +e.tagName[1]),
    headless: all('table').filter((t) => !t.querySelector('th[scope=col]')).length,
    uncaptioned: all('table').filter((t) => !t.caption?.textContent.trim()).length,
    mains: all('main:not([role]), [role=main]').length,
    charts: all('.pd-chart').filter((e) => !e.getAttribute('aria-label')).length,
    ids: ids.filter((id, at) => ids.indexOf(id) !== at),
    lang: document.documentElement.lang,
  };
}"""

_FILL_LADDER = """async (size) => {
  const ladder = getElement(Number(document.querySelector('#app .pd-ladder').id.slice(1)));
  const level = { price: '0.4855', size, raw: 1, own: size };
  for (const side of [ladder.asks, ladder.bids]) side.splice(0, 10, ...Array(10).fill(level));
  ladder.$forceUpdate();
  await ladder.$nextTick();
  const cells = [...document.querySelectorAll('#app .pd-ladder tbody tr:not(.middle) > *')];
  if (cells.filter((cell) => cell.textContent.trim() === size).length !== 40) return ['sizes are missing'];
  return cells.filter((cell) => cell.scrollWidth > cell.clientWidth)
    .map((cell) => `${cell.className} ${cell.textContent}: ${cell.scrollWidth} > ${cell.clientWidth}`);
}"""

_COLOURS = """() => {
  const style = getComputedStyle(document.documentElement);
  const names = ['ink', 'soft', 'card', 'ground', 'gain', 'loss', 'good', 'warn', 'bad', 'accent', 'bid', 'ask'];
  names.push('good-bg', 'warn-bg', 'bad-bg');
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--pd-${name}`).trim()]));
}"""


@pytest.fixture(scope="module")
def url(serve, two_sessions):
    return serve(two_sessions[0]).url


@pytest.fixture
def page(open_page, url):
    return open_page(url)


def report(folder, name):
    ran = CliRunner().invoke(app, ["report", name, "--json", "--data-dir", str(folder)])
    assert ran.exit_code == 0
    return json.loads(ran.stdout.splitlines()[-1])


def tile(page, key):
    return page.locator(f"#app .pd-tile[data-key={key}]")


def row(page, card, place=0):
    return page.locator(f"#app .{card} tbody tr").nth(place)


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_the_figures_are_those_of_the_report(page, two_sessions):
    folder, names = two_sessions
    told = report(folder, names[1])
    expect(page.locator("#app .pd-strip [data-key=session] dd")).to_have_text(f"{names[1]}, the newest")
    for key, name in (("pnl_matched", "matched"), ("pnl_confirmed", "confirmed")):
        expect(tile(page, key).locator(".value")).to_have_text(f"{float(told['pnl'][name]):+,.2f}")
        expect(tile(page, key).locator(".unit")).to_have_text("pUSD")
    expect(tile(page, "fees").locator(".value")).to_have_text(f"{float(told['fees']):,.2f}")
    expect(tile(page, "fills").locator(".value")).to_have_text(f"{told['fills']:,}")
    expect(tile(page, "orders").locator(".value")).to_have_text(f"{told['orders']:,}")


def test_the_figures_are_in_the_page_before_any_script_runs(open_page, url, two_sessions):
    folder, names = two_sessions
    page = open_page(java_script_enabled=False)
    page.goto(url)
    first = page.locator("#pd-first .pd-tile .value").first
    expect(first).to_have_text(f"{float(report(folder, names[1])['pnl']['matched']):+,.2f}")


def test_constructed_data_cannot_be_overlooked(page):
    expect(page.locator("#app .pd-banner")).to_contain_text("CONSTRUCTED DATA")
    expect(page.locator("#app .pd-chip[data-key=data]")).to_have_text("constructed data")


def test_charts_are_drawn_and_their_numbers_are_beside_them(page):
    expect(page.locator("#app .pd-chart canvas")).to_have_count(3)
    page.locator("summary", has_text="The curves in numbers").click()
    expect(page.locator("#app .wide details table tbody tr").first).to_be_visible()
    page.locator("summary", has_text="Prices and our fills in numbers").click()
    expect(page.locator("#app .market details table")).to_have_count(2)
    expect(page.locator("#app .market details table tbody tr").first).to_be_visible()


def test_a_market_is_found_by_part_of_its_name(page):
    box = page.get_by_label("Market", exact=True).and_(page.locator("input"))
    box.fill("e-1")
    box.press("Enter")
    expect(box).to_have_value("made-1")
    expect(page).to_have_url(re.compile("market=made-1"))
    box.fill("no such market")
    box.press("Enter")
    expect(page.locator("#app .pd-chooser .wrong")).to_have_text("No such market")
    expect(box).to_have_attribute("aria-invalid", "true")
    box.fill("made-0")
    box.press("Enter")
    expect(page.locator("#app .pd-chooser .wrong")).to_be_empty()
    page.get_by_label("Down", exact=True).check()
    expect(page.locator("#app .pd-ladder caption")).to_contain_text("made-0, Down")


def test_a_decision_opens_with_every_term_and_their_sum(page):
    button = row(page, "decisions").get_by_role("button")
    button.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    terms = dialog.get_by_role("table", name="Every term")
    values = [float(text) for text in terms.locator("tbody tr:not(.total) td:nth-child(2)").all_inner_texts()]
    total = terms.locator("tr.total td:nth-child(2)")
    assert values
    if len(values) > 1 and total.count():
        assert float(total.inner_text()) == pytest.approx(sum(values), abs=1e-5)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()


def test_a_refusal_opens_with_the_check_that_said_no(page):
    reason = row(page, "refusals").locator("td").nth(1).inner_text()
    row(page, "refusals").get_by_role("button").click()
    dialog = page.get_by_role("dialog")
    failed = dialog.get_by_role("table", name="Every risk check").locator("tr.bad")
    expect(failed).to_have_count(1)
    expect(failed).to_contain_text("REFUSED")
    expect(dialog).to_contain_text(f"refused: {reason}")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


def test_a_fill_opens_its_order_with_everything_that_happened(page):
    row(page, "fills").get_by_role("button").click()
    dialog = page.get_by_role("dialog")
    events = dialog.get_by_role("table", name="What happened")
    expect(events).to_contain_text("sent")
    expect(events).to_contain_text("filled")
    expect(dialog).to_contain_text("polydesk explain ord-")


def test_the_keyboard_is_enough(page):
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    row(page, "fills").get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_hidden()
    switch = page.get_by_label("without holds")
    switch.focus()
    page.keyboard.press("Space")
    expect(switch).not_to_be_checked()
    expect(page.locator("#app .decisions tbody tr.soft").first).to_be_visible()


def test_the_colours_chosen_stay(page, is_ready):
    button = page.get_by_role("button", name="Colours: automatic, light or dark")
    expect(button).to_have_text("Auto")
    button.click()
    expect(button).to_have_text("Light")
    button.click()
    expect(button).to_have_text("Dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 20, 24)"
    page.reload()
    is_ready(page)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 20, 24)"
    expect(page.get_by_role("button", name="Colours")).to_have_text("Dark")


def test_the_system_decides_the_colours_unless_somebody_chose(open_page, url):
    grounds = {
        scheme: open_page(url, color_scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    }
    assert grounds == {"light": "rgb(244, 246, 248)", "dark": "rgb(14, 20, 24)"}


def test_it_speaks_chinese(page, is_ready):
    words = words_for(Language.ZH)
    page.get_by_role("link", name="中文").click()
    page.wait_for_url(re.compile("lang=zh"))
    is_ready(page)
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    for key in ("desk.decisions", "desk.trust", "desk.positions"):
        expect(page.get_by_role("heading", name=words(key), exact=True)).to_be_visible()
    expect(tile(page, "pnl_matched").locator("dt")).to_have_text(words("tile.pnl_matched"))
    # The line that names session and recording is left out: those are names, whatever the language.
    text = page.locator("main#main").inner_text().replace(page.locator("#app .pd-strip").inner_text(), "")
    names = {"made", "mean", "reversion", "inventory", "maker", "ensemble", "Down", "UTC", "pUSD", "PnL"}
    english = {word for word in re.findall(r"[A-Za-z]{3,}", text) if not re.fullmatch(r"[0-9a-f]+|ord", word)}
    assert english - names == set()


def test_an_emptied_market_field_names_the_market_shown_again(page):
    box = page.get_by_label("Market", exact=True).and_(page.locator("input"))
    shown = box.input_value()
    assert shown
    box.fill("")
    box.blur()
    expect(box).to_have_value(shown)
    expect(page.locator("#app .pd-chooser .wrong")).to_be_empty()


@pytest.mark.parametrize("size", ["9,999.99", "158,074", "99,999,999"])
@pytest.mark.parametrize("width", [1440, 1280, 800, 390])
def test_no_size_in_the_ladder_is_cut(open_page, url, width, size):
    page = open_page(url, viewport={"width": width, "height": 900})
    cut = page.evaluate(_FILL_LADDER, size)
    assert cut == []
    assert overflow(page) <= 0


@pytest.mark.parametrize("width", [390, 800])
@pytest.mark.parametrize("path", ["/", "/sessions"])
def test_small_windows_never_scroll_sideways(open_page, url, width, path):
    page = open_page(f"{url}{path}", viewport={"width": width, "height": 844}, has_touch=True)
    assert overflow(page) <= 0
    if path == "/":
        row(page, "refusals").get_by_role("button").tap()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert overflow(page) <= 0


@pytest.mark.parametrize("path", ["/", "/sessions"])
def test_everything_has_a_name_and_an_order(open_page, url, path):
    page = open_page(f"{url}{path}")
    told = page.evaluate(_NAMES)
    assert told["unnamed"] == []
    assert told["headings"][0] == 1
    assert told["headings"].count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in zip(told["headings"], told["headings"][1:], strict=False))
    assert (told["headless"], told["uncaptioned"], told["charts"]) == (0, 0, 0)
    assert told["mains"] == 1
    assert told["ids"] == []
    assert told["lang"] == "en-US"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_from_its_ground(open_page, url, theme):
    page = open_page(url, color_scheme=theme)
    colours = page.evaluate(_COLOURS)
    pairs = [(name, "card") for name in ("ink", "soft", "gain", "loss", "good", "warn", "bad", "accent", "bid", "ask")]
    pairs += [("ink", "ground"), ("soft", "ground"), ("good", "good-bg"), ("warn", "warn-bg"), ("bad", "bad-bg")]
    weak = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


def contrast(one, other):
    """Contrast ratio of two colours as WCAG 2 defines it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_report_opens_and_leads_back(page, two_sessions):
    page.get_by_role("link", name="open the report").click()
    page.wait_for_url(re.compile("/report"))
    expect(page.locator("body")).to_contain_text(two_sessions[1][1])
    page.get_by_role("link", name="Back to the dashboard").click()
    page.wait_for_url(re.compile(f"session={two_sessions[1][1]}"))


def test_an_unknown_session_is_said_to_be_unknown(open_page, url):
    page = open_page(f"{url}/?session=..%2F..%2Fetc")
    expect(page.locator("#app .pd-none")).to_contain_text("There is no session ../../etc")
    expect(page.locator("#app .pd-tiles")).to_be_hidden()
