"""Asking a desk again at one moment, as it was or with one setting changed, without touching it.

A probe copies the desk's state, forgets what was said and refused about the market so far, so that everything is said
again, and asks. It decides nothing: its orders go nowhere.
"""

import dataclasses
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
from annotated_types import Ge, Le
from pydantic import ValidationError

from polydesk.desk import Desk, DeskConfig, new_desk
from polydesk.desk.checkpoint import load, save
from polydesk.desk.evaluate import evaluate
from polydesk.model.orders import Check, Purpose, Term
from polydesk.model.records import Decision, OrderSent, Output, Refused, StrategyFailed
from polydesk.portfolio import Account
from polydesk.run.settings_keys import Key, KeyPath, leaf_keys

_STEPS = 40
_DIGITS = 6
_PARTS = (0.5, 0.2, 0.1, 0.03, 0.01, 0.001)
_LARGEST = 1_000_000.0
_RANK = {"error": 0, "silent": 0, "hold": 1, "vote": 2, "refused": 3, "order": 4, "quotes": 4}
"""How near an outcome is to an order."""
_ROOMS = {"hold": (), "vote": ("ensemble", "cost", "sizing", "orders"), "refused": ("risk", "sizing", "orders")}
"""Sections that can change an answer, beside the strategy's own."""


Setting = float | bool
"""A value of a numeric or yes-or-no setting."""


class Outcome(msgspec.Struct, frozen=True):
    """What a strategy comes to in a market.

    Attributes:
        kind: ``order`` (one goes out), ``quotes`` (its quotes stand), ``hold`` (the strategy waits), ``vote`` (it
            signals, and voting, costs or sizing hold it), ``refused`` (risk says no), ``error`` or ``silent`` (the
            market is over for the desk).
        code: ``Hold``, ``Exit`` or ``Refusal`` code; empty when it acts.
        why: The numbers behind it.
        checks: Risk's checks when an order was asked for.
    """

    kind: str
    code: str = ""
    why: tuple[Term, ...] = ()
    checks: tuple[Check, ...] = ()

    @property
    def acts(self) -> bool:
        """Whether an order goes out or stands."""
        return self.kind in {"order", "quotes"}


class Change(msgspec.Struct, frozen=True):
    """One setting that alone would have changed the answer.

    Attributes:
        key: Dotted key.
        now: Its value in the session.
        needed: The nearest value that changes the answer.
        unit: Unit of both.
        then: What the strategy would have come to.
    """

    key: str
    now: Setting
    needed: Setting
    unit: str
    then: Outcome


class Probe:
    """Asks one desk about one market, again and again.

    Attributes:
        desk: As it was; no probe changes it.
    """

    def __init__(self, desk: Desk, market: int) -> None:
        self.desk = desk
        self._market = market
        self._config: dict[str, Any] = desk.config.model_dump()
        self._saved = save(dataclasses.replace(desk, state=_forgetful(desk, market)))

    def ask(self, strategy: str, path: KeyPath = (), value: Any = None) -> Outcome:
        """Return what the strategy comes to, with the setting at ``path`` changed to ``value``.

        Raises:
            ValidationError: The configuration does not allow the value.
        """
        config = DeskConfig.model_validate(_with(self._config, path, value)) if path else self.desk.config
        desk = new_desk(config, self.desk.markets, self.desk.books, live=self.desk.live)
        load(desk, self._saved)
        evaluate(desk, self._market)
        return _outcome(desk, desk.out, strategy, self._market)

    def changes(self, strategy: str, now: Outcome) -> Iterator[Change]:
        """Yield each setting that alone, moved far enough, lets the strategy come to something else than ``now``."""
        rooms = _ROOMS.get(now.kind, ())
        for path, key in leaf_keys(DeskConfig).items():
            ours = path[:2] == ("strategies", strategy) and path[-1] != "enabled"
            if ours or (path[0] in rooms and len(path) == 2):
                found = self._nearest(strategy, now, key)
                if found is not None:
                    yield found

    def _nearest(self, strategy: str, now: Outcome, key: Key) -> Change | None:
        value = _at(self._config, key.path)
        if isinstance(value, bool):
            bounds: tuple[Setting, ...] = (not value,)
        elif isinstance(value, int | float | Decimal):
            bounds = _bounds(key, float(value))
        else:
            return None
        for bound in bounds:
            for tried in _towards(value, self._farthest(key, value, bound)):
                then = self._other(strategy, now, key, value, tried)
                if then is not None:
                    name = ".".join(("desk", *key.path))
                    if isinstance(value, bool):
                        return Change(name, value, tried, key.unit, then)
                    needed, then = self._bisect(strategy, now, key, value, tried, then)
                    return Change(name, float(value), needed, key.unit, then)
        return None

    def _farthest(self, key: Key, value: Any, bound: Setting) -> Setting:
        """Return the value nearest to a bound that the configuration allows: settings limit one another."""
        if isinstance(value, bool) or self._allows(key, value, bound):
            return bound
        near, far = float(value), float(bound)
        for _ in range(_STEPS):
            middle = _rounded((near + far) / 2, value)
            if middle in {near, far}:
                break
            near, far = (middle, far) if self._allows(key, value, middle) else (near, middle)
        return near

    def _allows(self, key: Key, value: Any, tried: Setting) -> bool:
        try:
            DeskConfig.model_validate(_with(self._config, key.path, _like(value, tried)))
        except (ValidationError, ValueError):
            return False
        return True

    def _bisect(
        self, strategy: str, now: Outcome, key: Key, value: Any, far: float, then: Outcome
    ) -> tuple[float, Outcome]:
        """Return the value nearest to the configured one that still changes the answer, and the answer."""
        near = float(value)
        for _ in range(_STEPS):
            middle = _rounded((near + far) / 2, value)
            if middle in {near, far}:
                break
            found = self._other(strategy, now, key, value, middle)
            if found is None:
                near = middle
            else:
                far, then = middle, found
        return far, then

    def _other(self, strategy: str, now: Outcome, key: Key, value: Any, tried: Setting) -> Outcome | None:
        """Return the answer under another value when it is another one and no further from an order."""
        try:
            found = self.ask(strategy, key.path, _like(value, tried))
        except (ValidationError, ValueError):
            return None
        nearer = _RANK[found.kind] >= _RANK[now.kind] and (found.kind, found.code) != (now.kind, now.code)
        return found if nearer else None


def _forgetful(desk: Desk, market: int) -> Any:
    """Return the desk's state without its history and without what was said and refused about the market."""
    state = desk.state
    account = Account(state.account.matched, state.account.confirmed, payouts=state.account.payouts)
    return msgspec.structs.replace(
        state,
        account=account,
        working=msgspec.structs.replace(state.working, done={}),
        last_word={key: word for key, word in state.last_word.items() if key.rpartition("/")[2] != str(market)},
        denied={slot: when for slot, when in state.denied.items() if slot.split("/")[1] != str(market)},
    )


def _outcome(desk: Desk, out: list[Output], strategy: str, market: int) -> Outcome:
    mine = [record for record in out if isinstance(record, OrderSent | Refused) and record.intent.strategy == strategy]
    entries = [record for record in mine if record.intent.purpose is not Purpose.EXIT]
    for record in entries:
        if isinstance(record, Refused):
            return Outcome("refused", record.code, record.intent.why, record.checks)
    if mine:
        return Outcome("order", "", mine[0].intent.why, mine[0].checks)
    failed = next((r for r in out if isinstance(r, StrategyFailed) and r.strategy == strategy), None)
    if failed is not None:
        return Outcome("error", failed.error)
    words = {record.strategy: record for record in out if isinstance(record, Decision)}
    said = words.get(strategy)
    if said is None:
        return Outcome("silent")
    if said.action == "quote":
        quoting = [o for o in desk.state.working.of_market(market) if o.intent.strategy == strategy]
        return Outcome("quotes") if quoting else Outcome("hold", "no_quote_wanted")
    if said.action == "buy" and "ensemble" in words:
        return Outcome("vote", words["ensemble"].reason, words["ensemble"].why)
    return Outcome("hold", said.reason or said.action, said.why)


def _with(config: dict[str, Any], path: KeyPath, value: Any) -> dict[str, Any]:
    """Return a copy of a nested mapping with one leaf replaced."""
    head, *rest = path
    return {**config, head: _with(config[head], tuple(rest), value) if rest else value}


def _at(config: dict[str, Any], path: KeyPath) -> Any:
    found: Any = config
    for name in path:
        found = found[name]
    return found


def _bounds(key: Key, value: float) -> tuple[float, ...]:
    """Return the lowest and highest value that may be tried."""
    low, high = 0.0, max(_LARGEST, 2 * value)
    for item in key.field.metadata:
        if isinstance(item, Ge):
            low = float(item.ge)  # type: ignore[arg-type]
        elif isinstance(item, Le):
            high = float(item.le)  # type: ignore[arg-type]
    return tuple(bound for bound in (low, high) if bound != value)


def _like(value: Any, tried: Setting) -> Any:
    """Return a tried value in the type of the configured one."""
    if isinstance(value, bool):
        return tried
    return Decimal(str(tried)) if isinstance(value, Decimal) else type(value)(tried)


def _towards(value: Any, bound: Setting) -> Iterator[Setting]:
    """Yield values from a bound back to the configured one: what helps may lie in between only."""
    yield bound
    if not isinstance(value, bool):
        for part in _PARTS:
            yield _rounded(float(value) + (bound - float(value)) * part, value)


def _rounded(tried: float, value: Any) -> float:
    return float(math.floor(tried)) if isinstance(value, int) else round(tried, _DIGITS)
