"""The same market input under another configuration, beside what the session did."""

from collections import Counter
from pathlib import Path

import msgspec

from polydesk.exchange.measured import kept_exchange
from polydesk.model.errors import SessionError
from polydesk.model.grid import price_text, size_text
from polydesk.model.records import Command, Fill, Input, Marked, OrderSent, Output, Refused, SessionStarted
from polydesk.report.session import read_session, session_tape
from polydesk.run.begin import begin
from polydesk.run.driver import Driver, Progress
from polydesk.run.pace import Pace
from polydesk.run.recorder import Recorder, difference, without_marks
from polydesk.run.session import SessionConfig, session_config
from polydesk.run.settings import Settings
from polydesk.run.settings_load import override

_LISTED = 20


class Totals(msgspec.Struct, frozen=True):
    """One side of the comparison; money in micro-pUSD."""

    orders: int
    fills: int
    refusals: dict[str, int]
    fees_u6: int
    pnl_u6: int


class WhatIf(msgspec.Struct, frozen=True):
    """What another configuration would have done with the same tape and the same commands.

    Attributes:
        changed: Each key set, with the recorded and the new value.
        recorded: Totals of the session as it was.
        other: Totals under the other configuration.
        first_difference: Empty when nothing differs.
        only_recorded: Orders only the session sent, at most 20 of them.
        only_other: Orders only the other configuration sends, at most 20 of them.
        orders_differing: How many orders are on one side only.
    """

    changed: dict[str, tuple[str, str]]
    recorded: Totals
    other: Totals
    first_difference: str
    only_recorded: list[str]
    only_other: list[str]
    orders_differing: int


def what_if(folder: Path, overrides: list[str]) -> WhatIf:
    """Run a session's tape again with ``overrides`` and list the differences.

    Acknowledgements and fills follow from the orders, so the simulated exchange answers anew; only the tape, the seed
    (unless set) and the operator's commands are kept.

    Args:
        folder: The session's folder.
        overrides: ``desk.section.key=value``, ``exchange.key=value`` or ``run.seed=N``.

    Raises:
        ConfigError: An override names no key or has a wrong value.
        SessionError: The session or its tape cannot be used, or nothing is overridden.
    """
    if not overrides:
        raise SessionError("nothing to change: give at least one --set key=value")
    header, records = read_session(folder)
    kept = without_marks(records)
    before = _settings(header, folder)
    after = override(before, overrides)
    other = _again(header, after, kept)
    one, two = _orders(kept), _orders(other)
    only_one, only_two = one - two, two - one
    return WhatIf(
        changed=_changed(before, after),
        recorded=_totals(kept),
        other=_totals(other),
        first_difference=_first(kept, other),
        only_recorded=list(only_one.elements())[:_LISTED],
        only_other=list(only_two.elements())[:_LISTED],
        orders_differing=only_one.total() + only_two.total(),
    )


def _settings(header: SessionStarted, folder: Path) -> Settings:
    config = session_config(header)
    plain = Settings()
    run = plain.run.model_copy(update={"seed": header.seed})
    return plain.model_copy(
        update={"desk": config.desk, "exchange": kept_exchange(config.exchange, folder), "run": run}
    )


def _again(header: SessionStarted, settings: Settings, kept: list[Input | Output]) -> list[Input | Output]:
    config = SessionConfig(desk=settings.desk, exchange=settings.exchange)
    tape = session_tape(header)
    machine = begin(tape, config.desk, config.exchange, settings.run.seed, header.markets)
    sink = Rerun([r for r in kept if isinstance(r, Command)])
    Driver(tape, machine, sink, Pace(None, lambda: 0), _look, lambda: None).run()
    return sink.records


def _look(_: Progress) -> None:
    """Nobody watches a comparison."""


class Rerun(Recorder):
    """Keeps records in memory and gives the operator's commands at the rows at which they came."""

    def __init__(self, commands: list[Command]) -> None:
        super().__init__(None)
        self.records: list[Input | Output] = []
        self._commands = commands

    def take(self, record: Input | Output) -> None:
        """Keep a record."""
        self.records.append(record)
        if self._commands and record is self._commands[0]:
            del self._commands[0]

    def from_outside(self) -> Input | None:
        """Return the next command of the recorded session."""
        return self._commands[0] if self._commands else None


def _totals(records: list[Input | Output]) -> Totals:
    marks = [r for r in records if isinstance(r, Marked)]
    first = marks[0].cash_u6[0] + marks[0].value_u6[0] if marks else 0
    last = marks[-1].cash_u6[0] + marks[-1].value_u6[0] if marks else 0
    return Totals(
        orders=sum(isinstance(r, OrderSent) for r in records),
        fills=sum(isinstance(r, Fill) for r in records),
        refusals=dict(Counter(r.code for r in records if isinstance(r, Refused))),
        fees_u6=sum(r.fee_u6 for r in records if isinstance(r, Fill)),
        pnl_u6=last - first,
    )


def _orders(records: list[Input | Output]) -> Counter[str]:
    """Return each order sent as one line without its name, which depends on what came before it."""
    return Counter(
        f"row {r.seq} {r.intent.strategy} market {r.intent.market} {r.intent.side.name.lower()} "
        f"{size_text(r.intent.size_u6)} of token {r.intent.token} at {price_text(r.intent.price_g4)}"
        for r in records
        if isinstance(r, OrderSent)
    )


def _first(kept: list[Input | Output], other: list[Input | Output]) -> str:
    for position, (one, two) in enumerate(zip(kept, other, strict=False)):
        if one != two:
            return difference(position, one, two)
    if len(kept) != len(other):
        position = min(len(kept), len(other))
        longer, recorded = (kept, True) if len(kept) > position else (other, False)
        extra = longer[position]
        return difference(position, extra if recorded else None, None if recorded else extra)
    return ""


def _changed(before: Settings, after: Settings) -> dict[str, tuple[str, str]]:
    one, two = _flat(before.model_dump(mode="json")), _flat(after.model_dump(mode="json"))
    return {key: (str(one[key]), str(two[key])) for key in one if one[key] != two.get(key)}


def _flat(values: dict[str, object], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat
