"""The chapters that follow one order: decision, permit, journal and answer, fill, account, exit."""

from collections.abc import Sequence

from polydesk.exchange.config import fill_rule
from polydesk.model.grid import CASH_ONE_U6, PRICE_ONE_G4, SHARE_U6, cash_u6
from polydesk.model.orders import Check, Purpose, Term
from polydesk.model.reasons import Refusal
from polydesk.model.records import Fill
from polydesk.report.explain import explain_order
from polydesk.report.lives import Life
from polydesk.report.quantities import cash, count, duration, gain, price, shares, utc_ms
from polydesk.run.session import session_config
from polydesk.run.story.chapter import Chapter, Context, order_facts

ASKED = {
    Refusal.MARKET_ENDING: "time left before the market ends",
    Refusal.STALE_FEED: "age of the book",
    Refusal.OFF_TICK: "price, a multiple of the tick",
    Refusal.BELOW_MINIMUM: "size, at least the venue's minimum",
    Refusal.PRICE_COLLAR: "limit beyond the opposite best",
    Refusal.SELF_TRADE: "own orders it would trade with",
    Refusal.DUPLICATE: "same order working already",
    Refusal.ORDER_RATE: "orders sent in the last minute",
    Refusal.OPEN_ORDERS: "orders working",
    Refusal.COOLDOWN: "time since the last entry here",
    Refusal.ORDER_NOTIONAL: "cost of this order",
    Refusal.MARKET_EXPOSURE: "at stake in this market with it",
    Refusal.TOTAL_EXPOSURE: "at stake in all markets with it",
    Refusal.CASH: "free cash, at least cost and fee",
    Refusal.SHARES: "shares held, at least what is sold",
}
"""What a check looks at; the switches, which are only set or clear, are not here."""

_UNITS = {"u6 pUSD": (CASH_ONE_U6, " pUSD"), "u6 shares": (SHARE_U6, " shares"), "g4": (PRICE_ONE_G4, "")}
_NEVER_NS = 1 << 60


def decision_chapter(context: Context, life: Life) -> Chapter:
    """Tell why the order was wanted, beside the book of that moment."""
    intent = life.intent
    market = context.market(intent.market)
    total = f"{sum(term.value for term in intent.why):+.4f}"
    meaning = {
        Purpose.ENTRY: f"The terms add up to the edge it expects per share: {total}.",
        Purpose.QUOTE: f"The terms add up to the price it quotes: {total}.",
        Purpose.EXIT: "The terms say why it leaves.",
    }[intent.purpose]
    text = (
        f"{intent.strategy} wants to {context.asked(intent)} in {market.slug}. {meaning} Every order keeps its terms, "
        "so it can be explained later.",
    )
    return Chapter(
        "decision",
        "A decision: a strategy wants something",
        text,
        {**order_facts(intent), "terms": {term.name: term.value for term in intent.why}, "row": life.sent_seq},
        ("term", ">value", "unit"),
        _terms(intent.why),
        context.moments.ladders.get(intent.id),
        (intent.price_g4, int(intent.side)),
        commands=(context.explain(intent.id),),
        ts_ns=life.sent_ns,
    )


def permit_chapter(context: Context, life: Life) -> Chapter:
    """Tell what risk looked at before it let the order go."""
    clear = [check.name for check in life.checks if check.name not in ASKED]
    switches = f" {len(clear)} switches are clear: {', '.join(clear)}." if clear else ""
    text = (
        f"No order leaves without a permit, and only risk makes one. {life.intent.id} passed {len(life.checks)} "
        f"checks; the first that says no would have refused it.{switches}",
    )
    return Chapter(
        "permit",
        "A permit: risk looks at every single order",
        text,
        {"order": life.intent.id, "checks": [_check_facts(check) for check in life.checks]},
        ("check", "what is looked at", ">seen", ">limit"),
        check_rows(life.checks),
        commands=("polydesk config explain desk.risk",),
        ts_ns=life.sent_ns,
    )


def order_chapter(context: Context, life: Life) -> Chapter:
    """Tell how the order was written, sent and answered."""
    steps = explain_order(context.session, life.intent.id).steps
    config = session_config(context.session.header).exchange
    text = (
        "The order is written to the journal first and sent second, so a crash never leaves an order nobody knows of. "
        f"The simulated exchange has it about {config.order_latency_ms:g} ms later, and the desk hears of it about "
        f"{config.answer_latency_ms:g} ms after that.",
    )
    return Chapter(
        "order",
        "The order: write first, send second",
        text,
        {**order_facts(life.intent), "steps": [{"ts_ns": s.ts_ns, "row": s.seq, "what": s.what} for s in steps]},
        ("time (UTC)", ">after", "what happened"),
        tuple((_clock(s.ts_ns), f"+{duration(s.ts_ns - life.sent_ns)}", s.what) for s in steps),
        commands=(context.explain(life.intent.id),),
        ts_ns=life.sent_ns,
    )


def fill_chapter(context: Context, life: Life) -> Chapter:
    """Tell what the order got, and by which rule."""
    fills = context.moments.fills
    config = session_config(context.session.header).exchange
    fees = sum(fill.fee_u6 for fill in fills)
    got = " and ".join(f"{shares(fill.size_u6)} at {price(fill.price_g4)}" for fill in fills)
    taken = {fill.liquidity.value for fill in fills}
    text = (
        f"{life.intent.id} got {got} as {' and '.join(sorted(taken))}, fee {cash(fees)} pUSD.",
        f"The fill rule, printed with every report: {fill_rule(config)}",
    )
    return Chapter(
        "fill",
        "The fill: only what the recorded book had to give",
        text,
        {"order": life.intent.id, "fills": [_fill_facts(fill) for fill in fills], "fee_u6": fees},
        commands=(context.explain(life.intent.id),),
        ts_ns=fills[0].ts_ns,
    )


def columns_chapter(context: Context, life: Life) -> Chapter:
    """Tell how the fill enters the two columns of the account."""
    start = cash_u6(session_config(context.session.header).desk.cash)
    named = {"before": "before the fill", "matched": "matched", "confirmed": "confirmed"}
    intent = life.intent
    seen = context.moments.columns
    rows = tuple(
        (
            _clock(at.ts_ns), named[at.when], cash(start + at.cash_u6[0]), shares(at.shares_u6[0]),
            cash(start + at.cash_u6[1]), shares(at.shares_u6[1]),
        )
        for at in seen
    )  # fmt: skip
    outcome = context.outcome(intent.market, intent.token)
    last = seen[-1]
    apart = (
        "By the time of the confirmation the columns were apart: matched already has what came after, confirmed takes "
        "everything in its turn."
        if last.shares_u6[0] != last.shares_u6[1] or last.cash_u6[0] != last.cash_u6[1]
        else "With the confirmation the columns agree."
    )
    text = (
        "A match is provisional until the venue confirms it, and some fail. So there are two columns: matched counts "
        "every match at once, confirmed only what is final. Every total in every report has both.",
        f"{apart} Cash in pUSD of the whole account, shares of {outcome} that {intent.strategy} holds in "
        f"{context.market(intent.market).slug}:",
    )
    return Chapter(
        "columns",
        "Two columns: what was matched, and what is final",
        text,
        {
            "moments": [
                {
                    "when": at.when,
                    "ts_ns": at.ts_ns,
                    "cash_u6": [start + at.cash_u6[0], start + at.cash_u6[1]],
                    "shares_u6": list(at.shares_u6),
                }
                for at in seen
            ]
        },
        ("time (UTC)", "", ">matched cash", ">shares", ">confirmed cash", ">shares"),
        rows,
        commands=(f"polydesk report {context.session.header.session}{context.where}",),
        ts_ns=last.ts_ns,
    )


def exit_chapter(context: Context) -> Chapter:
    """Tell how the position was closed."""
    moments = context.moments
    if moments.order is None or moments.exit is None:
        none = "No position of this session was closed by an exit order."
        return Chapter("exit", "An exit", (none,), {"exits": 0})
    entry, life = moments.order, moments.exit
    intent = life.intent
    fills = [event for event in life.events if isinstance(event, Fill)]
    fees = sum(fill.fee_u6 for fill in fills)
    fewer = len(entry.checks) - len(life.checks)
    skipped = (
        f", {fewer} fewer than the entry: what guards entries must never keep a position from closing"
        if fewer > 0
        else ""
    )
    text = (
        f"{duration(life.sent_ns - entry.sent_ns)} after the entry {intent.strategy} closes: {context.asked(intent)}, "
        f"reason {intent.reason}. The permit has {len(life.checks)} checks{skipped}.",
        f"It got {' and '.join(f'{shares(f.size_u6)} at {price(f.price_g4)}' for f in fills)} and realised "
        f"{gain(moments.exit_realised_u6)} pUSD before the fee of {cash(fees)} pUSD.",
    )
    return Chapter(
        "exit",
        "An exit: leaving is easier than entering",
        text,
        {
            **order_facts(intent),
            "reason": intent.reason,
            "terms": {term.name: term.value for term in intent.why},
            "fills": [_fill_facts(fill) for fill in fills],
            "realised_u6": moments.exit_realised_u6,
            "fee_u6": fees,
        },
        ("term", ">value", "unit"),
        _terms(intent.why),
        commands=(context.explain(intent.id),),
        ts_ns=life.sent_ns,
    )


def check_rows(checks: Sequence[Check]) -> tuple[tuple[str, ...], ...]:
    """Return the checks that are numbers, in words: code, what is looked at, seen, limit."""
    return tuple(
        (check.name, ASKED[Refusal(check.name)], _amount(check, check.observed), _amount(check, check.limit))
        for check in checks
        if check.name in ASKED
    )


def _amount(check: Check, number: int) -> str:
    if check.unit == "ns":
        if number < 0:
            return "unknown"
        return duration(number) if number < _NEVER_NS else "never"
    scale, unit = _UNITS.get(check.unit, (1, ""))
    return count(number) if scale == 1 else f"{number / scale:,.6g}{unit}"


def _terms(terms: Sequence[Term]) -> tuple[tuple[str, ...], ...]:
    return tuple((term.name, f"{term.value:+.6g}", "" if term.unit == "1" else term.unit) for term in terms)


def _check_facts(check: Check) -> dict[str, object]:
    return {
        "check": check.name, "observed": check.observed, "limit": check.limit, "unit": check.unit,
        "passed": check.passed,
    }  # fmt: skip


def _fill_facts(fill: Fill) -> dict[str, object]:
    return {
        "fill": fill.id, "price_g4": fill.price_g4, "size_u6": fill.size_u6, "fee_u6": fill.fee_u6,
        "liquidity": fill.liquidity.value, "rule": fill.cause.value,
    }  # fmt: skip


def _clock(ts_ns: int) -> str:
    return utc_ms(ts_ns).split()[1]
