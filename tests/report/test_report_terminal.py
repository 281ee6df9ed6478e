"""The terminal report fits its width and shows every number."""

import io

import pytest
from made_up_sessions import make_session, order_ids
from rich.console import Console

from polydesk.model.errors import SessionError
from polydesk.model.records import Fill, OrderSent, Refused
from polydesk.report.explain import as_data, explain_order
from polydesk.report.session import Session
from polydesk.report.summary import summarise
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


def test_short_and_unknown_order_names(session: Session) -> None:
    assert explain_order(session, "3").order == "ord-000003"
    with pytest.raises(SessionError, match=r"near ones: .*ord-000001 to ord-"):
        explain_order(session, "ord-999999")
    with pytest.raises(SessionError, match="its orders are ord-000001"):
        explain_order(session, "nonsense")
    empty = Session(session.path, session.header, (), session.manifest, None, "")
    with pytest.raises(SessionError, match="has no orders"):
        explain_order(empty, "1")
