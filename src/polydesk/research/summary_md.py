"""``summary.md``: a result on one page for people."""

from collections.abc import Iterable, Sequence
from typing import Any

from polydesk.research.result import Result, StrategyEntry

_MOST_EVENTS = 20


def summary_md(result: Result) -> str:
    """Return the page: what was run on what, the totals, strategies, the largest events, refusals and assumptions."""
    parts = [
        f"# {'Backtest' if result.kind == 'backtest' else 'Replay of signals'} {result.meta.session}".rstrip(),
        *[f"**{note[0].upper()}{note[1:]}.**" for note in result.meta.notes],
        _pairs(_facts(result)),
        "## Strategies",
        _table(
            (
                "strategy",
                "PnL, pUSD",
                "realised",
                "unrealised",
                "fees",
                "win rate",
                "trades",
                "max drawdown",
                "refused",
            ),
            [_row(entry.strategy, entry) for entry in result.attribution.strategy],
        ),
        _events(result),
        _counts("## Refused by risk", result.summary.reject_reasons),
        "## Assumptions",
        "\n".join(f"- {name}: {text}" for name, text in result.configs.models.items() if isinstance(text, str))
        or "- see `configs` in the JSON file",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _facts(result: Result) -> list[tuple[str, str]]:
    totals, tape = result.summary, result.tape
    facts = [
        ("Window", f"{totals.from_ts} to {totals.to_ts}"),
        ("Wanted, executed, rejected, unfilled", _four(result)),
        ("PnL, pUSD", f"{amount(totals.pnl)} (confirmed fills only: {amount(totals.pnl_confirmed)})"),
        ("Fees, pUSD", amount(totals.fees)),
        ("Deepest drawdown, pUSD", amount(totals.max_drawdown)),
        ("Accounting", totals.sentinels),
    ]
    if tape is not None:
        of = "all markets" if tape.all_markets else ", ".join(tape.markets)
        warm = tape.warm_up
        facts += [
            ("Source", tape.source),
            ("Tape", f"`{tape.sha256}`, rows {tape.rows[0]} to {tape.rows[1]}, {of}"),
            ("Market data", {None: "not checked", True: "good", False: "; ".join(tape.problems)}[tape.good]),
        ]
        if warm.get("rows"):
            facts.append(("Warm-up", _warm_text(warm)))
    return [*facts, ("Journal", f"`{result.journal_sha256}`")] if result.journal_sha256 else facts


def _warm_text(warm: dict[str, Any]) -> str:
    return (
        f"{warm['rows']} rows before the window filled the books of {len(warm['warm'])} markets; {len(warm['cold'])} "
        f"had no book yet, {len(warm['paid_out'])} had paid out; nothing was decided there"
    )


def _four(result: Result) -> str:
    totals = result.summary
    return f"{totals.total}, {totals.executed}, {totals.rejected}, {totals.unfilled}"


def _events(result: Result) -> str:
    entries = sorted(result.attribution.event, key=lambda entry: -abs(entry.pnl or 0.0))
    if not entries:
        return ""
    shown = entries[:_MOST_EVENTS]
    title = "## Events" if len(shown) == len(entries) else f"## The {len(shown)} largest of {len(entries)} events"
    columns = ("strategy, event", "PnL, pUSD", "realised", "unrealised", "fees", "win rate", "trades", "max drawdown",
               "refused")  # fmt: skip
    return f"{title}\n\n{_table(columns, [_row(f'{entry.strategy}, {entry.event_id}', entry) for entry in shown])}"


def _row(name: str, entry: StrategyEntry) -> tuple[str, ...]:
    decided = (entry.wins or 0) + (entry.losses or 0)
    rate = "-" if entry.winrate is None else f"{100 * entry.winrate:.1f} % of {decided}"
    trades = "-" if entry.trade_count is None else str(entry.trade_count)
    return (
        name, amount(entry.pnl), amount(entry.realized), amount(entry.unrealized), amount(entry.fees), rate,
        trades, amount(entry.max_drawdown), str(entry.refused),
    )  # fmt: skip


def _counts(title: str, counts: dict[str, int]) -> str:
    if not counts:
        return ""
    return f"{title}\n\n" + _table(("reason", "orders"), [(code, str(number)) for code, number in counts.items()])


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- {name}: {text}" for name, text in pairs)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] + ["---:"] * (len(columns) - 1), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def amount(value: float | None) -> str:
    """Return an amount of pUSD with two decimals; ``not known`` without one."""
    return "not known" if value is None else f"{round(value, 2) + 0.0:,.2f}"
