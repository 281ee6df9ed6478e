"""The session in plain words, every number from the summary."""

from polydesk.report.quantities import cash, count, gain, rate, share_of
from polydesk.report.summary import Summary
from polydesk.report.words import ENGLISH, Words


def plain_summary(summary: Summary, words: Words = ENGLISH) -> str:
    """Return what happened in one paragraph; of the money nothing when a sentinel broke."""
    if summary.broken:
        return words("plain.broken")
    told = [_result(summary, words), _trading(summary, words)]
    if summary.performance.fills:
        told += [_costs(summary, words), _fall(summary, words), _trades(summary, words)]
    told += [_refused(summary, words), _unsettled(summary, words)]
    return words("sentence_gap").join(sentence for sentence in told if sentence)


def _result(summary: Summary, words: Words) -> str:
    net = summary.matched.net_u6
    where = {
        "mode": words.named("mode.session", summary.header.mode),
        "active": words.span(summary.performance.active_ns),
        "markets": words.number("n.markets", len(summary.markets)),
        "traded": count(len({line.fill.market for line in summary.fills})),
    }
    if net is None:
        return words("plain.unknown", **where)
    key = "plain.lost" if net < 0 else "plain.made" if net else "plain.even"
    share = words("plain.rate", rate=rate(summary.performance.rate)) if summary.performance.rate is not None else ""
    return words(key, amount=cash(abs(net)), rate=share, **where)


def _trading(summary: Summary, words: Words) -> str:
    made = summary.performance
    if not made.fills:
        return words("plain.no_fills", orders=words.number("n.orders", summary.counts.orders))
    return words(
        "plain.fills",
        fills=words.number("n.fills", made.fills),
        orders=words.number("n.orders", summary.counts.orders),
        maker=share_of(made.maker_fills, made.fills),
        turnover=cash(made.turnover_u6),
    )


def _costs(summary: Summary, words: Words) -> str:
    column = summary.matched
    net = column.net_u6
    if net is None:
        return ""
    return words("plain.costs", fees=cash(column.fees_u6), before=gain(net + column.fees_u6 + column.dust_u6))


def _fall(summary: Summary, words: Words) -> str:
    fall = summary.drawdown
    if not fall.depth_u6:
        return ""
    key = "plain.fall_recovered" if fall.recovered_ns else "plain.fall"
    return words(key, depth=cash(fall.depth_u6), span=words.span(summary.performance.fallen_ns))


def _trades(summary: Summary, words: Words) -> str:
    made = summary.performance
    if not made.trades:
        return words("plain.no_trades")
    return words("plain.trades", trades=words.number("n.trades", len(made.trades)), wins=count(len(made.wins)))


def _refused(summary: Summary, words: Words) -> str:
    refused = summary.counts.refusals
    if not refused:
        return words("plain.none_refused")
    code = next(iter(refused))
    return words("plain.refused", orders=words.number("n.orders", sum(refused.values())), code=code)


def _unsettled(summary: Summary, words: Words) -> str:
    """Tell what is still open, and how far the two columns are apart."""
    provisional = sum(line.status == "matched" for line in summary.fills)
    told = []
    if summary.positions:
        told.append(words("plain.open", positions=words.number("n.positions", len(summary.positions))))
    if provisional:
        told.append(words("plain.provisional", fills=words.number("n.fills", provisional)))
    elif summary.fills:
        told.append(words("plain.all_final"))
    return words("sentence_gap").join(told)
