"""Prices of the traded markets, read again from the tape: for charts, for markouts and for the last bids."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from polydesk.model.grid import NS_PER_S
from polydesk.model.records import Fill
from polydesk.report.tape_pass import Answers, Questions, walk
from polydesk.tape.reader import Tape

POINTS = 400
"""Most samples of one market's chart."""

HORIZONS_S = (1, 5, 30, 60)
"""Seconds after a fill at which its markout is read."""

_LEAD = 0.05
_LEAST_LEAD_NS = 20 * NS_PER_S

Sample = tuple[int, int, int]
"""Time, best bid and best ask of token 0 on the grid; 0 and 10 000 where a side is empty."""


@dataclass(frozen=True)
class BookCounts:
    """What the kernel counted while it built one market's book.

    Attributes:
        market: Index.
        rows: Rows applied, of every kind.
        late: Level rows left out because newer venue time had written the level.
        mirrored: Level rows that the other token's frame of the same venue time had told already.
        mirror_different: Those that said something else.
        crossed: Messages that left the book crossed or locked.
        witnesses: Best prices told by the venue beside the book.
        witness_different: Those that disagree with the book.
        invalid: Rows without a usable price, size, side or token, left out.
    """

    market: int
    rows: int
    late: int
    mirrored: int
    mirror_different: int
    crossed: int
    witnesses: int
    witness_different: int
    invalid: int


@dataclass(frozen=True)
class Prices:
    """What the replay saw.

    Attributes:
        series: Samples by market, in order of time.
        bids: Best bid at the end of the session by market and token.
        after: Doubled mid of the fill's token on the grid, by fill id and horizon in seconds, 0 for the moment
            before the fill; missing where the book was one-sided or the tape had ended.
        books: Counters of every market with rows.
    """

    series: Mapping[int, Sequence[Sample]]
    bids: Mapping[tuple[int, int], int]
    after: Mapping[tuple[str, int], int]
    books: Sequence[BookCounts] = ()


@dataclass
class PriceQuestions:
    """What a report asks about prices, and the numbers of the questions.

    Attributes:
        series: By market: time and question of each chart sample.
        after: By fill id and horizon in seconds: question and token.
    """

    series: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    after: dict[tuple[str, int], tuple[int, int]] = field(default_factory=dict)


def ask_prices(questions: Questions, fills: Sequence[Fill]) -> PriceQuestions:
    """Ask for the mids around each fill and for the chart samples of the traded markets."""
    asked = PriceQuestions({fill.market: [] for fill in fills})
    spans: dict[int, tuple[int, int]] = {}
    for fill in fills:
        first, final = spans.get(fill.market, (fill.ts_ns, fill.ts_ns))
        spans[fill.market] = (min(first, fill.ts_ns), max(final, fill.ts_ns))
        for horizon in (0, *HORIZONS_S):
            question = questions.before(fill.matched_ns + horizon * NS_PER_S, fill.market)
            asked.after[fill.id, horizon] = (question, fill.token)
    for market, (first, final) in spans.items():
        lead = max(_LEAST_LEAD_NS, int((final - first) * _LEAD))
        step = max(1, (final - first + 2 * lead) // (POINTS - 1))
        for point in range(POINTS):
            ts_ns = first - lead + point * step
            asked.series[market].append((ts_ns, questions.before(ts_ns, market)))
    return asked


def read_prices(asked: PriceQuestions, answers: Answers) -> Prices:
    """Return the prices that the pass over the tape found."""
    from polydesk.kernel import touch  # noqa: PLC0415 - numba

    series: dict[int, list[Sample]] = {}
    for market, points in asked.series.items():
        seen = [(ts, answers.touch(question)) for ts, question in points]
        samples = [(ts, *found) for ts, found in seen if found is not None]
        if samples:
            samples.append((samples[-1][0] + 1, *touch(answers.books, market, 0)))
        series[market] = samples
    after = {
        key: doubled
        for key, (question, token) in asked.after.items()
        if (doubled := answers.doubled_mid(question, token)) is not None
    }
    bids = {(market, token): touch(answers.books, market, token)[0] for market in series for token in (0, 1)}
    return Prices(series, bids, after, _book_counts(answers))


def replay_prices(tape: Tape, tape_range: tuple[int, int], fills: Iterable[Fill], stop: int | None = None) -> Prices:
    """Replay the tape through the kernel's books: look at the traded markets, count what does not fit.

    Args:
        tape: The session's tape.
        tape_range: First and last row of the session, half open.
        fills: The session's fills; they say which markets, when, and what to mark out.
        stop: Row after which the session ended early; the end of the range when omitted.

    Raises:
        TapeError: The tape is damaged.
    """
    questions = Questions()
    asked = ask_prices(questions, list(fills))
    last = tape_range[1] if stop is None else min(stop, tape_range[1])
    return read_prices(asked, walk(tape, tape_range[0], last, questions))


def _book_counts(answers: Answers) -> tuple[BookCounts, ...]:
    from polydesk.kernel import Count  # noqa: PLC0415 - numba

    out = []
    for market, (rows, row) in enumerate(zip(answers.rows.tolist(), answers.books.count.tolist(), strict=True)):
        counts = dict(zip(Count, row, strict=True))
        if rows:
            out.append(
                BookCounts(
                    market,
                    rows=rows,
                    late=counts[Count.LATE],
                    mirrored=counts[Count.MIRROR_SAME] + counts[Count.MIRROR_DIFFERENT],
                    mirror_different=counts[Count.MIRROR_DIFFERENT],
                    crossed=counts[Count.CROSSED],
                    witnesses=counts[Count.WITNESS_SAME] + counts[Count.WITNESS_DIFFERENT],
                    witness_different=counts[Count.WITNESS_DIFFERENT],
                    invalid=counts[Count.INVALID],
                )
            )
    return tuple(out)
