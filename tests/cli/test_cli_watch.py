"""The progress line."""

from polydesk.cli.watch import Rate, progress_text
from polydesk.run.driver import Progress


def test_rate_is_that_of_the_last_seconds() -> None:
    rate = Rate()
    assert rate.update(100.0, 0) == 0.0
    assert rate.update(101.0, 500) == 500.0
    for second in range(102, 120):
        found = rate.update(float(second), 500 + 2_000 * (second - 101))
    assert found == 2_000.0


def test_progress_line_tells_share_rate_and_time_left() -> None:
    progress = Progress(rows=250, total=1_000, ts_ns=1_776_323_404 * 10**9, wakes=9, orders=1_234, fills=5)
    text = progress_text(progress, 50.0)
    assert text == " 25.0 %  04-16 07:10:04Z  1,234 orders  5 fills  50 rows/s  ETA 15 s"
    assert progress_text(progress, 0.0).endswith("ETA -")


def test_progress_line_fits_a_narrow_terminal_in_a_long_fast_session() -> None:
    progress = Progress(rows=1_000, total=50_000_000, ts_ns=1_776_323_404 * 10**9, wakes=9, orders=99_999, fills=9_999)
    assert len(progress_text(progress, 999_999.0)) <= 80
