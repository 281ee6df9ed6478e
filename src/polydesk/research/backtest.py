"""A backtest is a session like any other: the same desk, driver, exchange and journal, over a chosen tape."""

import difflib

from polydesk.model.errors import ConfigError
from polydesk.run.session import Look, SessionResult, run_session
from polydesk.run.settings import Settings
from polydesk.run.settings_load import override
from polydesk.strategies import STRATEGIES
from polydesk.tape import Tape


def run_backtest(settings: Settings, tape: Tape, strategy: str, look: Look) -> SessionResult:
    """Run one strategy over ``tape``, as fast as it goes; ``settings.run.speed`` does not matter.

    Args:
        settings: The whole configuration.
        tape: Its market input.
        strategy: The one strategy that is enabled.
        look: Called with the running session several times a second.

    Raises:
        ConfigError: There is no such strategy.
        SessionError: The tape has no markets.
        JournalError: The session's folder cannot be written.
    """
    alone = with_strategies(override(settings, ["run.speed=max"]), [strategy])
    return run_session(alone, tape, "backtest", look)


def with_strategies(settings: Settings, names: list[str]) -> Settings:
    """Return ``settings`` with exactly the named strategies enabled.

    Raises:
        ConfigError: A name is not a strategy.
    """
    for name in names:
        if name not in STRATEGIES:
            near = difflib.get_close_matches(name, STRATEGIES, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(STRATEGIES)}"
            raise ConfigError(f"--strategy {name!r} is unknown; {hint}")
    return override(settings, [f"desk.strategies.{name}.enabled={str(name in names).lower()}" for name in STRATEGIES])
