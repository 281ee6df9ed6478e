"""The notebook API: ``from polydesk.research import notebook as research``; see docs/notebooks.md."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from polydesk.model.errors import ConfigError
from polydesk.report.session import find_session
from polydesk.research.backtest import with_strategies
from polydesk.research.frames import TABLES, to_polars
from polydesk.research.notebook_keywords import key_of, overrides_of
from polydesk.research.notebook_results import Results, results_of
from polydesk.research.plots import Plot, line_plot
from polydesk.run.session import run_session
from polydesk.run.settings import Settings, load_settings
from polydesk.run.settings_load import override
from polydesk.tape import Tape, ensure_sample, open_tape

if TYPE_CHECKING:
    import polars

__all__ = ["TABLES", "Plot", "Results", "backtest", "grid", "grid_table", "line_plot", "session", "tape"]


def tape(path: Path | str | None = None, sample: str = "default", data_dir: Path | str | None = None) -> Tape:
    """Open a tape, or the bundled recordings when no path is given; these are imported the first time.

    Raises:
        TapeError: There is no tape, or no such sample.
    """
    if path is not None:
        return open_tape(path)
    return ensure_sample(Path(_settings(data_dir).data_dir) / "tapes", sample)


def session(path: Path | str = "latest", data_dir: Path | str | None = None) -> Results:
    """Read a session: a folder, a name, or ``latest``.

    Raises:
        SessionError: There is no such session.
    """
    if Path(path).is_dir():
        return results_of(Path(path))
    return results_of(find_session(Path(_settings(data_dir).data_dir), str(path)))


def backtest(
    on: Tape | Path | str | None = None,
    strategy: str | Sequence[str] = "mean_reversion",
    *,
    data_dir: Path | str | None = None,
    **settings: Any,
) -> Results:
    """Run a session over a tape and return its results.

    Args:
        on: The tape or its folder; the bundled recordings when omitted.
        strategy: One strategy or several.
        data_dir: Where the session is kept; the configured folder when omitted.
        **settings: Any setting by its shortest clear name: ``half_spread=0.02``, ``max_market_exposure=50``,
            ``seed=7``, ``exits__stop_loss=0.1``.

    Raises:
        ConfigError: No such strategy or setting, or a value that does not fit.
        SessionError: The tape has no markets.
    """
    names = [strategy] if isinstance(strategy, str) else list(strategy)
    source = on if isinstance(on, Tape) else tape(on, data_dir=data_dir)
    plain = override(_settings(data_dir), ["run.speed=max", *overrides_of(names, settings)])
    ended = run_session(with_strategies(plain, names), source, "backtest", lambda _machine, _progress: None)
    return results_of(ended.path)


def grid(
    on: Tape | Path | str | None,
    strategy: str,
    over: Mapping[str, Iterable[Any]],
    *,
    data_dir: Path | str | None = None,
    **settings: Any,
) -> "polars.DataFrame":
    """Run one backtest for every combination of values; return a polars frame, a row each.

    Args:
        on: The tape or its folder; the bundled recordings when omitted.
        strategy: One strategy.
        over: Values to try by setting, named as for ``backtest``.
        data_dir: Where the sessions are kept.
        **settings: Settings that all runs share.

    Raises:
        ConfigError: As ``backtest``; or nothing to vary, or polars is not installed.
    """
    return to_polars(grid_table(on, strategy, over, data_dir=data_dir, **settings))


def grid_table(
    on: Tape | Path | str | None,
    strategy: str,
    over: Mapping[str, Iterable[Any]],
    *,
    data_dir: Path | str | None = None,
    **settings: Any,
) -> pa.Table:
    """Do the same as ``grid`` and return an Arrow table."""
    values = {name: list(tried) for name, tried in over.items()}
    if not values or not all(values.values()):
        raise ConfigError("nothing to vary: give at least one setting with at least one value")
    for name in values:
        key_of([strategy], name)
    source = on if isinstance(on, Tape) else tape(on, data_dir=data_dir)
    rows = []
    for combination in product(*values.values()):
        tried = dict(zip(values, combination, strict=True))
        found = backtest(source, strategy, data_dir=data_dir, **{**settings, **tried})
        rows.append({**tried, **_figures(found)})
    return pa.Table.from_pylist(rows)


def _figures(found: Results) -> dict[str, Any]:
    figures = found.summary
    matched = figures["pnl"]["matched"]
    return {
        "pnl": None if isinstance(matched, str) else float(matched),
        "fees": None if isinstance(figures["fees"], str) else float(figures["fees"]),
        "orders": figures["orders"],
        "fills": figures["fills"],
        "refused": sum(figures["refusals"].values()),
        "sentinels": figures["sentinels"],
        "journal_sha256": figures["journal_sha256"],
        "session": found.name,
    }


def _settings(data_dir: Path | str | None) -> Settings:
    """Return the configuration as the commands load it, with another data folder when one is named."""
    return load_settings(overrides=[] if data_dir is None else [f"data_dir={data_dir}"]).settings
