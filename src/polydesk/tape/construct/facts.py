"""Facts of constructed markets: all of them assumed, so that reports list them and live sessions refuse them."""

from hashlib import sha256
from typing import TypeVar

from polydesk.model.fees import FeeRate, FeeSchedule
from polydesk.model.grid import PRICE_ONE_G4, SHARE_U6
from polydesk.model.ids import ConditionId, TokenId
from polydesk.model.market import Fact, Market, Origin, Resolution, Token
from polydesk.tape.construct.plan import START_NS, Spec

T = TypeVar("T")

PREFIX = "constructed-"
"""Every slug of a constructed market begins with this."""

NOTE = "constructed"
COARSE_G4, FINE_G4 = 100, 10
"""The venue's usual ticks: 0.01, and 0.001 near 0 and 1."""

_FINE_BEYOND_G4 = 400
_COARSE_WITHIN_G4 = 700
_RATES_PPM = {"crypto": 70_000, "sports": 50_000, "politics": 40_000}
_OTHER_PPM = 50_000


def tick_for(mid_g4: int, tick_g4: int) -> int:
    """Return the tick the venue wants at a mid price.

    Beyond 0.96 and 0.04 it is 0.001; back within 0.93 and 0.07 it is 0.01 again; between it stays what it is. (Venue
    documentation, orders: the change near the ends. The way back and its distance are ours.)
    """
    edge = min(mid_g4, PRICE_ONE_G4 - mid_g4)
    if edge < _FINE_BEYOND_G4:
        return FINE_G4
    return COARSE_G4 if edge > _COARSE_WITHIN_G4 else tick_g4


def constructed_market(
    spec: Spec,
    index: int,
    *,
    first_g4: int,
    end_ns: int,
    question: str,
    name: str = "",
    category: str = "other",
    outcomes: tuple[str, str] = ("Yes", "No"),
    tick_g4: int = 0,
    min_size_u6: int = 5 * SHARE_U6,
    rate_ppm: int = 0,
    neg_risk: bool = False,
) -> Market:
    """Return the facts of one constructed market.

    Args:
        spec: The tape.
        index: Position on the tape.
        first_g4: First fair price of token 0; decides the tick unless ``tick_g4`` is given.
        end_ns: Scheduled end.
        question: For people.
        name: Last part of the slug; kind and number when empty.
        category: Fee category.
        outcomes: Labels of token 0 and 1.
        tick_g4: First tick.
        min_size_u6: Smallest resting order.
        rate_ppm: Taker fee rate; that of the category when 0.
        neg_risk: Whether it is one outcome of a neg-risk event.
    """
    made = sha256(f"{spec.kind}/{spec.seed}/{index}".encode()).hexdigest()[:24]
    rate = rate_ppm or _RATES_PPM.get(category, _OTHER_PPM)
    return Market(
        index=index,
        condition_id=ConditionId(f"constructed:{made}"),
        slug=f"{PREFIX}{name or f'{spec.kind}-{index + 1}'}",
        question=question,
        category=_fact(category),
        # Ids and labels follow from kind, seed and number.
        tokens=(
            Token(TokenId(f"constructed:{made}-0"), outcomes[0], Origin.DERIVED, recorded=True),
            Token(TokenId(f"constructed:{made}-1"), outcomes[1], Origin.DERIVED, recorded=True),
        ),
        tick_g4=_fact(tick_g4 or tick_for(first_g4, COARSE_G4)),
        min_size_u6=_fact(min_size_u6),
        fees=FeeSchedule((FeeRate(0, rate),), Origin.ASSUMED.value, f"{NOTE}: rate {rate / 1_000_000:g} at every date"),
        start_ns=_maybe(START_NS),
        end_ns=_maybe(end_ns),
        neg_risk=_fact(neg_risk),
        taker_delay_ns=_fact(0),
        event=f"constructed:{spec.kind}-{spec.seed}" if neg_risk else "",
    )


def pays(market: int, payout_g4: int, at_ns: int, note: str = "") -> Resolution:
    """Return a resolution that pays ``payout_g4`` for a share of token 0."""
    told = f"{NOTE}: {note}" if note else NOTE
    return Resolution(market, (payout_g4, PRICE_ONE_G4 - payout_g4), at_ns, Origin.ASSUMED, told)


def _fact(value: T) -> Fact[T]:
    return Fact(value, Origin.ASSUMED, NOTE)


def _maybe(value: int | None) -> Fact[int | None]:
    return Fact(value, Origin.ASSUMED, NOTE)
