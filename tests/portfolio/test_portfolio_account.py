"""The account against an oracle in fractions, over generated lives of fills."""

import copy
from fractions import Fraction

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from made_orders import SHARE, fill
from polydesk.model.errors import InvariantBroken
from polydesk.model.grid import cost_u6
from polydesk.model.ids import FillId
from polydesk.model.orders import Side
from polydesk.model.records import CashMoved, FillStatus, Settled
from polydesk.portfolio import Account, broken_identities, broken_totals, held_cost_u6, position_key

CASH = 10_000_000_000
PAYOUTS = ((10_000, 0), (0, 10_000), (5_000, 5_000), (3_333, 6_667))
PLACES = st.tuples(st.sampled_from(("a", "b")), st.integers(0, 1), st.integers(0, 1))
PRICES = st.integers(1, 9_999)
SIZES = st.integers(1, 50 * SHARE)
FEES = st.integers(0, 20_000).map(lambda n: n * 10)


def moved(one):
    """The exact cash of a fill, fee included."""
    return -int(one.side) * Fraction(one.price_g4, 10_000) * one.size_u6 - one.fee_u6


def status(one, *, confirmed=True):
    return FillStatus(0, 0, one.id, confirmed)


class Life(RuleBasedStateMachine):
    """Fills, confirmations in any order, failures, settlements and cash; the oracle adds up fractions."""

    @initialize()
    def begin(self):
        self.account = Account()
        self.account.open(CASH)
        self.fills = []  # (place, fill, state), in order of matching
        self.external = 0
        self.payouts = {}
        self.owed = False

    def shares(self, place, skip=None, states=("open", "confirmed")):
        """Running shares of a place after each of its valid fills."""
        total, path = 0, [0]
        for i, (where, one, state) in enumerate(self.fills):
            if where == place and state in states and i != skip:
                total += int(one.side) * one.size_u6
                path.append(total)
        return path

    def book(self, place, side, price, size, fee):
        strategy, market, token = place
        number = len(self.fills) + 1
        one = fill(number, market=market, token=token, side=side, price=price, size=size, fee=fee, ts_ns=number)
        self.fills.append((place, one, "open"))
        assert self.account.fill(one, strategy) is not None

    @rule(place=PLACES, price=PRICES, size=SIZES, fee=FEES)
    def buy(self, place, price, size, fee):
        self.book(place, Side.BUY, price, size, fee)

    @rule(place=PLACES, price=PRICES, part=st.integers(1, 100), fee=FEES)
    def sell(self, place, price, part, fee):
        held = self.shares(place)[-1]
        if held > 0:
            self.book(place, Side.SELL, price, max(1, held * part // 100), fee)

    @precondition(lambda self: self.fills)
    @rule(data=st.data())
    def report_again(self, data):
        place, one, _ = data.draw(st.sampled_from(self.fills))
        before = copy.deepcopy(self.account)
        assert self.account.fill(one, place[0]) is None
        assert self.account == before

    @precondition(lambda self: self.fills)
    @rule(data=st.data(), confirmed=st.booleans())
    def become_final(self, data, confirmed):
        index = data.draw(st.integers(0, len(self.fills) - 1))
        place, one, state = self.fills[index]
        if not confirmed and min(self.shares(place, skip=index)) < 0:
            self.owed = True  # shares that were sold on are taken back: the strategy owes them
        known = self.account.status(status(one, confirmed=confirmed))
        assert known == (one if state == "open" else None)
        if state == "open":
            self.fills[index] = (place, one, "confirmed" if confirmed else "failed")

    @rule(market=st.integers(0, 1), payout=st.sampled_from(PAYOUTS))
    def settle(self, market, payout):
        if market not in self.payouts:
            self.payouts[market] = payout
            self.account.settled(Settled(0, 0, market, payout, "venue"))

    @rule(amount=st.integers(-SHARE, SHARE))
    def cash(self, amount):
        self.external += amount
        self.account.cash(CashMoved(0, 0, "reward", amount))

    def booked(self, column):
        """The fills a column must hold: all valid ones, or the confirmed ones no open one stands in front of."""
        if column is self.account.matched:
            return [(p, f) for p, f, state in self.fills if state != "failed"]
        blocked, out = set(), []
        for place, one, state in self.fills:
            if state == "open":
                blocked.add(place)
            elif state == "confirmed" and place not in blocked:
                out.append((place, one))
        return out

    @invariant()
    def identities_hold(self):
        if hasattr(self, "account"):
            assert broken_identities(self.account) == ""
            assert broken_totals(self.account) == ""
            for column in (self.account.matched, self.account.confirmed):
                kept = sorted(key for keys in column.held.values() for key in keys)
                assert kept == sorted(key for key, position in column.positions.items() if position.shares_u6)
                for m in {position.market for position in column.positions.values()}:
                    cost = sum(p.cost_u6 for p in column.positions.values() if p.market == m)
                    assert held_cost_u6(column, m) == cost

    @invariant()
    def both_columns_agree_with_the_oracle(self):
        if not hasattr(self, "account"):
            return
        for column in (self.account.matched, self.account.confirmed):
            booked = self.booked(column)
            exact = Fraction(CASH + self.external) + sum(moved(one) for _, one in booked)
            net = {}
            for place, one in booked:
                net[place] = net.get(place, 0) + int(one.side) * one.size_u6
            for (_, market, token), shares in net.items():
                if market in self.payouts:
                    exact += Fraction(self.payouts[market][token], 10_000) * shares
            assert 0 <= exact - column.cash_u6 <= 2 * len(booked) + len(net)
            assert column.fees_u6 == sum(one.fee_u6 for _, one in booked)
            for place, shares in net.items():
                held = column.positions[position_key(*place)].shares_u6
                assert held == (0 if place[1] in self.payouts else shares)

    @invariant()
    def realised_agrees_with_average_cost(self):
        if not hasattr(self, "account") or self.payouts or self.owed:
            return
        for column in (self.account.matched, self.account.confirmed):
            oracle = {}
            for place, one in self.booked(column):
                shares, cost, realised, fees = oracle.get(place, (0, Fraction(0), Fraction(0), Fraction(0)))
                worth = Fraction(one.price_g4, 10_000) * one.size_u6
                if one.side is Side.BUY:
                    oracle[place] = (shares + one.size_u6, cost + worth, realised, fees + one.fee_u6)
                else:
                    left = shares - one.size_u6
                    share = Fraction(left, shares)
                    oracle[place] = (left, cost * share, realised + worth - cost * (1 - share), fees * share)
            for place, (shares, cost, realised, fees) in oracle.items():
                position = column.positions[position_key(*place)]
                slack = 2 * len(self.fills)
                assert position.shares_u6 == shares
                assert abs(position.cost_u6 - cost) <= slack
                assert abs(position.realised_u6 - realised) <= slack
                assert abs(position.held_fees_u6 - fees) <= slack

    def teardown(self):
        """Once everything is final both columns say the same."""
        if not hasattr(self, "account"):
            return
        for i in range(len(self.fills) - 1, -1, -1):
            place, one, state = self.fills[i]
            if state == "open":
                self.account.status(status(one))
                self.fills[i] = (place, one, "confirmed")
        assert self.account.unconfirmed() == 0
        matched, confirmed = self.account.matched, self.account.confirmed
        assert abs(matched.cash_u6 - confirmed.cash_u6) <= 2 * len(self.fills)
        if not any(set(payout) - {0, 10_000} for payout in self.payouts.values()):
            assert matched.cash_u6 == confirmed.cash_u6
            assert matched.net_u6 == confirmed.net_u6
        if not self.payouts and not self.owed:
            assert {k: p for k, p in matched.positions.items() if p.fees_u6 or p.shares_u6 or p.net_u6} == {
                k: p for k, p in confirmed.positions.items() if p.fees_u6 or p.shares_u6 or p.net_u6
            }


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=30)


# --- failures ---------------------------------------------------------------------------------------------------------

SINGLE = st.tuples(st.booleans(), PRICES, SIZES, FEES, st.booleans())


@settings(max_examples=80)
@given(st.lists(SINGLE, min_size=1, max_size=10), st.integers(0, 10), st.sampled_from(PAYOUTS[:2]))
def test_a_failed_fill_leaves_no_trace(steps, settle_after, payout):
    """The same life with failures, and without the fills that fail: both end with equal books."""
    lived, clean = Account(), Account()
    for account in (lived, clean):
        account.open(CASH)
    held, failing = 0, []
    for i, (buys, price, size, fee, fails) in enumerate(steps):
        if i == settle_after:
            for account in (lived, clean):
                account.settled(Settled(0, 0, 0, payout, "venue"))
        sells = not buys and held > 0
        one = fill(i + 1, side=Side.SELL if sells else Side.BUY, price=price, fee=fee, ts_ns=i,
                   size=min(size, held) if sells else size)  # fmt: skip
        lived.fill(one, "a")
        if fails and not sells:
            failing.append(one)  # nobody sells shares of a failed buy: `held` does not count them
        else:
            clean.fill(one, "a")
            held += int(one.side) * one.size_u6
    for one in failing:
        lived.status(status(one, confirmed=False))
    assert broken_identities(lived) == broken_totals(lived) == ""
    for name in ("cash_u6", "cost_u6", "fees_u6", "deposits_u6"):
        assert getattr(lived.matched, name) == getattr(clean.matched, name), name
    assert lived.matched.net_u6 == clean.matched.net_u6
    assert lived.confirmed == clean.confirmed


def test_failed_sell_brings_the_shares_back():
    account = Account()
    account.open(CASH)
    bought, sold = fill(1, price=4000, fee=50), fill(2, side=Side.SELL, price=7000)
    account.fill(bought, "a")
    before = copy.deepcopy(account.matched)
    assert account.fill(sold, "a") == 30_000_00
    account.status(status(sold, confirmed=False))
    assert account.matched == before
    assert account.unconfirmed() == 1


# --- settlement -------------------------------------------------------------------------------------------------------


@given(PRICES, SIZES, st.sampled_from(PAYOUTS[:2]), FEES)
def test_both_tokens_together_pay_exactly_one(price, size, payout, fee):
    """A full set costs one per share and pays one per share: the PnL is what fees and rounding took."""
    account = Account()
    account.open(CASH)
    account.fill(fill(1, token=0, price=price, size=size, fee=fee), "a")
    account.fill(fill(2, token=1, price=10_000 - price, size=size), "a")
    account.settled(Settled(0, 0, 0, payout, "venue"))
    rounded = cost_u6(price, size) + cost_u6(10_000 - price, size) - size
    assert account.matched.net_u6 == -fee - rounded
    assert 0 <= rounded <= account.matched.dust_u6 <= 2
    assert account.matched.cash_u6 == CASH + account.matched.net_u6


def test_settlement_charges_no_fee_and_pays_once():
    account = Account()
    account.open(CASH)
    account.fill(fill(1, price=4000, fee=100), "a")
    paid = account.settled(Settled(0, 0, 0, (10_000, 0), "venue"))
    assert [(p.strategy, shares, realised) for p, shares, realised in paid] == [("a", 10 * SHARE, 6 * SHARE)]
    assert account.settled(Settled(0, 0, 0, (10_000, 0), "venue")) == []
    assert account.matched.fees_u6 == 100
    assert account.matched.cash_u6 == CASH + 6 * SHARE - 100


def test_settlement_before_confirmation_pays_the_confirmed_column_later():
    account = Account()
    account.open(CASH)
    one = fill(1, price=4000)
    account.fill(one, "a")
    account.settled(Settled(0, 0, 0, (10_000, 0), "venue"))
    assert account.matched.cash_u6 == CASH + 6 * SHARE
    assert account.confirmed.cash_u6 == CASH
    account.status(status(one))
    assert account.confirmed.cash_u6 == CASH + 6 * SHARE


def test_fill_that_fails_after_settlement_takes_the_payout_back():
    account = Account()
    account.open(CASH)
    one = fill(1, price=4000, fee=70)
    account.fill(one, "a")
    account.settled(Settled(0, 0, 0, (10_000, 0), "venue"))
    account.status(status(one, confirmed=False))
    assert account.matched.cash_u6 == account.confirmed.cash_u6 == CASH
    assert account.matched.net_u6 == 0


def test_confirmed_column_waits_for_earlier_fills():
    account = Account()
    account.open(CASH)
    bought, sold = fill(1, price=4000), fill(2, side=Side.SELL, price=7000)
    account.fill(bought, "a")
    account.fill(sold, "a")
    account.status(status(sold))
    assert account.confirmed.positions == {}
    account.status(status(bought))
    assert account.confirmed.cash_u6 == account.matched.cash_u6 == CASH + 3 * SHARE


def test_a_fill_that_was_never_reported_is_an_error():
    with pytest.raises(InvariantBroken, match="fill-9"):
        Account().status(FillStatus(0, 0, FillId("fill-9"), confirmed=True))


def test_shares_sold_before_their_purchase_failed_are_owed():
    """Sold at 0.60 what was never bought: the cash is there, the shares are owed, and buying them back settles it."""
    account = Account()
    account.open(CASH)
    bought, sold = fill(1, price=4000), fill(2, side=Side.SELL, price=6000)
    account.fill(bought, "a")
    account.fill(sold, "a")
    account.status(status(bought, confirmed=False))
    position = account.matched.positions["a/0/0"]
    assert (position.shares_u6, account.matched.cash_u6) == (-10 * SHARE, CASH + 6 * SHARE)
    assert broken_identities(account) == broken_totals(account) == ""
    account.fill(fill(3, price=5000, size=15 * SHARE), "a")
    assert (position.shares_u6, position.cost_u6, position.realised_u6) == (5 * SHARE, 2_500_000, SHARE)
    assert account.matched.cash_u6 == CASH + 6 * SHARE - 7_500_000
    assert broken_identities(account) == broken_totals(account) == ""


@given(st.lists(SIZES, min_size=1, max_size=4), st.sampled_from(PAYOUTS))
def test_strategies_share_one_payout_that_is_rounded_once(sizes, payout):
    account = Account()
    account.open(CASH)
    for number, size in enumerate(sizes):
        account.fill(fill(number, price=1, size=size), f"s{number}")
    spent = account.matched.cash_u6
    account.settled(Settled(0, 0, 0, payout, "venue"))
    assert account.matched.cash_u6 - spent == sum(sizes) * payout[0] // 10_000
    assert broken_identities(account) == broken_totals(account) == ""
