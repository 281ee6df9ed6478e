"""``polydesk backtest signals``: replay of stored signals."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from polydesk.cli import backtest_options as options
from polydesk.cli.backtest_signals_text import show
from polydesk.cli.options import AsJson, ConfigFile, DataDir, Overrides, load
from polydesk.cli.output import emit_json, examples
from polydesk.model.errors import ConfigError

if TYPE_CHECKING:
    from polydesk.research.result import ReplayEntry, Result
    from polydesk.research.stored_signals import Stored

EPILOG = examples(
    "polydesk backtest signals data/monomarket.db --strategies s1,s4 --partial-fill --dynamic-slippage",
    "polydesk backtest signals signals.jsonl --snapshots snapshots.csv --fill-probability --fill-draw --seed 3",
    "polydesk backtest signals latest --slippage-bps 10 --fee-bps 20 --out-json signals.json --json",
)

_MODEL, _SWITCHES, _SIDE_CARS = "Fill model", "Fill model: switches", "Side-cars"
_ANY_AGE_S = 1_000_000_000.0


def signals_command(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="monomarket database, CSV or JSONL file, or a session (`latest`).")
    ],
    snapshots: Annotated[
        Path | None, typer.Option("--snapshots", metavar="FILE", help="Market snapshots (CSV or JSONL) for a table.")
    ] = None,
    strategies: Annotated[
        str, typer.Option("--strategies", metavar="NAMES", help="Separated by commas; all of the source when omitted.")
    ] = "",
    begin: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="First moment; the first signal's.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Last moment.")] = None,
    slippage_bps: Annotated[
        str, typer.Option("--slippage-bps", metavar="BPS", help="Always worse than target.", rich_help_panel=_MODEL)
    ] = "5",
    fee_bps: Annotated[
        str, typer.Option("--fee-bps", metavar="BPS", help="Fee on price x size.", rich_help_panel=_MODEL)
    ] = "0",
    partial_fill: Annotated[
        bool,
        typer.Option(
            "--partial-fill/--no-partial-fill", help="Thin markets fill a part only.", rich_help_panel=_SWITCHES
        ),
    ] = False,
    liquidity_full_fill: Annotated[
        str,
        typer.Option(
            "--liquidity-full-fill", metavar="PUSD", help="Liquidity from which all is filled.", rich_help_panel=_MODEL
        ),
    ] = "1000",
    min_fill_ratio: Annotated[
        str,
        typer.Option("--min-fill-ratio", metavar="0..1", help="Part that is always filled.", rich_help_panel=_MODEL),
    ] = "0.1",
    fill_probability: Annotated[
        bool,
        typer.Option(
            "--fill-probability/--no-fill-probability",
            help="Thin markets fill less probably.",
            rich_help_panel=_SWITCHES,
        ),
    ] = False,
    min_fill_probability: Annotated[
        str, typer.Option("--min-fill-probability", metavar="0..1", help="Lowest probability.", rich_help_panel=_MODEL)
    ] = "0.05",
    fill_draw: Annotated[
        bool,
        typer.Option(
            "--fill-draw/--no-fill-draw",
            help="Draw all or nothing instead of filling the expectation.",
            rich_help_panel=_SWITCHES,
        ),
    ] = False,
    dynamic_slippage: Annotated[
        bool,
        typer.Option(
            "--dynamic-slippage/--no-dynamic-slippage",
            help="Thin, incoherent markets slip further.",
            rich_help_panel=_SWITCHES,
        ),
    ] = False,
    spread_weight: Annotated[
        str,
        typer.Option(
            "--spread-slippage-weight-bps", metavar="BPS", help="Times |1 - (yes + no)|.", rich_help_panel=_MODEL
        ),
    ] = "50",
    liquidity_weight: Annotated[
        str,
        typer.Option(
            "--liquidity-slippage-weight-bps",
            metavar="BPS",
            help="Times what liquidity is missing.",
            rich_help_panel=_MODEL,
        ),
    ] = "25",
    liquidity_reference: Annotated[
        str,
        typer.Option(
            "--slippage-liquidity-reference", metavar="PUSD", help="Liquidity that is not thin.", rich_help_panel=_MODEL
        ),
    ] = "1000",
    max_snapshot_age_s: Annotated[
        float | None,
        typer.Option(
            "--max-snapshot-age-s",
            metavar="S",
            help="Older snapshots are stale; any when omitted.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    seed: options.Seed = None,
    replay_limit: Annotated[
        int, typer.Option("--replay-limit", metavar="N", min=0, help="Lines of the ledger to print.")
    ] = 20,
    schema: Annotated[
        str, typer.Option("--schema", metavar="1|2", help="Layout of the JSON file: 2, or 1 for older tools.")
    ] = "2",
    out_dir: Annotated[
        Path | None,
        typer.Option(
            "--out-dir",
            metavar="DIR",
            help="Write all files here, tables with side-cars.",
            rich_help_panel=options.FILES,
        ),
    ] = None,
    out_json: Annotated[
        Path | None, typer.Option("--out-json", metavar="FILE", help="Write the result.", rich_help_panel=options.FILES)
    ] = None,
    out_replay: Annotated[
        Path | None,
        typer.Option(
            "--out-replay-csv", metavar="FILE", help="Write the replay ledger.", rich_help_panel=options.FILES
        ),
    ] = None,
    out_strategy: Annotated[
        Path | None,
        typer.Option("--out-strategy-csv", metavar="FILE", help="Write the strategies.", rich_help_panel=options.FILES),
    ] = None,
    out_event: Annotated[
        Path | None,
        typer.Option("--out-event-csv", metavar="FILE", help="Write the events.", rich_help_panel=options.FILES),
    ] = None,
    checksum: options.Checksum = True,
    side_cars: Annotated[
        bool,
        typer.Option(
            "--with-csv-digest-sidecar",
            help="Write FILE.sha256 beside tables; so it is without this, too.",
            rich_help_panel=_SIDE_CARS,
        ),
    ] = False,
    no_side_cars: Annotated[
        bool, typer.Option("--no-csv-digest-sidecar", help="Write no FILE.sha256.", rich_help_panel=_SIDE_CARS)
    ] = False,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    overrides: Overrides = [],  # noqa: B006 - typer copies it
    as_json: AsJson = False,
) -> None:
    """Replay stored signals with a fill model and the risk checks of live sessions.

    A signal is filled by what was known before it; one without an earlier snapshot is not filled. Where books were
    recorded, `polydesk backtest` says more: this model only assumes what a book would have shown.
    """
    from polydesk.model.grid import cash_u6
    from polydesk.research.fill_model import FillModel, check_model
    from polydesk.research.signal_replay import SignalPlan, replay_signals
    from polydesk.research.signal_sources import read_source
    from polydesk.research.times import iso, time_ns
    from polydesk.run.settings_load import override

    if side_cars and no_side_cars:
        raise ConfigError("--with-csv-digest-sidecar and --no-csv-digest-sidecar contradict each other; leave one out")
    if schema not in {"1", "2"}:
        raise ConfigError(f"--schema {schema!r}: choose 1 or 2")
    settings = load(config, overrides, data_dir, {"--seed": ("run.seed", seed)}).settings
    texts = {
        "slippage_bps": slippage_bps, "fee_bps": fee_bps, "liquidity_full_fill": liquidity_full_fill,
        "min_fill_ratio": min_fill_ratio, "min_fill_probability": min_fill_probability,
        "spread_slippage_weight_bps": spread_weight, "liquidity_slippage_weight_bps": liquidity_weight,
        "slippage_liquidity_reference": liquidity_reference,
    }  # fmt: skip
    flags = {
        "partial_fill": partial_fill, "fill_probability": fill_probability, "dynamic_slippage": dynamic_slippage,
        "fill_draw": fill_draw,
    }  # fmt: skip
    given = {_option(name): f"{name}={_number(name, text)}" for name, text in texts.items()}
    model = override(FillModel(), [f"{name}={str(value).lower()}" for name, value in flags.items()], given)
    stored = read_source(Path(settings.data_dir), source, snapshots)
    times = [signal.ts_ns for signal in stored.signals]
    if not times:
        raise ConfigError(f"{source}: holds no signals")
    any_age = 1_000_000_000.0
    age = any_age if max_snapshot_age_s is None else max_snapshot_age_s
    limits = override(settings.desk.risk, [], {"--max-snapshot-age-s": f"stale_feed_s={age}"})
    first_ns = times[0] if begin is None else time_ns(begin, "--from")
    last_ns = times[-1] if end is None else time_ns(end, "--to")
    if first_ns > last_ns:
        raise ConfigError(
            f"--from {begin or iso(times[0])} --to {end or iso(times[-1])}: the end lies before the begin; the signals "
            f"go from {iso(times[0])} to {iso(times[-1])}"
        )
    plan = SignalPlan(
        stored,
        first_ns,
        last_ns,
        tuple(name.strip() for name in strategies.split(",") if name.strip()),
        check_model(model),
        limits,
        cash_u6(settings.desk.cash),
        settings.run.seed,
    )
    found, ledger = replay_signals(plan)
    wanted = {"json": out_json, "replay": out_replay, "strategy": out_strategy, "event": out_event}
    files = _write(found, ledger, out_dir, wanted, v1=schema == "1", checksum=checksum, side_car=not no_side_cars)
    for warning in _warnings(stored, plan.strategies):
        typer.echo(f"warning: {warning}", err=True)
    for note in found.meta.notes:
        typer.echo(f"note: {note}", err=True)
    show(found, ledger, replay_limit, as_json=as_json)
    if files:
        typer.echo("Files: " + "\n       ".join(files), err=True)
    if as_json:
        emit_json({**_document(found, v1=schema == "1", checksum=checksum), "files": files})


def _warnings(stored: "Stored", strategies: Iterable[str]) -> Iterator[str]:
    known = sorted({signal.strategy for signal in stored.signals})
    for name in strategies:
        if name not in known:
            yield f"--strategies {name!r}: the source holds no signal of it; it has {', '.join(known)}"
    if not stored.snapshots.count():
        yield f"{stored.name}: there are no market snapshots, so that no signal can be filled; see --snapshots"


def _number(name: str, text: str) -> str:
    """Return a number as it was written.

    Raises:
        ConfigError: Not a number.
    """
    try:
        if Decimal(text).is_finite():
            return text
    except ArithmeticError:
        pass
    raise ConfigError(f"{_option(name)} {text!r}: expected a number")


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _document(found: "Result", *, v1: bool, checksum: bool) -> dict[str, Any]:
    from polydesk.research.documents import with_checksum
    from polydesk.research.result_files import as_document
    from polydesk.research.signal_replay import as_v1

    document = as_v1(found) if v1 else as_document(found)
    return with_checksum(document) if checksum else document


def _write(
    found: "Result", ledger: Sequence["ReplayEntry"], out_dir: Path | None, wanted: dict[str, Path | None], *, v1: bool,
    checksum: bool, side_car: bool,
) -> list[str]:  # fmt: skip
    from polydesk.research import result_files as files
    from polydesk.research.documents import write_csv, write_json, write_text
    from polydesk.research.ledger_lines import cells
    from polydesk.research.result import EventEntry, ReplayEntry, StrategyEntry
    from polydesk.research.summary_md import summary_md

    names = {"json": files.JSON, "replay": files.REPLAY, "strategy": files.STRATEGY, "event": files.EVENT}
    places = {kind: path or (out_dir / names[kind] if out_dir else None) for kind, path in wanted.items()}
    written = []
    if (place := places["json"]) is not None:
        write_json(place, _document(found, v1=v1, checksum=checksum))
        written.append(str(place))
    tables: list[tuple[Path | None, type[msgspec.Struct], Iterable[dict[str, str]]]] = [
        (places["replay"], ReplayEntry, map(cells, ledger)),
        (places["strategy"], StrategyEntry, map(cells, found.attribution.strategy)),
        (places["event"], EventEntry, map(cells, found.attribution.event)),
    ]
    for place, row, rows in tables:
        if place is not None:
            write_csv(place, files.columns(row), rows, side_car=side_car)
            written.append(str(place))
    if out_dir is not None:
        write_text(out_dir / files.SUMMARY, summary_md(found))
        written.append(str(out_dir / files.SUMMARY))
    return written
