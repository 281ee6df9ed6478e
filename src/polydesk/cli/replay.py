"""``polydesk replay``: do a recorded session again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from polydesk.cli.options import AsJson, DataDir, Overrides, SessionName, load
from polydesk.cli.output import emit_json, emit_line, examples, results
from polydesk.model.errors import ConfigError

if TYPE_CHECKING:
    from polydesk.report.tables import Table
    from polydesk.run.what_if import WhatIf

EPILOG = examples(
    "polydesk replay latest --verify",
    "polydesk replay latest --set desk.risk.max_market_exposure=50",
)


def replay(
    session: SessionName,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare every decision, refusal and order with the recorded ones.")
    ] = False,
    overrides: Overrides = [],  # noqa: B006 - typer copies it
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Prove that a session comes out the same again, or see what another configuration would have done."""
    from polydesk.report.session import find_session

    if verify == bool(overrides):
        raise ConfigError("give either --verify or at least one --set key=value")
    root = data_dir if data_dir is not None else Path(load(None, []).settings.data_dir)
    folder = find_session(root, session)
    if verify:
        _verify(folder, as_json=as_json)
    else:
        _what_if(folder, overrides, as_json=as_json)


def _verify(folder: Path, *, as_json: bool) -> None:
    from polydesk.run.replay import verify_session

    verdict = verify_session(folder)
    for line in verdict.fingerprint:
        typer.echo(f"recorded by another program or machine: {line}", err=True)
    if not verdict.complete:
        typer.echo(
            "the journal has no end: the session is running or was cut off; compared as far as it goes", err=True
        )
    if as_json:
        emit_json({"session": folder.name, **msgspec.to_builtins(verdict)})
    else:
        emit_line("identical" if verdict.identical else verdict.first_difference)
    if not verdict.identical:
        raise typer.Exit(1)


def _what_if(folder: Path, overrides: list[str], *, as_json: bool) -> None:
    from polydesk.report.terminal import print_table
    from polydesk.run.what_if import what_if

    found = what_if(folder, overrides)
    if as_json:
        emit_json({"session": folder.name, **msgspec.to_builtins(found)})
        return
    console = results(as_json=False)
    for table in _tables(found):
        if table.rows:
            print_table(table, console, limit=len(table.rows))


def _tables(found: "WhatIf") -> list["Table"]:
    from polydesk.report.quantities import cash, count, gain
    from polydesk.report.tables import Table

    before, after = found.recorded, found.other
    codes = sorted({*before.refusals, *after.refusals})
    totals = [
        ("orders", count(before.orders), count(after.orders)),
        ("fills", count(before.fills), count(after.fills)),
        *((f"refused: {c}", count(before.refusals.get(c, 0)), count(after.refusals.get(c, 0))) for c in codes),
        ("fees, pUSD", cash(before.fees_u6), cash(after.fees_u6)),
        ("PnL matched, pUSD", gain(before.pnl_u6), gain(after.pnl_u6)),
    ]
    differing = f"{count(found.orders_differing)} orders are on one side only; at most 20 of each are listed."
    first = found.first_difference or "Nothing differs."
    return [
        Table("Changed keys", ("key", ">recorded", ">now"), tuple((k, a, b) for k, (a, b) in found.changed.items())),
        Table("The same market under both", ("", ">recorded", ">changed"), tuple(totals), note=f"First: {first}"),
        Table("Orders only the session sent", ("order",), tuple((o,) for o in found.only_recorded), note=differing),
        Table("Orders only the changed desk sends", ("order",), tuple((o,) for o in found.only_other), note=differing),
    ]
