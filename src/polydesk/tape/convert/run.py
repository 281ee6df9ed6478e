"""One conversion: select, write, say what was written."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from polydesk.model.errors import TapeError
from polydesk.tape.convert import hftbacktest, l2table, nautilus
from polydesk.tape.convert.folder import new_folder
from polydesk.tape.convert.selection import Asset, select
from polydesk.tape.reader import Tape

Writer = Callable[[Tape, Sequence[Asset], Path, Callable[[int], None]], dict[str, Any]]

FORMATS: dict[str, Writer] = {
    "hftbacktest": hftbacktest.write,
    "nautilus": nautilus.write,
    "l2table": l2table.write,
}

SUMMARY = "conversion.json"


def convert_tape(
    tape: Tape,
    to: str,
    out: Path,
    *,
    market: str | None = None,
    tokens: str = "both",
    progress: Callable[[int], None] = lambda _: None,
) -> dict[str, Any]:
    """Write a tape, or some of its tokens, in the format of another program.

    Args:
        tape: The tape.
        to: One of ``FORMATS``.
        out: A folder that does not exist yet.
        market: Slug, condition id or index of one market; all when omitted.
        tokens: ``0``, ``1`` or ``both``.
        progress: Told how many rows of the tape were read.

    Returns:
        What ``conversion.json`` in the folder says: format, tape, files, markets, counts and what was left out.

    Raises:
        TapeError: An unknown format, market or token, a damaged tape, or ``out`` exists or cannot be written.
    """
    if to not in FORMATS:
        raise TapeError(f"--to {to}: unknown; use {', '.join(FORMATS)}")
    assets = select(tape.manifest, market, tokens)
    with new_folder(out) as folder:
        told = FORMATS[to](tape, assets, folder, progress)
        summary = {
            "format": to,
            "tape_sha256": tape.manifest.sha256,
            "constructed": tape.manifest.constructed,
            "clock": tape.manifest.clock,
            "markets": [_market(asset) for asset in assets],
            **told,
        }
        (folder / SUMMARY).write_bytes(msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n")
    return {"out": str(out), **summary}


def _market(asset: Asset) -> dict[str, Any]:
    market, token = asset.market, asset.market.tokens[asset.token]
    return {
        "index": market.index,
        "slug": market.slug,
        "condition_id": market.condition_id,
        "token": asset.token,
        "token_id": token.id,
        "outcome": token.outcome,
        "assumed": market.assumed(),
    }
