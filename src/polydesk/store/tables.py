"""The ledger's tables: what a session's journal says, ready to be queried.

Money is whole micro-pUSD (``_u6``), sizes are micro-shares (``_u6``), prices are on the grid of 1/10 000 (``_g4``),
times are ns UTC (``_ns``, virtual unless ``wall``). ``record`` is the position of the journal record that made the
row, from 0; a row that changes keeps the record that first made it. Lists of named numbers are JSON text.
"""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, MetaData, String, Table, Text

metadata = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"},
)


def _session() -> Column[str]:
    return Column("session", String(80), primary_key=True)


def _record(*, key: bool = True) -> Column[int]:
    return Column("record", BigInteger, primary_key=key, autoincrement=False, nullable=False)


def _text(name: str, *, key: bool = False, nullable: bool = False) -> Column[str]:
    return Column(name, String(120), primary_key=key, nullable=nullable)


def _long(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _int(name: str, *, key: bool = False, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, primary_key=key, autoincrement=False, nullable=nullable)


def _when() -> tuple[Column[int], Column[int]]:
    return _int("seq"), _int("ts_ns")


sessions = Table(
    "sessions", metadata, _session(), _text("mode"), _int("seed"), _int("format"),
    _long("tape_path"), _text("tape_sha256"), _int("tape_first"), _int("tape_end"), _long("config"),
    _long("fingerprint"), _int("started_wall_ns"), _text("state"), _text("reason"),
    _int("stopped_wall_ns", nullable=True), _text("journal_sha256"),
)  # fmt: skip
"""One row per session; ``state`` is running, halted or ended, ``reason`` why it stopped."""

markets = Table(
    "markets", metadata, _session(), _int("market", key=True), _text("condition_id"), _text("slug"), _long("question"),
    _text("token0_id"), _text("token1_id"), _text("token0_outcome", nullable=True),
    _text("token1_outcome", nullable=True),
)  # fmt: skip
"""Names of the manifest's markets, so that a query needs no tape; from the manifest, not from the journal."""

orders = Table(
    "orders", metadata, _session(), _text("intent", key=True), _record(key=False), *_when(),
    _text("strategy"), _int("market"), _int("token"), _int("side"), _text("type"),
    Column("post_only", Boolean, nullable=False), _int("price_g4"), _int("size_u6"), _text("purpose"), _text("reason"),
    _int("expires_ns"), _long("why"), _long("checks"),
    _text("state"), _text("done_reason"), _int("changed_ns"), Column("acked", Boolean, nullable=False), _int("cancels"),
    _int("filled_u6"), _int("filled_u10"), _int("fees_u6"), _int("failed_u6"),
)  # fmt: skip
"""One row per order sent, in its current state; ``filled_u10`` is the sum of price x size in 1e-10 pUSD.

The average price is ``filled_u10 / filled_u6`` in grid units. Fills that failed are taken out again and counted in
``failed_u6``: the venue does not fill those shares of the order anew. ``acked`` tells whether the venue ever confirmed
having the order, ``cancels`` how many cancels are not answered.
"""

order_events = Table(
    "order_events", metadata, _session(), _record(), *_when(), _text("intent"), _text("event"), _text("reason"),
    _long("message"), Index(None, "session", "intent"),
)  # fmt: skip
"""Everything that happened to an order, in order."""

fills = Table(
    "fills", metadata, _session(), _text("id", key=True), _record(key=False), *_when(), _text("intent"),
    _text("strategy"), _int("market"), _int("token"), _int("side"), _int("price_g4"), _int("size_u6"), _int("cash_u6"),
    _int("fee_u6"),
    _text("liquidity"), _text("cause"), _int("matched_ns"), _text("status"), _int("final_record", nullable=True),
    _int("final_ns", nullable=True), Column("booked", Boolean, nullable=False), Index(None, "session", "booked"),
    Index(None, "session", "strategy", "market", "token"),
)  # fmt: skip
"""Trades of ours; ``status`` is matched, confirmed or failed.

``cash_u6`` is signed (negative for a buy) and without the fee; ``matched_ns`` is the venue's time of the match,
``booked`` whether the fill is in the confirmed column (it waits for undecided fills matched before it).
"""

decisions = Table(
    "decisions", metadata, _session(), _record(), *_when(), _text("strategy"), _int("market"), _text("action"),
    _text("reason"), _int("token"), Column("confidence", Float, nullable=False), Column("edge", Float, nullable=False),
    _int("size_u6"), _long("why"),
)  # fmt: skip
"""What strategies asked for or why they held."""

strategy_failures = Table(
    "strategy_failures", metadata, _session(), _record(), *_when(), _text("strategy"), _int("market"), _long("error"),
    Column("disabled", Boolean, nullable=False),
)  # fmt: skip
"""Errors that strategies raised; ``disabled`` from the one on after which the strategy is no longer asked."""

refusals = Table(
    "refusals", metadata, _session(), _record(), *_when(), _text("intent"), _text("strategy"), _int("market"),
    _int("token"), _int("side"), _int("price_g4"), _int("size_u6"), _text("purpose"), _text("code"), _long("checks"),
    _long("why"), Index(None, "session", "code"),
)  # fmt: skip
"""Orders that risk did not permit, with every check and its numbers."""

positions = Table(
    "positions", metadata, _session(), _text("strategy", key=True), _int("market", key=True), _int("token", key=True),
    _int("opened_ns"),
    *(
        _int(f"{column}_{name}_u6")
        for column in ("matched", "confirmed")
        for name in ("shares", "cost", "open_fees", "fees", "dust", "realised")
    ),
)  # fmt: skip
"""Average-cost positions per strategy and token in two columns; ``open_fees`` is the part of the fees on open shares.

``realised`` is before fees and dust (rounding). ``opened_ns`` is when the matched shares last left zero.
"""

realised_exits = Table(
    "realised_exits", metadata, _session(), _record(), _text("strategy", key=True), _int("token", key=True),
    _text("fill", key=True), _int("ts_ns"), _int("market"), _text("reason"), _int("opened_ns"), _int("shares_u6"),
    _int("cost_u6"), _int("proceeds_u6"), _int("dust_u6"), _int("realised_u6"), _int("entry_fees_u6"),
    _int("exit_fee_u6"),
)  # fmt: skip
"""What selling or settlement realised (matched column), before fees and dust, with the fees of both ends beside.

``fill`` is empty for a settlement.
"""

settlements = Table(
    "settlements", metadata, _session(), _record(), *_when(), _int("market"), _int("payout0_g4"), _int("payout1_g4"),
    _text("origin"),
)  # fmt: skip
"""Resolved markets and what one share of each token paid."""

cash_moves = Table(
    "cash_moves", metadata, _session(), _record(), *_when(), _text("kind"), _int("amount_u6"), _long("note"),
)  # fmt: skip
"""External cash, signed."""

balances = Table(
    "balances", metadata, _session(), _record(), *_when(), _int("cash_u6"), _long("shares"),
)  # fmt: skip
"""The venue's own account of us; ``shares`` is micro-shares by ``market/token``."""

marks = Table(
    "marks", metadata, _session(), _record(), *_when(), _int("cash_matched_u6"), _int("cash_confirmed_u6"),
    _int("value_matched_u6"), _int("value_confirmed_u6"), _int("exposure_u6"),
)  # fmt: skip
"""The portfolio at the bid; equity is cash + value."""

session_events = Table(
    "session_events", metadata, _session(), _record(), _int("seq", nullable=True), _int("ts_ns", nullable=True),
    _int("wall_ns", nullable=True), _text("kind"), _text("name"), _long("detail"),
)  # fmt: skip
"""Commands, source changes, broken sentinels, and starts and stops of the process."""

cursors = Table(
    "cursors", metadata, _session(), _int("journal_offset"), _int("records"), _text("chain"),
)  # fmt: skip
"""How far a journal was applied; ``chain`` is its chain value there, so that another history is noticed."""
