"""The result and its key figures as people read them; ``n/a`` with the reason where there is no honest number."""

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from polydesk.report.performance import LEAST_DAYS, LEAST_TRADES, Performance
from polydesk.report.quantities import cash, count, gain, rate, ratio, share_of
from polydesk.report.summary import Summary
from polydesk.report.words import ENGLISH, Words


class KeyFigure(msgspec.Struct, frozen=True):
    """One number with its name and its unit or a remark."""

    name: str
    value: str
    remark: str = ""


def headline(summary: Summary, words: Words = ENGLISH) -> list[KeyFigure]:
    """Return the result in both columns."""
    columns = (("matched", summary.matched.net_u6), ("confirmed", summary.confirmed.net_u6))
    out = []
    for column, net in columns:
        value = words("broken") if summary.broken else gain(net) if net is not None else words("n/a")
        remark = "pUSD" if summary.broken or net is not None else words("n/a.unmarked")
        out.append(KeyFigure(words(f"headline.{column}"), value, remark))
    return out


def key_figures(summary: Summary, words: Words = ENGLISH) -> list[KeyFigure]:
    """Return the key figures of the matched column."""
    made = summary.performance
    broken = words("broken") if summary.broken else ""
    figures = [
        _return(summary, words),
        _drawdown(summary, words),
        _plain(words, "fees", cash(summary.matched.fees_u6), words("key.of_turnover", share=_fee_share(summary))),
        _plain(words, "turnover", cash(made.turnover_u6), _turns(made, words)),
        _plain(words, "hit_rate", *_trade_figure(made, words, share_of(len(made.wins), len(made.trades)), "wins")),
        _profit_factor(made, words),
        _average(words, "average_win", made.wins, made),
        _average(words, "average_loss", made.losses, made),
    ]
    if broken:
        figures = [KeyFigure(figure.name, broken) for figure in figures]
    return [*figures, *_activity(summary, words), _sharpe(made, words, broken)]


def _activity(summary: Summary, words: Words) -> list[KeyFigure]:
    """Return the figures that stay true when a sentinel broke: what was done, not what it earned."""
    made, counts = summary.performance, summary.counts
    cancels = words.number("n.cancels", sum(counts.cancels.values()))
    failed = words("key.failed", n=count(counts.failed_fills)) if counts.failed_fills else words("key.none_failed")
    maker = words("key.maker_remark", share=share_of(made.maker_u6, made.turnover_u6))
    held = words("key.in_market_remark", held=words.span(made.held_ns), active=words.span(made.active_ns))
    return [
        _plain(words, "fills", count(counts.fills), failed),
        _plain(
            words, "maker_share", *_or_na(words, share_of(made.maker_fills, made.fills), maker, made.fills, "fills")
        ),
        _plain(
            words, "in_market", *_or_na(words, share_of(made.held_ns, made.active_ns), held, made.active_ns, "time")
        ),
        _plain(words, "orders", count(counts.orders), cancels),
        _plain(words, "refused", count(sum(counts.refusals.values())), words("key.refused_remark")),
        _plain(
            words,
            "decisions",
            count(counts.decisions),
            words.number("n.holds", sum(counts.holds.values())),
        ),
    ]


def _plain(words: Words, name: str, value: str, remark: str) -> KeyFigure:
    return KeyFigure(words(f"key.{name}"), value, remark)


def _or_na(words: Words, value: str, remark: str, whole: int, why: str) -> tuple[str, str]:
    return (value, remark) if whole else (words("n/a"), words(f"n/a.{why}"))


def _return(summary: Summary, words: Words) -> KeyFigure:
    made = summary.performance
    if made.start_u6 is None:
        return _plain(words, "return", words("n/a"), words("n/a.start"))
    if made.rate is None:
        return _plain(words, "return", words("n/a"), words("n/a.unmarked"))
    return _plain(words, "return", rate(made.rate), words("key.of_start", start=cash(made.start_u6)))


def _drawdown(summary: Summary, words: Words) -> KeyFigure:
    fall, made = summary.drawdown, summary.performance
    if len(summary.marks) < 2:
        return _plain(words, "drawdown", words("n/a"), words("n/a.marks"))
    if not fall.depth_u6:
        return _plain(words, "drawdown", gain(0), words("key.never_fell"))
    share = rate(Fraction(-fall.depth_u6, fall.peak_u6)) if fall.peak_u6 > 0 else words("n/a")
    key = "key.recovered" if fall.recovered_ns else "key.not_recovered"
    return _plain(words, "drawdown", gain(-fall.depth_u6), words(key, share=share, span=words.span(made.fallen_ns)))


def _fee_share(summary: Summary) -> str:
    turnover = summary.performance.turnover_u6
    return f"{ratio(Fraction(100 * summary.matched.fees_u6, turnover))} %" if turnover else "0 %"


def _turns(made: Performance, words: Words) -> str:
    if not made.start_u6:
        return "pUSD"
    return words("key.turns", n=ratio(Fraction(made.turnover_u6, made.start_u6)))


def _trade_figure(made: Performance, words: Words, value: str, remark: str) -> tuple[str, str]:
    """Return the value, or ``n/a`` where the closed trades are too few for one."""
    number = len(made.trades)
    if number < LEAST_TRADES:
        return words("n/a"), words("n/a.trades", n=count(number), least=LEAST_TRADES)
    return value, words(f"key.{remark}", wins=count(len(made.wins)), n=count(number))


def _profit_factor(made: Performance, words: Words) -> KeyFigure:
    factor = made.profit_factor
    if len(made.trades) >= LEAST_TRADES and factor is None:
        return _plain(words, "profit_factor", words("n/a"), words("n/a.losses"))
    value = words("n/a") if factor is None else ratio(factor)
    return _plain(words, "profit_factor", *_trade_figure(made, words, value, "factor_remark"))


def _average(words: Words, name: str, nets: Sequence[int], made: Performance) -> KeyFigure:
    if len(made.trades) >= LEAST_TRADES and not nets:
        return _plain(words, name, words("n/a"), words(f"n/a.{'wins' if name == 'average_win' else 'losses'}"))
    value = gain(round(Fraction(sum(nets), len(nets)))) if nets else words("n/a")
    return _plain(words, name, *_trade_figure(made, words, value, "average_remark"))


def _sharpe(made: Performance, words: Words, broken: str) -> KeyFigure:
    if broken:
        return _plain(words, "sharpe", broken, "")
    if made.days < LEAST_DAYS:
        return _plain(words, "sharpe", words("n/a"), words("n/a.days", n=count(made.days), least=LEAST_DAYS))
    if made.sharpe is None:
        return _plain(words, "sharpe", words("n/a"), words("n/a.spread"))
    return _plain(words, "sharpe", f"{made.sharpe:+.2f}", words("key.sharpe_remark", n=count(made.days)))
