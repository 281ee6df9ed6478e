"""The same session again under other rules: whatever differs is then due to the rules."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from polydesk.report.session import open_session
from polydesk.report.study.build import void_guards
from polydesk.report.study.income import fee_scale_of, rebates
from polydesk.report.study.reruns import FORMAT, Rerun, Reruns, read_reruns, thinned, write_reruns
from polydesk.report.summary import Summary, summarise
from polydesk.run.driver import Machine, Progress
from polydesk.run.session import Look, SessionResult, run_session
from polydesk.run.settings import Settings
from polydesk.run.settings_keys import leaf_keys
from polydesk.run.settings_load import override
from polydesk.tape import Tape

QUEUE_KEY = "exchange.queue_model"
QUEUES = ("pessimistic", "proportional", "probability")

Run = Callable[[Settings, Tape, str, Look], SessionResult]
"""What runs a session; ``run_session`` unless only some rows or markets are traded."""


def quiet(_machine: Machine, _progress: Progress) -> None:
    """Show nothing."""


def rerun(
    settings: Settings, tape: Tape, overrides: Mapping[str, str], *, group: str, label: str, look: Look = quiet,
    run: Run = run_session, scratch: Path | None = None,
) -> Rerun:  # fmt: skip
    """Run a session with some keys changed, keep its numbers and forget the rest.

    Args:
        settings: The configuration of the session.
        tape: Its market input.
        overrides: Dotted keys and values that differ.
        group: ``queue``, ``size`` or ``grid``.
        label: Its name in tables.
        look: Called with the running session several times a second.
        run: What runs it.
        scratch: Folder for the session while it runs; the system's when omitted.

    Raises:
        ConfigError: A key or value is wrong.
        KeyboardInterrupt: It was stopped before the tape's end; half a session compares with nothing.
    """
    with tempfile.TemporaryDirectory(prefix="polydesk-rerun-", dir=scratch) as folder:
        told = [f"{key}={value}" for key, value in overrides.items()]
        changed = override(settings, [*told, "run.speed=max", "run.live_state_hz=0", f"data_dir={folder}"])
        ended = run(changed, tape, "backtest", look)
        if ended.reason != "tape_end":
            raise KeyboardInterrupt
        session = open_session(ended.path)
        summary = summarise(session)
        void = void_guards(session, summary, settings.report.guards)
        return summed(summary, overrides, group=group, label=label, void=void)


def summed(
    summary: Summary, overrides: Mapping[str, str], *, group: str, label: str, void: Sequence[str] = ()
) -> Rerun:
    """Return what is kept of a session; ``void`` says which guards void its PnL."""
    good = [line.fill for line in summary.fills if line.status != "failed"]
    return Rerun(
        group=group,
        label=label,
        overrides=dict(overrides),
        net_u6=summary.matched.net_u6,
        fees_u6=summary.matched.fees_u6,
        rebates_u6=rebates(summary.fills, summary.markets, summary.external, fee_scale_of(summary.config)).due_u6,
        fills=len(good),
        shares_u6=sum(fill.size_u6 for fill in good),
        volume_u6=summary.performance.turnover_u6,
        drawdown_u6=summary.drawdown.depth_u6,
        broken=(*summary.broken, *void),
        journal_sha256=summary.journal_sha256,
        curve=thinned(summary.marks),
    )


def other_queues(settings: Settings) -> tuple[str, ...]:
    """Return the queue rules that a session did not use, the one furthest from it first."""
    mine = settings.exchange.queue_model
    others = [rule for rule in QUEUES if rule != mine]
    return tuple(reversed(others)) if mine == QUEUES[0] else tuple(others)


def compare_queues(
    settings: Settings, tape: Tape, folder: Path, rules: Sequence[str] | None = None, *, look: Look = quiet,
    run: Run = run_session,
) -> tuple[Rerun, ...]:  # fmt: skip
    """Run a finished session again under other queue rules, and keep the answers beside its journal for its report.

    Args:
        settings: The configuration it ran with.
        tape: Its market input.
        folder: Of the session.
        rules: Queue rules; the one furthest from the session's own when omitted.
        look: Called with the running session several times a second.
        run: What runs it.

    Raises:
        SessionError: There is no session in the folder, or it cannot be written.
    """
    chosen = other_queues(settings)[:1] if rules is None else tuple(rules)
    runs = tuple(
        rerun(settings, tape, {QUEUE_KEY: rule}, group="queue", label=rule, look=look, run=run) for rule in chosen
    )
    keep(folder, runs)
    return runs


def compare_sizes(
    settings: Settings, tape: Tape, folder: Path, multiples: Sequence[int] = (2, 5), *, look: Look = quiet,
    run: Run = run_session,
) -> tuple[Rerun, ...]:  # fmt: skip
    """Run a finished session again with larger orders, and keep the answers beside its journal: a capacity curve.

    Raises:
        SessionError: There is no session in the folder, or it cannot be written.
    """
    runs = tuple(
        rerun(settings, tape, sized(settings, n), group="size", label=str(n), look=look, run=run) for n in multiples
    )
    keep(folder, runs)
    return runs


def sized(settings: Settings, multiple: int) -> dict[str, str]:
    """Return the overrides that make every configured amount of the desk so many times larger.

    Starting cash, strategies' shares, sizing and risk limits grow together: only the market stays as small as it is.
    """
    found: dict[str, str] = {}
    for key in leaf_keys(Settings).values():
        if key.unit in {"shares", "pUSD"} and key.path[0] == "desk":
            value: object = settings
            for name in key.path:
                value = getattr(value, name)
            if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
                found[key.name] = str(value * multiple)
    return found


def keep(folder: Path, runs: Sequence[Rerun]) -> None:
    """Write runs beside a session's journal; those of other groups that are there stay.

    Raises:
        SessionError: There is no session in the folder, or it cannot be written.
    """
    sha256 = open_session(folder).journal_sha256
    groups = {run.group for run in runs}
    others = [run for run in read_reruns(folder, sha256) if run.group not in groups]
    write_reruns(folder, Reruns(FORMAT, sha256, (*others, *runs)))
