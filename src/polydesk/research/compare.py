"""Backtests side by side: figures, what differs from the first, and where their configurations differ."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from polydesk.model.errors import ConfigError
from polydesk.research.result import Result

_PLACES = 6
FIGURES = (
    "pnl", "pnl_confirmed", "realized", "unrealized", "fees", "max_drawdown", "volume", "total", "executed", "rejected",
    "unfilled", "fills",
)  # fmt: skip


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A comparison; every list is in the order of the results.

    Attributes:
        names: Of the results.
        same_data: Whether all ran on the same rows and markets of the same tape.
        data: What differs about the data, by field; empty when nothing does.
        metrics: Figures by name; ``None`` where a result has none.
        differences: Each figure less that of the first result.
        strategies: PnL by strategy; ``None`` where it did not run.
        config: Keys that differ, with their values.
        same_journal: Whether all did exactly the same.
    """

    names: list[str]
    same_data: bool
    data: dict[str, list[Any]]
    metrics: dict[str, list[float | None]]
    differences: dict[str, list[float | None]]
    strategies: dict[str, list[float | None]]
    config: dict[str, list[Any]]
    same_journal: bool


def compare(names: Sequence[str], results: Sequence[Result], *, any_data: bool = False) -> Compared:
    """Compare results.

    Args:
        names: What each is called.
        results: At least two.
        any_data: Compare even when they ran on different data; the comparison then says so.

    Raises:
        ConfigError: Fewer than two results, or different data without ``any_data``.
    """
    if len(results) < 2:
        raise ConfigError("compare needs two results; name sessions, folders or JSON files")
    data = _differing([_data(result) for result in results])
    if data and not any_data:
        told = "; ".join(f"{field}: {' | '.join(_short(value) for value in values)}" for field, values in data.items())
        raise ConfigError(
            f"these results are not of the same data, so that their numbers cannot be compared ({told}); "
            "give --any-data to see them side by side all the same"
        )
    metrics = {name: [getattr(result.summary, name) for result in results] for name in FIGURES}
    metrics["winrate"] = [_winrate(result) for result in results]
    metrics["trades"] = [_trades(result) for result in results]
    hashes = {result.journal_sha256 for result in results}
    return Compared(
        names=list(names),
        same_data=not data,
        data=data,
        metrics=metrics,
        differences={name: [_less(value, values[0]) for value in values] for name, values in metrics.items()},
        strategies=_strategies(results),
        config=_differing([_flat(msgspec.to_builtins(_config(result))) for result in results]),
        same_journal=len(hashes) == 1 and hashes != {""},
    )


def _data(result: Result) -> dict[str, Any]:
    tape = result.tape
    if tape is None:
        return {"kind": result.kind, "from_ts": result.summary.from_ts, "to_ts": result.summary.to_ts}
    rows = f"{tape.rows[0]} to {tape.rows[1]}"
    markets = "all" if tape.all_markets else ", ".join(tape.markets)
    return {"kind": result.kind, "tape": tape.sha256, "rows": rows, "applied": tape.applied, "markets": markets}


def _config(result: Result) -> dict[str, Any]:
    configs = msgspec.to_builtins(result.configs)
    models = {
        name: text for name, text in configs.pop("models").items() if isinstance(text, str) and name != "fill_rule"
    }
    return {**configs, "models": models, "seed": result.meta.seed}


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _differing(sides: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    keys = dict.fromkeys(key for side in sides for key in side)
    rows = {key: [side.get(key) for side in sides] for key in keys}
    return {key: values for key, values in rows.items() if any(value != values[0] for value in values)}


def _strategies(results: Sequence[Result]) -> dict[str, list[float | None]]:
    sides = [{entry.strategy: entry.pnl for entry in result.attribution.strategy} for result in results]
    return {name: [side.get(name) for side in sides] for name in sorted({name for side in sides for name in side})}


def _winrate(result: Result) -> float | None:
    rows = result.attribution.strategy
    won = sum(row.wins or 0 for row in rows)
    decided = won + sum(row.losses or 0 for row in rows)
    return round(won / decided, _PLACES) if decided else None


def _trades(result: Result) -> float | None:
    counts = [entry.trade_count for entry in result.attribution.strategy]
    known = [count for count in counts if count is not None]
    return float(sum(known)) if len(known) == len(counts) else None


def _less(value: float | None, first: float | None) -> float | None:
    return None if value is None or first is None else round(value - first, _PLACES)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 16 else f"{text[:12]}..."
