"""A recording on disk: plain, gzip or zstandard lines, or Parquet, told apart by their first bytes.

Unpacking is pyarrow's.
"""

import codecs
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from polydesk.model.errors import ImportFailed

CHUNK = 1 << 20
HEAD_BYTES = 1 << 18
HEAD_LINES = 200
MAX_LINE = 64 << 20
NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading a damaged line as JSON raises; the last for brackets nested without end."""

_MAGIC = ((b"\x28\xb5\x2f\xfd", "zstd"), (b"\x1f\x8b", "gzip"), (b"PAR1", "parquet"))

Progress = Callable[[str, int, int], None]
"""Called with a file's name, the bytes of it read so far and its size."""


class Head(msgspec.Struct, frozen=True):
    """What can be seen of a recording without reading it whole.

    Attributes:
        path: The file.
        packing: ``zstd``, ``gzip``, ``parquet`` or ``plain``.
        lines: Its first lines, at most ``HEAD_LINES``; empty for Parquet.
        columns: Its Parquet columns as ``{name: type}``; empty for lines.
    """

    path: Path
    packing: str
    lines: tuple[bytes, ...] = ()
    columns: dict[str, str] = {}

    def found(self) -> str:
        """Describe the content for an error message."""
        if self.packing == "parquet":
            return f"Parquet with columns {', '.join(self.columns) or 'none'}"
        first = next((line.strip() for line in self.lines if line.strip()), b"")
        return f"{self.packing} lines that begin with {first[:80].decode('utf-8', 'backslashreplace')!r}"


def read_head(path: Path) -> Head:
    """Look at the start of a recording.

    Raises:
        ImportFailed: The file is missing, empty, unreadable or its packing is damaged.
    """
    if path.is_dir():
        raise ImportFailed(f"{path}: is a folder; name the recordings in it")
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as err:
        raise ImportFailed(f"{path}: cannot be read ({err.strerror}); check the path and its permissions") from err
    if not start:
        raise ImportFailed(f"{path}: the file is empty; record or download it again")
    packing = _packing(start)
    if packing == "parquet":
        return Head(path, packing, columns=_parquet_columns(path))
    lines: list[bytes] = []
    size = 0
    for line in read_lines(path):
        lines.append(line)
        size += len(line)
        if len(lines) >= HEAD_LINES or size >= HEAD_BYTES:
            break
    if not lines:
        raise ImportFailed(f"{path}: the {packing} file holds nothing; record or download it again")
    return Head(path, packing, tuple(lines))


def _packing(start: bytes) -> str:
    return next((name for magic, name in _MAGIC if start.startswith(magic)), "plain")


def _parquet_columns(path: Path) -> dict[str, str]:
    try:
        schema = pq.read_schema(path)
        columns = {field.name: str(field.type) for field in schema}
    except (OSError, pa.ArrowException, UnicodeDecodeError) as err:
        raise damaged(path, "Parquet", err) from err
    if len(columns) < len(schema):
        repeated = next(name for name in schema.names if schema.names.count(name) > 1)
        raise ImportFailed(f"{path}: column {repeated!r} stands twice; write the table again without one of them")
    return columns


def damaged(path: Path, what: str, err: Exception) -> ImportFailed:
    """Return the error for a file that breaks off or cannot be unpacked."""
    return ImportFailed(
        f"{path}: the {what} file is truncated or damaged ({err}); download it again, "
        "or unpack what is whole into a new file and import that"
    )


def read_lines(path: Path, progress: Progress | None = None) -> Iterator[bytes]:
    """Read the lines of a plain, gzip or zstandard file, without their line ends and a byte order mark before them.

    Raises:
        ImportFailed: The packing is truncated or damaged, or there are no line ends.
    """
    rest, mark = b"", codecs.BOM_UTF8
    for chunk in _read_chunks(path, progress):
        lines = (rest + chunk.removeprefix(mark)).split(b"\n")
        mark = b""
        rest = lines.pop()
        if len(rest) > MAX_LINE:
            raise ImportFailed(f"{path}: a line is longer than {MAX_LINE >> 20} MiB; this is not a file of JSON lines")
        yield from lines
    if rest:
        yield rest


def _read_chunks(path: Path, progress: Progress | None) -> Iterator[bytes]:
    size = path.stat().st_size
    with path.open("rb") as probe:
        packing = _packing(probe.read(4))
    try:
        with pa.OSFile(str(path)) as raw:
            stream = pa.CompressedInputStream(raw, packing) if packing in ("zstd", "gzip") else raw
            while chunk := stream.read(CHUNK):
                if progress:
                    progress(path.name, raw.tell(), size)
                yield chunk
    except (OSError, pa.ArrowException) as err:
        raise damaged(path, packing, err) from err


def file_sha256(path: Path) -> str:
    """Return the hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
