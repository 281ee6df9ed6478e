"""A backtest is a session like any other: the same desk, driver, exchange and journal, over a chosen tape."""

import difflib
from collections.abc import Sequence

from polydesk.model.errors import ConfigError
from polydesk.run.compiled import Engine
from polydesk.run.session import Look, SessionResult, run_session
from polydesk.run.settings import Settings
from polydesk.run.settings_load import override
from polydesk.strategies import STRATEGIES
from polydesk.tape import Tape


def run_backtest(
    settings: Settings, tape: Tape, strategy: str | Sequence[str], look: Look, markets: tuple[int, ...] = (),
    engine: Engine = "auto",
) -> SessionResult:  # fmt: skip
    """Run strategies over ``tape``, as fast as it goes; ``settings.run.speed`` does not matter.

    Args:
        settings: The whole configuration.
        tape: Its market input; the rows of its span are traded, those before it fill the books.
        strategy: The strategies that are enabled; those of the configuration when empty.
        look: Called with the running session several times a second.
        markets: The markets to trade, by index; all of the tape when empty.
        engine: What runs it; the journal is the same either way.

    Raises:
        ConfigError: There is no such strategy, none is enabled, or the compiled loop was asked for and cannot run it.
        SessionError: The tape has no markets.
        JournalError: The session's folder cannot be written.
    """
    names = [strategy] if isinstance(strategy, str) else list(strategy)
    return run_session(prepared(settings, names), tape, "backtest", look, markets, engine)


def prepared(settings: Settings, names: Sequence[str]) -> Settings:
    """Return ``settings`` for a backtest: full speed, and the named strategies where any are named.

    Raises:
        ConfigError: A name is not a strategy, or no strategy is enabled.
    """
    fast = override(settings, ["run.speed=max"])
    ready = with_strategies(fast, names) if names else fast
    if not enabled(ready):
        raise ConfigError(
            "no strategy is enabled; name one with --strategy, or set desk.strategies.<name>.enabled=true; "
            f"there are {', '.join(STRATEGIES)}"
        )
    return ready


def enabled(settings: Settings) -> list[str]:
    """Return the names of the strategies that are enabled."""
    return [name for name in STRATEGIES if getattr(settings.desk.strategies, name).enabled]


def with_strategies(settings: Settings, names: Sequence[str]) -> Settings:
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
