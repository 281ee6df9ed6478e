"""Putting a session's moving parts together."""

import numpy as np

from polydesk.desk import DeskConfig, new_desk
from polydesk.exchange import ExchangeConfig, SimulatedExchange
from polydesk.exchange.terms import assumed_markets, queue_rule
from polydesk.kernel import WakeBit, new_books, new_fills, new_own, new_wake
from polydesk.model.grid import cash_u6
from polydesk.run.delayed import delayed_feed
from polydesk.run.driver import Machine
from polydesk.tape import Manifest

_WAKES = WakeBit.TOUCH | WakeBit.TICK


def new_machine(manifest: Manifest, desk: DeskConfig, exchange: ExchangeConfig, seed: int) -> Machine:
    """Return a desk, a simulated exchange and empty books for the markets of a tape.

    Raises:
        ConfigError: The exchange's latency file cannot be used.
    """
    markets = assumed_markets(manifest.markets, exchange)
    ticks = np.array([market.tick_g4.value for market in markets], np.int64)
    books = new_books(len(markets), ticks)
    own, fills, wake = new_own(len(markets), *queue_rule(exchange)), new_fills(), new_wake(len(markets))
    wake.mask[:] = _WAKES
    venue = SimulatedExchange(exchange, seed, markets, manifest.resolutions, cash_u6(desk.cash), books, own, fills)
    feed = delayed_feed(venue.kernel, len(markets))
    view = books if feed is None else new_books(len(markets), ticks)
    return Machine(new_desk(desk, markets, view), venue, books, own, fills, wake, view, feed)
