"""The bundled recordings as tapes, made once and kept."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from polydesk.model.errors import TapeError
from polydesk.tape.importers import Progress, import_tape
from polydesk.tape.importers.source import file_sha256
from polydesk.tape.manifest import FORMAT
from polydesk.tape.reader import Tape, open_tape

RECORDINGS = (
    "btc5m-20260416/book_20260416T0710Z.jsonl.zst",
    "nhl-20260607/polymarket_20260607_0130_8min.parquet",
)
"""Bundled recordings of the default sample, relative to the data folder."""


class Sample(msgspec.Struct, frozen=True):
    """Bundled recordings that make one tape.

    Attributes:
        recordings: Relative to the data folder.
        about: What they are, in one line.
    """

    recordings: tuple[str, ...]
    about: str


DEFAULT = "default"
"""The sample that is traded when none is named."""

SAMPLES: dict[str, Sample] = {
    DEFAULT: Sample(
        RECORDINGS, "10 Bitcoin 5-minute markets (full books) and 6 ice hockey markets (changes and trades), an hour"
    ),
    "resolvedkit": Sample(
        ("resolvedkit-btc15m-20260928/books.parquet",),
        "10 Bitcoin 15-minute markets, both outcomes once a second, known payouts, 2 h 45 min",
    ),
    "trade-engine": Sample(
        (
            "trade-engine-btc5m/orderbook_20260425.jsonl.gz",
            "trade-engine-btc5m/filled-order_20260516.jsonl.gz",
            "trade-engine-btc5m/expired-order_20260516.jsonl.gz",
        ),
        "3 Bitcoin 5-minute markets with Chainlink, Binance and Coinbase prices and the price to beat, 24 minutes",
    ),
}
"""The bundled recordings by name."""

VARIABLE = "POLYDESK_DATA_SAMPLES"
"""Environment variable that names the data folder when it is not the checkout's."""

_CODE = ("model/*.py", "tape/importers/*.py", "tape/manifest.py", "tape/parts.py", "tape/silence.py", "tape/writer.py")
"""What decides the content of a tape, relative to the package."""


def data_folder(name: str = DEFAULT) -> Path:
    """Return the folder of the bundled recordings.

    Args:
        name: The sample that must be in it, see ``SAMPLES``.

    Raises:
        TapeError: It is not there, for example because only the package was installed, or there is no such sample.
    """
    if name not in SAMPLES:
        raise TapeError(f"sample {name!r}: there is none of that name; choose one of {', '.join(SAMPLES)}")
    named = os.environ.get(VARIABLE)
    folder = Path(named) if named else Path(__file__).parents[3] / "data"
    for recording in SAMPLES[name].recordings:
        if not (folder / recording).is_file():
            raise TapeError(
                f"{folder / recording}: the bundled recording is missing; set {VARIABLE} to the data folder of a "
                "checkout, or import your own recording with `polydesk tape import`"
            )
    return folder


def ensure_sample(
    cache_dir: Path,
    name: str = DEFAULT,
    *,
    note: Callable[[str], None] = lambda _: None,
    progress: Progress | None = None,
) -> Tape:
    """Return the tape of a bundled sample, importing it when there is none for this code and data yet.

    Two processes may call this at once: one imports, the other waits and takes the result. A kept tape is used only if
    its content hash still holds.

    Args:
        cache_dir: Where the tape is kept; its name there changes with the recordings and the importing code.
        name: Which sample, see ``SAMPLES``.
        note: Told when the recordings are imported, and why again.
        progress: Told how far the import is.

    Raises:
        TapeError: There is no such sample, its recordings are missing or ``cache_dir`` cannot be written.
        ImportFailed: A recording is damaged.
    """
    folder = data_folder(name)
    sources = [folder / recording for recording in SAMPLES[name].recordings]
    target = cache_dir / f"sample-{'' if name == DEFAULT else f'{name}-'}{_key(sources)}"
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        lock = (cache_dir / "sample.lock").open("w")
    except OSError as err:
        raise TapeError(f"{cache_dir}: cannot be written ({err.strerror}); choose another --data-dir") from err
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if target.exists():
            try:
                tape = open_tape(target)
                tape.check_hash()
            except TapeError as err:
                note(f"{err}; importing it again")
                shutil.rmtree(target)
            else:
                return tape
        note(f"importing the bundled recordings{'' if name == DEFAULT else f' {name}'} to {target}")
        return import_tape(sources, target, progress=progress)


def _key(sources: list[Path]) -> str:
    """Return a name for what the sample is made of: recordings, facts beside them, format and code."""
    digest = hashlib.sha256(str(FORMAT).encode())
    beside = [file for source in sources for file in sorted(source.parent.glob("markets.*"))]
    package = Path(__file__).parents[1]
    code = [file for pattern in _CODE for file in sorted(package.glob(pattern))]
    for file in (*sources, *beside, *code):
        digest.update(file_sha256(file).encode())
    return digest.hexdigest()[:16]
