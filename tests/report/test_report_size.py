"""A page stays small however long the session is, and says what it leaves out."""

import re

import msgspec
import pytest
from made_up_sessions import START_NS, made_study, make_session, market, prices

from polydesk.model.errors import SessionError
from polydesk.model.grid import NS_PER_S
from polydesk.model.ids import FillId
from polydesk.report.html import PAGE_BYTES, render_page
from polydesk.report.marks import Mark
from polydesk.report.money import PnlLine
from polydesk.report.prices import Prices
from polydesk.report.quality import Quality
from polydesk.report.summary import Summary, summarise
from polydesk.report.words import ENGLISH, Language, words_of

FILLS = 50_000
MARKETS = 900


@pytest.fixture(scope="module")
def large() -> tuple[Summary, Prices]:
    """A summary with 50,000 fills and as many orders in 900 markets, and jagged curves of 200,000 points."""
    session = make_session()
    found = prices(session)
    summary = summarise(session, found.bids)
    made = tuple(
        market(i, f"market-with-a-rather-long-name-{i:05d}", START_NS, ("Up", "Down"), "crypto") for i in range(MARKETS)
    )
    fills, lives = [], []
    for number in range(FILLS):
        line, life = summary.fills[number % len(summary.fills)], summary.lives[number % len(summary.lives)]
        fill = msgspec.structs.replace(
            line.fill, id=FillId(f"fill-{number}"), market=number % MARKETS, ts_ns=START_NS + number * NS_PER_S // 20,
            matched_ns=START_NS + number * NS_PER_S // 20,
        )  # fmt: skip
        fills.append(msgspec.structs.replace(line, fill=fill))
        lives.append(
            msgspec.structs.replace(life, intent=msgspec.structs.replace(life.intent, market=number % MARKETS))
        )
    marks = tuple(
        Mark(START_NS + i * NS_PER_S // 10, 10**10 + i * 7_919 % 10**9, 10**10 + i * 6_007 % 10**9, i * 4_001 % 10**9)
        for i in range(200_000)
    )
    by_market = tuple(PnlLine(str(i), 50, 10**8, 5, 5, 2, i * 1_000_003 - 4 * 10**8, 10**5, 0) for i in range(MARKETS))
    series = {
        i: [(START_NS + n * 6 * NS_PER_S, 3_000 + n * 613 % 3_000, 3_100 + n * 613 % 3_000) for n in range(400)]
        for i in range(MARKETS)
    }
    days = tuple(msgspec.structs.replace(summary.days[0], name=f"day-{n}") for n in range(1_000))
    summary = msgspec.structs.replace(
        summary, fills=tuple(fills), lives=tuple(lives), markets=made, marks=marks, by_market=by_market, days=days
    )
    found = Prices(series, {}, {})
    study = made_study(session, summary, found).study
    facts = study.market
    many = msgspec.structs.replace(
        facts,
        by_market=tuple(msgspec.structs.replace(made_line(), key=str(i)) for i in range(MARKETS)),
        uptime=tuple(msgspec.structs.replace(facts.uptime[0], market=i) for i in range(MARKETS)),
        rewards=tuple(msgspec.structs.replace(facts.rewards[0], market=i) for i in range(MARKETS)),
    )
    return msgspec.structs.replace(summary, study=msgspec.structs.replace(study, market=many)), found


def made_line() -> Quality:
    numbers = dict.fromkeys((0, 1, 5, 30, 60), 12_345_678)
    return Quality("0", 50, 10**9, numbers, dict.fromkeys(numbers, 10**9), numbers)


@pytest.mark.parametrize("language", [Language.EN, pytest.param(Language.ZH, marks=pytest.mark.slow)])
def test_a_page_of_50_000_fills_is_below_its_limit(large: tuple[Summary, Prices], language: Language) -> None:
    summary, found = large
    page = render_page(summary, found, "", (), words_of(language))
    assert len(page.encode()) < PAGE_BYTES
    if language is Language.EN:
        shown = int(
            re.search(
                r"The last ([\d,]+) of 50,000; all are in <code translate=\"no\">reports/fills\.jsonl</code>", page
            ).group(1)
        )
        assert 10 <= shown <= 200
        listed = page.split("<caption>Fills</caption>")[-1].split("</table>")[0]
        assert listed.count("<tr") == shown + 1
        assert re.search(r"The \d+ with the largest PnL either way, of 900", page)
        assert "other markets" in page
        assert re.search(r"The last \d+ of 1,000\.", page), "days"
        assert re.search(r"\d+ more traded tokens are not drawn", page)


def test_a_page_that_cannot_be_made_small_is_refused() -> None:
    config = {"section": {f"key_{n}": "x" * 20_000 for n in range(200)}}
    named = msgspec.structs.replace(summarise(make_session()), config=config)
    with pytest.raises(SessionError, match=r"the limit is 1,200,000; .* read the files in reports/ instead"):
        render_page(named, None, "gone", (), ENGLISH)
