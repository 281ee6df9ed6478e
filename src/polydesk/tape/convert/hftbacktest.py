"""Tokens of a tape as event files of hftbacktest 2.4: one ``.npz`` per token with the array ``data``.

Source of the layout: hftbacktest 2.4, ``hftbacktest.types`` (``event_dtype``, event and flag constants) and the
documentation page "Data".
"""

import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from polydesk.model.grid import PRICE_ONE_G4, SHARE_U6
from polydesk.tape.convert.mirror import Level, mirrored
from polydesk.tape.convert.selection import Asset
from polydesk.tape.convert.steps import Print, Step, mirrored_print, steps
from polydesk.tape.reader import Tape

EVENT_DTYPE = np.dtype(
    [
        ("ev", "<u8"),
        ("exch_ts", "<i8"),
        ("local_ts", "<i8"),
        ("px", "<f8"),
        ("qty", "<f8"),
        ("order_id", "<u8"),
        ("ival", "<i8"),
        ("fval", "<f8"),
    ]
)
"""64 bytes; times in ns, prices in pUSD per share, quantities in shares."""

DEPTH, TRADE, CLEAR, SNAPSHOT = 1, 2, 3, 4
EXCHANGE, LOCAL, BUY, SELL = 1 << 31, 1 << 30, 1 << 29, 1 << 28
_BOTH = EXCHANGE | LOCAL
_SIDE = (BUY, SELL)

LOT = 0.000001
"""Lot size to give hftbacktest: it drops quantities under half a lot, and a recorded level can be a micro-share."""

_FLUSH = 16_384
_COPY = 1 << 22


def write(tape: Tape, assets: Sequence[Asset], folder: Path, progress: Callable[[int], None]) -> dict[str, Any]:
    """Write one file per token and return what ``conversion.json`` says of them.

    Virtual time is the exchange time. The local time lies later by the recorder's latency where its clock tells one,
    and never goes back.
    """
    counts: Counter[str] = Counter()
    files = {(asset.market.index, asset.token): _EventFile(folder, asset) for asset in assets}
    for step in steps(tape, {asset.market.index for asset in assets}, counts, progress):
        for token in (0, 1):
            file = files.get((step.market, token))
            if file is not None:
                file.add(step)
    return {"files": [file.finish() for file in files.values()], "counts": dict(counts)}


class _EventFile:
    """The events of one token, spooled to disk until their number is known."""

    def __init__(self, folder: Path, asset: Asset) -> None:
        self._asset = asset
        self._path = folder / f"{asset.name}.npz"
        self._spool = folder / f"{asset.name}.spool"
        self._held: list[tuple[float, ...]] = []
        self._written = 0
        self._tick = asset.market.tick_g4.value

    def add(self, step: Step) -> None:
        head = (step.ts_ns, step.local_ns)
        for print_ in step.prints:
            self._trade(head, print_)
        if step.restated:
            self._held += [(_BOTH | CLEAR | side, *head, float("nan"), 0.0, 0, 0, 0.0) for side in _SIDE]
        for level in step.levels:
            self._level(head, level, SNAPSHOT if step.restated else DEPTH)
        if len(self._held) >= _FLUSH:
            self._flush()

    def _level(self, head: tuple[int, int], level: Level, kind: int) -> None:
        half, price, size = mirrored(self._asset.token, level)
        if price % self._tick:
            self._tick = int(np.gcd(price, self._tick))
        self._held.append((_BOTH | kind | _SIDE[half], *head, price / PRICE_ONE_G4, size / SHARE_U6, 0, 0, 0.0))

    def _trade(self, head: tuple[int, int], print_: Print) -> None:
        price, side, size = mirrored_print(self._asset.token, print_)
        flag = BUY if side > 0 else SELL if side < 0 else 0
        self._held.append((_BOTH | TRADE | flag, *head, price / PRICE_ONE_G4, size / SHARE_U6, 0, 0, 0.0))

    def _flush(self) -> None:
        with self._spool.open("ab") as file:
            file.write(np.array(self._held, EVENT_DTYPE).tobytes())
        self._written += len(self._held)
        self._held = []

    def finish(self) -> dict[str, Any]:
        self._flush()
        header = {"descr": np.lib.format.dtype_to_descr(EVENT_DTYPE), "fortran_order": False, "shape": (self._written,)}
        with (
            self._spool.open("rb") as spool,
            zipfile.ZipFile(self._path, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as packed,
            packed.open("data.npy", "w", force_zip64=True) as target,
        ):
            np.lib.format.write_array_header_1_0(target, header)
            while chunk := spool.read(_COPY):
                target.write(chunk)
        self._spool.unlink()
        return {
            "file": self._path.name,
            "events": self._written,
            "tick_size": self._tick / PRICE_ONE_G4,
            "lot_size": LOT,
        }
