"""Why not: markets and times as people write them; settings named really change the answer, by no more than needed."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import hypothesis.strategies as st
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from msgspec import structs
from typer.testing import CliRunner

from desk_bench import EAGER
from made import T0, S, made_tape, market
from polydesk.cli.app import app
from polydesk.desk.checkpoint import save
from polydesk.desk.views import views_of
from polydesk.model.errors import SessionError
from polydesk.model.records import Decision, OrderSent, Refused
from polydesk.report.session import open_session, session_tape
from polydesk.research.why_not import desk_at, records_by, why_not
from polydesk.research.why_not_place import find_market, find_moment
from polydesk.research.why_not_probe import Probe
from polydesk.research.why_not_text import headline, tables
from polydesk.run.session import run_session
from polydesk.run.settings import load_settings

MARKETS = tuple(market(index) for index in range(12))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A busy session that also meets refusals."""
    home = tmp_path_factory.mktemp("why")
    tape = made_tape(home / "tape", seed=3)
    eager = [f"desk.strategies.{name}.{key}={value}" for name, keys in EAGER.items() for key, value in keys.items()]
    tight = ["desk.risk.max_market_exposure=40", "desk.risk.max_order_notional=40", "desk.cost.risk_premium=0"]
    settings = load_settings(None, {}, [f"data_dir={home}", "run.speed=max", *eager, *tight]).settings
    return run_session(settings, tape, "backtest", lambda _machine, _progress: None).path


@pytest.fixture(scope="module")
def session(folder):
    return open_session(folder)


# --- markets and moments ----------------------------------------------------------------------------------------------


@given(index=st.integers(0, 11))
def test_a_market_is_found_by_index_name_condition_and_token(index):
    one = MARKETS[index]
    for text in (str(index), one.slug, one.condition_id, one.tokens[0].id, one.tokens[1].id):
        assert find_market(text, MARKETS) is one


def test_a_part_of_a_name_must_mean_one_market():
    assert find_market("DE-7", MARKETS).index == 7
    several = tuple(market(index) for index in (21, 210, 211))
    with pytest.raises(SessionError, match="fits 3 markets: 21 made-21, 210 made-210, 211 made-211"):
        find_market("made-2", several)
    with pytest.raises(SessionError, match="no market 'zzz' in this session; there are 12"):
        find_market("zzz", MARKETS)


@given(after_ms=st.integers(0, 280_000))
@hypothesis_settings(max_examples=30)
def test_every_way_to_write_a_time_means_the_same_moment(session, after_ms):
    rows = session.header.tape_range[1]
    at = datetime.fromtimestamp(T0 // S, UTC).timestamp() + after_ms / 1000
    told = datetime.fromtimestamp(at, UTC)
    wanted = T0 + after_ms * 1_000_000
    texts = [told.isoformat(), told.isoformat().replace("+00:00", "Z"), told.replace(tzinfo=None).isoformat(" ")]
    texts.append(told.time().isoformat())
    for text in texts:
        moment = find_moment(text, session.tape, rows)
        assert moment.ts_ns == pytest.approx(wanted, abs=1_000)
        assert moment == find_moment(texts[0], session.tape, rows)
    by_row = find_moment(str(moment.seq), session.tape, rows)
    assert by_row.seq == moment.seq
    assert by_row.ts_ns <= moment.ts_ns


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("noon", "is not understood: give a time of day"),
        ("2026-04-16", "names a day only"),
        ("23:59:59", "is outside the session: the session runs from"),
        ("99999999", "is outside the session: its rows are 0 to"),
    ],
)
def test_a_time_that_means_nothing_is_told(session, text, told):
    with pytest.raises(SessionError, match=told):
        find_moment(text, session.tape, session.header.tape_range[1])


# --- answers ----------------------------------------------------------------------------------------------------------


def moments(session, kind, wanted, count=6):
    """Return up to ``count`` rows spread over the records that fit."""
    rows = [
        (r.market if isinstance(r, Decision) else r.intent.market, r.seq)
        for r in session.records
        if isinstance(r, kind) and wanted(r)
    ]
    return rows[:: max(1, len(rows) // count)][:count]


def held_back(session):
    holds = moments(session, Decision, lambda r: r.action == "hold" and r.reason not in {"one_sided", "crossed"})
    return holds + moments(session, Refused, lambda r: True)


@pytest.fixture(scope="module")
def answers(session):
    """Every moment at which something was held back or refused: market, row and answer."""
    return [(index, row, why_not(session, str(index), str(row))) for index, row in held_back(session)]


def test_the_last_word_and_refusal_are_the_journals(session, answers):
    for index, _, found in answers:
        for one in found.strategies:
            said = [
                r for r in session.records
                if isinstance(r, Decision) and (r.strategy, r.market) == (one.strategy, index)
                and found.moment.covers(r.seq, r.ts_ns)
            ]  # fmt: skip
            assert one.last_word == (said[-1] if said else None)
            if one.refusal is not None:
                assert found.moment.covers(one.refusal.seq, one.refusal.ts_ns)
                assert not one.refusal.checks[-1].passed


def test_every_change_named_changes_the_answer_and_a_smaller_one_does_not(session, answers):
    tried = 0
    for index, _, found in answers:
        before = records_by(session, found.moment)
        probe = Probe(desk_at(session, session.tape, before, found.moment), index)
        for one in found.strategies:
            for change in one.changes[:5]:
                path = tuple(change.key.split(".")[1:])
                assert told(probe.ask(one.strategy, path, change.needed)) == told(change.then) != told(one.asked)
                if not isinstance(change.needed, bool):
                    nearer = change.needed + (change.now - change.needed) * 1e-3
                    if abs(nearer - change.needed) > 2e-6 and not float(change.now).is_integer():
                        assert told(probe.ask(one.strategy, path, nearer)) != told(change.then)
                tried += 1
    assert tried > 5


def told(outcome):
    return outcome.kind, outcome.code


def test_a_strategy_asked_by_hand_agrees(session, answers):
    """The promise holds outside the probe: the strategy itself, with the changed parameter and its own memory."""
    agreed = 0
    for index, _, found in answers:
        before = records_by(session, found.moment)
        for one in found.strategies:
            own = [
                c for c in one.changes if c.key.startswith(f"desk.strategies.{one.strategy}.") and c.key.count(".") == 3
            ]
            for change in own if one.asked.kind == "hold" else ():
                desk = desk_at(session, session.tape, before, found.moment)
                strategy = desk.strategies[one.strategy]
                name = change.key.rpartition(".")[2]
                params = type(strategy.params)(**{**strategy.params.model_dump(), name: change.needed})
                view = views_of(desk, index)[one.strategy]
                answer = type(strategy)(params).decide(view, desk.memory_of(strategy, index))
                assert getattr(getattr(answer, "reason", None), "value", "") != one.asked.code
                agreed += 1
    assert agreed > 3


def test_asking_changes_nothing(session):
    index, row = held_back(session)[0]
    moment = find_moment(str(row), session.tape, session.header.tape_range[1])
    desk = desk_at(session, session.tape, records_by(session, moment), moment)
    kept = save(desk)
    probe = Probe(desk, index)
    for name in desk.strategies:
        list(probe.changes(name, probe.ask(name)))
    assert save(desk) == kept


def test_the_book_and_the_next_order_are_the_sessions(session):
    order = next(r for r in session.records if isinstance(r, OrderSent) and r.seq > 100)
    found = why_not(session, str(order.intent.market), str(order.seq - 1))
    mine = next(one for one in found.strategies if one.strategy == order.intent.strategy)
    assert mine.later is not None
    assert mine.later.seq >= order.seq - 1
    assert found.book.seq == order.seq - 1
    assert found.book.bids[0][0] < found.book.asks[0][0]


def test_the_last_row_is_still_answered(session):
    found = why_not(session, "0", str(session.header.tape_range[1] - 1))
    assert found.state == "trading"
    assert "The desk was trading." in headline(found)
    assert len(list(tables(found))) > 2


# --- the command ------------------------------------------------------------------------------------------------------


def polydesk(*args):
    return CliRunner().invoke(app, [str(arg) for arg in args])


def test_the_command_tells_it_in_words_and_as_json(folder, session):
    index, row = held_back(session)[0]
    data = ("--data-dir", folder.parent.parent)
    words = polydesk("backtest", "why-not", index, row, *data)
    assert words.exit_code == 0, words.stderr
    assert f"made-{index} (market {index}) at 2026-04-16" in words.stdout
    assert "The book then" in words.stdout
    found = polydesk("backtest", "why-not", index, row, "--json", *data)
    assert found.exit_code == 0, found.stderr
    answer = json.loads(found.stdout.splitlines()[-1])
    assert answer["moment"]["seq"] == row
    assert {one["strategy"] for one in answer["strategies"]} == {"mean_reversion", "inventory_maker"}
    assert polydesk("backtest", "why-not", "nothing", row, *data).exit_code == 2
    assert polydesk("backtest", "why-not", index, "soon", *data).exit_code == 2


def test_without_its_tape_it_says_so_once(session, tmp_path):
    gone = tmp_path / "gone"
    header = structs.replace(session.header, tape_path=str(gone))
    with pytest.raises(SessionError) as lost:
        session_tape(header)
    with pytest.raises(SessionError) as told:
        why_not(replace(session, header=header, tape=None, missing=str(lost.value)), "0", "100")
    assert str(told.value).count(str(gone)) == str(told.value).count(session.header.session) == 1
    assert "put it back at" in str(told.value)
