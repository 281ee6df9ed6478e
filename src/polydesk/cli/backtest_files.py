"""``polydesk backtest list|show|verify|schema|migrate-v1-to-v2|migration-map``: result files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from polydesk.cli.options import AsJson, DataDir, load
from polydesk.cli.output import emit_json, emit_line, examples, results
from polydesk.model.errors import ConfigError

if TYPE_CHECKING:
    from polydesk.report.tables import Table

LIST_EPILOG = examples("polydesk backtest list", "polydesk backtest list --most 5 --json")
SHOW_EPILOG = examples("polydesk backtest show latest", "polydesk backtest show results/wide/backtest.json --replay 20")
VERIFY_EPILOG = examples(
    "polydesk backtest verify latest", "polydesk backtest verify results/wide results/night/rolling.json --json"
)
SCHEMA_EPILOG = examples("polydesk backtest schema > backtest.schema.json")
MIGRATE_EPILOG = examples("polydesk backtest migrate-v1-to-v2 --in old/latest.json --out new/latest.json")
MAP_EPILOG = examples(
    "polydesk backtest migration-map", "polydesk backtest migration-map --format json --out-json map.json"
)

_SHOWN = 20


def list_command(
    most: Annotated[int, typer.Option("--most", metavar="N", min=1, help="Newest backtests to list.")] = _SHOWN,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the backtests of a data folder, the newest first."""
    from polydesk.report.quantities import utc
    from polydesk.report.tables import Table
    from polydesk.research.catalogue import list_results
    from polydesk.research.summary_md import amount

    found = list_results(_root(data_dir), most)
    rows = []
    for item in found:
        totals = item.result.summary if item.result else None
        names = [entry.strategy for entry in item.result.attribution.strategy] if item.result else []
        told = (amount(totals.pnl), str(totals.fills), str(totals.rejected)) if totals else ("-", "-", "-")
        rows.append((item.session, utc(item.started_ns // 10**9 * 10**9), ", ".join(names) or item.problem, *told))
    if as_json:
        emit_json(
            {
                "backtests": [
                    {
                        "session": item.session,
                        "file": item.file,
                        "problem": item.problem,
                        "summary": msgspec.to_builtins(item.result.summary) if item.result else None,
                    }
                    for item in found
                ]
            }
        )
        return
    columns = ("session", "started, UTC", "strategies", ">PnL, pUSD", ">fills", ">refused")
    if not rows:
        emit_line(f"no backtests in {_root(data_dir)}; run one with `polydesk backtest`")
        return
    _print(Table("Backtests", columns, tuple(rows)), as_json=False)


def show_command(
    name: Annotated[
        str, typer.Argument(metavar="RESULT", help="Session (or `latest`), folder of a session or run, or JSON file.")
    ],
    replay: Annotated[
        int, typer.Option("--replay", metavar="N", min=0, help="Lines of the replay ledger to show.")
    ] = 0,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show one result: totals, strategies, events, refusals, assumptions; with --replay its ledger as well.

    The summary of a rolling backtest (rolling.json) is shown as well.
    """
    from polydesk.research.catalogue import find_result, find_rolling
    from polydesk.research.result_files import as_document
    from polydesk.research.summary_md import summary_md

    rolled = find_rolling(name)
    if rolled is not None:
        from polydesk.cli.backtest_rolling import show

        show(rolled, as_json=as_json)
        if as_json:
            emit_json(rolled)
        return
    found = find_result(_root(data_dir), name)
    if as_json:
        emit_json(as_document(found))
        return
    emit_line(summary_md(found).rstrip())
    if replay:
        from polydesk.report.tables import Table
        from polydesk.research.ledger_lines import cells

        names = {"ts": "time, UTC", "event_id": "event", "side": "side", "qty": ">~asked", "executed_qty": ">filled",
                 "target_price": ">~limit", "fill_price": ">price", "realized_change": ">PnL", "kind": "what",
                 "risk_reason": "reason", "strategy": "~strategy"}  # fmt: skip
        shown = [cells(entry) for entry in found.replay[:replay]]
        rows = tuple(tuple(row[name][11:23] if name == "ts" else row[name] for name in names) for row in shown)
        headings = tuple(names.values())
        _print(Table("Replay ledger", headings, rows, note=f"{len(rows)} of {found.replay_total} lines"), as_json=False)


def verify_command(
    names: Annotated[
        list[str],
        typer.Argument(metavar="RESULT", help="Sessions (or `latest`), folders of runs, JSON files, or tables."),
    ],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Compare files with their checksums; exit code 1 when one was changed or carries none.

    Of a session or run every file that has a checksum is compared. A session's journal is proven by `polydesk replay
    --verify`.
    """
    from polydesk.research.catalogue import summed_files
    from polydesk.research.documents import verify_file

    found = []
    for path in [file for name in names for file in summed_files(_root(data_dir), name)]:
        item = verify_file(path)
        found.append(item)
        typer.echo(f"{item.file}: {'OK' if item.ok else f'FAILED, {item.problem}'}", err=as_json)
    ok = all(item.ok for item in found)
    if as_json:
        emit_json({"ok": ok, "files": [msgspec.to_builtins(item) for item in found]})
    if not ok:
        raise typer.Exit(1)


def schema_command(as_json: AsJson = False) -> None:
    """Print the JSON Schema of the result document; with --json on one line."""
    from polydesk.research.result import json_schema

    if as_json:
        emit_json(json_schema())
    else:
        emit_line(msgspec.json.format(msgspec.json.encode(json_schema()), indent=2).decode())


def migrate_command(
    source: Annotated[Path, typer.Option("--in", metavar="FILE", help="Result of schema major 1.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the result of major 2 goes.")],
    as_json: AsJson = False,
) -> None:
    """Rewrite a result of schema 1 as schema 2; both are checked, and nothing of the old one is lost."""
    from polydesk.research.documents import read_json, write_json
    from polydesk.research.migration import migrate

    document = read_json(source)
    migrated = migrate(document, str(source))
    if out.exists() and out.resolve() == source.resolve():
        raise ConfigError(f"--out {out}: is the file given with --in; the old result would be lost, choose another")
    write_json(out, migrated)
    old, new = str(document["schema_version"]), str(migrated["schema_version"])
    typer.echo(f"{source} (schema {old}) -> {out} (schema {new})", err=as_json)
    if as_json:
        emit_json({"in": str(source), "out": str(out), "from_schema": old, "to_schema": new})


def map_command(
    style: Annotated[str, typer.Option("--format", metavar="table|json", help="How the map is shown.")] = "table",
    out_json: Annotated[
        Path | None, typer.Option("--out-json", metavar="FILE", help="Also write the map to a file.")
    ] = None,
    checksum: Annotated[
        bool, typer.Option("--with-checksum/--no-checksum", help="Put a SHA-256 into the map.", rich_help_panel="Files")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show where each field of schema 1 is in schema 2, and which way back there is."""
    from polydesk.research.documents import write_json
    from polydesk.research.migration import MAP, migration_map

    if style not in {"table", "json"}:
        raise ConfigError(f"--format {style!r}: choose table or json")
    document = migration_map(summed=checksum)
    if out_json is not None:
        write_json(out_json, document)
        typer.echo(f"wrote {out_json}", err=True)
    if as_json or style == "json":
        emit_json(document)
        return
    from polydesk.report.tables import Table

    rows = tuple((m.v1_path, m.v2_path, m.transform, "yes" if m.reversible else "no", m.note) for m in MAP)
    counts = document["summary"]
    note = f"{counts['total_fields']} rows, {counts['reversible_fields']} reversible."
    _print(Table("Schema 1 to 2", ("schema 1", "schema 2", "how", "way back", "note"), rows, note=note), as_json=False)


def mount(app: typer.Typer) -> None:
    """Add the commands to the group."""
    app.command("list", epilog=LIST_EPILOG)(list_command)
    app.command("show", epilog=SHOW_EPILOG)(show_command)
    app.command("verify", epilog=VERIFY_EPILOG)(verify_command)
    app.command("schema", epilog=SCHEMA_EPILOG)(schema_command)
    app.command("migrate-v1-to-v2", epilog=MIGRATE_EPILOG)(migrate_command)
    app.command("migration-map", epilog=MAP_EPILOG)(map_command)


def _root(data_dir: Path | None) -> Path:
    return data_dir if data_dir is not None else Path(load(None, []).settings.data_dir)


def _print(table: "Table", *, as_json: bool) -> None:
    from polydesk.report.terminal import print_table

    print_table(table, results(as_json=as_json), limit=len(table.rows))
