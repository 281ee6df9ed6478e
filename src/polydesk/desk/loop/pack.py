"""From a configuration to the loop's arrays, and which configurations the loop cannot run."""

from typing import Any

from polydesk.desk.config import DeskConfig
from polydesk.desk.loop.columns import Facts, Limit, Now, Rule, RuleFloat, Total
from polydesk.desk.loop.state import PARAMS, Loop, empty_loop
from polydesk.model.grid import FAR_NS, NS_PER_S, PRICE_ONE_G4, cash_u6
from polydesk.model.market import Market
from polydesk.model.params import seconds_ns
from polydesk.risk import loss_limit_u6
from polydesk.signals import Strategy
from polydesk.signals.compiled import Compiled
from polydesk.strategies import STRATEGIES

_HOUR_NS = 3_600 * NS_PER_S


def enabled(config: DeskConfig) -> dict[str, tuple[type[Strategy[Any, Any]], Any]]:
    """Return class and parameters of every enabled strategy, in the order in which the desk asks them."""
    found = {name: (made, getattr(config.strategies, name)) for name, (made, _) in STRATEGIES.items()}
    return {name: both for name, both in found.items() if both[1].enabled}


def not_compiled(config: DeskConfig) -> str:
    """Return why the loop cannot run a configuration, one sentence, or ``""``; nothing is compiled for the answer."""
    strategies = enabled(config)
    for name, (made, _) in strategies.items():
        if not hasattr(made, "number"):
            return f"strategy {name} is not compiled"
        if made.closes is not Strategy.closes:
            return f"strategy {name} has exits of its own"
    return "" if strategies else "no strategy is enabled"


def new_loop(config: DeskConfig, markets: tuple[Market, ...], *, tell: bool) -> tuple[Loop, tuple[str, ...]]:
    """Return a loop with its starting cash, and the names of its strategies in the order of their numbers.

    Args:
        config: One that ``not_compiled`` has nothing against.
        markets: In order of their index.
        tell: Whether rows are put out; without, only the loop's counters tell what happened.
    """
    strategies = {name: made(params) for name, (made, params) in enabled(config).items()}
    compiled: list[Compiled] = [one for one in strategies.values() if isinstance(one, Compiled)]
    loop = empty_loop(
        len(markets), len(strategies), max(one.depth for one in compiled), orders=_orders(markets, compiled)
    )
    _pack_limits(loop, config, len(strategies))
    for row, market in zip(loop.market, markets, strict=True):
        end = market.end_ns.value
        row[Facts.END_NS] = FAR_NS if end is None else end
        row[Facts.MIN_SIZE_U6] = market.min_size_u6.value
    for index, one in enumerate(compiled):
        _pack_strategy(loop, index, one, config)
    cash = cash_u6(config.cash)
    loop.total[:2, Total.CASH_U6] = loop.total[:2, Total.DEPOSITS_U6] = loop.now[Now.PEAK_U6] = cash
    loop.now[Now.TELL] = tell
    return loop, tuple(strategies)


def _orders(markets: tuple[Market, ...], compiled: list[Compiled]) -> int:
    return 1 << (16 * len(markets) * len(compiled) + 1023).bit_length()


def _pack_limits(loop: Loop, config: DeskConfig, strategies: int) -> None:
    risk, orders = config.risk, config.orders
    loss = loss_limit_u6(risk, cash_u6(config.cash))
    packed = {
        Limit.MARK_NS: seconds_ns(config.mark_interval_s),
        Limit.TOLERANCE_G4: round(orders.requote_tolerance * PRICE_ONE_G4),
        Limit.RETRY_NS: seconds_ns(orders.retry_s),
        Limit.REFUSED_NS: seconds_ns(orders.refused_retry_s),
        Limit.PAUSE_NS: seconds_ns(max(0.0, orders.refused_retry_s - orders.retry_s)),
        Limit.STALE_NS: seconds_ns(risk.stale_feed_s),
        Limit.END_NS: seconds_ns(risk.min_time_to_end_s),
        Limit.RATE: risk.max_orders_per_minute,
        Limit.OPEN: risk.max_open_orders,
        Limit.COLLAR_G4: round(risk.collar * PRICE_ONE_G4),
        Limit.ORDER_U6: cash_u6(risk.max_order_notional),
        Limit.MARKET_U6: cash_u6(risk.max_market_exposure),
        Limit.TOTAL_U6: cash_u6(risk.max_total_exposure),
        Limit.DAY_HOUR_NS: risk.day_starts_hour * _HOUR_NS,
        Limit.DAY_LOSS_U6: loss,
        Limit.DAY_SECOND_U6: round(loss * risk.daily_loss_second),
        Limit.DAY_COOLDOWN_NS: seconds_ns(risk.daily_loss_cooldown_s),
        Limit.DAY_BY_BID: risk.daily_loss_counts_unrealised,
        Limit.STRATEGIES: strategies,
    }
    for column, number in packed.items():
        loop.limit[column] = min(int(number), FAR_NS)


def _pack_strategy(loop: Loop, index: int, one: Any, config: DeskConfig) -> None:
    rules, params = one.params.exits, one.packed()
    if len(params) > PARAMS:
        raise ValueError(f"strategy {one.name} packs {len(params)} parameters, the loop holds {PARAMS}")
    loop.params[index, : len(params)] = params
    loop.rule[index, Rule.NUMBER] = one.number
    loop.rule[index, Rule.MAX_HOLD_NS] = seconds_ns(rules.max_hold_s) if rules.max_hold_s else -1
    loop.rule[index, Rule.BEFORE_END_NS] = seconds_ns(rules.before_end_s) if rules.before_end_s else -1
    loop.rule[index, Rule.SLIPPAGE_G4] = round(rules.slippage * PRICE_ONE_G4)
    loop.rule[index, Rule.DEPTH] = one.depth
    loop.rule_float[index, RuleFloat.MAX_HOLD_S] = rules.max_hold_s
    loop.rule_float[index, RuleFloat.STOP_LOSS] = rules.stop_loss
    loop.rule_float[index, RuleFloat.TAKE_PROFIT] = rules.take_profit
    loop.rule_float[index, RuleFloat.MIN_HOLD_S] = rules.min_hold_s
    loop.rule_float[index, RuleFloat.RECOVERY] = config.risk.daily_loss_recovery
