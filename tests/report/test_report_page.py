"""The page: self-contained, escaped, small, and honest when something is missing."""

import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from made_up_sessions import NS_PER_S, SECOND_DAY_NS, START_NS, Maker, make_session

from polydesk.model.errors import SessionError
from polydesk.model.records import Fill, SentinelBroke, StrategyFailed
from polydesk.report.html import render_page, write_page
from polydesk.report.prices import HORIZONS_S, Prices
from polydesk.report.quality import qualities
from polydesk.report.session import Session
from polydesk.report.summary import Summary, summarise

VOID = {"meta", "link", "br", "hr", "img", "input", "path", "line"}


def prices(session: Session) -> Prices:
    maker = Maker(1)
    series = {}
    for market in range(7):
        start = START_NS + market * 300 * NS_PER_S if market < 6 else SECOND_DAY_NS
        times = [start + at * NS_PER_S for at in range(300)]
        series[market] = [(ts, maker.mid(market, ts) - 100, maker.mid(market, ts) + 100) for ts in times]
    after = {}
    for fill in (r for r in session.records if isinstance(r, Fill)):
        for horizon in (0, *HORIZONS_S):
            doubled = 2 * maker.mid(fill.market, fill.ts_ns + horizon * NS_PER_S)
            after[fill.id, horizon] = doubled if fill.token == 0 else 20_000 - doubled
    return Prices(series, {(6, 0): 4_500, (6, 1): 5_400}, after)


@pytest.fixture(scope="module")
def session() -> Session:
    return make_session()


@pytest.fixture(scope="module")
def summary(session: Session) -> Summary:
    return summarise(session, prices(session).bids)


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
    assert not [a for _, a in tags if {"src", "href", "onclick", "onload"} & a.keys()]
    assert "http" not in re.sub(r"http-equiv", "", page)
    assert "url(" not in page
    assert len(page.encode()) < 2_000_000


def test_every_chart_has_title_description_and_a_table(page: str) -> None:
    charts = page.count('class="chart"')
    assert charts == page.count("<figure>") == page.count("<desc>") >= 10
    assert page.count("<summary>In numbers</summary>") == charts
    assert "matched" in page
    assert "confirmed" in page


def test_page_names_the_fill_rule_and_the_assumptions(page: str, summary: Summary) -> None:
    assert "never from size refreshes" in page
    assert "5 shares, the venue&#39;s usual minimum" in page
    assert "exchange.order_latency_ms" in page
    assert summary.journal_sha256 in page


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
    assert page.count("<figure>") == 3


def test_broken_sentinel_replaces_numbers_and_curves(session: Session) -> None:
    records = (*session.records, SentinelBroke(1, 1, "identity", "off by <1>"))
    broken = summarise(Session(session.path, session.header, records, session.manifest, None, "gone"))
    page = render_page(broken, None, "gone")
    assert "broken: identity: off by &lt;1&gt;" in page
    assert "<figure>" not in page
    money = page.split("<h2>Lists</h2>")[0].split("<h2>Money</h2>")[1]
    gains = re.findall(r"[+-]\d+\.\d\d</td>", money)
    assert gains == ["+1.25</td>"], "only the reward, which is cash and not PnL"


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
