"""The chapters about what else happened: the session as a whole, a refusal, a quote that waited, a payout."""

from polydesk.model.market import Origin
from polydesk.model.orders import Side
from polydesk.model.reasons import Refusal
from polydesk.model.records import Cause, Fill, Liquidity
from polydesk.report.quantities import cash, count, duration, gain, price, shares
from polydesk.run.session import session_config
from polydesk.run.story.chapter import Chapter, Context, order_facts
from polydesk.run.story.orders import ASKED, check_rows
from polydesk.strategies import STRATEGIES

_WORDS = {
    Refusal.SELF_TRADE: "It would have traded with an order of our own: the fee is real, the trade is not.",
    Refusal.COOLDOWN: "The last entry in this market is too recent.",
    Refusal.MARKET_ENDING: "The market ends too soon.",
    Refusal.STALE_FEED: "The book is too old to act on.",
    Refusal.ORDER_NOTIONAL: "The order is larger than the cap, and a cap is a cap.",
    Refusal.MARKET_EXPOSURE: "The cap of this market would be exceeded.",
    Refusal.TOTAL_EXPOSURE: "The cap of all markets together would be exceeded.",
    Refusal.BELOW_MINIMUM: "It is below the venue's minimum, and sizes are never rounded up past a cap.",
    Refusal.CASH: "There is not enough free cash.",
    Refusal.KILL_SWITCH: "The daily loss switch has stopped entries.",
}
_RULES = {
    Cause.PRINT: "a recorded trade reached it",
    Cause.TRADE_THROUGH: "the recorded book crossed it, and it got no more than the depth that did",
    Cause.BOOK: "it took from the recorded book",
    Cause.VENUE: "the venue reported it",
}


_ORIGINS = {
    Origin.VENUE: "the venue's own word",
    Origin.DERIVED: "derived from the recording",
    Origin.ASSUMED: "assumed",
}


def session_chapter(context: Context, command: str) -> Chapter:
    """Tell what ran and how much of everything there was."""
    config = session_config(context.session.header)
    counts = context.summary.counts
    running = [name for name in STRATEGIES if getattr(config.desk.strategies, name).enabled]
    named = ", ".join(running) or "no strategy at all"
    refusals, cancels = sum(counts.refusals.values()), sum(counts.cancels.values())
    text = (
        f"A session has just run: {named}, {config.desk.cash:,} pUSD of paper money, seed "
        f"{context.session.header.seed}. It read {count(context.summary.events)} rows and wrote everything it decided "
        "and heard to its journal.",
        f"In it: {count(counts.decisions)} decisions, {count(counts.orders)} orders, {count(cancels)} cancels, "
        f"{count(counts.fills)} fills, {count(refusals)} refusals. What follows is read from that journal.",
    )
    return Chapter(
        "session",
        "A session: the desk trades on the tape",
        text,
        {
            "session": context.session.header.session,
            "strategies": running,
            "seed": context.session.header.seed,
            "rows": context.summary.events,
            "decisions": counts.decisions,
            "orders": counts.orders,
            "cancels": cancels,
            "fills": counts.fills,
            "refusals": counts.refusals,
            "holds": counts.holds,
        },
        commands=(command,),
    )


def quiet_chapter(context: Context) -> Chapter:
    """Tell why no order was sent at all."""
    holds = context.summary.counts.holds
    told = ", ".join(f"{count(number)} {reason}" for reason, number in holds.items())
    text = f"No order was sent. What the strategies said instead: {told or 'nothing; none of them was asked'}."
    return Chapter("decision", "No decision to trade", (text,), {"holds": holds})


def refusal_chapter(context: Context) -> Chapter:
    """Tell which order risk did not let go, and why."""
    life = context.moments.refused
    title = "A refusal: one check says no"
    if life is None:
        return Chapter("refusal", title, ("Risk refused no order of this session.",), {"refusals": 0})
    intent = life.intent
    code, last = Refusal(life.refused), life.checks[-1]
    refusals = context.summary.counts.refusals
    told = ", ".join(f"{count(number)} {name}" for name, number in refusals.items())
    text = (
        f"{intent.strategy} wanted to {context.asked(intent)} in {context.market(intent.market).slug}. Check "
        f"{len(life.checks)} said no: {code.value}. {_WORDS.get(code, '')}".rstrip(),
        f"Refused in this session: {told}. Every refusal has a code and the numbers that made it.",
    )
    rows = check_rows([last]) if last.name in ASKED else ()
    return Chapter(
        "refusal",
        title,
        text,
        {
            **order_facts(intent),
            "code": code.value,
            "observed": last.observed,
            "limit": last.limit,
            "unit": last.unit,
            "refusals": refusals,
        },
        ("check", "what is looked at", ">seen", ">limit") if rows else (),
        rows,
        commands=(context.explain(intent.id),),
        ts_ns=life.sent_ns,
    )


def resting_chapter(context: Context) -> Chapter:
    """Tell how a quote waited in the book and was filled."""
    life = context.moments.resting
    title = "A quote: waiting in the queue"
    if life is None:
        return Chapter("quote", title, ("No resting order of this session was filled.",), {"maker_fills": 0})
    intent = life.intent
    fill = next(e for e in life.events if isinstance(e, Fill) and e.liquidity is Liquidity.MAKER)
    ladder = context.moments.ladders.get(intent.id)
    ahead = ladder.shown_u6(int(intent.side), intent.price_g4) if ladder else 0
    made = sum(line.fill.liquidity is Liquidity.MAKER for line in context.summary.fills)
    side = "bid" if intent.side is Side.BUY else "ask"
    market = context.market(intent.market).slug
    text = (
        f"{intent.id} of {intent.strategy} rests: {context.asked(intent)} in {market}. When it was decided the {side} "
        f"showed {shares(ahead)} shares at that price; whatever is there when it arrives is ahead of it, and only "
        "recorded trades move it forward.",
        f"{duration(fill.matched_ns - life.sent_ns)} after it was sent it got {shares(fill.size_u6)} of "
        f"{shares(intent.size_u6)} at {price(fill.price_g4)}, fee {cash(fill.fee_u6)} pUSD: {_RULES[fill.cause]}. A "
        f"change of the shown size never fills anything. {count(made)} of {count(context.summary.counts.fills)} fills "
        "of this session waited like this.",
    )
    return Chapter(
        "quote",
        title,
        text,
        {
            **order_facts(intent),
            "shown_u6": ahead,
            "fill": fill.id,
            "filled_u6": fill.size_u6,
            "waited_ns": fill.matched_ns - life.sent_ns,
            "rule": fill.cause.value,
            "maker_fills": made,
        },
        commands=(context.explain(intent.id),),
        ts_ns=fill.ts_ns,
    )


def settlement_chapter(context: Context) -> Chapter:
    """Tell what a resolved market paid."""
    payout = context.moments.payout
    title = "A settlement: the market is decided"
    if payout is None:
        return Chapter("settlement", title, ("No market was resolved in this session.",), {"settlements": 0})
    event = payout.event
    market = context.market(event.market)
    paid = " and ".join(
        f"{context.outcome(event.market, token)} pays {price(event.payout_g4[token])}" for token in (0, 1)
    )
    told = [
        f"{market.slug} is resolved: {paid} for one share, without a fee. The outcome is "
        f"{_ORIGINS[Origin(event.origin)]}; no strategy can see it earlier."
    ]
    told += [
        f"{strategy} held {shares(size)} {context.outcome(event.market, token)} and realised {gain(realised)} pUSD."
        for strategy, token, size, realised in payout.held
    ] or ["Nobody held a share of it: its positions had been closed before."]
    told.append(f"{count(context.moments.payouts)} of {count(len(context.session.markets))} markets were resolved.")
    return Chapter(
        "settlement",
        title,
        tuple(told),
        {
            "market": market.slug,
            "payout_g4": list(event.payout_g4),
            "origin": event.origin,
            "held": [
                {"strategy": strategy, "token": token, "shares_u6": size, "realised_u6": realised}
                for strategy, token, size, realised in payout.held
            ],
            "settlements": context.moments.payouts,
        },
        ts_ns=event.ts_ns,
    )
