"""Load a converted catalog with the real nautilus_trader; write best bid and ask after each ``ts_init``.

Runs in an environment that has nautilus_trader 1.2xx: ``python nautilus_touch.py FOLDER OUT.npz``.
"""

import json
import sys
from pathlib import Path

import numpy as np
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import OrderBookDelta, TradeTick
from nautilus_trader.model.enums import BookType
from nautilus_trader.persistence.catalog import ParquetDataCatalog

ONE = 10_000
F_LAST = 128


def touches(catalog, name, deltas, trades):
    (instrument,) = catalog.instruments(instrument_ids=[name])
    book = OrderBook(instrument.id, BookType.L2_MBP)
    found = {}
    told = catalog.query(OrderBookDelta, [name])
    if len(told) != deltas or (trades and len(catalog.query(TradeTick, [name])) != trades):
        raise SystemExit(f"{name}: {len(told)} deltas instead of {deltas}, or trades are missing")
    for delta in told:
        book.apply_delta(delta)
        if delta.flags & F_LAST:
            bid, ask = book.best_bid_price(), book.best_ask_price()
            touch = (0 if bid is None else round(float(bid) * ONE), ONE if ask is None else round(float(ask) * ONE))
            found[delta.ts_init] = touch
    return np.array([(at, *touch) for at, touch in found.items()], np.int64).reshape(-1, 3)


folder = Path(sys.argv[1])
told = json.loads((folder / "conversion.json").read_text())
catalog = ParquetDataCatalog(str(folder))
np.savez(
    sys.argv[2],
    **{
        f"{market['index']}/{market['token']}": touches(catalog, file["instrument_id"], file["deltas"], file["trades"])
        for market, file in zip(told["markets"], told["files"], strict=True)
    },
)
