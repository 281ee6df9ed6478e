"""Reference prices in the messages that recorders write beside the market channel.

Known shapes: the venue's real-time data socket (topics ``crypto_prices`` and ``crypto_prices_chainlink``, one price or
the batch of the last minute it sends on subscribing), Binance trades (bare or in a combined stream), the Coinbase
ticker and Pyth price updates.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from polydesk.model.errors import NumberError
from polydesk.model.grid import NS_PER_S, reference_e8
from polydesk.model.market import Origin
from polydesk.model.references import Reference, ReferenceKind
from polydesk.tape.importers.tally import plausible
from polydesk.tape.importers.wire import Number, venue_time

_QUOTES = ("USDT", "USDC", "FDUSD", "USD", "EUR", "BTC", "ETH")
_PYTH_SYMBOLS = {
    "e62df6c8b4a85fe1a67db44dc12de5db330f7ac66b72dc658afedf0f4a415b43": "BTC/USD",
    "ff61491a931112ddf1bd8147cd1b641375f79f5825126d665480874634fd0ace": "ETH/USD",
    "ef0d8b6fda2ceba41da15d4095d1da392a0d2f8ed0c6c7bc0f4cfac8c280b56d": "SOL/USD",
}
"""Pyth names its feeds by id only; others keep the id as their symbol. Source: Pyth's list of price feed ids."""

_RELAYED = "relayed by the venue's real-time data socket"


class Quoted(msgspec.Struct, frozen=True, gc=False):
    """One reference price; ``at_ns`` is the time its source gives it, 0 when it gives none."""

    reference: Reference
    price_e8: int
    at_ns: int


class Told(msgspec.Struct, frozen=True):
    """The prices of one message; ``sent_ns`` is when it was sent, 0 when it does not say."""

    prices: tuple[Quoted, ...]
    sent_ns: int


class _Point(msgspec.Struct, frozen=True):
    value: Number
    timestamp: Number


class _Relayed(msgspec.Struct, frozen=True):
    symbol: str
    value: Number | None = None
    timestamp: Number = 0
    data: list[_Point] = []


class _Relay(msgspec.Struct, frozen=True):
    payload: _Relayed
    timestamp: Number = 0


class _Trade(msgspec.Struct, frozen=True):
    s: str
    p: Number
    E: Number = 0
    T: Number = 0


class _Ticker(msgspec.Struct, frozen=True):
    product_id: str
    price: Number
    time: str = ""


class _PythPrice(msgspec.Struct, frozen=True):
    price: str
    expo: int
    publish_time: int


class _PythFeed(msgspec.Struct, frozen=True):
    id: str
    price: _PythPrice


class _Pyth(msgspec.Struct, frozen=True):
    parsed: list[_PythFeed]


def is_reference_message(message: dict[str, object]) -> bool:
    """Return whether an object is a message with reference prices, by its shape."""
    return _reader(message) is not None


def read_reference(message: dict[str, object]) -> Told:
    """Read a message with reference prices.

    Raises:
        msgspec.ValidationError: A field is missing or has a wrong type.
        NumberError: A price or time is none.
    """
    reader = _reader(message)
    if reader is None:
        raise NumberError("a message of no known reference feed")
    return reader(message)


def _reader(message: dict[str, object]) -> Callable[[dict[str, object]], Told] | None:
    topic, kind = message.get("topic"), message.get("type")
    found: Callable[[dict[str, object]], Told] | None = None
    if isinstance(topic, str) and topic.startswith("crypto_prices") and isinstance(message.get("payload"), dict):
        found = _relayed
    elif message.get("e") in ("trade", "aggTrade"):
        found = _trade
    elif isinstance(message.get("data"), dict) and isinstance(message.get("stream"), str):
        inner = message["data"]
        found = _combined if isinstance(inner, dict) and inner.get("e") in ("trade", "aggTrade") else None
    elif kind == "ticker" and "product_id" in message:
        found = _ticker
    elif isinstance(message.get("parsed"), list):
        found = _pyth
    return found


def _relayed(message: dict[str, object]) -> Told:
    relay = msgspec.convert(message, _Relay, strict=False)
    payload = relay.payload
    # The batch comes under the topic crypto_prices whatever its source; Chainlink's symbols have a slash.
    source = "chainlink" if "/" in payload.symbol else "binance"
    reference = _reference(source, pair(payload.symbol), _RELAYED)
    points = list(payload.data)
    if payload.value is not None:
        points.append(_Point(payload.value, payload.timestamp))
    prices = tuple(Quoted(reference, reference_e8(point.value), venue_time(point.timestamp)) for point in points)
    return Told(prices, venue_time(relay.timestamp))


def _combined(message: dict[str, object]) -> Told:
    inner = message["data"]
    return _trade(inner if isinstance(inner, dict) else {})


def _trade(message: dict[str, object]) -> Told:
    trade = msgspec.convert(message, _Trade, strict=False)
    sent_ns = venue_time(trade.E)
    price = Quoted(_reference("binance", pair(trade.s), "trade"), reference_e8(trade.p), venue_time(trade.T) or sent_ns)
    return Told((price,), sent_ns)


def _ticker(message: dict[str, object]) -> Told:
    ticker = msgspec.convert(message, _Ticker, strict=False)
    at_ns = _iso(ticker.time) if ticker.time else 0
    price = Quoted(_reference("coinbase", pair(ticker.product_id), "ticker"), reference_e8(ticker.price), at_ns)
    return Told((price,), at_ns)


def _pyth(message: dict[str, object]) -> Told:
    prices = []
    for feed in msgspec.convert(message, _Pyth, strict=False).parsed:
        reference = _reference("pyth", _PYTH_SYMBOLS.get(feed.id.removeprefix("0x"), feed.id), "price update")
        price = reference_e8(f"{feed.price.price}e{feed.price.expo}")
        prices.append(Quoted(reference, price, venue_time(feed.price.publish_time)))
    return Told(tuple(prices), 0)


def _reference(source: str, symbol: str, note: str) -> Reference:
    unit = symbol.rpartition("/")[2] if "/" in symbol else "USD"
    return Reference(ReferenceKind.PRICE, source, symbol, unit, Origin.VENUE, note)


def pair(name: str) -> str:
    """Return a source's symbol as asset and quote currency: ``btcusdt``, ``BTC-USD`` and ``btc/usd`` have a slash."""
    name = name.upper().replace("-", "/")
    if "/" in name:
        return name
    quote = next((quote for quote in _QUOTES if name.endswith(quote) and len(name) > len(quote)), "")
    return f"{name.removesuffix(quote)}/{quote}" if quote else name


def _iso(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as err:
        raise NumberError(f"time {text!r} is not an ISO time") from err
    moment = moment.replace(tzinfo=moment.tzinfo or UTC)
    ts_ns = int(moment.replace(microsecond=0).timestamp()) * NS_PER_S + moment.microsecond * 1_000
    if not plausible(ts_ns):
        raise NumberError(f"time {text!r} is not a time between 2017 and 2096")
    return ts_ns
