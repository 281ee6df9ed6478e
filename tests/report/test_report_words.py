"""Both languages say everything: same keys, same places, no leftovers."""

import re
import string
from html.parser import HTMLParser
from importlib.resources import files

import msgspec
import pytest
from made_up_sessions import START_NS, made_study, make_days, make_session, prices
from typer.testing import CliRunner

from polydesk.cli.app import app
from polydesk.exchange.config import ExchangeConfig, fill_rule
from polydesk.model.orders import OrderState
from polydesk.model.reasons import Exit, Hold, Refusal, Reject
from polydesk.model.records import BalanceTold, Cause, SentinelBroke, StrategyFailed
from polydesk.portfolio import Account, broken_identities, broken_totals
from polydesk.portfolio.sentinels import broken_balance
from polydesk.report.build import with_study
from polydesk.report.faults import fault_text
from polydesk.report.html import render_page
from polydesk.report.prices import BookCounts
from polydesk.report.quality import qualities
from polydesk.report.session import Session
from polydesk.report.study.guards import Guard
from polydesk.report.summary import summarise
from polydesk.report.tables import verdict_text
from polydesk.report.words import ENGLISH, Language, words_of
from polydesk.tape.importers import facts, resolvedkit, trade_engine

CHINESE = words_of(Language.ZH)

SAME = re.compile(r"[A-Za-z]{2,}")
ALLOWED = {
    "pUSD", "UTC", "PnL", "polydesk", "SHA", "GTC", "FAK", "FOK", "GTD",
}  # fmt: skip
"""Words that a Chinese trader reads as they are."""


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_catalogues_have_the_same_keys_and_places() -> None:
    assert ENGLISH.texts.keys() == CHINESE.texts.keys()
    assert len(ENGLISH.texts) > 400
    for key, text in ENGLISH.texts.items():
        assert places(text) == places(CHINESE.texts[key]), key
        assert bool(text) == bool(CHINESE.texts[key]) or key == "sentence_gap", key


def test_chinese_is_chinese() -> None:
    for key, text in CHINESE.texts.items():
        bare = re.sub(r"\{\w+\}|`[^`]*`", "", text)
        assert set(SAME.findall(bare)) <= ALLOWED, key


def test_every_key_in_the_sources_is_in_the_catalogue() -> None:
    used = set()
    for path in files("polydesk.report").rglob("*"):
        if path.suffix in {".py", ".j2"}:
            source = path.read_text(encoding="utf-8")
            used |= set(re.findall(r'\b(?:words|w|ENGLISH)(?:\.number)?\(\s*"([^"{]+)"[,)]', source))
    assert len(used) > 200
    assert used <= ENGLISH.texts.keys()


def test_every_code_is_explained() -> None:
    for group, codes in (("refusal", Refusal), ("hold", Hold), ("reject", Reject), ("exit", Exit)):
        for code in codes:
            assert ENGLISH.meaning(group, code.value), code
            assert CHINESE.meaning(group, code.value), code
    for group, codes in (("state", OrderState), ("cause", Cause)):
        for code in codes:
            assert f"{group}.{code.value}" in ENGLISH.texts
    assert ENGLISH.meaning("refusal", "of_tomorrow") == ""
    assert CHINESE.named("cause", "of_tomorrow") == "of_tomorrow"


@pytest.mark.parametrize("model", ["pessimistic", "proportional", "probability"])
def test_the_fill_rule_is_the_exchanges_own(model: str) -> None:
    key = "fill_rule" if model == "pessimistic" else f"fill_rule.{model}"
    assert ENGLISH(key, power=2) == fill_rule(ExchangeConfig(queue_model=model, queue_power=2))


@pytest.mark.parametrize(
    "note",
    [
        facts.ASSUMED_TICK.note, facts.ASSUMED_MIN_SIZE.note, facts.ASSUMED_NEG_RISK.note, facts.UNKNOWN_TIME.note,
        facts.category_of("nhl-final").note, facts.taker_delay_of("sports").note, facts.taker_delay_of("crypto").note,
        "published rates of category 'crypto', dates approximate", trade_engine.NOTE, resolvedkit.NOTE,
        "constructed", "constructed: rate 0.07 at every date",
    ],
)  # fmt: skip
def test_remarks_of_the_importers_are_known(note: str) -> None:
    assert ENGLISH.remark(note) == note
    assert not SAME.search(CHINESE.remark(note))
    assert CHINESE.remark("something else") == "something else"


def test_counts_choose_their_form() -> None:
    assert ENGLISH.number("n.fills", 1) == "1 fill"
    assert ENGLISH.number("n.fills", 1_234) == "1,234 fills"
    assert ENGLISH.number("n.fills", 0) == "0 fills"
    assert CHINESE.number("n.fills", 1) == "1 笔成交"
    assert CHINESE.span(250 * 10**9) == "4 分 10 秒"


class Prose(HTMLParser):
    """Collects the texts and labels that are not marked as names, codes or hashes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._stack: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        hidden = tag in {"style"} or told.get("translate") == "no" or (bool(self._stack) and self._stack[-1])
        if tag not in {"meta", "wbr", "path", "line", "rect", "br"}:
            self._stack.append(hidden)
        if not hidden:
            self.found += [told[name] or "" for name in ("aria-label", "data-label", "title") if name in told]

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"meta", "wbr", "path", "line", "rect", "br"}:
            self._stack.pop()

    def handle_data(self, data: str) -> None:
        if not self._stack or not self._stack[-1]:
            self.found.append(data)


def prose(page: str, names: set[str]) -> set[str]:
    reader = Prose()
    reader.feed(page)
    text = " ".join(reader.found)
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "")
    return set(SAME.findall(text))


def names_of(session: Session) -> set[str]:
    """Return what the data itself is called: markets, outcomes, strategies, orders, codes."""
    found = {market.slug for market in session.markets}
    found |= {str(token.outcome) for market in session.markets for token in market.tokens}
    found |= {"token 0", "token 1", session.header.session, "stale_feed", "mean_reversion", "inventory_maker", "ord-"}
    return found | {source.name for source in session.manifest.sources} | {"ValueError"}


def test_a_chinese_page_has_no_english_outside_names() -> None:
    session = make_session()
    found = prices(session)
    counts = BookCounts(0, 10, 1, 5, 1, 1, 2, 1, 1)
    found = type(found)(found.series, found.bids, found.after, (counts,))
    summary = made_study(session, summarise(session, found.bids), found)
    page = render_page(summary, found, "", qualities(summary.fills, found), CHINESE)
    assert '<html lang="zh-Hans">' in page
    assert prose(page, names_of(session)) <= ALLOWED
    english = render_page(summary, found, "", qualities(summary.fills, found), ENGLISH)
    assert len(prose(english, names_of(session))) > 200, "the check does find English"


def test_rare_chinese_pages_have_no_english_either() -> None:
    session = make_session()
    more = (
        StrategyFailed(1, START_NS, "mean_reversion", 0, "ValueError", disabled=True),
        SentinelBroke(1, 1, "matched", SENTINELS[0]),
    )
    broken = Session(session.path, session.header, (*session.records, *more), session.manifest, None, "")
    empty = Session(session.path, session.header, (), None, None, "")
    one_day = make_days([START_NS], rewards=5)
    for case in (broken, empty, one_day):
        page = render_page(summarise(case), None, "", (), CHINESE)
        assert prose(page, names_of(session)) <= ALLOWED
    summary = summarise(session)
    for changed in ({"constructed": True}, {"constructed": None}, {"header": live(session)}):
        page = render_page(msgspec.structs.replace(summary, **changed), None, "", (), CHINESE)
        assert prose(page, names_of(session)) <= ALLOWED


SENTINELS = (
    "matched: cash + cost + fees + dust = 1, deposits + external + realised = 2 micro-pUSD",
    "confirmed: realised total 5, positions add up to 6 micro-pUSD",
    "fee of fill fill-1 is negative: -3 micro-pUSD",
    "cash: the venue says 1, the desk 2 micro-pUSD",
    "payouts of market 1 add up to 9000, not 10000 g4",
    "report: the last mark's cash is 1, the ledger's books make 2 micro-pUSD",
    "report: order ord-1 of 5 micro-shares was filled 6",
)
"""As ``portfolio.sentinels``, the desk and the report itself write them."""


@pytest.mark.parametrize("text", SENTINELS)
def test_what_a_sentinel_found_is_told_in_both_languages(text: str) -> None:
    bare = text.removeprefix("report: ")
    assert fault_text(text, ENGLISH).endswith(bare)
    assert set(SAME.findall(fault_text(text, CHINESE).replace("fill-1", "").replace("ord-1", ""))) <= ALLOWED


def test_the_sentinels_write_what_is_known() -> None:
    """Broken accounts, made to break: the complaints are those of the catalogue."""
    account = Account()
    account.open(10)
    account.matched.cash_u6 += 1
    told = [broken_identities(account)]
    account.matched.cash_u6 -= 1
    account.confirmed.realised_u6, account.confirmed.cash_u6 = 1, 11
    told.append(broken_totals(account))
    told.append(broken_balance(Account(), BalanceTold(0, 0, 5, {})))
    told.append(broken_balance(Account(), BalanceTold(0, 0, 0, {"0/1": 3})))
    assert all(told)
    for text in told:
        assert not SAME.findall(fault_text(text, CHINESE).replace("pUSD", "")), text


@pytest.mark.parametrize("name", ["fee_sign", "no_print", "no_cross", "no_depth", "over_behind", "volume", "day_return",
                                  "annual_return", "sharpe"])  # fmt: skip
def test_every_guard_is_told_in_both_languages(name: str) -> None:
    for where in ("", "fill-000007"):
        text = Guard(name, (), 1234.5, 3, where).text
        for said in (text, f"guard {text}"):
            assert fault_text(said, ENGLISH) != said
            assert set(SAME.findall(fault_text(said, CHINESE).replace("fill-000007", ""))) <= ALLOWED
            assert where in fault_text(said, CHINESE)
            shown = "123,450 %" if name.endswith("return") else "1,234.5"
            assert shown in fault_text(said, CHINESE)


def test_a_verdict_by_a_guard_is_chinese_in_chinese() -> None:
    session = make_session()
    found = prices(session)
    plain = made_study(session, summarise(session, found.bids), found)
    guard = Guard("sharpe", ("sharpe",), 40.0, 12.0)
    void = msgspec.structs.replace(guard, figures=())
    for study in (_judged(plain.study, guard, "believable"), _judged(plain.study, void, "accounts")):
        summary = with_study(plain, study)
        told = verdict_text(summary, CHINESE)
        assert set(SAME.findall(told)) <= ALLOWED, told
        page = render_page(summary, found, "", qualities(summary.fills, found), CHINESE)
        assert prose(page, names_of(session)) <= ALLOWED


def _judged(study, guard, name):
    rules = tuple(
        msgspec.structs.replace(rule, passed=False, detail=guard.text) if rule.name == name else rule
        for rule in study.judgement.rules
    )
    judgement = msgspec.structs.replace(study.judgement, rules=rules, binding=name)
    return msgspec.structs.replace(study, guards=(guard,), judgement=judgement)


def live(session: Session):
    return msgspec.structs.replace(session.header, mode="live")


def test_a_language_without_a_page_is_refused_with_the_fix() -> None:
    found = CliRunner().invoke(app, ["report", "latest", "--lang", "zh"])
    assert found.exit_code != 0
    assert "give --html FILE" in f"{found.output}{found.exception}"
    assert CliRunner().invoke(app, ["report", "latest", "--html", "x.html", "--lang", "fr"]).exit_code == 2
