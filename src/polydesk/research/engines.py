"""Which loop runs a backtest; both write the same journal."""

from polydesk.model.errors import ConfigError
from polydesk.run.compiled import ENGINES, Engine


def known_engine(wanted: str) -> Engine:
    """Return the engine of that name.

    Raises:
        ConfigError: There is none.
    """
    for engine in ENGINES:
        if engine == wanted:
            return engine
    raise ConfigError(f"--engine {wanted!r}: choose {', '.join(ENGINES)}")
