"""The simulated exchange, in process: the Python face of the compiled venue.

It is the venue of paper sessions and backtests: orders reach it after a latency, are checked by the venue's rules, take
from the recorded book or rest in it, and every answer travels back after another latency. Resolutions are known only
here. Its randomness comes from the seed and the names of orders and fills, so it has no hidden state.

All of that is in ``kernel.venue``; here orders become rows, rows become records, and every match gets a second look.
"""

import msgspec

from polydesk.exchange.account import Balance, balance_of
from polydesk.exchange.config import ExchangeConfig
from polydesk.exchange.terms import venue_terms
from polydesk.exchange.told import CAUSES, news_record, order_number
from polydesk.exchange.witness import Used, broken_match
from polydesk.kernel import (
    GROW,
    Books,
    FillCause,
    Fills,
    Own,
    Tally,
    Venue,
    accrued,
    dump_venue,
    grow,
    new_venue,
    restore_venue,
    venue_arrival,
    venue_cancel,
    venue_collect,
    venue_happen,
    venue_send,
    venue_settled_by,
)
from polydesk.kernel.venue_state import TYPES, OrderFact
from polydesk.model.errors import InvariantBroken
from polydesk.model.grid import FAR_NS
from polydesk.model.ids import IntentId, intent_id
from polydesk.model.market import Market, Resolution
from polydesk.model.orders import Intent, Side
from polydesk.model.records import BalanceTold, Input


class ExchangeState(msgspec.Struct):
    """Everything that changes, for checkpoints.

    Attributes:
        venue: The compiled venue's arrays.
        used: What the matches of each market's last row used of it.
    """

    venue: bytes
    used: dict[int, Used] = msgspec.field(default_factory=dict)


class SimulatedExchange:
    """One venue for one account; see the module.

    Attributes:
        kernel: The compiled venue; another one once it has grown.
    """

    def __init__(
        self,
        config: ExchangeConfig,
        seed: int,
        markets: tuple[Market, ...],
        resolutions: tuple[Resolution, ...],
        cash: int,
        books: Books,
        own: Own,
        fills: Fills,
    ) -> None:
        self.kernel: Venue = new_venue(venue_terms(config, seed, cash), markets, resolutions)
        self._books, self._own, self._fills = books, own, fills
        self._used: dict[int, Used] = {}

    # --- the gateway's side ---------------------------------------------------------------------------------------

    def arrival_ns(self, name: IntentId, sent_ns: int, *, cancel: bool = False) -> int:
        """Return when an order or cancel sent at ``sent_ns`` reaches the venue."""
        return int(venue_arrival(self.kernel, order_number(name), int(cancel), sent_ns))

    def send(self, intent: Intent, arrives_ns: int) -> None:
        """Accept an order for arrival at ``arrives_ns``."""
        while venue_send(
            self.kernel, order_number(intent.id), intent.market, intent.token, int(intent.side),
            TYPES.index(intent.type), int(intent.post_only), intent.price_g4, intent.size_u6, intent.expires_ns,
            arrives_ns,
        ) == GROW:  # fmt: skip
            self.kernel = grow(self.kernel)

    def cancel(self, name: IntentId, arrives_ns: int) -> None:
        """Accept a cancel for arrival at ``arrives_ns``."""
        while venue_cancel(self.kernel, order_number(name), arrives_ns) == GROW:
            self.kernel = grow(self.kernel)

    # --- the driver's side ----------------------------------------------------------------------------------------

    def next_ns(self) -> int:
        """Return when the next thing happens; far in the future when nothing is due."""
        # As ``venue_next``; a look costs half of a compiled call.
        return self.kernel.heap.item(0, 0) if self.kernel.count.item(Tally.HEAP) else FAR_NS

    def settled_by_ns(self, now: int) -> int:
        """Return when every match made by ``now`` is final and the desk has heard of it."""
        return int(venue_settled_by(self.kernel, now))

    def happen(self, seq: int) -> Input | None:
        """Let the next thing happen; return it when it is news for the desk."""
        told = venue_happen(self.kernel, self._books, self._own, self._fills, seq)
        while told == GROW:
            self.kernel = grow(self.kernel)
            told = venue_happen(self.kernel, self._books, self._own, self._fills, seq)
        if self.kernel.count[Tally.COLLECTED]:
            self._look_again()
        return news_record(self.kernel.news[0].tolist()) if told else None

    def collect(self, ts_ns: int) -> None:
        """Take the kernel's new fills and send word of them."""
        while venue_collect(self.kernel, self._fills, ts_ns) == GROW:
            self.kernel = grow(self.kernel)
        self._look_again()

    def _look_again(self) -> None:
        count = int(self.kernel.count[Tally.COLLECTED])
        for handle, market, price, size, cause, _, side, _ in self._fills.rows[:count].tolist():
            used = self._used.setdefault(market, Used())
            found = broken_match(self._books, market, Side(side), price, size, CAUSES[FillCause(cause)], used)
            if found:
                name = intent_id(handle)
                raise InvariantBroken(f"the simulated exchange filled {name} against its own rule: {found}")

    # --- what can be read -----------------------------------------------------------------------------------------

    @property
    def untold(self) -> int:
        """Matches, failures and payments that the desk has not heard of yet."""
        return int(self.kernel.count[Tally.UNTOLD])

    @property
    def rebates_u6(self) -> int:
        """Maker rebates accrued and not paid, micro-pUSD."""
        return int(accrued(self.kernel))

    def account(self) -> Balance:
        """Return the account as the venue has it now, with what open orders reserve."""
        return balance_of(self.kernel)

    def open_orders(self) -> list[IntentId]:
        """Return the orders the venue has or that are on their way to it, by number."""
        numbers = self.kernel.orders[:, OrderFact.ORDER]
        return [intent_id(number) for number in sorted(numbers[numbers > 0].tolist())]

    def balance(self, seq: int, ts_ns: int) -> BalanceTold | None:
        """Return the account as the venue sees it, or ``None`` while the desk cannot know all of it yet."""
        if self.untold:
            return None
        account = self.account()
        return BalanceTold(seq, ts_ns, account.cash_u6, account.shares_u6)

    @property
    def state(self) -> ExchangeState:
        """Everything that changes; setting it continues from there."""
        return ExchangeState(
            dump_venue(self.kernel), {market: msgspec.structs.replace(used) for market, used in self._used.items()}
        )

    @state.setter
    def state(self, kept: ExchangeState) -> None:
        self.kernel = restore_venue(kept.venue, self.kernel)
        self._used = kept.used
