"""The files of one result: JSON, three tables with side-cars, and a summary for people."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from polydesk.report.session import RESULT
from polydesk.research.documents import (
    ResultError,
    check_sum,
    read_json,
    with_checksum,
    write_csv,
    write_json,
    write_text,
)
from polydesk.research.ledger_lines import cells
from polydesk.research.result import EventEntry, ReplayEntry, Result, StrategyEntry
from polydesk.research.summary_md import summary_md

JSON, REPLAY, STRATEGY, EVENT, SUMMARY = RESULT, "replay.csv", "strategy.csv", "event.csv", "summary.md"
FOLDER = "backtest"
"""Where the files are in the session's folder unless another place is named."""


def write_result(folder: Path, result: Result, ledger: Sequence[ReplayEntry], *, checksum: bool = True) -> list[Path]:
    """Write all files of a result into ``folder``; return their paths.

    Raises:
        ResultError: The folder cannot be written.
    """
    document = as_document(result)
    write_json(folder / JSON, with_checksum(document) if checksum else document)
    write_csv(folder / REPLAY, columns(ReplayEntry), map(cells, ledger))
    write_csv(folder / STRATEGY, columns(StrategyEntry), map(cells, result.attribution.strategy))
    write_csv(folder / EVENT, columns(EventEntry), map(cells, result.attribution.event))
    write_text(folder / SUMMARY, summary_md(result))
    return [folder / name for name in (JSON, REPLAY, STRATEGY, EVENT, SUMMARY)]


def as_document(result: Result) -> dict[str, Any]:
    """Return the result as JSON data; fields without a checksum are left out."""
    document: dict[str, Any] = msgspec.to_builtins(result)
    return {key: value for key, value in document.items() if not (key.startswith("checksum_") and not value)}


def read_result(path: Path) -> Result:
    """Read a result document of version 2; fields it does not know are ignored.

    Raises:
        ResultError: Not a file, not such a document, or changed since it was written; the message names the field.
    """
    from polydesk.research.migration import check_major  # noqa: PLC0415 - only readers need it

    document = read_json(path)
    check_major(document, str(path), (2,))
    check_sum(document, str(path))
    try:
        return msgspec.convert(document, Result)
    except msgspec.ValidationError as err:
        raise ResultError(f"{path}: {err}; write the result again with `polydesk backtest show SESSION`") from err


def columns(kind: type[msgspec.Struct]) -> list[str]:
    """Return the columns of a table; an event's ids come right after its strategy."""
    names = list(kind.__struct_fields__)
    ids = [name for name in ("event_id", "market_id") if name in names and kind is EventEntry]
    return [names[0], *ids, *[name for name in names[1:] if name not in ids]]
