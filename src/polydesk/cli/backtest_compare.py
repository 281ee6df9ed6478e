"""``polydesk backtest compare``: results side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from polydesk.cli.options import AsJson, DataDir, load
from polydesk.cli.output import emit_json, examples, results

if TYPE_CHECKING:
    from polydesk.research.compare import Compared

EPILOG = examples(
    "polydesk backtest compare backtest-20260416T071000-a1b2c3 latest",
    "polydesk backtest compare results/a/backtest.json results/b/backtest.json --json",
)

_MOST_KEYS = 40
_COUNTS = {"total": "orders wanted", "executed": "with a fill", "rejected": "refused", "unfilled": "not filled",
           "fills": "fills", "trades": "trades closed"}  # fmt: skip
_AMOUNTS = {"pnl": "PnL, pUSD", "pnl_confirmed": "confirmed PnL", "realized": "realised", "unrealized": "unrealised",
            "fees": "fees", "max_drawdown": "deepest drawdown", "volume": "volume"}  # fmt: skip


def compare_command(
    names: Annotated[
        list[str],
        typer.Argument(metavar="RESULT", help="Sessions, `latest`, folders of sessions or runs, JSON files."),
    ],
    any_data: Annotated[
        bool, typer.Option("--any-data", help="Also when they ran on different tapes, windows or markets.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Compare results: figures, differences from the first, and the configuration keys that differ.

    Results of different tapes, windows or markets are refused unless --any-data is given.
    """
    from polydesk.research.catalogue import find_result
    from polydesk.research.compare import compare

    root = data_dir if data_dir is not None else Path(load(None, []).settings.data_dir)
    found = compare(names, [find_result(root, name) for name in names], any_data=any_data)
    if not found.same_data:
        typer.echo(f"warning: not the same data: they differ in {', '.join(found.data)}", err=True)
    if as_json:
        emit_json(msgspec.to_builtins(found))
        return
    _show(found)


def _show(found: "Compared") -> None:
    from polydesk.report.tables import Table
    from polydesk.report.terminal import print_table
    from polydesk.research.summary_md import amount

    letters = [chr(ord("A") + at) if at < 26 else str(at + 1) for at in range(len(found.names))]
    heads = ("", f">{letters[0]}", *(part for letter in letters[1:] for part in (f">{letter}", f">{letter}-A")))
    rows = []
    for name, values in found.metrics.items():
        told = [_text(name, value, amount) for value in values]
        less = [_text(name, value, amount, sign=True) for value in found.differences[name]]
        pairs = [cell for at in range(1, len(told)) for cell in (told[at], less[at])]
        rows.append((_AMOUNTS.get(name) or _COUNTS.get(name) or "win rate", told[0], *pairs))
    for strategy, values in found.strategies.items():
        told = [amount(value) if value is not None else "-" for value in values]
        first = values[0]
        less = ["-" if v is None or first is None else f"{v - first:+,.2f}" for v in values]
        rows.append((f"PnL of {strategy}", told[0], *[c for at in range(1, len(told)) for c in (told[at], less[at])]))
    note = "All did exactly the same (equal journals)." if found.same_journal else ""
    tables = [Table("Compared", heads, tuple(rows), note=note)]
    for title, differing in (("Different data", found.data), ("Different configuration", found.config)):
        keys = list(differing.items())[:_MOST_KEYS]
        more = f"{len(differing) - len(keys)} more keys differ; --json has all." if len(differing) > len(keys) else ""
        cells = tuple((key, *(str(value) for value in values)) for key, values in keys)
        tables.append(Table(title, ("key", *letters), cells, note=more))
    console = results(as_json=False)
    for letter, name in zip(letters, found.names, strict=True):
        console.print(f"{letter}: {name}", markup=False)
    for table in tables:
        if table.rows:
            print_table(table, console, limit=len(table.rows))


def _text(name: str, value: float | None, amount: Any, *, sign: bool = False) -> str:
    if value is None:
        return "-"
    if name in _COUNTS:
        return f"{int(value):+,}" if sign else f"{int(value):,}"
    if name == "winrate":
        return f"{100 * value:+.1f}" if sign else f"{100 * value:.1f} %"
    return f"{value:+,.2f}" if sign else str(amount(value))
