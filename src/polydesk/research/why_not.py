"""Why nothing was traded in a market at a moment: what was said, held and refused, and what would have had to differ.

What was said and refused is read from the journal. What would have had to differ is found by rebuilding the desk at
that moment and asking it again with one setting changed at a time; that needs the session's tape.
"""

from collections.abc import Iterable, Sequence
from itertools import takewhile

import msgspec

from polydesk.desk import Desk, new_desk
from polydesk.model.errors import SessionError
from polydesk.model.ids import IntentId
from polydesk.model.market import Market
from polydesk.model.orders import Purpose, Side
from polydesk.model.records import (
    Decision,
    Input,
    OrderSent,
    Output,
    Record,
    Refused,
    SessionEnded,
    SourceChanged,
    StrategyFailed,
    is_input,
)
from polydesk.portfolio import held_positions
from polydesk.report.session import Session
from polydesk.research.why_not_place import Moment, find_market, find_moment
from polydesk.research.why_not_probe import Change, Outcome, Probe
from polydesk.run.machine import new_machine
from polydesk.run.recorder import without_marks
from polydesk.run.replay import replayed
from polydesk.run.session import session_config
from polydesk.run.story.book import Ladder, Look, ladders_at
from polydesk.tape import Tape

ENSEMBLE = "ensemble"


class Working(msgspec.Struct, frozen=True):
    """An order that could still fill at that moment."""

    order: IntentId
    token: int
    side: Side
    price_g4: int
    left_u6: int
    purpose: Purpose
    state: str


class Holding(msgspec.Struct, frozen=True):
    """Shares of one token the strategy held, matched column; cost without fees."""

    token: int
    shares_u6: int
    cost_u6: int


class Later(msgspec.Struct, frozen=True):
    """The next order of the strategy in this market, for comparison."""

    order: IntentId
    seq: int
    ts_ns: int


class StrategyThen(msgspec.Struct, frozen=True):
    """One strategy in one market at one moment.

    Attributes:
        strategy: Its name.
        last_word: Its last decision there; ``None`` before the first.
        refusal: Its last order there that risk refused; its last check is the one that said no.
        failure: Its last error there, in words; empty when there was none.
        holding: What it held.
        working: Its orders that could still fill.
        asked: What it comes to when asked at that moment.
        changes: Settings that alone would have changed that; empty when it acts.
        later: Its next order in this market.
    """

    strategy: str
    last_word: Decision | None
    refusal: Refused | None
    failure: str
    holding: tuple[Holding, ...]
    working: tuple[Working, ...]
    asked: Outcome
    changes: tuple[Change, ...]
    later: Later | None


class WhyNot(msgspec.Struct, frozen=True):
    """The answer; see the module.

    Attributes:
        session: Name.
        market: Index.
        slug: The market's name.
        moment: Where and when.
        state: ``trading``, ``stopped``, ``settled`` or ``over``: whether the desk would have traded at all.
        book: The book of token 0, five levels a side.
        ensemble: The last word of voting, costs and sizing in this market.
        strategies: Every enabled strategy.
    """

    session: str
    market: int
    slug: str
    moment: Moment
    state: str
    book: Ladder
    ensemble: Decision | None
    strategies: tuple[StrategyThen, ...]


def why_not(session: Session, market: str, at: str) -> WhyNot:
    """Tell why a session did not trade in a market at a moment.

    Args:
        session: As read from disk.
        market: Index, slug or a part of one, condition id or token id.
        at: Time of day (UTC), ISO time, or tape row.

    Raises:
        SessionError: No such market or moment, or the session's tape is gone.
        TapeError: The tape is damaged.
    """
    if session.tape is None:
        raise SessionError(session.missing)
    ended = next((r for r in session.records if isinstance(r, SessionEnded)), None)
    rows = ended.rows if ended else session.header.tape_range[1]
    found = find_market(market, session.markets)
    moment = find_moment(at, session.tape, rows, session.header.tape_range[0])
    before = records_by(session, moment)
    after = [r for r in session.records if isinstance(r, OrderSent) and not moment.covers(r.seq, r.ts_ns)]
    desk = desk_at(session, session.tape, before, moment)
    probe = Probe(desk, found.index)
    strategies = tuple(_then(name, found.index, before, after, probe) for name in desk.strategies)
    book = ladders_at(session.tape, [look := Look(moment.seq, found.index, 0)])[look]
    return WhyNot(
        session.header.session,
        found.index,
        found.slug,
        moment,
        _state(desk, found),
        book,
        _last(before, ENSEMBLE, found.index),
        strategies,
    )


def records_by(session: Session, moment: Moment) -> list[Input | Output]:
    """Return everything recorded by a moment, but for the end of the recording, after which nobody is asked."""
    records = takewhile(
        lambda record: not (isinstance(record, SourceChanged) and record.status == "ended"),
        without_marks(session.records),
    )
    return [record for record in records if moment.covers(record.seq, record.ts_ns)]


def desk_at(session: Session, tape: Tape, before: Sequence[Record], moment: Moment) -> Desk:
    """Rebuild a session's desk as it was: the tape up to the moment and every recorded input among ``before``."""
    config = session_config(session.header)
    machine = new_machine(tape.manifest, config.desk, config.exchange, session.header.seed)
    desk = new_desk(config.desk, tape.manifest.markets, machine.books, live=session.header.mode == "live")
    inputs = [record for record in before if is_input(record)]
    for _ in replayed(tape, machine, desk, inputs, SessionEnded("", "", 0, moment.seq + 1)):
        pass
    desk.state.seq = moment.seq
    desk.state.now_ns = max(desk.state.now_ns, moment.ts_ns)
    return desk


def _state(desk: Desk, market: Market) -> str:
    state = desk.state
    if market.index in state.settled:
        return "settled"
    if state.over or state.stopping:
        return "over"
    return "stopped" if state.stopped or state.broken else "trading"


def _last(before: Iterable[Record], strategy: str, market: int) -> Decision | None:
    last = None
    for record in before:
        if isinstance(record, Decision) and (record.strategy, record.market) == (strategy, market):
            last = record
    return last


def _then(name: str, market: int, before: Sequence[Record], after: Sequence[OrderSent], probe: Probe) -> StrategyThen:
    refused = [r for r in before if isinstance(r, Refused) and (r.intent.strategy, r.intent.market) == (name, market)]
    failed = [r for r in before if isinstance(r, StrategyFailed) and (r.strategy, r.market) == (name, market)]
    later = next((r for r in after if (r.intent.strategy, r.intent.market) == (name, market)), None)
    asked = probe.ask(name)
    changes = () if asked.acts else tuple(probe.changes(name, asked))
    state = probe.desk.state
    return StrategyThen(
        name,
        _last(before, name, market),
        refused[-1] if refused else None,
        failed[-1].error if failed else "",
        tuple(
            Holding(position.token, position.shares_u6, position.cost_u6)
            for position in held_positions(state.account.matched)
            if (position.strategy, position.market) == (name, market)
        ),
        tuple(
            Working(i.id, i.token, i.side, i.price_g4, order.left_u6, i.purpose, order.state.value)
            for order in state.working.of_market(market)
            if (i := order.intent).strategy == name
        ),
        asked,
        tuple(sorted(changes, key=lambda change: not change.then.acts)),
        None if later is None else Later(later.intent.id, later.seq, later.ts_ns),
    )
