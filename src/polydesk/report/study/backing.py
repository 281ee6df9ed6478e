"""What stood behind each fill: the print that reached it, the depth that crossed it, or the depth it took.

Computed from the tape alone, after the session, so that a fault of the matching does not excuse itself.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from polydesk.model.orders import book_price_g4, book_side
from polydesk.model.records import Cause, Fill
from polydesk.report.tape_pass import CROSSING, SHOWN, Answers, Moment, Print, Questions

MULTIPLES = (1, 2, 5, 10, 20)
"""Order sizes, in times the session's own, of the capacity table."""


class Backed(msgspec.Struct, frozen=True):
    """Fills of one rule, side and instant, which share what stood behind them.

    Attributes:
        market: By index.
        cause: The fill rule.
        fills: Their names.
        size_u6: Micro-shares filled.
        behind_u6: Micro-shares printed, crossing or shown that could fill them.
    """

    market: int
    cause: Cause
    fills: tuple[str, ...]
    size_u6: int
    behind_u6: int


class Backing(msgspec.Struct, frozen=True):
    """What the tape says of the fills.

    Attributes:
        checked: Fills compared.
        without_print: Fills by print that no print on the tape reaches.
        without_cross: Fills by trade-through without recorded depth that crosses them.
        without_depth: Fills that took where nothing is shown.
        over: Groups of fills that are larger than what stood behind them.
        first: The first fill that is not backed; empty when all are.
        printed_u6: Micro-shares printed in the traded markets.
        by_print_u6: Micro-shares filled by prints.
        over_markets: Markets in which more was filled by prints than was printed.
    """

    checked: int
    without_print: int
    without_cross: int
    without_depth: int
    over: int
    first: str
    printed_u6: int
    by_print_u6: int
    over_markets: tuple[int, ...]


class Capacity(msgspec.Struct, frozen=True):
    """How much of larger orders the volume behind the fills could have filled, at most.

    Attributes:
        multiple: Order size in times the session's own.
        wanted_u6: Micro-shares the fills would then be.
        fillable_u6: Of them, no more than what stood behind each fill.
        used: Share of what stood behind the fills that is used, 0 to 1.
    """

    multiple: int
    wanted_u6: int
    fillable_u6: int
    used: float


_Key = tuple[int, int, int, Cause, int]
"""Market, instant, side in the book, fill rule, and for takers the book price."""


@dataclass(frozen=True)
class BackingQuestions:
    """What was asked.

    Attributes:
        groups: Fills that share what stood behind them.
        ends: By group that crossed or took: number of its look at the ends of the moment's messages.
        before: By group that took: question for the book just before the moment.
    """

    groups: Mapping[_Key, Sequence[Fill]]
    ends: Mapping[_Key, int]
    before: Mapping[_Key, int]


def ask_backing(questions: Questions, fills: Iterable[Fill]) -> BackingQuestions:
    """Ask what stood behind each fill; fills that the venue itself reported are left out."""
    groups: dict[_Key, list[Fill]] = {}
    for fill in fills:
        if fill.cause in {Cause.PRINT, Cause.TRADE_THROUGH, Cause.BOOK}:
            groups.setdefault(_key(fill), []).append(fill)
    ends: dict[_Key, int] = {}
    before: dict[_Key, int] = {}
    for key, group in groups.items():
        market, ts_ns, side, cause, price = key
        if cause is Cause.PRINT:
            questions.prints.add((market, ts_ns))
            continue
        looks = questions.ends.setdefault((market, ts_ns), [])
        ends[key] = len(looks)
        if cause is Cause.BOOK:
            # Without latency an order arrives between rows of one instant: any of its books may have been the one.
            before[key] = questions.before(ts_ns, market, SHOWN, side, price)
            looks.append((SHOWN, side, price))
        else:
            looks.append((CROSSING, side, _reach(group, side)))
    return BackingQuestions(groups, ends, before)


def _key(fill: Fill) -> _Key:
    side = int(book_side(fill.token, fill.side))
    price = book_price_g4(fill.token, fill.price_g4) if fill.cause is Cause.BOOK else 0
    return fill.market, fill.matched_ns, side, fill.cause, price


def _reach(group: Iterable[Fill], side: int) -> int:
    """Return the book price among fills that most of the other side reaches."""
    prices = [book_price_g4(fill.token, fill.price_g4) for fill in group]
    return max(prices) if side > 0 else min(prices)


def backed(asked: BackingQuestions, answers: Answers) -> tuple[Backed, ...]:
    """Return what stood behind each group of fills."""
    out = []
    for key, group in asked.groups.items():
        behind = _behind(key, group, asked, answers)
        names = tuple(fill.id for fill in group)
        out.append(Backed(key[0], key[3], names, sum(fill.size_u6 for fill in group), behind))
    return tuple(out)


def _behind(key: _Key, group: Sequence[Fill], asked: BackingQuestions, answers: Answers) -> int:
    market, ts_ns, side, cause, price = key
    moment: Moment = (market, ts_ns)
    if cause is Cause.PRINT:
        return reaching_u6(answers.prints.get(moment, ()), side, _reach(group, side))
    seen = answers.ends.get((moment, asked.ends[key]), 0.0)
    if cause is Cause.BOOK:
        before = float(answers.seen[asked.before[key], 0])
        # An order may arrive after the last row; the book is then what the tape left.
        last = answers.books.size[market, 1 if side > 0 else 0, price]
        seen = max(seen, float(last) if math.isnan(before) else before)
    return int(seen)


def reaching_u6(prints: Iterable[Print], side: int, price_g4: int) -> int:
    """Return the printed micro-shares that could fill a resting order of a side at a book price.

    >>> reaching_u6([Print(4_800, -1, 5), Print(4_800, 1, 7), Print(4_900, -1, 9), Print(4_700, 0, 2)], 1, 4_800)
    7
    """
    return sum(p.size_u6 for p in prints if p.side * side <= 0 and (price_g4 - p.price_g4) * side >= 0)


def judge_backing(groups: Sequence[Backed], printed_u6: Mapping[int, int]) -> Backing:
    """Compare fills with what stood behind them.

    Args:
        groups: From ``backed``.
        printed_u6: Micro-shares printed, by market.
    """
    bare = dict.fromkeys((Cause.PRINT, Cause.TRADE_THROUGH, Cause.BOOK), 0)
    by_print: dict[int, int] = {}
    for group in groups:
        bare[group.cause] += len(group.fills) if group.behind_u6 == 0 else 0
        if group.cause is Cause.PRINT:
            by_print[group.market] = by_print.get(group.market, 0) + group.size_u6
    wrong = [group for group in groups if group.size_u6 > group.behind_u6]
    return Backing(
        checked=sum(len(group.fills) for group in groups),
        without_print=bare[Cause.PRINT],
        without_cross=bare[Cause.TRADE_THROUGH],
        without_depth=bare[Cause.BOOK],
        over=sum(group.behind_u6 > 0 for group in wrong),
        first=wrong[0].fills[0] if wrong else "",
        printed_u6=sum(printed_u6.get(market, 0) for market in {group.market for group in groups}),
        by_print_u6=sum(by_print.values()),
        over_markets=tuple(m for m, size in sorted(by_print.items()) if size > printed_u6.get(m, 0)),
    )


def capacity(groups: Sequence[Backed], multiples: Iterable[int] = MULTIPLES) -> tuple[Capacity, ...]:
    """Return what larger orders could have got from the same prints and depth, at most.

    An upper bound: it knows no queue, and that larger orders move the market it does not know either.
    """
    size, behind = sum(group.size_u6 for group in groups), sum(group.behind_u6 for group in groups)
    if not size or not behind:
        return ()
    out = []
    for multiple in multiples:
        fillable = sum(min(multiple * group.size_u6, group.behind_u6) for group in groups)
        out.append(Capacity(multiple, multiple * size, fillable, fillable / behind))
    return tuple(out)
