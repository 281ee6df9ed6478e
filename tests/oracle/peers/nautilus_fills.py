"""A fixed order schedule in the real nautilus_trader 2: ``python nautilus_fills.py EVENTS.npz SCHEDULE.json OUT.json``.

Reads the same event file as hftbacktest; the answer lists order, time, price and shares of every fill.
"""

import json
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
from nautilus_trader import execution
from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
from nautilus_trader.common import LoggerConfig, LogLevel
from nautilus_trader.model import (
    AccountType,
    AggressorSide,
    AssetClass,
    BinaryOption,
    BookAction,
    BookOrder,
    BookType,
    ClientOrderId,
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
from nautilus_trader.trading import Strategy, StrategyConfig

TOKEN = InstrumentId.from_str("TOKEN.POLYMARKET")
CASH = Currency.from_str("USDC")
DEPTH, TRADE, CLEAR, SNAPSHOT = 1, 2, 3, 4
BUY_FLAG, SELL_FLAG = 1 << 29, 1 << 28
LAST, WHOLE = 128, 32
NEVER_NS = 4_102_444_800_000_000_000
FILLS, REFUSED = [], []


def messages(data):
    """Batches of deltas and prints, in the order of the file; rows of one time belong to one message."""
    made, held = [], []

    def flush():
        if held:
            at = held[0][-1]
            deltas = []
            for k, (action, side, price, size, flags, when) in enumerate(held):
                last = LAST if k + 1 == len(held) else 0
                if action is BookAction.CLEAR:
                    deltas.append(OrderBookDelta.clear(TOKEN, 0, when, when))
                else:
                    order = BookOrder(side, Price(price, 4), Quantity(size, 6), 0)
                    deltas.append(OrderBookDelta(TOKEN, action, order, flags | last, k, at, at))
            made.append(OrderBookDeltas(TOKEN, deltas))
            held.clear()

    for number, row in enumerate(data):
        kind, flag, at = int(row["ev"]) & 0xFF, int(row["ev"]), int(row["exch_ts"])
        second_clear = kind == CLEAR and held and held[-1][0] is BookAction.CLEAR
        if not second_clear and (kind == TRADE or (held and (held[0][-1] != at or kind == CLEAR))):
            flush()
        if kind == TRADE:
            hit = AggressorSide.BUY if flag & BUY_FLAG else AggressorSide.SELL
            made.append(
                TradeTick(TOKEN, Price(row["px"], 4), Quantity(row["qty"], 6), hit, TradeId(str(number)), at, at)
            )
        elif kind == CLEAR:
            if not held:
                held.append((BookAction.CLEAR, None, 0.0, 0.0, WHOLE, at))
        else:
            side = OrderSide.BUY if flag & BUY_FLAG else OrderSide.SELL
            action = BookAction.ADD if kind == SNAPSHOT else BookAction.UPDATE if row["qty"] else BookAction.DELETE
            held.append((action, side, row["px"], row["qty"], WHOLE if kind == SNAPSHOT else 0, at))
    flush()
    return made


class Scheduled(Strategy):
    """Sends the schedule by the clock."""

    plan: tuple = ()

    def __new__(cls, config=None):
        return super().__new__(cls, config)

    def on_start(self):
        self.orders = {}
        self.subscribe_book_deltas(TOKEN, BookType.L2_MBP, managed=True)
        self.subscribe_trades(TOKEN)
        for order in self.plan:
            self.clock.set_time_alert_ns(f"send-{order['number']}", order["at_ns"], self.act)
            self.clock.set_time_alert_ns(f"cancel-{order['number']}", order["cancel_ns"], self.act)

    def act(self, event):
        what, number = event.name.split("-")
        asked = next(order for order in self.plan if order["number"] == int(number))
        if what == "send":
            order = self.order_factory.limit(
                TOKEN,
                OrderSide.BUY if asked["side"] > 0 else OrderSide.SELL,
                Quantity(asked["size"], 6),
                Price(asked["price"], 4),
                time_in_force=TimeInForce.GTC,
                client_order_id=ClientOrderId(f"O-{number}"),
            )
            self.orders[number] = order
            self.submit_order(order)
        elif (order := self.cache.order(ClientOrderId(f"O-{number}"))) is not None and not order.is_closed:
            self.cancel_order(order.client_order_id)

    def on_order_filled(self, event):
        number = int(str(event.client_order_id).split("-")[1])
        FILLS.append([number, int(event.ts_event), float(event.last_px), float(event.last_qty)])

    def on_order_rejected(self, event):
        REFUSED.append(str(event.client_order_id))

    on_order_denied = on_order_rejected


def main():
    events, schedule, out = map(Path, sys.argv[1:])
    asked = json.loads(schedule.read_text())
    Scheduled.plan = asked["orders"]
    silent = LoggerConfig(stdout_level=LogLevel.OFF, fileout_level=LogLevel.OFF, bypass_logging=True)
    engine = BacktestEngine(BacktestEngineConfig(trader_id=TraderId("T-001"), logging=silent, run_analysis=False))
    engine.add_venue(
        Venue("POLYMARKET"), OmsType.NETTING, AccountType.MARGIN, [Money(1_000_000, CASH)], base_currency=CASH,
        default_leverage=Decimal(10), book_type=BookType.L2_MBP, queue_position=True, liquidity_consumption=True,
        latency_model=execution.StaticLatencyModel(asked["latency_ns"]),
        fee_model=execution.MakerTakerFeeModel(Decimal(0), Decimal(0)),
    )  # fmt: skip
    tick, lot = Price(asked["tick_size"], 4), Quantity(0.000001, 6)
    facts = (TOKEN, Symbol("TOKEN"), AssetClass.ALTERNATIVE, CASH, 0, NEVER_NS, 4, 6, tick, lot, 0, 0)
    engine.add_instrument(BinaryOption(*facts, outcome="Up"))
    engine.add_strategy(
        Scheduled(StrategyConfig(strategy_id=StrategyId("S-001"), log_events=False, log_commands=False))
    )
    engine.add_data(messages(np.load(events)["data"]), sort=True)
    engine.run()
    out.write_text(json.dumps({"fills": FILLS, "refused": REFUSED}))


main()
