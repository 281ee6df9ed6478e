"""Which markets and tokens of a tape are converted."""

import re
from collections.abc import Sequence

import msgspec

from polydesk.model.errors import TapeError
from polydesk.model.market import Market
from polydesk.tape.manifest import Manifest

_LONGEST = 80
"""Characters of a slug or outcome in a file name; index and token must survive the cut."""

TOKENS = {"0": (0,), "1": (1,), "both": (0, 1)}


class Asset(msgspec.Struct, frozen=True):
    """One token of one market with the name its files get."""

    market: Market
    token: int

    @property
    def name(self) -> str:
        """``<index>-<slug>-<token>-<outcome>`` without what file names cannot hold."""
        outcome = self.market.tokens[self.token].outcome or ""
        words = (f"{self.market.index:04d}", self.market.slug[:_LONGEST], str(self.token), outcome[:_LONGEST])
        return "-".join(re.sub(r"[^A-Za-z0-9._]+", "-", word).strip("-.") for word in words if word)


def select(manifest: Manifest, market: str | None, token: str) -> list[Asset]:
    """Return the tokens to convert, in order of market and token.

    Args:
        manifest: Of the tape.
        market: A slug or an index; ``None`` for all.
        token: ``0``, ``1`` or ``both``.

    Raises:
        TapeError: There is no such market or token.
    """
    if token not in TOKENS:
        raise TapeError(f"--token {token}: unknown; write 0, 1 or both")
    markets: Sequence[Market] = manifest.markets
    if market is not None:
        markets = [found for found in markets if market in (found.slug, found.condition_id, str(found.index))]
    if not manifest.markets:
        raise TapeError("the tape holds no market, only reference prices: there is nothing to convert")
    if not markets:
        slugs = ", ".join(f"{found.index} {found.slug}" for found in manifest.markets[:8])
        more = f" and {len(manifest.markets) - 8} more" if len(manifest.markets) > 8 else ""
        raise TapeError(f"--market {market}: not on this tape; it holds {slugs}{more}")
    if len(markets) > 1 and market is not None:
        indices = ", ".join(str(found.index) for found in markets)
        raise TapeError(f"--market {market}: several markets are called so; name one by its index: {indices}")
    return [Asset(found, place) for found in markets for place in TOKENS[token]]
