"""What a report states before any result: session, source, fill rule, assumptions, quality of the data."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from polydesk.report.data_check import check_text
from polydesk.report.faults import fault_text
from polydesk.report.prices import BookCounts
from polydesk.report.quantities import count, share_of, utc
from polydesk.report.summary import Summary
from polydesk.report.words import ENGLISH, Words

_SUMMED = ("tape_end", "stopped")
"""Ends at which the report adds up the session's cash a second time."""


def session_facts(summary: Summary, words: Words = ENGLISH) -> list[tuple[str, str]]:
    """Return label and text of what identifies the session."""
    header = summary.header
    made = {True: "constructed.yes", False: "constructed.no", None: "constructed.unknown"}
    version = header.fingerprint.get("polydesk") or header.fingerprint.get("version", "")
    size = (words.number("n.rows", summary.events), words.number("n.markets", len(summary.markets)))
    start = (
        f"{utc(header.wall_ns // 10**9 * 10**9)} UTC",
        words("fact.seed", seed=header.seed),
        *([f"polydesk {version}"] if version else []),
    )
    return [
        (words("fact.session"), header.session),
        (words("fact.mode"), words.named("mode", header.mode)),
        (words("fact.source"), source_text(summary, words)),
        (words("fact.constructed"), words(made[summary.constructed])),
        (words("fact.virtual_time"), period_text(summary, words)),
        (words("fact.events"), words("list_gap").join(size)),
        (words("fact.ended_by"), end_text(summary, words)),
        (words("fact.started"), words("list_gap").join(start)),
        (words("fact.journal"), summary.journal_sha256),
    ]


def source_text(summary: Summary, words: Words = ENGLISH) -> str:
    """Return the recordings behind the tape with their formats."""
    short = summary.header.tape_sha256[:12]
    if summary.manifest is None:
        return words("source.gone", tape=short)
    names = [f"{source.name} ({source.format})" for source in summary.manifest.sources]
    return words("list_gap").join(names) or words("source.tape", tape=short)


def period_text(summary: Summary, words: Words = ENGLISH) -> str:
    """Return first and last moment in virtual time and how much of it has data."""
    first, last = summary.span_ns
    return words("fact.period", first=utc(first), last=utc(last), active=words.span(summary.performance.active_ns))


def end_text(summary: Summary, words: Words = ENGLISH) -> str:
    """Return why the session ended."""
    return words.named("end", summary.end or "running")


def fill_rule(summary: Summary, words: Words = ENGLISH) -> str:
    """Return the rule by which orders were filled, with how often each part of it did."""
    if summary.header.mode == "live":
        return words("fill_rule.live")
    told = words("list_gap").join(
        words("fills_by", n=count(n), cause=words.named("cause", cause)) for cause, n in summary.counts.causes.items()
    )
    return words("sentence_gap").join(
        (_queue_rule(summary, words), words("fill_rule.counts", told=told or words("none")))
    )


def _queue_rule(summary: Summary, words: Words) -> str:
    found = _exchange(summary)
    model = str(found.get("queue_model", "pessimistic"))
    if model == "pessimistic":
        return words("fill_rule")
    return words(f"fill_rule.{model}", **({"power": _number(found, "queue_power")} if model == "probability" else {}))


def _exchange(summary: Summary) -> Mapping[str, Any]:
    found = summary.config.get("exchange")
    return found if isinstance(found, dict) else {}


def basis(summary: Summary, books: Sequence[BookCounts] = (), words: Words = ENGLISH) -> list[tuple[str, str]]:
    """Return label and text of everything the numbers rest on; to be read before them."""
    return [
        (words("basis.fills"), fill_rule(summary, words)),
        (words("basis.latency"), latency_text(summary, words)),
        (words("basis.fees"), fee_text(summary, words)),
        (words("basis.assumed"), assumed_text(summary, words)),
        (words("basis.valuation"), words("basis.valuation_text")),
        (words("basis.sentinels"), sentinel_text(summary, words)),
        (words("basis.data"), data_text(summary, words)),
        (words("basis.gaps"), gap_text(summary, words)),
        (words("basis.books"), crossed_text(books, words)),
        *[(words("basis.recordings"), text) for text in recording_texts(summary, words)],
    ]


def latency_text(summary: Summary, words: Words = ENGLISH) -> str:
    """Return the latencies and settlement the simulated exchange assumed."""
    found = summary.config.get("exchange")
    if summary.header.mode == "live":
        return words("latency.live")
    if not isinstance(found, dict):
        return words("not_recorded")
    told = [words(
        "latency",
        order=_number(found, "order_latency_ms"),
        cancel=_number(found, "cancel_latency_ms"),
        answer=_number(found, "answer_latency_ms"),
        feed=_number({"feed_latency_ms": 0.0, **found}, "feed_latency_ms"),
        jitter=_number(found, "jitter", 100),
        confirm=_number(found, "confirm_s"),
        failed=_number(found, "failure_rate", 100),
    )]  # fmt: skip
    if found.get("latency_file"):
        told.append(words("latency.measured", name=str(found["latency_file"]), hash=str(found["latency_sha256"])[:12]))
    if found.get("dispute_rate"):
        disputed, later = _number(found, "dispute_rate", 100), _number(found, "dispute_s")
        told.append(words("latency.disputed", disputed=disputed, later=later))
    return words("sentence_gap").join(told)


def _number(found: Mapping[str, Any], key: str, scale: int = 1) -> str:
    value = found.get(key)
    return "?" if value is None else f"{float(value) * scale:g}"


def fee_text(summary: Summary, words: Words = ENGLISH) -> str:
    """Return who states the fee rates of how many markets."""
    origins = Counter(str(market.fees.origin) for market in summary.markets)
    if not origins:
        return words("not_recorded")
    told = "; ".join(
        words("fees.origin", n=count(n), whole=count(len(summary.markets)), origin=words.named("origin", origin))
        for origin, n in origins.most_common()
    )
    return words("sentence_gap").join((words("fees.text", told=told), *_fee_assumptions(summary, words)))


def _fee_assumptions(summary: Summary, words: Words) -> list[str]:
    found = _exchange(summary)
    if summary.header.mode == "live" or "maker_rebates" not in found:
        return []
    scaled = [] if found.get("fee_scale") == 1 else [words("fees.scaled", scale=_number(found, "fee_scale"))]
    return [*scaled, words("fees.rebates" if found["maker_rebates"] else "fees.no_rebates")]


def assumed_text(summary: Summary, words: Words = ENGLISH) -> str:
    """Return how many facts of how many markets nobody stated."""
    if not summary.assumed:
        return words("basis.assumed_none")
    markets = {slug for fact in summary.assumed for slug in fact.markets}
    facts = words.number("n.assumed", len(summary.assumed))
    return words("basis.assumed_text", facts=facts, markets=words.number("n.markets", len(markets)))


def sentinel_text(summary: Summary, words: Words = ENGLISH) -> str:
    """Return whether the accounts agreed with themselves and with the venue's."""
    if summary.broken:
        return words("sentinels.broken", first=fault_text(summary.broken[0], words))
    summed = summary.end in _SUMMED and summary.marks and summary.performance.start_u6 is not None
    return words("sentinels.ok" if summed else "sentinels.ok_so_far")


def data_text(summary: Summary, words: Words = ENGLISH) -> str:
    """Return whether the market data was recorded or made, by what clock, and whether it is good."""
    made = {True: "data.constructed", False: "data.recorded", None: "data.unknown"}
    label = words(made[summary.constructed])
    check = check_text(summary.verdict, words)
    if summary.manifest is None:
        return words("data.bare", label=label, check=check)
    defects = words.number("n.defects", sum(summary.manifest.defects.values()))
    clock = words.named("clock", summary.manifest.clock)
    return words("data.text", label=label, clock=clock, defects=defects, check=check)


def recording_texts(summary: Summary, words: Words = ENGLISH) -> list[str]:
    """Return what a reader of the recordings must know, each remark once."""
    sources = summary.manifest.sources if summary.manifest else ()
    return list(dict.fromkeys(words.remark(source.note) for source in sources if source.note))


def gap_text(summary: Summary, words: Words = ENGLISH) -> str:
    """Return how often and how long an open market was silent."""
    manifest = summary.manifest
    if manifest is None:
        return words("not_recorded")
    if not manifest.gaps:
        return words("gaps.none")
    longest = max(manifest.gaps, key=lambda gap: gap.to_ns - gap.from_ns)
    number = manifest.counts.get("gaps", len(manifest.gaps))
    return words(
        "gaps.text",
        silences=words.number("n.silences", number),
        longest=words.span(longest.to_ns - longest.from_ns),
        market=summary.market_name(longest.market),
        when=utc(longest.from_ns),
    )


def crossed_text(books: Sequence[BookCounts], words: Words = ENGLISH) -> str:
    """Return how often the recorded book was crossed and how often the other token's frame disagreed."""
    if not books:
        return words("books.unknown")
    mirrored = sum(book.mirrored for book in books)
    different = sum(book.mirror_different for book in books)
    return words(
        "books.text",
        crossed=words.number("n.crossed", sum(book.crossed for book in books)),
        different=count(different),
        mirrored=count(mirrored),
        share=share_of(different, mirrored),
        late=count(sum(book.late for book in books)),
        invalid=count(sum(book.invalid for book in books)),
    )
