"""What a session journal holds: inputs that are not on the tape, outputs of the desk, and session marks.

Inputs and outputs carry ``seq`` (the tape row after which they happened, -1 before the first) and ``ts_ns``
(virtual time). Their hash is the session's ``journal_sha256``; session marks stay out of it, because they hold
the wall clock and what happened to the process rather than to the desk.
"""

from enum import StrEnum
from typing import TypeGuard

import msgspec

from polydesk.model.ids import FillId, IntentId, SessionId
from polydesk.model.orders import Check, Intent, Side, Term

# --- inputs ---------------------------------------------------------------------------------------------------------


class OrderAck(msgspec.Struct, frozen=True, tag="order_ack"):
    """The venue has the order; ``status`` is the venue's word: ``live``, ``matched`` or ``delayed``."""

    seq: int
    ts_ns: int
    intent: IntentId
    status: str


class OrderRejected(msgspec.Struct, frozen=True, tag="order_rejected"):
    """The venue refused the order; ``reason`` is a ``Reject`` code, ``message`` the venue's text."""

    seq: int
    ts_ns: int
    intent: IntentId
    reason: str
    message: str = ""


class OrderDone(msgspec.Struct, frozen=True, tag="order_done"):
    """The order left the book without a (further) fill: cancelled, expired, killed or resolved; ``reason`` tells."""

    seq: int
    ts_ns: int
    intent: IntentId
    reason: str


class CancelRejected(msgspec.Struct, frozen=True, tag="cancel_rejected"):
    """The venue did not cancel; ``reason`` is a ``Reject`` code. A fill may be on its way."""

    seq: int
    ts_ns: int
    intent: IntentId
    reason: str


class OrderLost(msgspec.Struct, frozen=True, tag="order_lost"):
    """No answer in time: the order is UNKNOWN until the venue tells."""

    seq: int
    ts_ns: int
    intent: IntentId


class Liquidity(StrEnum):
    """Whether we took or made."""

    MAKER = "maker"
    TAKER = "taker"


class Cause(StrEnum):
    """Which fill rule made a fill."""

    PRINT = "print"
    TRADE_THROUGH = "trade_through"
    BOOK = "book"
    COMPLEMENTARY = "complementary"
    """Two orders of ours met: a buy and a sell of one token."""
    MINT = "mint"
    """Two orders of ours met: a buy of each token, whose cash made full sets."""
    MERGE = "merge"
    """Two orders of ours met: a sell of each token, which made full sets cash."""
    VENUE = "venue"


class Fill(msgspec.Struct, frozen=True, tag="fill"):
    """A matched trade of ours; provisional until ``FillStatus`` says confirmed.

    Attributes:
        price_g4: Price of the token traded.
        size_u6: Micro-shares.
        fee_u6: Micro-pUSD; never negative.
        matched_ns: When the venue matched it; ``ts_ns`` is when the desk heard of it.
        cause: Fill rule of the simulated exchange, or ``venue``.
    """

    seq: int
    ts_ns: int
    id: FillId
    intent: IntentId
    market: int
    token: int
    side: Side
    price_g4: int
    size_u6: int
    fee_u6: int
    liquidity: Liquidity
    cause: Cause
    matched_ns: int


class FillStatus(msgspec.Struct, frozen=True, tag="fill_status"):
    """A fill became final: ``confirmed`` true, or failed and must be reversed."""

    seq: int
    ts_ns: int
    fill: FillId
    confirmed: bool


class Settled(msgspec.Struct, frozen=True, tag="settled"):
    """A market resolved and pays ``payout_g4`` for one share of token 0 and token 1; no fee."""

    seq: int
    ts_ns: int
    market: int
    payout_g4: tuple[int, int]
    origin: str


class TimerFired(msgspec.Struct, frozen=True, tag="timer"):
    """The desk's timer went off."""

    seq: int
    ts_ns: int


class Command(msgspec.Struct, frozen=True, tag="command"):
    """An operator's command: ``stop`` (cancel and end), ``kill`` / ``resume`` entries."""

    seq: int
    ts_ns: int
    name: str
    argument: str = ""


class SourceChanged(msgspec.Struct, frozen=True, tag="source"):
    """The market source changed state: ``live``, ``stale``, ``gap``, or ``ended`` for this session."""

    seq: int
    ts_ns: int
    status: str


MAKER_REBATE = "maker_rebate"
"""Kind of a cash movement that the simulated exchange makes by itself."""


class CashMoved(msgspec.Struct, frozen=True, tag="cash"):
    """External cash: deposit, withdrawal, reward, rebate, yield, gas; ``amount_u6`` is signed."""

    seq: int
    ts_ns: int
    kind: str
    amount_u6: int
    note: str = ""


class BalanceTold(msgspec.Struct, frozen=True, tag="balance"):
    """The venue's own account of us while nothing is on its way; the desk compares it with its books.

    Attributes:
        cash_u6: Micro-pUSD.
        shares_u6: Micro-shares by ``market/token``; tokens without shares are absent.
    """

    seq: int
    ts_ns: int
    cash_u6: int
    shares_u6: dict[str, int]


Input = (
    OrderAck
    | OrderRejected
    | OrderDone
    | CancelRejected
    | OrderLost
    | Fill
    | FillStatus
    | Settled
    | TimerFired
    | Command
    | SourceChanged
    | CashMoved
    | BalanceTold
)

# --- outputs --------------------------------------------------------------------------------------------------------


class Decision(msgspec.Struct, frozen=True, tag="decision"):
    """What a strategy asked for, or why it holds. Written when it differs from the strategy's last word.

    Attributes:
        action: ``buy``, ``sell``, ``quote``, ``exit`` or ``hold``.
        reason: A ``Hold`` or ``Exit`` code; empty when the strategy acts.
        token: Token concerned; -1 for quotes and holds.
        confidence: 0 to 1; 0 when not a signal.
        edge: Expected edge in price units; 0 when not a signal.
        size_u6: Size asked for.
        why: Named terms.
    """

    seq: int
    ts_ns: int
    strategy: str
    market: int
    action: str
    reason: str
    token: int
    confidence: float
    edge: float
    size_u6: int
    why: tuple[Term, ...]


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """Risk refused an order; ``code`` is a ``Refusal`` code, ``checks`` ends with the one that said no."""

    seq: int
    ts_ns: int
    intent: Intent
    code: str
    checks: tuple[Check, ...]


class OrderSent(msgspec.Struct, frozen=True, tag="order"):
    """A permitted order on its way; ``checks`` is its permit."""

    seq: int
    ts_ns: int
    intent: Intent
    checks: tuple[Check, ...]


class CancelSent(msgspec.Struct, frozen=True, tag="cancel"):
    """A cancel on its way; ``reason`` tells what replaced or ended the order."""

    seq: int
    ts_ns: int
    intent: IntentId
    reason: str


class Marked(msgspec.Struct, frozen=True, tag="mark"):
    """The portfolio marked at the bid, at most once per mark interval; not part of ``journal_sha256``.

    All amounts in micro-pUSD, in two columns: matched, then confirmed.
    """

    seq: int
    ts_ns: int
    cash_u6: tuple[int, int]
    value_u6: tuple[int, int]
    exposure_u6: int


class SentinelBroke(msgspec.Struct, frozen=True, tag="sentinel"):
    """An accounting identity does not hold; entries stop and reports say so."""

    seq: int
    ts_ns: int
    name: str
    detail: str


class StrategyFailed(msgspec.Struct, frozen=True, tag="strategy_failed"):
    """A strategy raised an error; after too many it is not asked again and its positions close by the generic rules."""

    seq: int
    ts_ns: int
    strategy: str
    market: int
    error: str
    disabled: bool


Output = Decision | Refused | OrderSent | CancelSent | Marked | SentinelBroke | StrategyFailed

# --- session marks --------------------------------------------------------------------------------------------------


class SessionStarted(msgspec.Struct, frozen=True, tag="session"):
    """First record of every journal.

    Attributes:
        mode: ``paper``, ``backtest`` or ``live``; never changes.
        tape_path: Where the tape was; for finding it again, not part of any hash.
        tape_sha256: Content hash of the tape.
        tape_range: First and last row of the tape that the session covers (half open).
        config: The complete effective configuration as JSON.
        fingerprint: Version, code hash, python, numpy, numba and CPU.
        markets: Markets the session may trade, by index; empty for all of the tape.
    """

    session: SessionId
    format: int
    mode: str
    seed: int
    tape_path: str
    tape_sha256: str
    tape_range: tuple[int, int]
    config: str
    fingerprint: dict[str, str]
    wall_ns: int
    markets: tuple[int, ...] = ()


class SessionResumed(msgspec.Struct, frozen=True, tag="session_resumed"):
    """The process came back and agrees with everything recorded so far."""

    fingerprint: dict[str, str]
    wall_ns: int


class SessionHalted(msgspec.Struct, frozen=True, tag="session_halted"):
    """The process stopped in order but before the session's end: ``disk_full``, ``error``."""

    reason: str
    wall_ns: int


class SessionEnded(msgspec.Struct, frozen=True, tag="session_ended"):
    """The session is complete; ``reason`` is ``tape_end`` or ``stopped``, ``rows`` how many tape rows were applied."""

    reason: str
    journal_sha256: str
    wall_ns: int
    rows: int = 0


SessionMark = SessionStarted | SessionResumed | SessionHalted | SessionEnded
Record = Input | Output | SessionMark

INPUTS: tuple[type, ...] = (
    OrderAck, OrderRejected, OrderDone, CancelRejected, OrderLost, Fill, FillStatus, Settled, TimerFired, Command,
    SourceChanged, CashMoved, BalanceTold,
)  # fmt: skip
"""The input types, for ``isinstance``."""

HASHED: tuple[type, ...] = (*INPUTS, Decision, Refused, OrderSent, CancelSent, StrategyFailed)
"""The record types that make up ``journal_sha256``."""


def is_input(record: Record) -> TypeGuard[Input]:
    """Return whether a record is an input that is not on the tape."""
    return isinstance(record, INPUTS)
