"""What the slow matcher assumes of the venue, and what it keeps of orders and the account."""

from dataclasses import dataclass, field

MS = 1_000_000


@dataclass
class Order:
    """An order the venue has accepted."""

    intent: object
    left: int
    state: str = "held"  # held, resting, done


@dataclass(frozen=True)
class Rules:
    """What is assumed of the venue, in whole nanoseconds and micro-pUSD.

    ``queue`` is one of the exchange's models, or ``clipped``: cancels move nothing, but nobody stands behind more than
    the level shows. ``impact`` says how long what we took stays taken: as long as the level shows it (``kept``), until
    its size changes (``until_change``), or not at all (``none``). ``whole_through``: recorded depth that crosses a
    resting order fills all of it; ``whole_taker``: what a taker finds no more of at its limit fills there all the same;
    without ``prints_count_once`` each resting order sees the whole of a print, whatever the others got of it.
    The defaults are polydesk's; the others are those of other programs.
    """

    answer_ns: int = 25 * MS
    confirm_ns: int = 4_000 * MS
    settle_ns: int = 60_000 * MS
    min_marketable_u6: int = 1_000_000
    queue: str = "pessimistic"
    queue_power: int = 1
    gtd_margin_ns: int = 60_000 * MS
    whole_through: bool = False
    whole_taker: bool = False
    own_orders_meet: bool = True
    prints_count_once: bool = True
    impact: str = "kept"


@dataclass
class Account:
    """Money and shares at the venue; what is promised follows from the open orders."""

    cash: int
    shares: dict = field(default_factory=dict)
