"""Numbers as people read them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polydesk.report import quantities as q


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0.00"), (1_234_567_890, "1,234.57"), (-5_000_000, "-5.00"), (50_000, "0.0500"), (1, "0.000001"),
     (-49, "-0.000049"), (None, "-")],
)  # fmt: skip
def test_cash(amount: int | None, text: str) -> None:
    assert q.cash(amount) == text


@given(st.integers(-(10**15), 10**15))
def test_cash_is_never_off_by_more_than_half_a_cent_and_never_hides_an_amount(amount: int) -> None:
    shown = Decimal(q.cash(amount).replace(",", ""))
    assert abs(shown - Decimal(amount) / 10**6) <= Decimal("0.005")
    assert (shown == 0) == (amount == 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (q.gain(12_300_000), "+12.30"), (q.gain(-1_000_000), "-1.00"), (q.gain(0), "0.00"),
        (q.shares(1_250_000_000), "1,250"), (q.shares(12_345_678), "12.35"), (q.shares(3), "0.000003"),
        (q.price(4_800), "0.48"), (q.price(4_855), "0.4855"), (q.price(10_000), "1.00"), (q.price(None), "-"),
        (q.average_price(7_000_000, 15_000_000), "0.4667"), (q.average_price(1, 0), "-"),
        (q.share_of(1, 3), "33.3 %"), (q.share_of(1, 0), "-"), (q.count(12_345), "12,345"),
        (q.utc(1_776_323_404_123_000_000), "2026-04-16 07:10:04"), (q.utc(0), "-"),
        (q.utc_ms(1_776_323_404_123_456_789), "2026-04-16 07:10:04.123 UTC"),
        (q.duration(850_000_000), "850 ms"), (q.duration(3_000_000_000), "3 s"), (q.duration(2_800_000_000), "2.8 s"),
        (q.duration(250 * 10**9), "4 min 10 s"), (q.duration(7_200 * 10**9), "2 h"),
        (q.duration((52 * 86_400 + 3 * 3_600) * 10**9), "52 d 3 h"),
    ],
)  # fmt: skip
def test_texts(text: str, expected: str) -> None:
    assert text == expected
