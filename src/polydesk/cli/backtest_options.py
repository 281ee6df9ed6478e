"""Options that the backtest commands share, and the configuration keys that some of them stand for."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polydesk.model.errors import ConfigError

if TYPE_CHECKING:
    from polydesk.tape import Tape

ASSUMPTIONS, WINDOWS, FILES = "Assumptions", "Windows", "Files"
"""Groups of options in the help: each has columns of its own, so that a long name does not narrow all the others."""

TapeDir = Annotated[
    Path | None, typer.Option("--tape", metavar="DIR", help="Tape to trade on; the bundled recordings when omitted.")
]
Sample = Annotated[
    str, typer.Option("--sample", metavar="NAME", help="Bundled recordings: default, resolvedkit or trade-engine.")
]
Strategies = Annotated[
    list[str],
    typer.Option(
        "--strategy", metavar="NAME", help="A strategy to run; may be repeated. Those of the configuration if omitted."
    ),
]
Begin = Annotated[
    str | None,
    typer.Option("--from", metavar="WHEN", help="Begin: a row number or a time like 2026-04-16T07:15:00Z (UTC)."),
]
End = Annotated[str | None, typer.Option("--to", metavar="WHEN", help="End: likewise; the row there is left out.")]
Markets = Annotated[
    list[str],
    typer.Option(
        "--markets", metavar="PATTERN", help="Trade only these: index, slug (with * and ?) or id; commas or repeated."
    ),
]
Seed = Annotated[
    int | None, typer.Option("--seed", metavar="N", help="Seed of everything random; run.seed when omitted.")
]
Queue = Annotated[
    str | None,
    typer.Option(
        "--queue",
        metavar="MODEL",
        help="Queue model: pessimistic, proportional or probability.",
        rich_help_panel=ASSUMPTIONS,
    ),
]
QueuePower = Annotated[
    int | None,
    typer.Option(
        "--queue-power", metavar="N", help="Exponent of the probability queue model.", rich_help_panel=ASSUMPTIONS
    ),
]
OrderLatency = Annotated[
    float | None,
    typer.Option(
        "--order-latency-ms",
        metavar="MS",
        help="From sending an order to the venue having it.",
        rich_help_panel=ASSUMPTIONS,
    ),
]
FeedLatency = Annotated[
    float | None,
    typer.Option(
        "--feed-latency-ms",
        metavar="MS",
        help="From the venue's book to the desk seeing it.",
        rich_help_panel=ASSUMPTIONS,
    ),
]
LatencyFile = Annotated[
    Path | None,
    typer.Option(
        "--latency-file", metavar="CSV", help="Measured latencies, columns leg,latency_ms.", rich_help_panel=ASSUMPTIONS
    ),
]
FeeScale = Annotated[
    float | None,
    typer.Option(
        "--fee-scale",
        metavar="TIMES",
        help="Multiple of every taker fee; 1 is the schedule.",
        rich_help_panel=ASSUMPTIONS,
    ),
]
EngineName = Annotated[
    str, typer.Option("--engine", metavar="NAME", help="Loop that runs it: auto, compiled or python; same results.")
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        min=1,
        help="Windows that run at the same time; one per processor if omitted.",
        rich_help_panel=WINDOWS,
    ),
]
Checksum = Annotated[
    bool, typer.Option("--with-checksum/--no-checksum", help="Put a SHA-256 into the JSON file.", rich_help_panel=FILES)
]

Flags = dict[str, tuple[str, object]]


def model_flags(
    seed: int | None,
    queue: str | None,
    queue_power: int | None,
    order_latency_ms: float | None,
    feed_latency_ms: float | None,
    latency_file: Path | None,
    fee_scale: float | None,
) -> Flags:
    """Return key and value of each option that stands for one configuration key, by option."""
    return {
        "--seed": ("run.seed", seed),
        "--queue": ("exchange.queue_model", queue),
        "--queue-power": ("exchange.queue_power", queue_power),
        "--order-latency-ms": ("exchange.order_latency_ms", order_latency_ms),
        "--feed-latency-ms": ("exchange.feed_latency_ms", feed_latency_ms),
        "--latency-file": ("exchange.latency_file", latency_file),
        "--fee-scale": ("exchange.fee_scale", fee_scale),
    }


def opened(data_dir: str, tape: Path | None, sample: str) -> "Tape":
    """Open the tape named, or bundled recordings, and say so when it is not good data.

    Raises:
        ConfigError: Both are named.
        TapeError: There is no such tape.
    """
    from polydesk.cli.run import warn_of
    from polydesk.tape import ensure_sample, open_tape

    if tape is not None and sample != "default":
        raise ConfigError("--tape and --sample both name recordings; leave one out")
    if tape is not None:
        found = open_tape(tape)
    else:
        found = ensure_sample(Path(data_dir) / "tapes", sample, note=lambda text: typer.echo(text, err=True))
    warn_of(found)
    return found
