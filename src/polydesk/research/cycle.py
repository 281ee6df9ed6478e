"""One run after the other into dated folders: check the tape, backtest, write the files, point to the newest.

``run-<time>/`` holds what one run wrote; ``latest-run.json`` names the newest and ``latest`` points to it.
"""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from polydesk.research.documents import ResultError, folder_for, remove_empty, write_json, write_text
from polydesk.research.result import Result
from polydesk.research.rolling_result import Rolling

LATEST_FILE, LATEST_LINK = "latest-run.json", "latest"
SUMMARY_LINE, ROLLING = "summary.txt", "rolling.json"
DISABLED, NONE = "disabled", "none"


@contextmanager
def new_run(root: Path) -> Iterator[Path]:
    """Make the folder of a new run; two runs of one second get different ones, one that wrote nothing leaves none.

    Raises:
        ResultError: It cannot be made.
    """
    with folder_for(root), ExitStack() as undo:
        run = _fresh(root)
        undo.callback(remove_empty, run)
        yield run
        undo.pop_all()


def _fresh(root: Path) -> Path:
    name = f"run-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    for suffix in ("", *(f"-{number}" for number in range(2, 100))):
        with suppress(FileExistsError):
            (root / f"{name}{suffix}").mkdir()
            return root / f"{name}{suffix}"
    raise ResultError(f"{root}: a hundred runs began in one second; wait a moment")


def point_to(run: Path, facts: Mapping[str, Any]) -> None:
    """Make ``latest-run.json`` and ``latest`` name a run; each changes at once or not at all.

    Raises:
        ResultError: The folder cannot be written.
    """
    root = run.parent
    write_json(root / LATEST_FILE, {"run": run.name, **facts})
    draft = root / f".{LATEST_LINK}.{secrets.token_hex(4)}"
    try:
        draft.symlink_to(run.name, target_is_directory=True)
        os.replace(draft, root / LATEST_LINK)
    except OSError as err:
        with suppress(OSError):
            draft.unlink()
        raise ResultError(f"{root / LATEST_LINK}: cannot point to {run.name} ({err.strerror}); remove it") from err


def summary_line(result: Result, rolling: Rolling | None, top_k: int, files: Mapping[str, str]) -> str:
    """Return a run as one line of ``name=value``, for logs and messages; nothing in it has a space but the window.

    Args:
        result: Of the whole range.
        rolling: Of its windows, where they were run; ``complete`` is false as well when one of them was not.
        top_k: How many refusal codes are named; 0 switches them off.
        files: Paths by name (``rolling``, ``pdf``, ...).
    """
    totals = result.summary
    known = [row for row in result.attribution.strategy if row.pnl is not None]
    best = max(known, key=lambda row: row.pnl or 0.0, default=None)
    parts = {
        "date": totals.to_ts[:10],
        "window": f"{totals.from_ts[:19]}Z..{totals.to_ts[:19]}Z",
        "signals": f"{totals.total}/{totals.executed}/{totals.rejected}",
        "pnl": _number(totals.pnl),
        "best_strategy": NONE if best is None else f"{best.strategy}:{_number(best.pnl)}",
        "complete": str(result.meta.complete and (rolling is None or rolling.complete)).lower(),
    }
    if rolling is not None:
        parts |= _rolling_parts(rolling, top_k)
    parts |= {"pdf": NONE, "rolling": NONE, **files}
    return " ".join(f"{name}={value}" for name, value in parts.items())


def write_summary_line(run: Path, line: str) -> Path:
    """Write ``summary.txt``; return its path."""
    write_text(run / SUMMARY_LINE, line + "\n")
    return run / SUMMARY_LINE


def reject_top(reasons: Mapping[str, int], top_k: int) -> str:
    """Return the ``top_k`` most frequent reasons as ``reason:count``; ``disabled`` for 0, ``none`` without any."""
    if top_k <= 0:
        return DISABLED
    first = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:top_k]
    return ",".join(f"{reason}:{count}" for reason, count in first) or NONE


def _rolling_parts(rolling: Rolling, top_k: int) -> dict[str, str]:
    seen = rolling.summary
    rate, hours = _number(seen.positive_window_rate), _number(seen.range_hours)
    return {
        "rolling_runs": str(seen.run_count),
        "rolling_data_runs": str(seen.data_window_count),
        "rolling_exec_rate": _number(seen.execution_rate),
        "pos_win_rate": rate,
        "positive_window_rate": rate,
        "empty_windows": str(seen.empty_window_count),
        "empty_window_count": str(seen.empty_window_count),
        "range_h": hours,
        "range_hours": hours,
        "coverage": _number(seen.coverage_ratio),
        "coverage_ratio": _number(seen.coverage_ratio),
        "overlap": _number(seen.overlap_ratio),
        "overlap_ratio": _number(seen.overlap_ratio),
        "coverage_label": seen.coverage_label,
        "rolling_reject_top_k": str(top_k),
        "rolling_reject_top": reject_top(seen.risk_rejection_reasons, top_k),
    }


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{round(value, 6) + 0.0:g}" if abs(value) < 1 else f"{value:.2f}"
