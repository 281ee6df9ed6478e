"""The ledger: tables computed from session journals, and the files exported from them."""

from polydesk.store.exports import write_exports
from polydesk.store.ledger import FILE_NAME, Ledger, LedgerDamaged, open_ledger, rebuild_command
from polydesk.store.own_cash import differing_mark, moved_cash_u6
from polydesk.store.refill import Refilled, refill
from polydesk.store.tail import name_markets, rebuild, tail

__all__ = [
    "FILE_NAME",
    "Ledger",
    "LedgerDamaged",
    "Refilled",
    "differing_mark",
    "moved_cash_u6",
    "name_markets",
    "open_ledger",
    "rebuild",
    "rebuild_command",
    "refill",
    "tail",
    "write_exports",
]
