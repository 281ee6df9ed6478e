"""Positions, orders, fills and settlements, line by line."""

from polydesk.report.lives import Life
from polydesk.report.quantities import NONE, average_price, cash, gain, price, shares, utc
from polydesk.report.summary import Summary
from polydesk.report.tables.shape import MANY, Table, cut_note
from polydesk.report.words import ENGLISH, Words


def position_table(summary: Summary, words: Words = ENGLISH, many: int = MANY) -> Table:
    """Open positions at the end, at their own token's bid."""
    broken = words("broken") if summary.broken else ""
    shown = summary.positions[:many]
    rows = tuple(
        (
            summary.market_name(p.market), summary.token_name(p.market, p.token), p.strategy, shares(p.shares_u6),
            shares(p.confirmed_u6), average_price(p.cost_u6, p.shares_u6), price(p.bid_g4), cash(p.value_u6),
            broken or gain(None if p.value_u6 is None else p.value_u6 - p.cost_u6),
        )
        for p in shown
    )  # fmt: skip
    columns = words.columns(
        "#market", "#outcome", "~#strategy", ">shares", ">~confirmed", ">~cost_share", ">bid", ">value", ">pnl"
    )
    note = cut_note(len(shown), len(summary.positions), "open_positions.json", words, first=True)
    return Table(words("positions.title"), columns, rows, note=note)


def open_order_table(summary: Summary, words: Words = ENGLISH, many: int = MANY) -> Table:
    """Orders that still work, or may, after the last record."""
    shown = summary.open_orders[-many:]
    rows = tuple(
        (
            life.intent.id, summary.market_name(life.intent.market), life.intent.strategy,
            words.named("side", life.intent.side.name.lower()),
            summary.token_name(life.intent.market, life.intent.token), price(life.intent.price_g4),
            shares(life.left_u6), words.named("state", life.state.value),
        )
        for life in shown
    )  # fmt: skip
    columns = words.columns("#order", "#market", "~#strategy", "side", "#outcome", ">price", ">shares_left", "state")
    note = cut_note(len(shown), len(summary.open_orders), "orders.jsonl", words)
    return Table(words("open_orders.title"), columns, rows, note=note)


def settlement_table(summary: Summary, words: Words = ENGLISH, many: int = MANY) -> Table:
    """Positions paid out."""
    broken = words("broken") if summary.broken else ""
    shown = summary.settlements[-many:]
    rows = tuple(
        (
            utc(s.ts_ns), summary.market_name(s.market), summary.token_name(s.market, s.token), s.strategy,
            shares(s.shares_u6), price(s.payout_g4), broken or gain(s.realised_u6), words.named("origin", s.origin),
        )
        for s in shown
    )  # fmt: skip
    columns = words.columns(
        "~#time_utc", "#market", "#outcome", "~#strategy", ">shares", ">payout", ">realised_cash", "~origin"
    )
    note = cut_note(len(shown), len(summary.settlements), "realized_exits.jsonl", words)
    return Table(words("settlements.title"), columns, rows, note=note)


def external_table(summary: Summary, words: Words = ENGLISH) -> Table:
    """Cash that trading did not move; it is in equity and not in PnL."""
    rows = tuple((words.named("cash", kind), gain(amount)) for kind, amount in summary.external.items())
    return Table(words("external.title"), words.columns("kind", ">amount"), rows, note=words("external.note"))


def fill_table(summary: Summary, words: Words = ENGLISH, many: int = MANY) -> Table:
    """The last fills."""
    shown = summary.fills[-many:]
    rows = tuple(
        (
            utc(line.fill.ts_ns), line.fill.intent, summary.market_name(line.fill.market),
            words.named("side", line.fill.side.name.lower()), summary.token_name(line.fill.market, line.fill.token),
            price(line.fill.price_g4), shares(line.fill.size_u6), cash(line.fill.fee_u6),
            words.named("liquidity", line.fill.liquidity.value), words.named("cause", line.fill.cause.value),
            words.named("status", line.status), line.reason or NONE,
        )
        for line in shown
    )  # fmt: skip
    columns = words.columns(
        "#time_utc", "#order", "#market", "side", "#outcome", ">price", ">shares", ">fee_cash", "liquidity",
        "fill_rule", "status", "#exit_reason",
    )  # fmt: skip
    return Table(
        words("fills.title"), columns, rows, note=cut_note(len(shown), len(summary.fills), "fills.jsonl", words)
    )


def order_table(summary: Summary, words: Words = ENGLISH, many: int = MANY) -> Table:
    """The last orders, refused ones left out."""
    sent = [life for life in summary.lives if not life.refused]
    shown = sent[-many:]
    rows = tuple(_order_row(summary, life, words) for life in shown)
    columns = words.columns(
        "#sent_utc", "#order", "#strategy", "#market", "side", "#outcome", ">price", ">shares", ">filled", "type",
        "state", "#end",
    )  # fmt: skip
    return Table(words("orders.title"), columns, rows, note=cut_note(len(shown), len(sent), "orders.jsonl", words))


def _order_row(summary: Summary, life: Life, words: Words) -> tuple[str, ...]:
    intent = life.intent
    kind = intent.type.value
    return (
        utc(life.sent_ns), intent.id, intent.strategy, summary.market_name(intent.market),
        words.named("side", intent.side.name.lower()), summary.token_name(intent.market, intent.token),
        price(intent.price_g4), shares(intent.size_u6), shares(life.filled_u6),
        words("post_only", type=kind) if intent.post_only else kind, words.named("state", life.state.value),
        life.end or NONE,
    )  # fmt: skip
