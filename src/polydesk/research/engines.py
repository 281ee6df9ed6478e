"""Which loop runs a backtest; both write the same journal."""

from polydesk.model.errors import ConfigError
from polydesk.run.compiled import ENGINES, Engine, choose, driver_type, is_compiled
from polydesk.run.settings import Settings
from polydesk.tape import Tape


def known_engine(wanted: str) -> Engine:
    """Return the engine of that name.

    Raises:
        ConfigError: There is none.
    """
    for engine in ENGINES:
        if engine == wanted:
            return engine
    raise ConfigError(f"--engine {wanted!r}: choose {', '.join(ENGINES)}")


def compile_once(settings: Settings, tape: Tape, engine: Engine) -> None:
    """Compile the loop here where sessions will run compiled, so that not every process does so.

    Raises:
        ConfigError: The compiled loop was asked for and cannot run this.
    """
    if choose(settings, tape, engine) == "compiled" and not is_compiled():
        driver_type()
