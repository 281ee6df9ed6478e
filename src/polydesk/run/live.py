"""What a live session would need and does not have."""

import os
from collections.abc import Mapping

ENABLE = "ENABLE_LIVE_TRADING"
"""Environment variable that must be ``true`` before anything may reach the venue."""


def missing_for_live(env: Mapping[str, str] | None = None) -> list[str]:
    """Return everything that stands between this program and live trading, one sentence each.

    The list is never empty in this version: it has no gateway to the venue.

    Args:
        env: Environment variables; the process's own when omitted.
    """
    env = os.environ if env is None else env
    missing = ["this version has no gateway to the venue: it cannot sign, send or reconcile an order"]
    if env.get(ENABLE, "").lower() != "true":
        missing.append(f"{ENABLE} is not set to true")
    missing += [
        "no account: there is neither a wallet key nor an API key in the keyring",
        "no live market feed: this version trades recordings, and a session that says live may hold nothing else",
        "no manual confirmation of orders",
    ]
    return missing
