"""Rows and sums that viewers read from the ledger."""

import msgspec

from polydesk.model.orders import Check, Term


class DecisionRow(msgspec.Struct, frozen=True):
    """One decision of a strategy; columns as in the ledger."""

    record: int
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


class OrderRow(msgspec.Struct, frozen=True):
    """One order; a refused one has no ``state``; ``code`` is the refusal's, or why a sent order ended."""

    record: int
    ts_ns: int
    intent: str
    strategy: str
    market: int
    token: int
    side: int
    price_g4: int
    size_u6: int
    purpose: str
    state: str
    code: str
    filled_u6: int
    checks: tuple[Check, ...]
    why: tuple[Term, ...]


class OrderEvent(msgspec.Struct, frozen=True):
    """One thing that happened to an order."""

    ts_ns: int
    event: str
    reason: str
    message: str


class FillRow(msgspec.Struct, frozen=True):
    """One trade of ours; columns as in the ledger."""

    record: int
    ts_ns: int
    intent: str
    strategy: str
    market: int
    token: int
    side: int
    price_g4: int
    size_u6: int
    fee_u6: int
    liquidity: str
    cause: str
    status: str


class MarkRow(msgspec.Struct, frozen=True):
    """One point of the curves, micro-pUSD; equity is cash and positions at the bid."""

    record: int
    ts_ns: int
    matched_u6: int
    confirmed_u6: int
    exposure_u6: int


class CurveEnds(msgspec.Struct, frozen=True):
    """Where a session's equity began, ended, and how far it fell, micro-pUSD.

    Attributes:
        first_u6: Matched, of the first mark.
        last_u6: Matched, of the last mark.
        last_confirmed_u6: Confirmed, of the last mark.
        peak_u6: Highest matched.
        deepest_u6: Deepest fall of matched equity below the highest before it, 0 or more.
    """

    first_u6: int
    last_u6: int
    last_confirmed_u6: int
    peak_u6: int
    deepest_u6: int


class SessionStart(msgspec.Struct, frozen=True):
    """Name, start and state of a session; ``state`` is running, halted, ended, or unknown."""

    session: str
    started_wall_ns: int
    state: str


class SessionRow(msgspec.Struct, frozen=True):
    """One session of the ledger; ``state`` is running, halted or ended; ``tape_end`` is behind its last row of tape."""

    session: str
    mode: str
    seed: int
    tape_path: str
    tape_sha256: str
    tape_first: int
    tape_end: int
    config: str
    started_wall_ns: int
    state: str
    reason: str
    stopped_wall_ns: int | None
    journal_sha256: str


class SettlementRow(msgspec.Struct, frozen=True):
    """A resolved market and what one share of each token paid, on the price grid."""

    ts_ns: int
    market: int
    payout0_g4: int
    payout1_g4: int
    origin: str


class Totals(msgspec.Struct, frozen=True):
    """Counts and sums of a session.

    Attributes:
        orders: Sent.
        fills: All, also those that failed later.
        kept: Fills that did not fail.
        makers: Of those, how many rested in the book.
        fees_u6: Of the fills that did not fail, micro-pUSD.
        volume_u6: Cash traded in them, micro-pUSD.
        refusals: By code, most frequent first.
    """

    orders: int
    fills: int
    kept: int
    makers: int
    fees_u6: int
    volume_u6: int
    refusals: dict[str, int]
