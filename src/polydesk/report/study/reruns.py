"""The same session run again under other rules: what is kept of each run, and the file that holds them."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from polydesk.model.errors import SessionError
from polydesk.report.marks import Mark

FILE_NAME = "reruns.json"
"""Beside the journal of the session that was run again."""

FORMAT = 1
POINTS = 96
"""Most points of a kept equity curve."""


class Rerun(msgspec.Struct, frozen=True):
    """One run.

    Attributes:
        group: Why it was made: ``base``, ``queue``, ``size`` or ``grid``.
        label: Its name in tables, for example ``proportional``.
        overrides: Configuration keys that differ from the session, with their values.
        net_u6: PnL matched, micro-pUSD; ``None`` when open positions were never marked.
        fees_u6: Taker fees.
        rebates_u6: Maker rebates due by the published rule, apart from ``net_u6``.
        fills: Fills that hold.
        shares_u6: Micro-shares filled.
        volume_u6: Price x size of the fills.
        drawdown_u6: Deepest fall of equity.
        broken: Sentinels and guards that void the run; empty when there are none.
        journal_sha256: Hash of the run's journal.
        curve: Instants and PnL without moved cash, micro-pUSD, thinned to ``POINTS``.
    """

    group: str
    label: str
    overrides: dict[str, str]
    net_u6: int | None
    fees_u6: int
    rebates_u6: int
    fills: int
    shares_u6: int
    volume_u6: int
    drawdown_u6: int
    broken: tuple[str, ...]
    journal_sha256: str
    curve: tuple[tuple[int, int], ...]


class Reruns(msgspec.Struct, frozen=True):
    """What ``reruns.json`` holds; ``session_sha256`` is the journal hash of the session they belong to."""

    format: int
    session_sha256: str
    runs: tuple[Rerun, ...]


def write_reruns(folder: Path, reruns: Reruns) -> None:
    """Write the file so that it is there completely or not at all.

    Raises:
        SessionError: The folder cannot be written.
    """
    draft = folder / f"{FILE_NAME}.partial"
    try:
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(reruns), indent=1) + b"\n")
        draft.replace(folder / FILE_NAME)
    except OSError as err:
        raise SessionError(
            f"{folder / FILE_NAME}: cannot be written ({err.strerror}); free space and try again"
        ) from err


def read_reruns(folder: Path, session_sha256: str) -> tuple[Rerun, ...]:
    """Return the runs kept with a session; none when there is no file or it belongs to another state of the journal.

    Raises:
        SessionError: The file is damaged.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        return ()
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=Reruns)
    except (msgspec.DecodeError, UnicodeDecodeError, OSError) as err:
        raise SessionError(f"{path}: {err}; delete it and run the comparison again") from err
    return kept.runs if kept.format == FORMAT and kept.session_sha256 == session_sha256 else ()


def thinned(marks: Sequence[Mark]) -> tuple[tuple[int, int], ...]:
    """Return at most ``POINTS`` points of the PnL curve, the last mark among them; it begins at 0."""
    if not marks:
        return ()
    start = marks[0].earned_u6
    step = max(1, -(-len(marks) // (POINTS - 1)))
    shown = [*range(0, len(marks) - 1, step), len(marks) - 1]
    return tuple((marks[at].ts_ns, marks[at].earned_u6 - start) for at in shown)
