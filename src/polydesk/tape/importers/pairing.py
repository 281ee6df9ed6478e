"""Which two tokens are the two sides of one market, told from mirrored neighbouring rows."""

import numpy as np

from polydesk.model.grid import PRICE_ONE_G4

Votes = dict[frozenset[str], int]
"""How many mirrored neighbours each pair of tokens has; a set of one is a token that was seen."""


def vote(
    ts_ns: np.ndarray,
    asset: np.ndarray,
    price: np.ndarray,
    size: np.ndarray,
    side: np.ndarray,
    assets: list[str],
    votes: Votes,
) -> None:
    """Add a recording's votes.

    Neighbouring rows are mirrored when time and size agree, sides are opposite and the prices add up to 1, which is
    how the venue tells one change for both tokens. Strangers do so by chance a few times in a hundred thousand rows.

    Args:
        ts_ns: Venue times, shape ``(n,)`` like all arrays.
        asset: Index into ``assets``.
        price: Grid prices.
        size: Micro-shares.
        side: 1 bid, -1 ask.
        assets: Token ids.
        votes: Added to.
    """
    mirrored = (
        (ts_ns[1:] == ts_ns[:-1])
        & (asset[1:] != asset[:-1])
        & (price[1:] + price[:-1] == PRICE_ONE_G4)
        & (size[1:] == size[:-1])
        & (side[1:] * side[:-1] == -1)
    )
    pairs = np.sort(np.stack((asset[1:][mirrored], asset[:-1][mirrored])), axis=0)
    found, counts = np.unique(pairs, axis=1, return_counts=True)
    for (first, second), count in zip(found.T.tolist(), counts.tolist(), strict=True):
        pair = frozenset((assets[first], assets[second]))
        votes[pair] = votes.get(pair, 0) + count
