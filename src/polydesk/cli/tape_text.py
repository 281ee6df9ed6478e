"""What ``polydesk tape`` prints."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Column, Table

from polydesk.model.grid import NS_PER_S, price_text, reference_text, size_text
from polydesk.model.references import Reference
from polydesk.model.rows import NO_WITNESS, OracleState, RowFlag, RowKind
from polydesk.tape import Manifest, Tape, Verification
from polydesk.tape.construct.build import STORY

_GAPS_SHOWN = 5
_MINUTES_SHOWN = 30
_WIDTH = 120
_ROWS_WIDTH = 170
"""A row is never cut: whoever looks at rows wants every digit."""


def _console() -> Console:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.width = max(console.width, _WIDTH)
    return console


def _table(*columns: str) -> Table:
    return Table(*(Column(name, no_wrap=True) for name in columns), box=None, header_style="bold")


def print_rows(rows: list[dict[str, Any]]) -> None:
    """Print rows as ``readable`` gives them; the last column only when it says something."""
    shown = [name for name in rows[0] if name != "about" or any(row["about"] for row in rows)]
    table = _table(*shown)
    for row in rows:
        table.add_row(*(str(row[name]) for name in shown))
    console = _console()
    console.width = max(console.width, _ROWS_WIDTH)
    console.print(table)


def summary(tape: Tape) -> dict[str, Any]:
    """Return what a tape says about itself, without its file list, as JSON values."""
    manifest = tape.manifest
    facts: dict[str, Any] = msgspec.to_builtins(manifest)
    del facts["files"], facts["gaps"], facts["resolutions"]
    return {
        "tape": str(tape.path),
        **facts,
        "assumed": manifest.assumed(),
        "resolved": len(manifest.resolutions),
        "gaps": len(manifest.gaps),
    }


def _time(ts_ns: int) -> str:
    return datetime.fromtimestamp(ts_ns // NS_PER_S, UTC).strftime("%Y-%m-%d %H:%M:%S")


def print_summary(path: Path, manifest: Manifest) -> None:
    """Print what a tape says about itself."""
    console = _console()
    span = f"{_time(manifest.first_ts_ns)} to {_time(manifest.last_ts_ns)} UTC"
    console.print(f"{path}  {manifest.rows:,} rows  {span}", style="bold")
    console.print(f"sha256 {manifest.sha256}  clock {manifest.clock}  format {manifest.format}")
    if manifest.constructed:
        told = f"; {path / STORY} tells what was made to happen" if (path / STORY).exists() else ""
        console.print(f"constructed: rows were generated, not recorded{told}", style="bold red")
    sources = _table("source", "format", "records", "from", "to", "defects")
    for source in manifest.sources:
        times = (_time(source.first_ts_ns), _time(source.last_ts_ns))
        sources.add_row(source.name, source.format, f"{source.records:,}", *times, _counts(source.defects) or "none")
    console.print(sources)
    for source in manifest.sources:
        if source.first_defect:
            console.print(f"{source.name}: first defect at {source.first_defect}", style="yellow")
    for note in dict.fromkeys(source.note for source in manifest.sources if source.note):
        console.print(f"note  {note}")
    if manifest.markets:
        console.print(_markets_table(manifest))
    else:
        console.print("no markets: reference prices only, nothing to trade", style="yellow")
    for number, series in enumerate(manifest.references):
        note = f": {series.note}" if series.note else ""
        console.print(f"reference {number}  {series.label} in {series.unit} ({series.origin.value}){note}")
    if any(not token.recorded for market in manifest.markets for token in market.tokens):
        console.print("* not recorded: this token's book is the mirror of the other's", style="dim")
    console.print(f"counts  {_counts(manifest.counts)}")
    for gap in sorted(manifest.gaps, key=lambda gap: gap.from_ns - gap.to_ns)[:_GAPS_SHOWN]:
        seconds = (gap.to_ns - gap.from_ns) / NS_PER_S
        console.print(f"gap  {manifest.markets[gap.market].slug}  {_time(gap.from_ns)} for {seconds:.1f} s")
    _print_assumed(console, manifest)


def _markets_table(manifest: Manifest) -> Table:
    table = _table("#", "market", "category", "outcomes", "tick", "end", "resolution")
    resolved = {resolution.market: resolution.origin.value for resolution in manifest.resolutions}
    for market in manifest.markets:
        tokens = " / ".join((token.outcome or "?") + ("" if token.recorded else "*") for token in market.tokens)
        table.add_row(
            str(market.index),
            market.slug,
            f"{market.category.value} ({market.category.origin.value})",
            tokens,
            f"{price_text(market.tick_g4.value)} ({market.tick_g4.origin.value})",
            _time(market.end_ns.value) if market.end_ns.value else "?",
            resolved.get(market.index, "unknown"),
        )
    return table


def _print_assumed(console: Console, manifest: Manifest) -> None:
    """Print every assumed fact once, with the number of markets it is assumed for."""
    markets: dict[tuple[str, str], int] = {}
    for facts in manifest.assumed().values():
        for fact in facts.items():
            markets[fact] = markets.get(fact, 0) + 1
    for (field, value), count in markets.items():
        console.print(f"assumed for {count} of {len(manifest.markets)} markets: {field} = {value}")


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def readable(rows: np.ndarray, references: Sequence[Reference] = ()) -> Iterator[dict[str, Any]]:
    """Yield rows as words and decimals; ``references`` are the manifest's, to name reference prices."""
    for row in rows:
        quoted = row["kind"] == RowKind.REFERENCE
        bid, ask = int(row["bid_g4"]), int(row["ask_g4"])
        flags = RowFlag(int(row["flags"]))
        yield {
            "seq": int(row["seq"]),
            "time": f"{_time(int(row['ts_ns']))}.{int(row['ts_ns']) % NS_PER_S // 1_000_000:03d}",
            "kind": RowKind(int(row["kind"])).name.lower(),
            "market": int(row["market"]),
            "token": int(row["token"]),
            "side": {1: "buy", -1: "sell"}.get(int(row["side"]), ""),
            "price": reference_text(int(row["size_u6"])) if quoted else price_text(int(row["price_g4"])),
            "size": "" if quoted else size_text(int(row["size_u6"])),
            "best_bid": "" if bid == NO_WITNESS else price_text(bid),
            "best_ask": "" if ask == NO_WITNESS else price_text(ask),
            "aux": int(row["aux"]),
            "flags": "|".join(flag.name.lower() for flag in RowFlag if flag in flags and flag.name),
            "about": _about(row, references),
        }


def _about(row: np.void, references: Sequence[Reference]) -> str:
    """Return in words what a row's ``aux`` says: whose price it is, what the oracle says, which news."""
    kind, aux, side = int(row["kind"]), int(row["aux"]), int(row["side"])
    if kind == RowKind.REFERENCE:
        return references[aux].label if aux < len(references) else ""
    if kind == RowKind.STATUS:
        return OracleState(aux).name.lower() if side == 0 and aux else "source went" if side < 0 else "source came back"
    if kind == RowKind.NEWS:
        return f"item {aux}: { ({1: 'better', -1: 'worse'}.get(side, 'nothing said')) } for the first outcome"
    return ""


def print_verification(found: Verification) -> None:
    """Print what a check found."""
    console = _console()
    doubtful = [minute for minute in found.minutes if minute.status != "ok"]
    if doubtful:
        table = _table("minute (UTC)", "status", "compared", "mismatched", "crossed")
        for minute in doubtful[:_MINUTES_SHOWN]:
            numbers = (f"{minute.compared:,}", f"{minute.mismatched:,}", f"{minute.crossed:,}")
            table.add_row(minute.start, minute.status, *numbers)
        console.print(table)
        if len(doubtful) > _MINUTES_SHOWN:
            console.print(f"and {len(doubtful) - _MINUTES_SHOWN} more")
    lines = (
        f"rows {found.rows:,}   hash {'ok' if found.hash_ok else 'WRONG'}   witness {found.witness}",
        f"best prices compared {found.compared:,}, differ {found.mismatched:,}, too early to compare "
        f"{found.warming_up:,}",
        f"full books compared {found.snapshots_checked:,}, differ {found.snapshots_differ:,} "
        f"(derived {found.derived_differ:,})",
        f"gaps over 5 s {found.gap_count:,}   duplicates {found.duplicates:,}   venue time back "
        f"{found.clock_reversals:,} (at most {found.worst_reversal_ns / NS_PER_S:.3f} s)",
        f"minutes with a crossed or locked book {len(found.crossed_minutes):,}   one-sided {found.one_sided:,}",
    )
    for line in lines:
        console.print(line)
    for problem in found.problems:
        console.print(f"problem: {problem}", style="red")
    console.print(_answer(found), style="bold green" if found.ok else "bold red")


def _answer(found: Verification) -> str:
    """Return what the check comes to; where nothing could be compared, a bare ``ok`` would say too much."""
    if not found.ok or found.compared:
        return "ok" if found.ok else "not ok"
    if found.warming_up:
        return "ok: nothing contradicts itself, but the recording is too short to compare its best prices"
    return "ok: nothing contradicts itself, but the recording states no best prices to compare with"
