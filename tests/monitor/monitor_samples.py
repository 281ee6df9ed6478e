"""Sessions for the tests of the dashboard: real ones on a made tape."""

from made import made_tape
from polydesk.run.session import run_session
from polydesk.run.settings import load_settings

LIVELY = (
    "desk.strategies.mean_reversion.warm_up_s=5",
    "desk.strategies.mean_reversion.half_life_s=10",
    "desk.strategies.mean_reversion.min_deviation=0.01",
    "desk.strategies.mean_reversion.min_confidence=0.05",
    "desk.risk.entry_cooldown_s=5",
)
"""Both strategies trade, and risk refuses now and then."""


def run_made(data_dir, *more, seed=3, mode="paper"):
    """Run a session at full speed on a made tape; return its result."""
    path = data_dir / "tape"
    tape = made_tape(path if not path.exists() else data_dir / f"tape-{seed}", seed=seed)
    settings = load_settings(None, {}, [f"data_dir={data_dir}", "run.speed=max", *LIVELY, *more]).settings
    return run_session(settings, tape, mode, lambda _machine, _progress: None)
