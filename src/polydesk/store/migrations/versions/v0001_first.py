"""The first tables.

Revision ID: 0001
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "": sa.String(120),
    "text": sa.Text(),
    "int": sa.BigInteger(),
    "float": sa.Float(),
    "bool": sa.Boolean(),
}
# name:type, a short string where no type stands; * is part of the key, ? may be null.
_TABLES = {
    "balances": ("session* record:int* seq:int ts_ns:int cash_u6:int shares:text"),
    "cash_moves": ("session* record:int* seq:int ts_ns:int kind amount_u6:int note:text"),
    "cursors": ("session* journal_offset:int records:int chain"),
    "decisions": (
        "session* record:int* seq:int ts_ns:int strategy market:int action reason token:int confidence:float "
        "edge:float size_u6:int why:text"
    ),
    "fills": (
        "session* id* record:int seq:int ts_ns:int intent strategy market:int token:int side:int price_g4:int "
        "size_u6:int cash_u6:int fee_u6:int liquidity cause matched_ns:int status final_record:int? final_ns:int? "
        "booked:bool"
    ),
    "markets": (
        "session* market:int* condition_id slug question:text token0_id token1_id token0_outcome? token1_outcome?"
    ),
    "marks": (
        "session* record:int* seq:int ts_ns:int cash_matched_u6:int cash_confirmed_u6:int value_matched_u6:int "
        "value_confirmed_u6:int exposure_u6:int"
    ),
    "order_events": ("session* record:int* seq:int ts_ns:int intent event reason message:text"),
    "orders": (
        "session* intent* record:int seq:int ts_ns:int strategy market:int token:int side:int type post_only:bool "
        "price_g4:int size_u6:int purpose reason expires_ns:int why:text checks:text state done_reason "
        "changed_ns:int acked:bool cancels:int filled_u6:int filled_u10:int fees_u6:int failed_u6:int"
    ),
    "positions": (
        "session* strategy* market:int* token:int* opened_ns:int matched_shares_u6:int matched_cost_u6:int "
        "matched_open_fees_u6:int matched_fees_u6:int matched_dust_u6:int matched_realised_u6:int "
        "confirmed_shares_u6:int confirmed_cost_u6:int confirmed_open_fees_u6:int confirmed_fees_u6:int "
        "confirmed_dust_u6:int confirmed_realised_u6:int"
    ),
    "realised_exits": (
        "session* record:int* strategy* token:int* fill* ts_ns:int market:int reason opened_ns:int shares_u6:int "
        "cost_u6:int proceeds_u6:int dust_u6:int realised_u6:int entry_fees_u6:int exit_fee_u6:int"
    ),
    "refusals": (
        "session* record:int* seq:int ts_ns:int intent strategy market:int token:int side:int price_g4:int "
        "size_u6:int purpose code checks:text why:text"
    ),
    "session_events": ("session* record:int* seq:int? ts_ns:int? wall_ns:int? kind name detail:text"),
    "sessions": (
        "session* mode seed:int format:int tape_path:text tape_sha256 tape_first:int tape_end:int config:text "
        "fingerprint:text started_wall_ns:int state reason stopped_wall_ns:int? journal_sha256"
    ),
    "strategy_failures": ("session* record:int* seq:int ts_ns:int strategy market:int error:text disabled:bool"),
    "settlements": ("session* record:int* seq:int ts_ns:int market:int payout0_g4:int payout1_g4:int origin"),
}
_INDEXES = (
    ("fills", ["session", "booked"]),
    ("fills", ["session", "strategy", "market", "token"]),
    ("order_events", ["session", "intent"]),
    ("refusals", ["session", "code"]),
)


def _column(told: str) -> sa.Column[Any]:
    name, _, kind = told.rstrip("*?").partition(":")
    return sa.Column(
        name,
        sa.String(80) if name == "session" else _TYPES[kind],
        nullable=told.endswith("?"),
        autoincrement=False,
    )


def upgrade() -> None:
    """Make all tables and indexes."""
    for table, columns in _TABLES.items():
        told = columns.split()
        keys = [one.partition(":")[0].rstrip("*") for one in told if one.endswith("*")]
        op.create_table(table, *map(_column, told), sa.PrimaryKeyConstraint(*keys, name=f"pk_{table}"))
    for table, names in _INDEXES:
        op.create_index(f"ix_{table}_{'_'.join(names)}", table, names)


def downgrade() -> None:
    """Drop everything; the journals hold it all."""
    for table in _TABLES:
        op.drop_table(table)
