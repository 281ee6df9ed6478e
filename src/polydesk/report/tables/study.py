"""What a session proves: verdict, making, markouts, uptime, rewards, forecasts, backing, capacity, robustness."""

from collections.abc import Sequence

from polydesk.report.prices import HORIZONS_S
from polydesk.report.quality import Quality
from polydesk.report.quantities import NONE, cash, count, gain, share_of, shares
from polydesk.report.study.forecasts import LEAST_MARKETS, Scores
from polydesk.report.study.rewards import RewardDay, payable_u6
from polydesk.report.study.robust import Dropped
from polydesk.report.study.tries import Tries
from polydesk.report.summary import Summary
from polydesk.report.tables.shape import Table
from polydesk.report.words import ENGLISH, Words

_LAST_S = HORIZONS_S[-1]


def markout_table(lines: Sequence[Quality], by: str, summary: Summary, words: Words = ENGLISH) -> Table:
    """Edge at the fill and markouts of groups of fills, by ``market`` or ``hour``."""
    rows = []
    for line in lines:
        name = summary.market_name(int(line.key)) if by == "market" else f"{line.key}:00"
        per_share = [per_share_text(line.gain_u6[h], line.measured_u6[h]) for h in (0, *HORIZONS_S)]
        rows.append((name, count(line.fills), shares(line.shares_u6), *per_share, gain(line.gain_u6[_LAST_S])))
    first = "#market" if by == "market" else "#hour_utc"
    after = tuple(">~" + words("quality.after", n=horizon) for horizon in HORIZONS_S[:-1])
    last = ">" + words("quality.after", n=_LAST_S)
    columns = (
        *words.columns(first, ">fills", ">~shares", ">vs_mid"), *after, last, *words.columns(">~edge_cash"),
    )  # fmt: skip
    return Table(words(f"markout.{by}"), columns, tuple(rows), note=words("quality.note"))


def per_share_text(gain_u6: int, shares_u6: int) -> str:
    """Write an edge as a price per share: ``+0.0050``."""
    return f"{gain_u6 / shares_u6:+.4f}" if shares_u6 else NONE


def uptime_table(summary: Summary, words: Words = ENGLISH) -> Table:
    """Quoted time by market."""
    found = summary.study.market.uptime if summary.study and summary.study.market else ()
    rows = tuple(
        (
            summary.market_name(up.market), words.span(up.open_ns), share_of(up.bid_ns, up.open_ns),
            share_of(up.ask_ns, up.open_ns), share_of(up.both_ns, up.open_ns),
        )
        for up in found
    )  # fmt: skip
    columns = words.columns("#market", ">~open_for", ">bid_time", ">ask_time", ">both_time")
    return Table(words("uptime.title"), columns, rows, note=words("uptime.note"))


def reward_table(summary: Summary, words: Words = ENGLISH) -> Table:
    """Estimated liquidity rewards by market and day."""
    found = summary.study.market.rewards if summary.study and summary.study.market else ()
    rows = tuple(_reward_row(summary, day, words) for day in found)
    total: tuple[str, ...] = ()
    if len(found) > 1:
        paid, low = payable_u6(found)
        samples, scoring = sum(day.samples for day in found), sum(day.scoring for day in found)
        both = share_of(sum(day.two_sided for day in found), samples)
        told = (count(samples), share_of(scoring, samples), both, "", cash(paid), cash(low))
        total = (words("total"), "", "", "", *told)
    columns = words.columns(
        "#market", "#~day_utc", "~terms", ">~pool", ">~samples", ">in_band", ">~two_sided", ">pool_share", ">income",
        ">income_low",
    )  # fmt: skip
    return Table(words("reward.title"), columns, rows, total, words("reward.note"))


def _reward_row(summary: Summary, day: RewardDay, words: Words) -> tuple[str, ...]:
    return (
        summary.market_name(day.market), day.day, words.named("origin", day.origin), cash(day.pool_u6),
        count(day.samples), share_of(day.scoring, day.samples), share_of(day.two_sided, day.samples),
        f"{100 * day.share:.2f} %", cash(day.income_u6), cash(day.low_income_u6),
    )  # fmt: skip


def forecast_table(summary: Summary, words: Words = ENGLISH) -> Table:
    """Brier score, log loss and skill of strategies' beliefs against the mid."""
    found = summary.study.market.forecasts if summary.study and summary.study.market else ()
    rows = tuple(_forecast_row(line, words) for line in found)
    columns = words.columns(
        "#strategy", "~kind", ">~beliefs", ">~resolved", ">markets", ">brier", ">brier_mid", ">~log_loss",
        ">~log_loss_mid", ">skill", ">~gain",
    )  # fmt: skip
    return Table(words("forecast.title"), columns, rows, note=words("forecast.note", least=LEAST_MARKETS))


def _forecast_row(line: Scores, words: Words) -> tuple[str, ...]:
    def number(value: float | None) -> str:
        return NONE if value is None else f"{value:.4f}"

    gained = NONE
    if line.brier is not None and line.brier_mid is not None and line.gain_error is not None:
        gained = f"{line.brier_mid - line.brier:+.4f} ± {line.gain_error:.4f}"
    return (
        line.strategy, words.named("forecast", line.kind), count(line.beliefs), count(line.resolved),
        count(line.markets), number(line.brier), number(line.brier_mid), number(line.log_loss),
        number(line.log_loss_mid), NONE if line.skill is None else f"{line.skill:+.4f}", gained,
    )  # fmt: skip


def backing_table(summary: Summary, words: Words = ENGLISH) -> Table:
    """What stood behind the fills, recomputed from the tape."""
    found = summary.study.market.backing if summary.study and summary.study.market else None
    rows: tuple[tuple[str, ...], ...] = ()
    if found is not None and found.checked:
        rows = (
            (words("backing.checked"), count(found.checked)),
            (words("backing.no_print"), count(found.without_print)),
            (words("backing.no_cross"), count(found.without_cross)),
            (words("backing.no_depth"), count(found.without_depth)),
            (words("backing.over"), count(found.over)),
            (words("backing.printed"), share_of(found.by_print_u6, found.printed_u6)),
        )
    return Table(words("backing.title"), words.columns("", ">count"), rows, note=words("backing.note"))


def capacity_table(summary: Summary, words: Words = ENGLISH) -> Table:
    """What larger orders could have got, at most."""
    found = summary.study.market.capacity if summary.study and summary.study.market else ()
    rows = tuple(
        (
            words("capacity.times", n=line.multiple), shares(line.wanted_u6), shares(line.fillable_u6),
            share_of(line.fillable_u6, line.wanted_u6), f"{100 * line.used:.1f} %",
        )
        for line in found
    )  # fmt: skip
    columns = words.columns(">multiple", ">~wanted", ">~fillable", ">filled", ">used")
    return Table(words("capacity.title"), columns, rows, note=words("capacity.note"))


def robust_table(summary: Summary, words: Words = ENGLISH) -> Table:
    """PnL with its bootstrap interval, and without its best day and market; void when a sentinel broke."""
    study = summary.study
    columns = words.columns("", ">number", "remark")
    if study is None or summary.broken or summary.matched.net_u6 is None:
        return Table(words("robust.title"), columns, ())
    interval = study.interval
    told = words("robust.interval_none", n=count(interval.blocks), least=count(interval.least)), NONE
    if interval.low_u6 is not None and interval.positive is not None:
        remark = words(
            "robust.interval_remark", n=count(interval.blocks), hours=words.number("n.hours", interval.block_hours),
            draws=count(interval.draws), positive=f"{100 * interval.positive:.1f} %",
        )  # fmt: skip
        told = remark, f"{gain(interval.low_u6)} … {gain(interval.high_u6)}"
    rows = [
        (words("robust.total"), gain(summary.matched.net_u6), "pUSD"),
        (words("robust.interval", share=f"{100 * interval.confidence:g} %"), told[1], told[0]),
    ]
    if study.tries is not None:
        rows += _tries(study.tries, words)
    if study.best_day is not None:
        rows.append(_dropped("day", study.best_day, study.best_day.name, words))
    if study.best_market is not None:
        name = summary.market_name(int(study.best_market.name))
        rows.append(_dropped("market", study.best_market, name, words))
    return Table(words("robust.title"), columns, tuple(rows), note=words("robust.note"))


def _tries(tries: Tries, words: Words) -> list[tuple[str, str, str]]:
    number = count(tries.configurations)
    told = "robust.tries_unreadable" if tries.unreadable else "robust.tries_remark"
    sessions = words(told, n=count(tries.sessions), unreadable=count(tries.unreadable))
    rows = [(words("robust.tries"), number, sessions)]
    if tries.luck is not None:
        rows.append((words("robust.luck"), f"{100 * tries.luck:.1f} %", words("robust.luck_remark", n=number)))
    if tries.deflated_sharpe is not None:
        told = words("robust.deflated_remark", n=number)
        rows.append((words("robust.deflated"), f"{tries.deflated_sharpe:.3f}", told))
    return rows


def _dropped(kind: str, line: Dropped, name: str, words: Words) -> tuple[str, str, str]:
    if line.rest_u6 is None:
        return words(f"robust.{kind}"), NONE, words("robust.only")
    return words(f"robust.{kind}"), gain(line.rest_u6), words("robust.dropped", name=name, pnl=gain(line.pnl_u6))
