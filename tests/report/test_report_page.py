"""The page: self-contained, escaped, small, and honest when something is missing."""

import io
import itertools
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from made_up_sessions import START_NS, made_study, make_session, prices
from rich.console import Console

from polydesk.model.errors import SessionError
from polydesk.model.records import SentinelBroke, StrategyFailed
from polydesk.report.headline import headline, key_figures
from polydesk.report.html import render_page, write_page
from polydesk.report.page import SECTIONS
from polydesk.report.quality import qualities
from polydesk.report.quantities import gain
from polydesk.report.sentence import plain_summary
from polydesk.report.session import Session
from polydesk.report.summary import Summary, summarise
from polydesk.report.terminal import print_report

VOID = {"meta", "link", "br", "hr", "img", "input", "path", "line", "rect", "wbr"}


@pytest.fixture(scope="module")
def session() -> Session:
    return make_session()


@pytest.fixture(scope="module")
def summary(session: Session) -> Summary:
    found = prices(session)
    return made_study(session, summarise(session, found.bids), found)


@pytest.fixture(scope="module")
def page(session: Session, summary: Summary) -> str:
    found = prices(session)
    return render_page(summary, found, "", qualities(summary.fills, found))


class Balanced(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict]] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def parsed(page: str) -> Balanced:
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    return parser


def test_page_is_self_contained_and_small(page: str) -> None:
    tags = parsed(page).tags
    assert not [tag for tag, _ in tags if tag in {"script", "link", "img", "iframe", "object"}]
    assert not [a for _, a in tags if {"src", "srcset", "style", "onclick", "onload"} & a.keys()]
    targets = [attrs["href"] for _, attrs in tags if "href" in attrs]
    assert targets
    assert all(target.startswith("#") for target in targets), "links stay inside the page"
    assert "http" not in re.sub(r"http-equiv", "", page)
    assert "url(" not in page
    assert len(page.encode()) < 2_000_000


def test_every_chart_has_title_description_and_a_table(page: str) -> None:
    figures = re.findall(r"<figure>.*?</figure>", page, re.DOTALL)
    assert len(figures) >= 10
    for figure in figures:
        drawings = re.findall(r"<svg class=\"chart.*?</svg>", figure, re.DOTALL)
        assert 1 <= len(drawings) <= 2, "one for every width, or a wide and a narrow one"
        assert all("<title>" in drawing and "<desc>" in drawing for drawing in drawings)
        assert "<summary>In numbers</summary>" in figure
        assert "<caption>" in figure


def test_headings_are_in_order_and_every_link_has_its_target(page: str) -> None:
    tags = parsed(page).tags
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))
    ids = [attrs["id"] for _, attrs in tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    named = {attrs[key] for _, attrs in tags for key in ("aria-labelledby",) if key in attrs}
    targets = {attrs["href"][1:] for _, attrs in tags if "href" in attrs}
    assert named | targets <= set(ids)
    assert targets >= set(SECTIONS)


def test_every_table_has_a_caption_and_scoped_headings(page: str) -> None:
    tables = re.findall(r"<table.*?</table>", page, re.DOTALL)
    assert len(tables) > 20
    for table in tables:
        assert table.count("<caption>") == 1
        assert not re.search(r"<th(?![^>]*scope=)[ >]", table), "every heading says what it heads"
        rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.DOTALL)
        cells = {len(re.findall(r"<t[hd][ >]", row)) for row in rows}
        assert len(cells) == 1, "every row has every column"


def test_page_names_the_fill_rule_and_the_assumptions_before_any_result(page: str, summary: Summary) -> None:
    before, after = page.split('id="result"')
    assert "never from size refreshes" in before
    assert "orders 40\N{NO-BREAK SPACE}ms" in before
    assert "5 shares, the venue&#39;s usual minimum" in before
    assert gain(summary.matched.net_u6) not in before
    assert gain(summary.matched.net_u6) in after
    assert "order_<wbr>latency_<wbr>ms" in after
    assert summary.journal_sha256 in after


def test_page_and_terminal_tell_the_same_numbers(page: str, summary: Summary) -> None:
    found = [*headline(summary), *key_figures(summary)]
    assert len(found) >= 15
    out = Console(file=io.StringIO(), width=140, no_color=True)
    print_report(summary, out)
    printed, shown = out.file.getvalue(), unescape(page).replace("\N{NO-BREAK SPACE}", " ")
    for figure in found:
        assert re.search(rf"{re.escape(figure.name)}\s+{re.escape(figure.value)}", printed)
        assert f'<span class="value">{figure.value}' in shown
    assert plain_summary(summary) in " ".join(printed.split())
    assert plain_summary(summary) in shown


def test_constructed_data_is_labelled_at_the_top(summary: Summary, page: str) -> None:
    assert "banner" not in page.split("<main>")[1]
    assert "recorded data" in page
    made = render_page(msgspec.structs.replace(summary, constructed=True), None, "gone")
    assert "Constructed data: the market was generated by a program." in made.split('id="basis"')[0]
    gone = render_page(msgspec.structs.replace(summary, constructed=None, manifest=None), None, "gone")
    assert "origin of data unknown" in gone


def test_texts_from_outside_are_escaped(session: Session, summary: Summary) -> None:
    evil = '<script>alert("1")</script>&'
    markets = tuple(msgspec.structs.replace(market, slug=f"{evil}{market.index}") for market in summary.markets)
    header = msgspec.structs.replace(summary.header, session=evil)
    page = render_page(msgspec.structs.replace(summary, markets=markets, header=header), prices(session), "", ())
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    parsed(page)


def test_missing_tape_is_said_instead_of_drawn(summary: Summary) -> None:
    page = render_page(summary, None, "the tape <x> is gone")
    assert "Price charts are left out: the tape &lt;x&gt; is gone." in page
    assert '<div class="panels">' not in page
    assert page.count("<figure>") == 7, "four curves, PnL per market, refusals, other rules"
    unvalued = render_page(summarise(make_session()), None, "gone")
    assert unvalued.count("<figure>") == 5, "without last bids, no PnL per market"


def test_broken_sentinel_replaces_numbers_and_curves(session: Session) -> None:
    records = (*session.records, SentinelBroke(1, 1, "identity", "off by <1>"))
    broken = summarise(Session(session.path, session.header, records, session.manifest, None, "gone"))
    page = render_page(broken, None, "gone")
    assert "broken: identity: off by &lt;1&gt;" in page
    assert page.count("<figure>") == 1
    assert "Refused orders by code" in page.split("<figure>")[1]
    numbers = page.split('id="lists"')[0]
    gains = re.findall(r">([+-]\d[\d,]*\.\d+)<", numbers)
    assert gains == ["+1.25"], "only the reward, which is cash and not PnL"
    assert "this report gives no result" in page
    assert "There are no daily results" in page
    assert not re.search(r'class="value">[^<]*\.\d\d', numbers.split('id="curves"')[0]), "no tile has an amount"


def test_failed_strategies_raise_an_alarm(session: Session, page: str) -> None:
    assert "Strategies failed" not in page
    failed = StrategyFailed(1, START_NS, "mean_reversion", 0, "ValueError: <x>", disabled=True)
    records = (*session.records, failed)
    text = render_page(summarise(Session(session.path, session.header, records, session.manifest, None, "")), None, "")
    alarm = text.split('role="alert"')[1].split("</section>")[0]
    assert "Strategy mean_reversion failed once" in alarm
    assert "ValueError: &lt;x&gt;" in alarm
    assert "1 strategy failed</span>" in text
    parsed(text)


def test_page_of_an_empty_session(session: Session) -> None:
    page = render_page(summarise(Session(session.path, session.header, (), session.manifest, None, "")), None, "")
    assert "Nothing was traded." in page
    parsed(page)


def test_page_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write_page(tmp_path / "r.html", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]
    with pytest.raises(SessionError, match="give another --html FILE"):
        write_page(tmp_path / "absent" / "r.html", "x")


def test_same_session_gives_the_same_page(session: Session, summary: Summary, page: str) -> None:
    found = prices(session)
    assert render_page(summary, found, "", qualities(summary.fills, found)) == page
