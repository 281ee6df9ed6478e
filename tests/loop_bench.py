"""The compiled loop beside the interpreted desk: the same tape through both, every record and the state compared."""

import random

import msgspec

from desk_bench import Kept, session
from polydesk.desk import DeskConfig
from polydesk.desk.loop.pack import runs_compiled
from polydesk.exchange import ExchangeConfig
from polydesk.run.compiled_driver import CompiledDriver
from polydesk.run.machine import new_machine

QUICK = {"warm_up_s": 1, "half_spread": 0.005, "max_spread": 0.2, "widening": 0.1}


def maker_config(maker=QUICK, **more):
    return DeskConfig(strategies={"mean_reversion": {"enabled": False}, "inventory_maker": maker}, **more)


def machine_of(tape, config, exchange, seed, strategies):
    """Return a fresh machine; ``strategies`` by name take the place of the configured ones, made anew each time."""
    machine = new_machine(tape.manifest, config, exchange or ExchangeConfig(), seed)
    if strategies:
        machine.desk.strategies.clear()
        machine.desk.strategies.update({name: make() for name, make in strategies.items()})
    return machine


def compiled(tape, config, exchange=None, seed=1, look=lambda _driver: None, strategies=None, **more):
    """Run the compiled driver; return the machine, every record and the driver."""
    machine = machine_of(tape, config, exchange, seed, strategies)
    kept = Kept()
    driver = CompiledDriver(tape, machine, kept, lambda _progress: look(driver), **more)
    assert driver.run() in {"tape_end", "stopped"}
    return machine, kept.records, driver


def compare(tape, config, exchange=None, seed=1, strategies=None, **more):
    """Assert that both write the same records and end in the same state; return the records."""
    machine, expected = session(tape, machine=machine_of(tape, config, exchange, seed, strategies))
    other, got, _ = compiled(tape, config, exchange, seed, strategies=strategies, **more)
    for place, (one, two) in enumerate(zip(expected, got, strict=False)):
        assert one == two, f"record {place}, after {expected[max(0, place - 3) : place]}"
    assert len(got) == len(expected), (expected[len(got) :][:3], got[len(expected) :][:3])
    assert encoded(got) == encoded(expected), "equal, but not to the byte"
    one, two = told(machine.desk), told(other.desk)
    assert one == two, {name: (one[name], two[name]) for name in one if one[name] != two[name]}
    return expected


def encoded(records):
    return msgspec.msgpack.encode([msgspec.to_builtins(record) for record in records])


def told(desk):
    """What the two desks must agree on when they are done."""
    state = desk.state
    account = state.account
    return {
        "matched": column(account.matched),
        "confirmed": column(account.confirmed),
        "orders": {
            name: (
                order.state,
                order.filled_u6,
                order.spent_u6,
                order.sent_ns,
                order.acked,
                order.epoch,
                order.cancels,
                order.intent.purpose,
                order.intent.type,
            )
            for name, order in state.working.orders.items()
        },
        "by_market": {market: names for market, names in state.working.by_market.items() if names},
        "features": {market: seen for market, seen in state.features.items() if seen.samples},
        "daily": state.daily,
        "due": list(state.exit_due_ns.items()),
        "refusals": dict(desk.refusals),
        "entries": state.entries_ns,
        "failed": (state.errors, state.disabled),
        "memory": {name: kept for name, kept in desk.memory.items() if not runs_compiled(desk.strategies[name])},
        "flags": (state.stopped, state.stopping, state.over, state.broken, state.settled),
        "times": (state.seq, state.now_ns, state.intents, state.marked_ns),
    }


def column(told):
    """A column of the account; payouts that were all taken back again are not told apart from none."""
    return msgspec.structs.replace(told, redeemed={key: paid for key, paid in told.redeemed.items() if any(paid)})


def some_setting(seed):
    """Return a desk and an exchange configuration with something unusual in each."""
    dice = random.Random(seed)
    pick = dice.choice
    exits = {
        "before_end_s": pick([0, 30, 45]), "max_hold_s": pick([0, 3, 20]), "stop_loss": pick([0, 0.01, 0.05]),
        "take_profit": pick([0, 0.01, 0.1]), "min_hold_s": pick([0, 1]), "slippage": pick([0, 0.02, 0.05]),
    }  # fmt: skip
    maker = {
        "warm_up_s": pick([0, 1, 5]), "half_spread": pick([0, 0.005, 0.01, 0.03]),
        "imbalance_weight": pick([0, 0.5, 1]), "depth_levels": pick([1, 3, 7]),
        "inventory_skew": pick([0, 0.02, 0.2]), "widening": pick([0, 0.1, 1.0]),
        "quote_shares": pick([1.0, 5.0, 10.0, 25.555]), "max_inventory": pick([5, 30, 60]),
        "max_spread": pick([0.05, 0.1, 1]), "extreme": pick([0, 0.06]), "stop_before_end_s": pick([45, 150]),
        "exits": exits,
    }  # fmt: skip
    order = pick([3, 100])
    market = max(order, pick([5, 250]))
    risk = {
        "max_order_notional": order, "max_market_exposure": market, "max_total_exposure": max(market, pick([8, 3500])),
        "max_open_orders": pick([1, 2, 40]), "max_orders_per_minute": pick([5, 600]),
        "collar": pick([0.05, 0.08, 0.2]), "stale_feed_s": pick([0.5, 10]),
        "daily_loss_amount": pick([0, 1, 3]), "daily_loss_fraction": pick([0, 0.0002, 0.02]),
        "daily_loss_counts_unrealised": dice.random() < 0.7, "daily_loss_cooldown_s": pick([5, 20, 2700]),
        "daily_loss_second": pick([0, 0.5, 1]), "day_starts_hour": pick([0, 7, 8]),
    }  # fmt: skip
    orders = {
        "requote_tolerance": pick([0, 0.004, 0.02]), "retry_s": pick([0.01, 1, 5]),
        "refused_retry_s": pick([0, 0.5, 10]), "entry_slippage": 0,
    }  # fmt: skip
    cash, mark_interval_s = pick([20, 1000, 10000]), pick([0.1, 10])
    more = {
        "cost": {"risk_premium": pick([0, 0.005])}, "ensemble": {
            "signal_floor": pick([0, 0.12, 0.4]), "consensus_min": pick([1, 1, 2]),
            "weights": {"inventory_maker": pick([0, 1, 3])},
        },
        "sizing": {"position_fraction": pick([0.002, 0.05, 0.5])}, "strategy_errors": pick([1, 3, 30]),
    }  # fmt: skip
    risk["entry_cooldown_s"] = pick([0, 1, 30])
    orders["entry_slippage"] = pick([0, 0.01, 0.05])
    config = maker_config(maker, cash=cash, mark_interval_s=mark_interval_s, risk=risk, orders=orders, **more)
    exchange = ExchangeConfig(
        order_latency_ms=pick([0, 50, 400]), cancel_latency_ms=pick([0, 50, 300]),
        answer_latency_ms=pick([0, 25, 200]), feed_latency_ms=pick([0, 0, 30, 500]), jitter=pick([0, 0.2, 1]),
        confirm_s=pick([0, 0.1, 4, 30]), failure_rate=pick([0, 0.1, 0.5, 1]), settle_s=pick([0, 5, 60]),
        dispute_rate=pick([0, 0, 0.5]), dispute_s=100, fee_scale=pick([1, 1, 3]),
        queue_model=pick(["pessimistic", "proportional", "probability"]), buys_spend=pick([False, True]),
    )  # fmt: skip
    return config, exchange
