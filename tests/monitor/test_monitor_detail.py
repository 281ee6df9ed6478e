"""Click a decision or an order: every term with its sum, every check, and what became of it."""

import pytest

from polydesk.model.orders import Check
from polydesk.model.reasons import Refusal
from polydesk.monitor.follower import Follower
from polydesk.monitor.hub import Hub
from polydesk.monitor.panels import detail
from polydesk.monitor.session_view import SessionView
from polydesk.monitor.words import Language, words_for
from polydesk.store import views
from store.session_samples import MARKETS, header, scripted, write_session

WORDS = words_for(Language.EN)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Ask about the scripted session, whose every record is known."""
    folder = tmp_path_factory.mktemp("detail")
    write_session(folder / "sessions" / "s-1", scripted())
    follower = Follower(folder)
    follower.look()
    hub = Hub(folder, follower)
    view = hub.view("s-1")
    assert view is not None

    def ask(function, of):
        return hub.ask(lambda connection: function(connection, view, of, WORDS))

    yield ask
    follower.close()
    hub.close()


def table(shown, caption):
    return next(one for one in shown["tables"] if one["caption"].startswith(caption))


def cells(shown, caption):
    return [row["cells"] for row in table(shown, caption)["rows"]]


def facts(shown):
    return {one["label"]: one["text"] for one in shown["facts"]}


def test_an_order_shows_its_terms_sum_checks_and_life(told):
    shown = told(detail.order_detail, "ord-000001")
    assert shown["title"] == "Order ord-000001"
    assert cells(shown, "Every term") == [
        ["deviation", "+0.02", "pUSD per share"], ["cost", "-0.005", "pUSD per share"],
        ["sum", "+0.015", "pUSD per share"],
    ]  # fmt: skip
    assert [row[0] for row in cells(shown, "Every risk check")] == ["Cost of the order, at most"]
    life = cells(shown, "What happened")
    assert [row[2] for row in life][:2] == ["sent", "the venue has it"]
    assert [row[1] for row in life][:2] == ["+0 ms", "+1 ms"]
    assert facts(shown)["Price times size"] == "4.80 pUSD"


def test_a_refusal_shows_the_check_that_said_no(told):
    shown = told(detail.order_detail, "ord-000006")
    assert shown["title"] == "Refused order ord-000006"
    assert facts(shown)["State"] == "refused: total exposure cap"
    assert [(row["cells"][4], row["tone"]) for row in table(shown, "Every risk check")["rows"]] == [
        ("passed", ""), ("REFUSED", "bad"),
    ]  # fmt: skip
    assert cells(shown, "Every risk check")[0][:3] == ["Free cash, at least what is needed", "4,800,000", "50,000,000"]


def test_a_decision_shows_the_orders_it_led_to(told):
    record = told(lambda connection, view, _of, _words: views.latest_decisions(connection, view.name, 1)[0].record, 0)
    shown = told(detail.decision_detail, record)
    assert facts(shown)["Confidence"] == "0.700"
    assert facts(shown)["Expected edge a share"] == "+0.0150 pUSD"
    led_to = cells(shown, "Orders it led to")
    assert [row[0] for row in led_to] == ["ord-000001", "ord-000006", "ord-000002", "ord-000007"]
    assert led_to[1][5] == "total exposure cap"


def test_a_decision_to_hold_asks_for_no_orders(told):
    record = told(lambda connection, view, _of, _words: views.latest_decisions(connection, view.name, 9)[-1].record, 0)
    shown = told(detail.decision_detail, record)
    assert "warming up" in shown["lead"]
    assert [one["caption"] for one in shown["tables"]] == ["Every term"]


def test_what_is_gone_is_said_to_be_gone(told):
    for shown in (told(detail.order_detail, "ord-999999"), told(detail.decision_detail, 99_999)):
        assert shown["open"]
        assert shown["title"] == "Nothing found"


def test_without_a_ledger_there_is_nothing_to_ask(tmp_path):
    hub = Hub(tmp_path, Follower(tmp_path))
    assert hub.ask(lambda connection: 1) is None
    assert SessionView("x").market_name(3) == "#3"


@pytest.mark.parametrize(
    ("check", "read"),
    [
        (Check("cash", 1_234_567_890_123, 2_000_000, "u6 pUSD", False), ("1,234,567.890123", "2", "pUSD")),
        (Check("shares", 5_500_000, 0, "u6 shares", True), ("5.5", "0", "shares")),
        (Check("price_collar", 300, 800, "g4", True), ("0.03", "0.08", "pUSD per share")),
        (Check("market_ending", -1, 5_000_000_000, "ns", True), ("unknown", "5 s", "time")),
        (Check("market_ending", 1 << 62, 5_000_000_000, "ns", True), ("no end", "5 s", "time")),
        (Check("entries_stopped", 1, 0, "flag", False), ("yes", "no", "")),
        (Check("open_orders", 1_200, 40, "count", False), ("1,200", "40", "")),
    ],
)
def test_numbers_of_a_check_are_exact_and_have_their_unit(check, read):
    assert detail.readable(check, WORDS) == read


def test_many_orders_of_one_decision_are_counted_not_dropped(tmp_path):
    from polydesk.model.records import Decision, OrderSent
    from store.session_samples import NOON_NS, intent

    said = Decision(0, NOON_NS, "mean_reversion", 0, "buy", "", 0, 0.5, 0.01, 1, ())
    sent = [OrderSent(at, NOON_NS + at, intent(at), ()) for at in range(1, 31)]
    write_session(tmp_path / "sessions" / "s-1", [[header()], [said, *sent]])
    follower = Follower(tmp_path)
    follower.look()
    hub = Hub(tmp_path, follower)
    view = hub.view("s-1")
    shown = hub.ask(lambda connection: detail.decision_detail(connection, view, 1, WORDS))
    led_to = table(shown, "Orders it led to")
    assert led_to["caption"] == "Orders it led to: the first 20 of 30"
    assert len(led_to["rows"]) == 20
    assert len(MARKETS) == 2
    follower.close()
    hub.close()


@pytest.mark.parametrize(("name", "text"), [(Refusal.COOLDOWN, "never"), (Refusal.MARKET_ENDING, "no end")])
def test_a_span_without_end_is_named_after_what_it_measures(name, text):
    assert detail.readable(Check(name.value, 1 << 62, 30_000_000_000, "ns", True), WORDS)[:2] == (text, "30 s")
