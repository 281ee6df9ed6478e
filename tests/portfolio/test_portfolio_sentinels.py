import pytest

from made import T0, market
from made_orders import SHARE, fill
from polydesk.model.fees import FeeRate, FeeSchedule
from polydesk.model.orders import Side
from polydesk.portfolio import Account, broken_fee, broken_identities, broken_totals

CASH = 1_000_000_000


def lived():
    account = Account()
    account.open(CASH)
    account.fill(fill(1, price=4000, fee=30), "a")
    account.fill(fill(2, side=Side.SELL, price=4100, size=3 * SHARE + 1), "a")
    return account


def test_a_sound_account_breaks_nothing():
    assert broken_identities(lived()) == broken_totals(lived()) == ""


@pytest.mark.parametrize("column", ["matched", "confirmed"])
@pytest.mark.parametrize(
    "name", ["cash_u6", "cost_u6", "fees_u6", "dust_u6", "realised_u6", "deposits_u6", "external_u6"]
)
def test_one_micro_off_is_found(column, name):
    account = lived()
    one = getattr(account, column)
    setattr(one, name, getattr(one, name) + 1)
    assert broken_identities(account).startswith(f"{column}: cash + cost + fees + dust = ")


@pytest.mark.parametrize("name", ["cost_u6", "fees_u6", "dust_u6", "realised_u6"])
def test_positions_must_add_up(name):
    account = lived()
    position = account.matched.positions["a/0/0"]
    setattr(position, name, getattr(position, name) + 1)
    assert name.removesuffix("_u6") in broken_totals(account)


def test_selling_what_is_not_held_is_found():
    account = Account()
    account.open(CASH)
    account.fill(fill(1, side=Side.SELL), "a")
    assert "holds -10000000 micro-shares" in broken_totals(account)
    assert broken_identities(account) == ""


def test_fee_sentinel_knows_the_schedule_of_the_day():
    fees = FeeSchedule((FeeRate(0, 0), FeeRate(T0, 70_000)), "venue")
    right = fill(1, fee=175_000, taker=True)
    assert broken_fee(right, fees, T0) == ""
    assert "is 175000, schedule says 0" in broken_fee(right, fees, T0 - 1)
    assert "schedule says 175000" in broken_fee(fill(1, fee=174_990, taker=True), fees, T0)


def test_makers_pay_nothing_and_nobody_is_paid():
    fees = market().fees
    assert broken_fee(fill(1), fees, T0) == ""
    assert "schedule says 0" in broken_fee(fill(1, fee=10), fees, T0)
    assert "negative" in broken_fee(fill(1, fee=-10), fees, T0)
