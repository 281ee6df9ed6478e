"""Which sessions run compiled, and a compiled run that keeps no journal.

Nothing here loads the compiled loop before it is used: compiling it takes a minute the first time.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from polydesk.desk.loop.pack import cannot_run
from polydesk.kernel.cache import CALLER_ROOMS, cache_directory
from polydesk.kernel.jit import make_ready
from polydesk.model.errors import ConfigError, SessionError
from polydesk.run.machine import new_machine
from polydesk.run.settings import Settings
from polydesk.tape import Tape

if TYPE_CHECKING:
    from polydesk.run.loop_result import LoopResult

Engine = Literal["auto", "compiled", "python"]
ENGINES: tuple[Engine, ...] = ("auto", "compiled", "python")

WORTH_COMPILING_ROWS = 5_000_000
"""Rows from which ``auto`` compiles the loop where that has not been done yet: below, interpreting is done earlier."""
_READY = "loop.ready"


def supports(settings: Settings) -> str:
    """Return why a session cannot run compiled, in one sentence, or ``""``."""
    if isinstance(settings.run.speed, float):
        return "a session at a set speed is paced row by row"
    return cannot_run(settings.desk)


def is_compiled() -> bool:
    """Return whether the loop's machine code is on disk."""
    return (cache_directory(CALLER_ROOMS)[0] / _READY).exists()


def driver_type() -> Any:
    """Return ``CompiledDriver``; loads the loop, and compiles it the first time."""
    found = import_module("polydesk.run.compiled_driver").CompiledDriver
    for entry in import_module("polydesk.desk.loop.run").ENTRIES:
        make_ready(entry)
    (cache_directory(CALLER_ROOMS)[0] / _READY).touch()
    return found


def choose(settings: Settings, tape: Tape, engine: Engine) -> Literal["compiled", "python"]:
    """Return what runs a session.

    Args:
        settings: The whole configuration.
        tape: Its market input.
        engine: What was asked for; ``auto`` takes the compiled loop where it can and is worth it.

    Raises:
        ConfigError: The compiled loop was asked for and cannot run this.
    """
    if engine == "python":
        return "python"
    reason = supports(settings)
    if engine == "compiled":
        if reason:
            raise ConfigError(f"--engine compiled: {reason}; use --engine auto or python")
        return "compiled"
    ready = is_compiled() or tape.manifest.rows >= WORTH_COMPILING_ROWS
    return "compiled" if ready and not reason else "python"


def run_without_journal(settings: Settings, tape: Tape) -> "LoopResult":
    """Run a session compiled and return what it came to; nothing is written. For sweeps.

    Args:
        settings: The whole configuration.
        tape: Its market input.

    Raises:
        ConfigError: The compiled loop cannot run this.
        SessionError: The tape has no markets.
    """
    choose(settings, tape, "compiled")
    if not tape.manifest.markets:
        raise SessionError(f"{tape.path}: the tape has no markets, there is nothing to trade")
    machine = new_machine(tape.manifest, settings.desk, settings.exchange, settings.run.seed)
    driver = driver_type()(tape, machine, None, lambda _progress: None)
    result: LoopResult = driver.result(driver.run())
    return result
