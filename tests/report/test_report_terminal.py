"""The terminal report fits its width and shows every number."""

import io

import msgspec
import pytest
from made_up_sessions import SECOND_DAY_NS, START_NS, make_session, order_ids
from rich.console import Console

from polydesk.model.errors import SessionError
from polydesk.model.ids import intent_id
from polydesk.model.records import Fill, FillStatus, OrderSent, Refused, StrategyFailed
from polydesk.report.explain import as_data, explain_order
from polydesk.report.prices import BookCounts
from polydesk.report.quantities import shares
from polydesk.report.session import Session
from polydesk.report.summary import summarise
from polydesk.report.tables import book_table, open_order_table
from polydesk.report.terminal import print_explanation, print_report


@pytest.fixture(scope="module")
def session() -> Session:
    return make_session()


def console(width: int) -> Console:
    return Console(file=io.StringIO(), width=width, no_color=True)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_report_fits(session: Session, width: int) -> None:
    out = console(width)
    print_report(summarise(session, {(6, 0): 4_500, (6, 1): 5_400}), out)
    text = out.file.getvalue()
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    for title in ("PnL (pUSD)", "PnL by strategy", "PnL by exit reason", "Refused by risk", "Assumed market facts"):
        assert title in text
    assert "stale_feed" in text
    assert "[" not in text.split("PnL (pUSD)")[0].replace("\n", "")


def test_wide_report_shows_the_columns_a_narrow_one_leaves_out(session: Session) -> None:
    summary = summarise(session, {(6, 0): 4_500, (6, 1): 5_400})
    texts = []
    for width in (80, 140):
        out = console(width)
        print_report(summary, out)
        texts.append(out.file.getvalue().split("PnL by market")[1].split("total")[0])
    assert "notional" not in texts[0]
    assert "notional" in texts[1]


def test_every_order_can_be_explained(session: Session) -> None:
    for name in order_ids(session):
        explained = explain_order(session, name)
        out = console(100)
        print_explanation(explained, out)
        text = out.file.getvalue()
        assert explained.order == name
        assert "Why this order" in text
        assert "Risk checks" in text
        assert as_data(explained)["order"] == name


def test_explanation_of_a_fill_and_of_a_refusal(session: Session) -> None:
    done = next(r.intent for r in session.records if isinstance(r, Fill))
    filled = next(r.intent for r in session.records if isinstance(r, OrderSent) and r.intent.id == done)
    told = explain_order(session, filled.id)
    assert [step.what.split(" ")[0] for step in told.steps][:2] == ["permitted", "venue"]
    assert any(step.what.startswith("fill fill-") and step.what.endswith("confirmed") for step in told.steps)
    assert sum(term.value for term in told.life.intent.why) == pytest.approx(filled.price_g4 / 10_000)
    refused = next(r for r in session.records if isinstance(r, Refused))
    told = explain_order(session, refused.intent.id)
    assert told.outcome_text == "never sent: risk refused it (stale_feed)"
    out = console(80)
    print_explanation(told, out)
    assert "REFUSED" in out.file.getvalue()
    assert "12 s" in out.file.getvalue()


def printed(session: Session, width: int = 140) -> str:
    out = console(width)
    print_report(summarise(session), out)
    return out.file.getvalue()


def with_more(session: Session, *records) -> Session:
    return Session(session.path, session.header, (*session.records, *records), session.manifest, None, "gone")


def test_failed_strategies_stand_before_any_number(session: Session) -> None:
    assert "failed" not in printed(session).split("PnL matched")[0]
    errors = [
        StrategyFailed(10, SECOND_DAY_NS + n, "mean_reversion", 6, f"ValueError: [bold]no {n}", disabled=n == 3)
        for n in (1, 2, 3)
    ]
    text = printed(with_more(session, *errors))
    top = " ".join(text.split("PnL matched")[0].split())
    assert "Strategy mean_reversion failed 3 times" in top
    assert "is no longer asked; its positions close by the generic rules" in top
    assert "ValueError: [bold]no 3" in top, "an error's text is no markup"
    assert "Strategies that failed" in text
    asked = printed(with_more(session, errors[0]))
    assert "failed once" in asked
    assert "is still asked" in asked


def test_an_order_tells_the_errors_of_its_strategy(session: Session) -> None:
    orders = [r.intent for r in session.records if isinstance(r, OrderSent) and r.intent.strategy == "mean_reversion"]
    error = StrategyFailed(0, START_NS, "mean_reversion", 0, "KeyError: 'mid'", disabled=False)
    early = Session(session.path, session.header, (error, *session.records), session.manifest, None, "")
    out = console(100)
    print_explanation(explain_order(early, orders[-1].id), out)
    assert "KeyError: 'mid'" in out.file.getvalue()
    late = with_more(session, msgspec.structs.replace(error, ts_ns=SECOND_DAY_NS * 2))
    assert explain_order(late, orders[0].id).failure == ""


def test_orders_that_still_work_at_the_end_are_listed(session: Session) -> None:
    assert "Open orders at the end" not in printed(session)
    sent = [r for r in session.records if isinstance(r, OrderSent)][-1]
    intent = msgspec.structs.replace(sent.intent, id=intent_id(9_001), size_u6=10_000_000, price_g4=4_700)
    half = next(r for r in session.records if isinstance(r, Fill) and r.side is intent.side)
    half = msgspec.structs.replace(half, id="fill-x", intent=intent.id, size_u6=4_000_000)
    open_one = with_more(session, msgspec.structs.replace(sent, intent=intent), half)
    (life,) = summarise(open_one).open_orders
    assert (life.intent.id, life.left_u6, life.state.value) == (intent.id, 6_000_000, "live")
    (row,) = open_order_table(summarise(open_one)).rows
    assert row[0] == "ord-009001"
    assert row[-3:] == ("0.47", "6", "live")
    assert "Open orders at the end" in printed(open_one)


def test_a_failed_fill_is_taken_out_of_its_orders_explanation(session: Session) -> None:
    status = next(r for r in session.records if isinstance(r, FillStatus))
    filled = next(r for r in session.records if isinstance(r, Fill) and r.id == status.fill)
    records = tuple(msgspec.structs.replace(r, confirmed=False) if r is status else r for r in session.records)
    told = explain_order(Session(session.path, session.header, records, session.manifest, None, ""), filled.intent)
    before = explain_order(session, filled.intent)
    assert told.life.filled_u6 == before.life.filled_u6 - filled.size_u6
    assert told.life.fees_u6 == before.life.fees_u6 - filled.fee_u6
    assert f"{shares(filled.size_u6)} matched but failed and reversed" in told.outcome_text


def test_what_did_not_fit_into_the_books_is_counted(session: Session) -> None:
    books = (
        BookCounts(0, 1_000, late=5, mirrored=400, mirror_different=1, crossed=2, witnesses=0, witness_different=0,
                   invalid=0),
        BookCounts(6, 3_000, late=7, mirrored=600, mirror_different=9, crossed=0, witnesses=50, witness_different=3,
                   invalid=0),
    )  # fmt: skip
    table = book_table(summarise(session), books)
    assert [row[1:] for row in table.rows] == [
        ("12", "rows", "0.3 % of 4,000", "nhl-20260607-final: 7"),
        ("10", "rows", "1.0 % of 1,000", "nhl-20260607-final: 9"),
        ("3", "rows", "6.0 % of 50", "nhl-20260607-final: 3"),
        ("2", "messages", "-", "btc-updown-5m-1776323400: 2"),
        ("0", "rows", "0.0 % of 4,000", "-"),
    ]
    assert book_table(summarise(session), ()).rows == ()
    assert book_table(summarise(session), books[:1]).rows[2][1:4] == ("-", "rows", "-"), "nothing was compared"


@pytest.mark.parametrize("name", ["\u00b2", "\u2460", "1.5", "-1", ""])
def test_odd_order_names_are_unknown_and_no_trace(session: Session, name: str) -> None:
    with pytest.raises(SessionError, match="no order"):
        explain_order(session, name)


def test_short_and_unknown_order_names(session: Session) -> None:
    assert explain_order(session, "3").order == "ord-000003"
    with pytest.raises(SessionError, match=r"near ones: .*ord-000001 to ord-"):
        explain_order(session, "ord-999999")
    with pytest.raises(SessionError, match="its orders are ord-000001"):
        explain_order(session, "nonsense")
    empty = Session(session.path, session.header, (), session.manifest, None, "")
    with pytest.raises(SessionError, match="has no orders"):
        explain_order(empty, "1")
