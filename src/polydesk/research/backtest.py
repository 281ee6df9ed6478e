"""One strategy over one tape: the desk, risk and exchange of a paper session, as fast as it goes."""

from polydesk.model.errors import ConfigError
from polydesk.run.session import Look, SessionResult, run_session
from polydesk.run.settings import Settings
from polydesk.run.settings_load import override
from polydesk.strategies import STRATEGIES
from polydesk.tape import Tape


def run_backtest(settings: Settings, tape: Tape, strategy: str, look: Look) -> SessionResult:
    """Run ``strategy`` alone over ``tape``.

    Args:
        settings: The whole configuration; which strategies are enabled in it does not matter.
        tape: Market input.
        strategy: Name of a known strategy.
        look: Called with the running session several times a second.

    Raises:
        ConfigError: There is no such strategy.
    """
    if strategy not in STRATEGIES:
        raise ConfigError(f"--strategy {strategy!r}: there are {', '.join(STRATEGIES)}")
    alone = [f"desk.strategies.{name}.enabled={str(name == strategy).lower()}" for name in STRATEGIES]
    return run_session(override(settings, alone), tape, "backtest", look)
