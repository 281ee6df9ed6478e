"""The ledger: tables computed from session journals, and the files exported from them."""

from polydesk.store.exports import write_exports
from polydesk.store.ledger import Ledger, open_ledger
from polydesk.store.tail import name_markets, rebuild, tail

__all__ = ["Ledger", "name_markets", "open_ledger", "rebuild", "tail", "write_exports"]
