"""What a page shows, section by section, in one language and within limits."""

import shlex
from collections.abc import Sequence
from typing import Any

import msgspec

from polydesk import __version__
from polydesk.report.data_check import alarm_text, check_badge
from polydesk.report.facts import basis, session_facts
from polydesk.report.failures import failure_text
from polydesk.report.faults import fault_text
from polydesk.report.figures import market_bars, money_figures, refusal_bars, rerun_figure
from polydesk.report.headline import headline, key_figures
from polydesk.report.panels import PANELS, price_figures
from polydesk.report.prices import Prices
from polydesk.report.quality import Quality
from polydesk.report.sentence import plain_summary
from polydesk.report.summary import Summary
from polydesk.report.tables import (
    MANY,
    Table,
    assumed_table,
    backing_table,
    book_table,
    breakdown_table,
    capacity_table,
    capped,
    counts_table,
    exit_table,
    external_table,
    extreme_tables,
    failure_table,
    fill_table,
    forecast_table,
    liquidity_table,
    making_table,
    markout_table,
    month_grid,
    open_order_table,
    order_table,
    period_table,
    pnl_table,
    position_table,
    quality_table,
    rerun_table,
    reward_table,
    robust_table,
    settings_table,
    settlement_table,
    statistics_table,
    tape_table,
    uptime_table,
    verdict_style,
    verdict_table,
    verdict_text,
)
from polydesk.report.words import Words

SECTIONS = (
    "basis", "result", "verdict", "curves", "periods", "making", "attribution", "trades", "prices", "proof", "reruns",
    "refusals", "positions", "quality", "lists", "reproduce",
)  # fmt: skip
"""Sections of the page in reading order; the words for their headings are ``page.NAME``."""


class Limits(msgspec.Struct, frozen=True):
    """How much of a long session a page shows: most rows of a list, most price charts."""

    rows: int = MANY
    panels: int = PANELS


def page_context(
    summary: Summary,
    prices: Prices | None,
    missing: str,
    qualities: Sequence[Quality],
    words: Words,
    limits: Limits,
) -> dict[str, Any]:
    """Return everything the page's template asks for."""
    books = prices.books if prices else ()
    panels, left_out = price_figures(summary, prices, words, limits.panels) if prices else ([], 0)
    header = summary.header
    return {
        "w": words,
        "summary": summary,
        "version": __version__,
        "title": words("page.title", mode=words.named("page.mode", header.mode)),
        "sections": [(name, words(f"page.{name}")) for name in SECTIONS],
        "facts": session_facts(summary, words),
        "check_badge": check_badge(summary.verdict, words),
        "check_alarm": alarm_text(summary.verdict, words),
        "faults": [fault_text(text, words) for text in summary.broken],
        "failures": [failure_text(failure, words) for failure in summary.failures],
        "basis": basis(summary, books, words),
        "assumed": assumed_table(summary, words, limits.rows),
        "headline": headline(summary, words),
        "plain": plain_summary(summary, words),
        "figures": key_figures(summary, words),
        "pnl": pnl_table(summary, words),
        "statistics": statistics_table(summary, words),
        "verdict": verdict_text(summary, words),
        "verdict_style": verdict_style(summary),
        "verdict_table": verdict_table(summary, words),
        "curves": [] if summary.broken else money_figures(summary, words),
        "periods": _filled(_periods(summary, words), limits, words, last=True),
        "making": _filled(_making(summary, qualities, words), limits, words),
        "proof": _filled(_proof(summary, words), limits, words),
        "rerun_figure": rerun_figure(summary, words),
        "reruns": _filled([rerun_table(summary, words)], limits, words),
        "market_bars": market_bars(summary, words),
        "attribution": _filled(_attribution(summary, words, limits), limits, words),
        "trades": _filled(extreme_tables(summary, words), limits, words),
        "panels": panels,
        "left_out": left_out,
        "missing": missing,
        "refusal_bars": refusal_bars(summary, words),
        "refusals": _filled(_refusals(summary, words), limits, words),
        "positions": _filled(_positions(summary, words, limits), limits, words),
        "quality": _filled([tape_table(summary, words, limits.rows), book_table(summary, books, words)], limits, words),
        "lists": _filled(
            [order_table(summary, words, limits.rows), fill_table(summary, words, limits.rows)], limits, words
        ),
        "settings": capped(settings_table(summary, summary.config, words), max(limits.rows, MANY), words),
        "identity": _identity(summary),
        "commands": _commands(summary, words),
    }


def _filled(tables: Sequence[Table], limits: Limits, words: Words, *, last: bool = False) -> list[Table]:
    """Return the tables that have rows, none longer than the limit."""
    return [capped(table, limits.rows, words, last=last) for table in tables if table.rows]


def _periods(summary: Summary, words: Words) -> list[Table]:
    tables = [period_table(summary, "day", words)]
    if len(summary.months) > 1:
        tables += [period_table(summary, "month", words), month_grid(summary, words)]
    return tables


def _attribution(summary: Summary, words: Words, limits: Limits) -> list[Table]:
    return [
        breakdown_table(summary, "strategy", words, limits.rows),
        breakdown_table(summary, "market", words, limits.rows),
        exit_table(summary, words),
        liquidity_table(summary, words),
    ]


def _making(summary: Summary, qualities: Sequence[Quality], words: Words) -> list[Table]:
    found = summary.study.market if summary.study else None
    return [
        making_table(summary, qualities, words),
        quality_table(qualities, words),
        markout_table(found.by_hour if found else (), "hour", summary, words),
        markout_table(found.by_market if found else (), "market", summary, words),
        uptime_table(summary, words),
        reward_table(summary, words),
    ]


def _proof(summary: Summary, words: Words) -> list[Table]:
    return [
        robust_table(summary, words),
        backing_table(summary, words),
        capacity_table(summary, words),
        forecast_table(summary, words),
    ]


def _refusals(summary: Summary, words: Words) -> list[Table]:
    counts = summary.counts
    return [
        counts_table(words("refusals.title"), "refusal", counts.refusals, words),
        counts_table(words("rejects.title"), "reject", counts.rejects, words),
        counts_table(words("holds.title"), "hold", counts.holds, words),
        counts_table(words("cancels.title"), "cancel", counts.cancels, words),
        failure_table(summary, words),
    ]


def _positions(summary: Summary, words: Words, limits: Limits) -> list[Table]:
    return [
        position_table(summary, words, limits.rows),
        open_order_table(summary, words, limits.rows),
        settlement_table(summary, words, limits.rows),
        external_table(summary, words),
    ]


def _identity(summary: Summary) -> list[tuple[str, str]]:
    """Return what must be equal for the same result, as recorded; names and hashes only."""
    header = summary.header
    return [
        ("tape_sha256", header.tape_sha256),
        ("tape_range", f"{header.tape_range[0]}-{header.tape_range[1]}"),
        ("seed", str(header.seed)),
        *header.fingerprint.items(),
    ]


def _commands(summary: Summary, words: Words) -> list[tuple[str, str]]:
    """Return what to do and the command that does it."""
    name = shlex.quote(summary.header.session)
    first = next((life.intent.id for life in summary.lives), "")
    told = [(words("page.command_verify"), f"polydesk replay {name} --verify")]
    if first:
        told.append((words("page.command_explain"), f"polydesk explain {first} --session {name}"))
    told.append((words("page.command_report"), f"polydesk report {name} --html report.html --lang {words.language}"))
    return told
