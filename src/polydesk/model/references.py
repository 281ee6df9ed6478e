"""Reference prices: what the world outside the venue costs, and the price a market is settled against."""

from enum import StrEnum

import msgspec

from polydesk.model.market import Origin


class ReferenceKind(StrEnum):
    """What the price of a reference means."""

    PRICE = "price"
    """What an asset costs."""
    STRIKE = "strike"
    """The price to beat of one market, from the moment it was told on."""


class Reference(msgspec.Struct, frozen=True):
    """One series of reference prices; rows of kind ``REFERENCE`` name it by its position in the manifest.

    Prices are whole multiples of 1/100 000 000 of ``unit`` (``_e8``), to the nearest: what exchanges and oracles
    publish with eight decimals is exact, a stream with more decimals loses less than any price step.

    Attributes:
        kind: Price of an asset, or price to beat of the row's market.
        source: Who publishes it: ``chainlink``, ``binance``, ``coinbase``, ``pyth``, or ``polymarket`` for strikes.
        symbol: Asset and quote currency, ``BTC/USD``; the source's own name where it tells no more.
        unit: Quote currency.
        origin: ``venue`` for the source's own message, even if relayed by the venue; ``derived`` for somebody's log.
        note: How the price got into the recording.
    """

    kind: ReferenceKind
    source: str
    symbol: str
    unit: str
    origin: Origin
    note: str = ""

    @property
    def label(self) -> str:
        """Its name for people: ``chainlink BTC/USD`` or ``strike BTC/USD``."""
        return f"{'strike' if self.kind is ReferenceKind.STRIKE else self.source} {self.symbol}"
