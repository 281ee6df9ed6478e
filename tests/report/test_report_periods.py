"""Days and months: UTC boundaries, returns, and sums that are the total."""

import itertools
from datetime import UTC, datetime
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_sessions import NS_PER_S, SHARE, make_days

from polydesk.model.records import CashMoved, Fill, Marked
from polydesk.report.marks import Mark
from polydesk.report.periods import day_of, month_of, periods
from polydesk.report.summary import summarise
from polydesk.report.tables import month_grid, period_table

DAY = 86_400 * NS_PER_S


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * NS_PER_S


def test_days_and_months_change_at_midnight_utc() -> None:
    last = at("2025-12-31 23:59:59") + NS_PER_S - 1
    assert (day_of(last), month_of(last)) == ("2025-12-31", "2025-12")
    assert (day_of(last + 1), month_of(last + 1)) == ("2026-01-01", "2026-01")
    assert day_of(at("2028-02-29 12:00:00")) == "2028-02-29"


def test_periods_by_hand() -> None:
    first, second = at("2026-01-31 10:00:00"), at("2026-02-01 00:00:00")
    marks = [
        Mark(first, 1_000, 1_000, 0), Mark(first + DAY // 4, 1_300, 1_300, 0), Mark(first + DAY // 2, 1_100, 1_100, 0),
        Mark(second, 1_650, 1_650, 0, 500), Mark(second + 5, 1_500, 1_500, 0, 500),
    ]  # fmt: skip
    january, february = periods(month_of, 1_000, 50, marks, (), [(second, 500)])
    assert (january.name, january.start_u6, january.pnl_u6, january.drawdown_u6) == ("2026-01", 1_000, 100, 200)
    assert january.rate == Fraction(1, 10)
    assert (february.start_u6, february.pnl_u6, february.external_u6) == (1_100, -50, 500)
    assert february.end_u6 == 1_550
    assert february.drawdown_u6 == 150, "from 1,150 to 1,000 earned, then up to the session's own end"
    assert periods(day_of, 1_000, 0, (), ()) == ()


def test_a_session_over_several_days_months_and_a_year() -> None:
    starts = [
        at("2025-12-30 08:00:00"), at("2025-12-31 23:59:30"), at("2026-01-15 00:00:00"), at("2026-01-15 12:00:00"),
        at("2026-03-01 00:00:00"),
    ]  # fmt: skip
    session = make_days(starts, seconds=90, rewards=2 * SHARE)
    summary = summarise(session)
    assert summary.sentinels == "ok"
    assert [day.name for day in summary.days] == [
        "2025-12-30", "2025-12-31", "2026-01-01", "2026-01-15", "2026-03-01",
    ]  # fmt: skip
    assert [month.name for month in summary.months] == ["2025-12", "2026-01", "2026-03"]
    for found in (summary.days, summary.months):
        assert sum(p.pnl_u6 for p in found) == summary.matched.net_u6
        assert sum(p.external_u6 for p in found) == 10 * SHARE
        assert found[0].start_u6 == 10_000 * SHARE
        assert all(earlier.end_u6 == later.start_u6 for earlier, later in itertools.pairwise(found))
        last = [r for r in session.records if isinstance(r, Marked)][-1]
        assert found[-1].end_u6 == last.cash_u6[0] + last.value_u6[0]
    by_day = {day.name: day for day in summary.days}
    december = [r for r in session.records if isinstance(r, Fill) and day_of(r.ts_ns) == "2025-12-31"]
    january = [r for r in session.records if isinstance(r, Fill) and day_of(r.ts_ns) == "2026-01-01"]
    assert december, "the session trades across midnight"
    assert january
    assert by_day["2025-12-31"].fills == len(december)
    assert by_day["2025-12-31"].fees_u6 == sum(fill.fee_u6 for fill in december)
    assert by_day["2026-01-01"].fills == len(january)
    assert by_day["2026-01-01"].external_u6 == 0

    table = period_table(summary, "day")
    assert "other cash" in table.headings
    assert table.rows[0][:2] == ("2025-12-30", "10,000.00")
    grid = month_grid(summary)
    assert [row[0] for row in grid.rows] == ["2025", "2026"]
    assert [cell != "-" for cell in grid.rows[0][1:13]] == [False] * 11 + [True]
    assert [cell != "-" for cell in grid.rows[1][1:13]] == [True, False, True] + [False] * 9
    assert len({len(row) for row in (*grid.rows, grid.columns)}) == 1


def test_one_month_makes_no_grid() -> None:
    summary = summarise(make_days([at("2026-03-01 10:00:00")]))
    assert month_grid(summary).rows == ()
    assert "other cash" not in period_table(summary, "day").headings


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 400 * 86_400), min_size=1, max_size=6, unique=True),
    st.integers(1, 10_000),
    st.sampled_from([0, 750_000, -1_000_000]),
)
def test_days_and_months_add_up_to_the_total(offsets: list[int], seed: int, moved: int) -> None:
    start = at("2025-11-28 00:00:00")
    session = make_days([start + offset * NS_PER_S for offset in offsets], seed, seconds=40, rewards=moved)
    summary = summarise(session)
    fills = [r for r in session.records if isinstance(r, Fill)]
    for found in (summary.days, summary.months):
        assert sum(p.pnl_u6 for p in found) == summary.matched.net_u6
        assert sum(p.fees_u6 for p in found) == summary.matched.fees_u6
        assert sum(p.fills for p in found) == len(fills)
        assert sum(p.volume_u6 for p in found) == summary.performance.turnover_u6
        assert sum(p.external_u6 for p in found) == sum(
            r.amount_u6 for r in session.records if isinstance(r, CashMoved)
        )
        assert max(p.drawdown_u6 for p in found) <= summary.drawdown.depth_u6 + 10_000 * SHARE
        assert [p.name for p in found] == sorted({p.name for p in found})
    assert {day.name[:7] for day in summary.days} == {month.name for month in summary.months}
