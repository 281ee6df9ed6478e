"""Measured latencies: a CSV file ``leg,latency_ms`` with one line per sample, drawn from instead of a constant."""

import csv
import hashlib
from decimal import Decimal, InvalidOperation
from pathlib import Path

from polydesk.exchange.config import ExchangeConfig
from polydesk.model.errors import ConfigError

LEGS = ("order", "cancel", "answer", "feed")
"""What a sample may be of."""
FILE_NAME = "latency.csv"
"""Name of the copy that a session keeps, so that it can be repeated without the original."""

_HEADER = ["leg", "latency_ms"]
_LONGEST_MS = 1_000_000_000


def file_sha256(path: Path) -> str:
    """Return the hash of a latency file.

    Raises:
        ConfigError: It cannot be read.
    """
    return hashlib.sha256(_bytes(path)).hexdigest()


def with_hash(config: ExchangeConfig) -> ExchangeConfig:
    """Return the assumptions with the hash of their latency file, if they name one.

    Raises:
        ConfigError: The file cannot be read, or is not the one that ``latency_sha256`` names.
    """
    if not config.latency_file:
        return config
    path = Path(config.latency_file)
    read_latencies(path, config.latency_sha256)
    return config.model_copy(update={"latency_sha256": file_sha256(path)})


def keep_latencies(config: ExchangeConfig, folder: Path) -> None:
    """Copy the latency file, if there is one, into a session's folder.

    Raises:
        ConfigError: It cannot be read or written.
    """
    if config.latency_file:
        try:
            (folder / FILE_NAME).write_bytes(_bytes(Path(config.latency_file)))
        except OSError as err:
            raise ConfigError(f"{folder / FILE_NAME}: cannot be written ({err.strerror}); free space") from err


def has_latencies(config: ExchangeConfig, folder: Path) -> bool:
    """Return whether a session's folder has its copy of the latency file, or needs none."""
    return not config.latency_file or (folder / FILE_NAME).exists()


def kept_exchange(config: ExchangeConfig, folder: Path) -> ExchangeConfig:
    """Return a session's assumptions with its own copy of the latency file in place of the original."""
    if not config.latency_file:
        return config
    return config.model_copy(update={"latency_file": str(folder / FILE_NAME)})


def read_latencies(path: Path, sha256: str = "") -> dict[str, tuple[int, ...]]:
    """Return the samples of each leg in the file, ns.

    Args:
        path: The file.
        sha256: What its hash must be; empty for any.

    Raises:
        ConfigError: Names the file, the line and what to correct.
    """
    data = _bytes(path)
    found = hashlib.sha256(data).hexdigest()
    if sha256 and found != sha256:
        raise ConfigError(
            f"{path}: exchange.latency_sha256 says {sha256}, the file has {found}; name the file it was measured with"
        )
    samples: dict[str, list[int]] = {}
    try:
        lines = list(csv.reader(data.decode().splitlines()))
    except UnicodeDecodeError as err:
        raise ConfigError(f"{path}: not UTF-8 text; save it as CSV with a line leg,latency_ms per sample") from err
    if not lines or [cell.strip() for cell in lines[0]] != _HEADER:
        raise ConfigError(f"{path}, line 1: must be leg,latency_ms")
    for number, cells in enumerate(lines[1:], start=2):
        if cells:
            leg, drawn = _sample(cells, f"{path}, line {number}")
            samples.setdefault(leg, []).append(drawn)
    if not samples:
        raise ConfigError(f"{path}: no samples; write a line leg,latency_ms for each measured latency")
    return {leg: tuple(drawn) for leg, drawn in samples.items()}


def _sample(cells: list[str], where: str) -> tuple[str, int]:
    if len(cells) != len(_HEADER):
        raise ConfigError(f"{where}: has {len(cells)} columns; write leg,latency_ms")
    leg, text = (cell.strip() for cell in cells)
    if leg not in LEGS:
        raise ConfigError(f"{where}: leg {leg!r} is none of {', '.join(LEGS)}; correct it")
    try:
        drawn = Decimal(text)
    except InvalidOperation as err:
        raise ConfigError(f"{where}: latency_ms {text!r} is not a number; write milliseconds") from err
    if not drawn.is_finite() or not 0 <= drawn <= _LONGEST_MS:
        raise ConfigError(f"{where}: latency_ms {text} is not between 0 and {_LONGEST_MS:,}; write milliseconds")
    return leg, round(drawn * 1_000_000)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise ConfigError(
            f"{path}: cannot be read ({err.strerror}); name a CSV file leg,latency_ms with --latency-file or "
            "exchange.latency_file"
        ) from err
