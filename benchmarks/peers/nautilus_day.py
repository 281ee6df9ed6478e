"""nautilus_trader 2 over the day; run by a Python (3.13) that has it.

Usage: nautilus_day.py book|maker FOLDER
``maker`` is called on every message; one token, queue positions and order latency on, no fees.
"""

import json
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

began_import = time.perf_counter()
import nautilus_trader  # noqa: E402
from nautilus_trader import execution  # noqa: E402
from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig  # noqa: E402
from nautilus_trader.common import LoggerConfig, LogLevel  # noqa: E402
from nautilus_trader.model import (  # noqa: E402
    AccountType,
    AggressorSide,
    AssetClass,
    BinaryOption,
    BookAction,
    BookOrder,
    BookType,
    Currency,
    InstrumentId,
    Money,
    OmsType,
    OrderBookDelta,
    OrderBookDeltas,
    OrderSide,
    Price,
    Quantity,
    StrategyId,
    Symbol,
    TimeInForce,
    TradeId,
    TraderId,
    TradeTick,
    Venue,
)
from nautilus_trader.trading import Strategy, StrategyConfig  # noqa: E402

import_s = time.perf_counter() - began_import
LATENCY_NS, PAUSE_NS, LEVELS, NEVER_NS = 50_000_000, 1_000_000_000, 100, 4_102_444_800_000_000_000
TOKEN = InstrumentId.from_str("TOKEN.POLYMARKET")
CASH = Currency.from_str("USDC")
SNAPSHOT, CHANGE, PRINT = 1, 2, 3
LAST, WHOLE = 128, 32
SIDES = {1: OrderSide.BUY, -1: OrderSide.SELL}


class Tally:
    """What a run counted."""

    calls = quotes = fills = refused = 0
    volume = 0.0


def instrument() -> BinaryOption:
    return BinaryOption(
        TOKEN, Symbol("TOKEN"), AssetClass.ALTERNATIVE, CASH, 0, NEVER_NS, 2, 2, Price(0.01, 2), Quantity(0.01, 2),
        0, 0, outcome="Up",
    )  # fmt: skip


def messages(day: np.lib.npyio.NpzFile) -> list[Any]:
    """Return the day as the engine's own objects: one batch of deltas per message, one tick per print."""
    prices = [Price(level / LEVELS, 2) for level in range(LEVELS + 1)]
    sizes: dict[int, Quantity] = {}
    names = ("ts_ns", "kind", "side", "price", "lots", "last")
    made: list[Any] = []
    held: list[OrderBookDelta] = []
    for number, (ts, kind, side, price, lots, last) in enumerate(
        zip(*(day[name].tolist() for name in names), strict=True)
    ):
        size = sizes.get(lots)
        if size is None:
            size = sizes[lots] = Quantity(lots / 100, 2)
        if kind == PRINT:
            hit = AggressorSide.BUY if side > 0 else AggressorSide.SELL
            made.append(TradeTick(TOKEN, prices[price], size, hit, TradeId(str(number)), ts, ts))
            continue
        if kind == SNAPSHOT and not held:
            held.append(OrderBookDelta.clear(TOKEN, 0, ts, ts))
        action = BookAction.ADD if kind == SNAPSHOT else BookAction.UPDATE if lots else BookAction.DELETE
        flags = (WHOLE if kind == SNAPSHOT else 0) | (LAST if last else 0)
        order = BookOrder(SIDES[side], prices[price], size, 0)
        held.append(OrderBookDelta(TOKEN, action, order, flags, number, ts, ts))
        if last:
            made.append(OrderBookDeltas(TOKEN, held))
            held = []
    return made


class Maker(Strategy):
    """Quotes 10 shares on each side; see ``README.md`` for the rule."""

    def __new__(cls, config: StrategyConfig | None = None) -> "Maker":
        return super().__new__(cls, config)

    def on_start(self) -> None:
        self.quoted, self.pause = -1000.0, 0
        self.size = Quantity(10.0, 2)
        self.subscribe_book_deltas(TOKEN, BookType.L2_MBP, managed=True)
        self.subscribe_trades(TOKEN)

    def on_book_deltas(self, deltas: OrderBookDeltas) -> None:
        Tally.calls += 1
        now = deltas.ts_init
        if now < self.pause:
            return
        top = self.cache.top_of_book(TOKEN)
        if top is None:
            return
        bid, ask = top[0], top[2]
        middle = (float(bid) + float(ask)) * LEVELS
        if abs(middle - self.quoted) < 2 - 1e-6:
            return
        self.cancel_all_orders(TOKEN)
        for side, price in ((OrderSide.BUY, bid), (OrderSide.SELL, ask)):
            self.submit_order(
                self.order_factory.limit(TOKEN, side, self.size, price, time_in_force=TimeInForce.GTC, post_only=True)
            )
        self.quoted, self.pause = middle, now + PAUSE_NS
        Tally.quotes += 1

    def on_order_filled(self, event: Any) -> None:
        Tally.fills += 1
        Tally.volume += float(event.last_qty)

    def on_order_rejected(self, event: Any) -> None:
        Tally.refused += 1


def engine(path: str) -> BacktestEngine:
    silent = LoggerConfig(stdout_level=LogLevel.OFF, fileout_level=LogLevel.OFF, bypass_logging=True)
    made = BacktestEngine(BacktestEngineConfig(trader_id=TraderId("T-001"), logging=silent, run_analysis=False))
    more: dict[str, Any] = {}
    if path == "maker":
        more = {"latency_model": execution.StaticLatencyModel(LATENCY_NS), "queue_position": True}
    made.add_venue(
        Venue("POLYMARKET"), OmsType.NETTING, AccountType.MARGIN, [Money(1_000_000, CASH)], base_currency=CASH,
        default_leverage=Decimal(10), book_type=BookType.L2_MBP,
        fee_model=execution.MakerTakerFeeModel(Decimal(0), Decimal(0)), **more,
    )  # fmt: skip
    made.add_instrument(instrument())
    if path == "maker":
        made.add_strategy(Maker(StrategyConfig(strategy_id=StrategyId("S-001"), log_events=False, log_commands=False)))
    return made


def main() -> int:
    path, folder = sys.argv[1], Path(sys.argv[2])
    began = time.perf_counter()
    day = np.load(folder / "columns.npz")
    data = messages(day)
    load_s = time.perf_counter() - began
    run = engine(path)
    run.add_data(data, sort=True)
    del data
    began = time.perf_counter()
    run.run()
    replay_s = time.perf_counter() - began
    told = {
        "engine": "nautilus_trader", "version": nautilus_trader.__version__, "path": path, "rows": len(day["kind"]),
        "replay_s": replay_s, "import_s": import_s, "load_s": load_s, "calls": Tally.calls, "quotes": Tally.quotes,
        "fills": Tally.fills, "volume": Tally.volume, "refused": Tally.refused,
    }  # fmt: skip
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
