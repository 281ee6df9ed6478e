"""From a desk to the loop's arrays, and which configurations the loop cannot run."""

from typing import Any

from polydesk.desk.config import DeskConfig
from polydesk.desk.loop.columns import ASKED, Facts, Limit, Now, Rule, RuleFloat, Total
from polydesk.desk.loop.state import PARAMS, Loop, empty_loop
from polydesk.desk.state import Desk
from polydesk.model.grid import FAR_NS, NS_PER_S, PRICE_ONE_G4, cash_u6
from polydesk.model.params import seconds_ns
from polydesk.risk import loss_limit_u6
from polydesk.signals import Strategy
from polydesk.signals.compiled import Compiled
from polydesk.strategies import STRATEGIES

_HOUR_NS = 3_600 * NS_PER_S


def cannot_run(config: DeskConfig) -> str:
    """Return why the loop cannot run a configuration, one sentence, or ``""``; nothing is compiled for the answer."""
    enabled = any(getattr(config.strategies, name).enabled for name in STRATEGIES)
    return "" if enabled else "no strategy is enabled"


def runs_compiled(strategy: Strategy[Any, Any]) -> bool:
    """Return whether a strategy's decision is compiled and its own; every other one is asked in Python.

    One that inherits a number from a compiled strategy but decides, or closes, in its own way is not.
    """
    kind = type(strategy)
    declares = next((one for one in kind.__mro__ if "number" in vars(one)), None)
    decides = next((one for one in kind.__mro__ if "decide" in vars(one)), None)
    return (
        isinstance(strategy, Compiled)
        and decides is declares
        and kind.closes is Strategy.closes
        and not {"decide", "closes"} & vars(strategy).keys()
    )


def new_loop(desk: Desk, *, tell: bool) -> tuple[Loop, tuple[str, ...]]:
    """Return a loop with its starting cash, and the names of its strategies in the order of their numbers.

    Args:
        desk: For its configuration, markets and strategies; nothing of its state is read.
        tell: Whether rows are put out; without, only the loop's counters tell what happened.
    """
    config, markets, strategies = desk.config, desk.markets, desk.strategies
    compiled: list[Any] = [one for one in strategies.values() if runs_compiled(one)]
    depth = max((one.depth for one in compiled), default=0)
    loop = empty_loop(len(markets), len(strategies), depth, orders=_orders(len(markets), len(strategies)))
    _pack_limits(loop, config, len(strategies))
    for row, market in zip(loop.market, markets, strict=True):
        end = market.end_ns.value
        row[Facts.END_NS] = FAR_NS if end is None else end
        row[Facts.MIN_SIZE_U6] = market.min_size_u6.value
    for index, one in enumerate(strategies.values()):
        _pack_rules(loop, index, one, config)
        if one in compiled:
            _pack_params(loop, index, one)
    cash = cash_u6(config.cash)
    loop.total[:2, Total.CASH_U6] = loop.total[:2, Total.DEPOSITS_U6] = loop.now[Now.PEAK_U6] = cash
    loop.now[Now.TELL] = tell
    return loop, tuple(strategies)


def _orders(markets: int, strategies: int) -> int:
    return 1 << (16 * markets * strategies + 1023).bit_length()


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
        Limit.COOLDOWN_NS: seconds_ns(risk.entry_cooldown_s),
    }
    for column, number in packed.items():
        loop.limit[column] = min(int(number), FAR_NS)


def _pack_rules(loop: Loop, index: int, one: Strategy[Any, Any], config: DeskConfig) -> None:
    rules = one.params.exits
    loop.rule[index, Rule.NUMBER] = ASKED
    loop.rule[index, Rule.CLOSES] = type(one).closes is not Strategy.closes or "closes" in vars(one)
    loop.rule[index, Rule.MAX_HOLD_NS] = seconds_ns(rules.max_hold_s) if rules.max_hold_s else -1
    loop.rule[index, Rule.BEFORE_END_NS] = seconds_ns(rules.before_end_s) if rules.before_end_s else -1
    loop.rule[index, Rule.SLIPPAGE_G4] = round(rules.slippage * PRICE_ONE_G4)
    loop.rule_float[index, RuleFloat.MAX_HOLD_S] = rules.max_hold_s
    loop.rule_float[index, RuleFloat.STOP_LOSS] = rules.stop_loss
    loop.rule_float[index, RuleFloat.TAKE_PROFIT] = rules.take_profit
    loop.rule_float[index, RuleFloat.MIN_HOLD_S] = rules.min_hold_s
    loop.rule_float[index, RuleFloat.RECOVERY] = config.risk.daily_loss_recovery


def _pack_params(loop: Loop, index: int, one: Any) -> None:
    params = one.packed()
    if len(params) > PARAMS:
        raise ValueError(f"strategy {one.name} packs {len(params)} parameters, the loop holds {PARAMS}")
    loop.params[index, : len(params)] = params
    loop.rule[index, Rule.NUMBER] = one.number
    loop.rule[index, Rule.DEPTH] = one.depth
