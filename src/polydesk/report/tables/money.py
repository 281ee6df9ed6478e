"""Where the money came from."""

from collections.abc import Sequence

from polydesk.report.faults import fault_text
from polydesk.report.money import PnlLine
from polydesk.report.prices import HORIZONS_S
from polydesk.report.quality import Quality
from polydesk.report.quantities import NONE, cash, count, gain, share_of, shares
from polydesk.report.summary import Column, Summary
from polydesk.report.tables.shape import Table
from polydesk.report.words import ENGLISH, Words


def pnl_table(summary: Summary, words: Words = ENGLISH) -> Table:
    """PnL of both columns, taken apart."""
    broken = words("sentinels.cell", first=fault_text(summary.broken[0], words)) if summary.broken else ""
    rows = [
        _pnl_row(words("pnl.realised"), summary, "realised_u6", broken),
        _pnl_row(words("pnl.unrealised"), summary, "unrealised_u6", broken),
        _pnl_row(words("pnl.fees"), summary, "fees_u6", broken, sign=-1),
        _pnl_row(words("pnl.rounding"), summary, "dust_u6", broken, sign=-1),
    ]
    total = (words("pnl.net"), broken or gain(summary.matched.net_u6), broken or gain(summary.confirmed.net_u6))
    columns = words.columns("", ">matched", ">confirmed")
    return Table(words("pnl.title"), columns, tuple(rows), total, words("pnl.note"))


def _pnl_row(label: str, summary: Summary, name: str, broken: str, sign: int = 1) -> tuple[str, ...]:
    def cell(column: Column) -> str:
        value = getattr(column, name)
        return gain(None if value is None else sign * value)

    return (label, broken or cell(summary.matched), broken or cell(summary.confirmed))


def breakdown_table(summary: Summary, by: str, words: Words = ENGLISH, most: int | None = None) -> Table:
    """PnL by ``strategy`` or ``market``, matched column, adding up to the total.

    Args:
        summary: The session.
        by: ``strategy`` or ``market``.
        words: Language.
        most: Lines shown, those with the largest PnL either way; all when omitted. The total counts all of them.
    """
    lines = summary.by_strategy if by == "strategy" else summary.by_market
    name = (lambda key: key) if by == "strategy" else (lambda key: summary.market_name(int(key)))
    kept = _largest(lines, most)
    broken = words("broken") if summary.broken else ""
    rows = tuple(_breakdown_row(name(line.key), line, broken) for line in kept)
    whole = PnlLine("total")
    for line in lines:
        whole = _added(whole, line)
    total = _breakdown_row(words("total"), whole, broken) if len(lines) > 1 else ()
    columns = words.columns(
        f"#{by}", ">fills", ">~notional", ">~trades", ">~won", ">~realised", ">~open", ">~costs", ">pnl"
    )
    note = words("breakdown.costs") if summary.broken else _difference(summary, whole, words)
    if len(kept) < len(lines):
        cut = words("cut.largest", shown=count(len(kept)), whole=count(len(lines)))
        note = words("sentence_gap").join((cut, note))
    return Table(words(f"breakdown.{by}"), columns, rows, total, note)


def _largest(lines: Sequence[PnlLine], most: int | None) -> Sequence[PnlLine]:
    if most is None or len(lines) <= most:
        return lines
    ranked = sorted(range(len(lines)), key=lambda at: (-abs(lines[at].net_u6 or 0), -lines[at].fills, at))
    return [lines[at] for at in sorted(ranked[:most])]


def _breakdown_row(name: str, line: PnlLine, broken: str) -> tuple[str, ...]:
    won = broken or share_of(line.wins, line.trades)
    facts = (name, count(line.fills), cash(line.notional_u6), count(line.trades), won)
    if broken:
        return (*facts, *(broken,) * 4)
    return (*facts, gain(line.realised_u6), gain(line.unrealised_u6), gain(-line.fees_u6), gain(line.net_u6))


def _added(whole: PnlLine, line: PnlLine) -> PnlLine:
    known = whole.unrealised_u6 is not None and line.unrealised_u6 is not None
    return PnlLine(
        whole.key,
        whole.fills + line.fills,
        whole.notional_u6 + line.notional_u6,
        whole.closes + line.closes,
        whole.trades + line.trades,
        whole.wins + line.wins,
        whole.realised_u6 + line.realised_u6,
        whole.fees_u6 + line.fees_u6,
        (whole.unrealised_u6 or 0) + (line.unrealised_u6 or 0) if known else None,
    )


def _difference(summary: Summary, whole: PnlLine, words: Words) -> str:
    if whole.net_u6 is None:
        return words("breakdown.unvalued")
    if summary.matched.net_u6 is not None and whole.net_u6 != summary.matched.net_u6:
        return words("breakdown.last_bids", off=gain(whole.net_u6 - summary.matched.net_u6))
    return words("breakdown.note")


def exit_table(summary: Summary, words: Words = ENGLISH) -> Table:
    """What closing shares realised, by exit reason."""
    broken = words("broken") if summary.broken else ""
    rows = tuple(
        (
            line.key, words.meaning("exit", line.key) or NONE, count(line.closes), count(line.trades),
            broken or share_of(line.wins, line.trades), cash(line.notional_u6), broken or gain(line.realised_u6),
            broken or gain(-line.fees_u6), broken or gain(line.realised_u6 - line.fees_u6),
        )
        for line in summary.by_exit
    )  # fmt: skip
    columns = words.columns(
        "#exit_reason", "~meaning", ">~closing_fills", ">trades", ">won", ">~proceeds", ">realised", ">exit_fees",
        ">net",
    )  # fmt: skip
    return Table(words("exit.title"), columns, rows, note=words("exit.note"))


def liquidity_table(summary: Summary, words: Words = ENGLISH) -> Table:
    """Maker and taker fills."""
    fills = sum(line.fills for line in summary.by_liquidity)
    whole = sum(line.notional_u6 for line in summary.by_liquidity)
    rows = tuple(
        (
            words.named("liquidity", line.key), count(line.fills), share_of(line.fills, fills),
            cash(line.notional_u6), share_of(line.notional_u6, whole), cash(line.fees_u6),
        )
        for line in summary.by_liquidity
    )  # fmt: skip
    columns = words.columns("", ">fills", ">of_fills", ">notional_cash", ">~of_notional", ">fees_cash")
    return Table(words("liquidity.title"), columns, rows)


def quality_table(qualities: Sequence[Quality], words: Words = ENGLISH) -> Table:
    """Edge at the fill and markouts, price per share and pUSD."""
    rows = []
    for line in qualities:
        per_share = [_per_share(line.gain_u6[h], line.measured_u6[h]) for h in (0, *HORIZONS_S)]
        rows.append((words.named("liquidity", line.key), count(line.fills), shares(line.shares_u6), *per_share))
    after = tuple(">" + words("quality.after", n=horizon) for horizon in HORIZONS_S)
    columns = (*words.columns("", ">fills", ">~shares", ">vs_mid"), *after)
    return Table(words("quality.title"), columns, tuple(rows), note=words("quality.note"))


def _per_share(gain_u6: int, shares_u6: int) -> str:
    return f"{gain_u6 / shares_u6:+.4f}" if shares_u6 else NONE
