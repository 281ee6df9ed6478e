"""An independent second opinion on the simulated exchange: the venue's rules in slow, obvious Python.

One account, any number of markets, integers on the grids of the desk, no latencies drawn: the caller says when orders
and cancels arrive. It is driven like the exchange (send, cancel, rows, until) and answers with the same records.
Sources: protocol notes on order types, minimums, ticks, post-only, taker delay, fees; the fill rule of the reports.
"""

from fractions import Fraction
from math import ceil, floor

from slow_book import ONE, SlowBook
from slow_queue import SlowQueue
from slow_rules import Account, Order

from polydesk.model.ids import FillId
from polydesk.model.orders import OrderType, Side
from polydesk.model.records import (
    CancelRejected,
    CashMoved,
    Cause,
    Fill,
    FillStatus,
    Liquidity,
    OrderAck,
    OrderDone,
    OrderRejected,
    Settled,
)
from polydesk.model.rows import RowFlag, RowKind

SLOTS = 64
DAY_NS = 86_400 * 10**9


def fee_u6(schedule, at, price, size):
    """Return the taker fee: size x rate x (p (1 - p)) ^ exponent, half up to 0.00001 pUSD."""
    rate = [r for r in schedule.rates if r.from_ns <= at][-1:] or schedule.rates[:1]
    p = Fraction(price, ONE)
    exact = Fraction(size, 10**6) * Fraction(rate[0].rate_ppm, 10**6) * (p * (1 - p)) ** rate[0].exponent
    return floor(exact * 10**5 + Fraction(1, 2)) * 10


class SlowMatcher:
    """One venue; ``fails`` names the matches that will not settle."""

    def __init__(self, rules, markets, resolutions, cash, fails=frozenset()):
        self.rules, self.markets, self.fails = rules, markets, fails
        self.books = [SlowBook(m.tick_g4.value, rules.impact) for m in markets]
        self.queues = [SlowQueue(book, rules) for book in self.books]
        self.account = Account(cash)
        self.orders, self.plans, self.fills = {}, [], []
        self.resolved, self.redeemed = {}, {}
        self.planned = self.rebates = 0
        self.midnight_planned = False
        for resolution in resolutions:
            self.plan(max(resolution.at_ns, 0) + rules.settle_ns, self.resolve, resolution)

    # --- time -----------------------------------------------------------------------------------------------------

    def plan(self, due, what, *args, first=False):
        """Note what is due; at the same instant orders and cancels come first, the rest in the order it was noted."""
        self.planned += 1
        self.plans.append((due, 0 if first else 1, self.planned, what, args))

    def tell(self, now, record, *fields):
        self.plan(now + self.rules.answer_ns, lambda at, seq: record(seq, at, *fields))

    def until(self, ts, seq):
        """Let everything due at or before ``ts`` happen; return what the desk hears, in order."""
        heard = []
        while self.plans:
            due, *_ = entry = min(self.plans, key=lambda plan: plan[:3])
            if due > ts:
                break
            self.plans.remove(entry)
            news = entry[3](due, seq, *entry[4])
            if news is not None:
                heard.append(news)
        return heard

    # --- the recorded market --------------------------------------------------------------------------------------

    def message(self, rows):
        """Apply the rows of one or more whole messages."""
        for row in rows:
            self.row({name: int(row[name]) for name in row.dtype.names})

    def row(self, row):
        m, kind, now = row["market"], row["kind"], row["ts_ns"]
        at = row["venue_ns"] or now
        book, queue = self.books[m], self.queues[m]
        if kind == RowKind.SNAPSHOT and row["flags"] & RowFlag.FIRST:
            book.clear(at)
        if kind in {RowKind.SNAPSHOT, RowKind.CHANGE} and not row["flags"] & RowFlag.EMPTY:
            book.set(row["token"], row["side"], row["price_g4"], row["size_u6"], at)
        elif kind == RowKind.PRINT:
            side, price = row["side"], row["price_g4"]
            if row["token"]:
                side, price = -side, ONE - price
            for name, at_price, size in queue.print(side, price, row["size_u6"]):
                self.filled(name, at_price, size, Cause.PRINT, now)
        elif kind == RowKind.TICK and row["aux"] > 0:
            book.tick = row["aux"]
        if row["flags"] & RowFlag.LAST:
            queue.look()
            for name, at_price, size in queue.through():
                self.filled(name, at_price, size, Cause.TRADE_THROUGH, now)

    # --- arrivals -------------------------------------------------------------------------------------------------

    def send(self, intent, arrives):
        self.plan(arrives, self.arrive, intent, first=True)

    def cancel(self, name, arrives):
        self.plan(arrives, self.arrive_cancel, name, first=True)

    def arrive(self, now, seq, intent):
        reject = self.refusal(intent, now)
        if reject:
            return self.tell(now, OrderRejected, intent.id, reject)
        market = self.markets[intent.market]
        self.orders[intent.id] = Order(intent, intent.size_u6)
        if self.marketable(intent) and market.taker_delay_ns.value:
            self.tell(now, OrderAck, intent.id, "delayed")
            self.plan(now + market.taker_delay_ns.value, self.match, intent.id)
            return None
        return self.match(now, seq, intent.id)

    def refusal(self, intent, now):  # noqa: C901, PLR0911 - the rules in the order the venue checks them
        """Return why the venue refuses an order on arrival, or nothing."""
        market, book = self.markets[intent.market], self.books[intent.market]
        flat = intent.type in {OrderType.FOK, OrderType.FAK}
        if intent.id in self.orders:
            return "duplicated"
        if intent.type is OrderType.GTD and intent.expires_ns - self.rules.gtd_margin_ns <= now:
            return "expired"
        if intent.market in self.resolved:
            return "market_closed"
        if flat and intent.post_only:
            return "post_only_type"
        if intent.price_g4 % book.tick or not book.tick <= intent.price_g4 <= ONE - book.tick:
            return "breaks_tick"
        if not flat and intent.size_u6 < market.min_size_u6.value:
            return "below_minimum"
        if intent.size_u6 % (100 if flat and intent.side is Side.BUY else 10_000):
            return "invalid_amounts"  # shares have two decimals; what a market buy receives has four
        marketable = self.marketable(intent)
        if intent.side is Side.BUY and marketable and self.notional(intent) < self.rules.min_marketable_u6:
            return "marketable_minimum"
        if not self.affordable(intent, now, marketable):
            return "not_enough_balance"
        if intent.post_only and marketable:
            return "post_only_would_cross"
        if intent.type is OrderType.FAK and not marketable:
            return "fak_not_filled"
        if intent.type is OrderType.FOK and sum(offer[1] for offer in self.offers(intent)) < intent.size_u6:
            return "fok_not_filled"
        return ""

    def in_book(self, intent):
        """Side and price in the market's one book: buying token 1 at p is selling token 0 at 1 - p."""
        if intent.token == 0:
            return int(intent.side), intent.price_g4
        return -int(intent.side), ONE - intent.price_g4

    def offers(self, intent):
        """Return ``(price, size, own order or None)`` an order reaches: best price first, the recorded queue first."""
        side, limit = self.in_book(intent)
        recorded = [(price, size, None) for price, size in self.books[intent.market].within(side, limit)]
        own = []
        if self.rules.own_orders_meet:
            own = [(order.price, order.left, order) for order in self.queues[intent.market].within(side, limit)]
        if self.rules.whole_taker and recorded:
            better = [offer for offer in recorded if offer[0] != limit]
            recorded = [*better, (limit, max(0, intent.size_u6 - sum(offer[1] for offer in better)), None)]
        return sorted(recorded + own, key=lambda offer: (offer[0] * side, offer[2] is not None))

    def marketable(self, intent):
        return bool(self.offers(intent))

    def notional(self, intent):
        return ceil(Fraction(intent.price_g4 * intent.size_u6, ONE))

    def affordable(self, intent, now, marketable):
        """Whether balance minus what open orders promise covers the order, with the fee of a buy that takes."""
        if intent.side is Side.SELL:
            key = intent.market, intent.token
            return self.account.shares.get(key, 0) - self.offered(key) >= intent.size_u6
        fee = 0
        if marketable:
            fee = fee_u6(self.markets[intent.market].fees, now, intent.price_g4, intent.size_u6)
        return self.account.cash - self.reserved() >= self.notional(intent) + fee

    def open_orders(self):
        return [order for order in self.orders.values() if order.state != "done"]

    def reserved(self):
        """Micro-pUSD that open buys may still cost."""
        return sum(
            ceil(Fraction(o.intent.price_g4 * o.left, ONE)) for o in self.open_orders() if o.intent.side is Side.BUY
        )

    def offered(self, key):
        """Micro-shares of one token in open sells."""
        mine = [o for o in self.open_orders() if o.intent.side is Side.SELL]
        return sum(o.left for o in mine if (o.intent.market, o.intent.token) == key)

    def money(self):
        """Return cash, shares held, cash reserved, shares offered, rebates accrued; tokens as the desk names them."""
        offered = {(o.intent.market, o.intent.token): 0 for o in self.open_orders() if o.intent.side is Side.SELL}
        offered = {f"{m}/{t}": self.offered((m, t)) for m, t in offered}
        held = {f"{m}/{t}": size for (m, t), size in self.account.shares.items() if size}
        return self.account.cash, held, self.reserved(), offered, self.rebates

    # --- matching -------------------------------------------------------------------------------------------------

    def match(self, now, seq, name):
        """Take what the order can, at once or after the venue's delay; rest or end what is left."""
        order = self.orders.get(name)
        if order is None or order.state != "held":
            return
        intent, market = order.intent, order.intent.market
        side, limit = self.in_book(intent)
        found = self.offers(intent)
        if intent.type is OrderType.FOK and sum(offer[1] for offer in found) < order.left:
            self.end(name, now, "fok_not_filled")
            return
        if found:
            self.tell(now, OrderAck, name, "matched")
        for price, size, own in found:
            taken = min(size, order.left)
            if not taken:
                break
            if own is None:
                self.books[market].consume(side, price, taken)
                self.filled(name, price, taken, Cause.BOOK, now)
            else:
                kind = self.meeting(intent, self.orders[own.name].intent)
                self.queues[market].take(own, taken)
                self.filled(name, price, taken, kind, now, taker=True)
                self.filled(own.name, price, taken, kind, now)
        if not order.left:
            return
        immediate = intent.type in {OrderType.FAK, OrderType.FOK}
        if not found and not immediate:
            self.tell(now, OrderAck, name, "live")
        if immediate:
            self.end(name, now, "remainder_killed")
            return
        if len(self.queues[market].orders) >= SLOTS:
            self.end(name, now, "too_many_orders")
            return
        self.queues[market].rest(name, side, limit, order.left)
        order.state = "resting"
        if intent.type is OrderType.GTD:
            self.plan(max(now, intent.expires_ns - self.rules.gtd_margin_ns), self.expire, name)

    @staticmethod
    def meeting(one, other):
        """Return how two orders of ours meet: one token changes hands, or full sets are made or dissolved."""
        if one.token == other.token:
            return Cause.COMPLEMENTARY
        return Cause.MINT if one.side is Side.BUY else Cause.MERGE

    def filled(self, name, book_price, size, cause, now, *, taker=False):
        """Book one match: the buyer pays rounded up, the seller gets rounded down, only takers pay a fee."""
        order = self.orders[name]
        intent = order.intent
        price = book_price if intent.token == 0 else ONE - book_price
        taker = taker or cause is Cause.BOOK
        fee = fee_u6(self.markets[intent.market].fees, now, price, size) if taker else 0
        exact = Fraction(price * size, ONE)
        cash = -ceil(exact) - fee if intent.side is Side.BUY else floor(exact) - fee
        order.left -= size
        if order.left == 0:
            order.state = "done"
        fill = FillId(f"fill-{len(self.fills) + 1:06d}")
        self.fills.append(fill)
        self.move(intent, cash, int(intent.side) * size)
        self.tell(
            now, Fill, fill, name, intent.market, intent.token, intent.side, price, size, fee,
            Liquidity.TAKER if taker else Liquidity.MAKER, cause, now,
        )  # fmt: skip
        fails, final = fill in self.fails, now + self.rules.confirm_ns
        self.tell(final, FillStatus, fill, not fails)
        if fails:
            self.plan(final, self.reverse, intent, cash, int(intent.side) * size)
        if not fails and not taker:
            self.accrue(intent.market, now, price, size)

    def move(self, intent, cash, shares):
        key = intent.market, intent.token
        self.account.cash += cash
        if intent.market in self.resolved:  # shares that come or go after the payout change what it paid
            self.redeem(key, shares)
        else:
            self.account.shares[key] = self.account.shares.get(key, 0) + shares

    def redeem(self, key, shares):
        """Pay shares of a resolved market: all of one token together, rounded down once."""
        before = self.redeemed.get(key, 0)
        self.redeemed[key] = before + shares
        pays = [floor(Fraction(self.resolved[key[0]][key[1]] * held, ONE)) for held in (before, before + shares)]
        self.account.cash += pays[1] - pays[0]

    def reverse(self, now, seq, intent, cash, shares):
        """Take back a match that did not settle."""
        self.move(intent, -cash, -shares)

    def accrue(self, market, now, price, size):
        """Add a maker's rebate: its share of the fee its taker owes, rounded down; paid at the next midnight UTC."""
        schedule = self.markets[market].fees
        rate = ([r for r in schedule.rates if r.from_ns <= now][-1:] or schedule.rates[:1])[0]
        self.rebates += floor(Fraction(fee_u6(schedule, now, price, size) * rate.rebate_ppm, 10**6))
        if self.rebates and not self.midnight_planned:
            self.midnight_planned = True
            self.plan((now // DAY_NS + 1) * DAY_NS, self.pay_rebates)

    def pay_rebates(self, now, seq):
        """Pay what has accrued once it is worth a payment; less waits for the midnight after the next maker fill."""
        self.midnight_planned = False
        if self.rebates >= 1_000_000:
            self.account.cash += self.rebates
            self.tell(now, CashMoved, "maker_rebate", self.rebates)
            self.rebates = 0

    # --- ends -----------------------------------------------------------------------------------------------------

    def arrive_cancel(self, now, seq, name):
        order = self.orders.get(name)
        if order is None:
            self.tell(now, CancelRejected, name, "not_found")
        elif order.state == "done":
            self.tell(now, CancelRejected, name, "already_canceled_or_matched")
        else:
            self.end(name, now, "cancelled")

    def expire(self, now, seq, name):
        if name in self.orders and self.orders[name].state != "done":
            self.end(name, now, "expired")

    def end(self, name, now, reason):
        order = self.orders[name]
        order.state = "done"
        self.queues[order.intent.market].remove(name)
        self.tell(now, OrderDone, name, reason)

    def resolve(self, now, seq, resolution):
        """End what is open, pay every share held, close the market."""
        m = resolution.market
        for name in sorted(n for n, o in self.orders.items() if o.intent.market == m and o.state != "done"):
            self.end(name, now, "market_resolved")
        self.resolved[m] = resolution.payout_g4
        for (market, token), held in list(self.account.shares.items()):
            if market == m:
                self.redeem((market, token), held)
                self.account.shares[market, token] = 0
        self.tell(now, Settled, m, resolution.payout_g4, str(resolution.origin))
