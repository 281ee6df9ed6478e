"""Markets, tokens and where each fact about them comes from."""

from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

from polydesk.model.fees import FeeSchedule
from polydesk.model.grid import PRICE_ONE_G4
from polydesk.model.ids import ConditionId, TokenId

T = TypeVar("T")


class Origin(StrEnum):
    """Where a fact comes from; ``assumed`` is refused in live sessions."""

    VENUE = "venue"
    DERIVED = "derived"
    ASSUMED = "assumed"


class Fact(msgspec.Struct, Generic[T], frozen=True):
    """A value with its origin.

    Attributes:
        value: The fact itself.
        origin: Who says so.
        note: How it was derived or why it was assumed; empty for venue facts.
    """

    value: T
    origin: Origin
    note: str = ""


class Token(msgspec.Struct, frozen=True):
    """One outcome token of a market.

    Attributes:
        id: The venue's token id; ``derived:...`` when only the other token was recorded.
        outcome: The venue's label (``Yes``, ``Down``); ``None`` when no source tells it.
        origin: Origin of id and label.
        recorded: Whether the tape holds rows of this token; otherwise its book is the mirror of the other's.
    """

    id: TokenId
    outcome: str | None
    origin: Origin
    recorded: bool


class RewardTerms(msgspec.Struct, frozen=True):
    """What a market pays for resting liquidity; source: venue documentation, section "Liquidity rewards".

    Attributes:
        pool_u6: Micro-pUSD shared out per UTC day.
        min_size_u6: Smallest order that counts, micro-shares.
        max_spread_g4: Distance from the adjusted midpoint at which an order counts nothing, on the price grid.
    """

    pool_u6: int
    min_size_u6: int
    max_spread_g4: int


class Market(msgspec.Struct, frozen=True, omit_defaults=True):
    """A binary market with everything a desk may know before it resolves.

    Resolution is not here on purpose: see ``Resolution``.

    Attributes:
        index: Position in the manifest; rows and orders refer to it.
        condition_id: The venue's id of the market.
        slug: Short name for people.
        question: The venue's text; empty when unknown.
        category: Fee category (``crypto``, ``sports``, ...).
        tokens: The two outcome tokens; index 0 carries the book's own prices, index 1 the mirrored ones.
        tick_g4: Smallest price step at the start of the tape.
        min_size_u6: Smallest resting order in micro-shares.
        fees: Dated taker fee schedule.
        start_ns: Opening of the market, if known.
        end_ns: Scheduled end, if known.
        neg_risk: Whether the market belongs to a neg-risk event.
        taker_delay_ns: How long the venue holds a marketable order.
        rewards: Terms of its liquidity rewards; ``None`` when no source tells any. Manifests of tapes without them,
            and so their content hashes, are as they were before the field existed.
        event: The venue's id of the event that the market is an outcome of; empty when no source tells. Of the outcomes
            of a neg-risk event at most one pays.
    """

    index: int
    condition_id: ConditionId
    slug: str
    question: str
    category: Fact[str]
    tokens: tuple[Token, Token]
    tick_g4: Fact[int]
    min_size_u6: Fact[int]
    fees: FeeSchedule
    start_ns: Fact[int | None]
    end_ns: Fact[int | None]
    neg_risk: Fact[bool]
    taker_delay_ns: Fact[int]
    rewards: Fact[RewardTerms] | None = None
    event: str = ""

    def assumed(self) -> dict[str, str]:
        """Return each assumed fact of this market as ``{field: "value: note"}``."""
        facts: dict[str, Fact[object]] = {
            name: getattr(self, name)
            for name in ("category", "tick_g4", "min_size_u6", "start_ns", "end_ns", "neg_risk", "taker_delay_ns")
        }
        told = {name: f"{fact.value}: {fact.note}" for name, fact in facts.items() if fact.origin is Origin.ASSUMED}
        for index, token in enumerate(self.tokens):
            if token.origin is Origin.ASSUMED:
                told[f"token_{index}"] = f"{token.outcome}: id and outcome not stated by the recording"
        if self.fees.origin == Origin.ASSUMED:
            told["fees"] = self.fees.note
        if self.rewards is not None and self.rewards.origin is Origin.ASSUMED:
            told["rewards"] = self.rewards.note
        return told


class Resolution(msgspec.Struct, frozen=True):
    """How a market ended. Kept apart from ``Market`` so that no strategy can see it early.

    Attributes:
        market: Index of the market.
        payout_g4: What one share of token 0 and of token 1 pays, on the price grid; they add up to 10 000.
        at_ns: When the outcome is known at the earliest.
        origin: Who says so.
        note: How it was derived.
    """

    market: int
    payout_g4: tuple[int, int]
    at_ns: int
    origin: Origin
    note: str = ""


def winners_of_events(markets: tuple[Market, ...], resolutions: tuple[Resolution, ...]) -> dict[str, int]:
    """Return, for each neg-risk event with more than one outcome that paid in full, how many did: a contradiction."""
    events = {market.index: market.event for market in markets if market.event and market.neg_risk.value}
    won = [events[end.market] for end in resolutions if end.payout_g4[0] == PRICE_ONE_G4 and end.market in events]
    return {event: won.count(event) for event in sorted(set(won)) if won.count(event) > 1}
