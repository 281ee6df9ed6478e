"""What a tape says about itself: ``manifest.json``."""

import hashlib
from pathlib import Path

import msgspec

from polydesk.model.errors import TapeError
from polydesk.model.market import Market, Resolution
from polydesk.model.references import Reference

FORMAT = 1
"""Version of the tape's layout; readers accept exactly this one."""

FILE_NAME = "manifest.json"


class Source(msgspec.Struct, frozen=True):
    """One recording a tape was made from.

    Attributes:
        name: File name without its folder.
        format: Importer that read it.
        sha256: Of the file as it was on disk.
        bytes: Size on disk.
        records: Lines or rows read, good and bad.
        first_ts_ns: Virtual time of its first row.
        last_ts_ns: Virtual time of its last row.
        counts: What was read and what was left out on purpose.
        defects: What was wrong with it.
        first_defect: Where the first defect is; empty when there is none.
        clock: Whose clock its virtual time is: ``venue`` (as each message says) or ``receive`` (the recorder's).
        note: What a reader of its rows must know; empty when there is nothing.
    """

    name: str
    format: str
    sha256: str
    bytes: int
    records: int
    first_ts_ns: int
    last_ts_ns: int
    counts: dict[str, int]
    defects: dict[str, int]
    first_defect: str = ""
    clock: str = "venue"
    note: str = ""


class Gap(msgspec.Struct, frozen=True):
    """A time without a row of a market while it was open; ``from_ns`` and ``to_ns`` are the rows around it."""

    market: int
    from_ns: int
    to_ns: int


class PartFile(msgspec.Struct, frozen=True):
    """One Parquet file of a tape; ``path`` is relative to the tape and ``first_seq`` the ``seq`` of its first row."""

    path: str
    first_seq: int
    rows: int
    bytes: int


class Manifest(msgspec.Struct, frozen=True):
    """Everything about a tape that is not a row.

    Attributes:
        format: Version of the layout.
        sha256: Content hash, see ``content_hash``.
        rows: Number of rows.
        first_ts_ns: Virtual time of the first row.
        last_ts_ns: Virtual time of the last row.
        clock: Where virtual time comes from; ``venue`` is the venue's time, ``receive`` the recorder's, ``mixed`` both
            from several sources; always held where it would go back.
        constructed: Whether any row was generated rather than recorded.
        sources: The recordings, in the order they were read.
        markets: Every market with rows; ``Market.index`` is the position here.
        resolutions: How markets ended; only settlement may read this.
        gaps: The longest silences, in order of time; ``counts["gaps"]`` is how many there were.
        counts: Rows by kind and what was left out on purpose, over all sources.
        defects: What was wrong with the recordings, over all sources.
        files: The Parquet files in order of ``first_seq``.
        references: The series of reference prices; rows of kind ``REFERENCE`` name them by position. Tapes made before
            there were any have none.
    """

    format: int
    sha256: str
    rows: int
    first_ts_ns: int
    last_ts_ns: int
    clock: str
    constructed: bool
    sources: tuple[Source, ...]
    markets: tuple[Market, ...]
    resolutions: tuple[Resolution, ...]
    gaps: tuple[Gap, ...]
    counts: dict[str, int]
    defects: dict[str, int]
    files: tuple[PartFile, ...]
    references: tuple[Reference, ...] = ()

    def assumed(self) -> dict[str, dict[str, str]]:
        """Return the assumed facts of each market as ``{slug: {field: "value: note"}}``."""
        return {market.slug: facts for market in self.markets if (facts := market.assumed())}


class _Version(msgspec.Struct):
    format: int


def content_hash(
    rows_sha256: bytes,
    markets: tuple[Market, ...],
    resolutions: tuple[Resolution, ...],
    clock: str,
    *,
    constructed: bool,
    references: tuple[Reference, ...] = (),
) -> str:
    """Return the hash of what a tape says, whatever its files look like.

    Args:
        rows_sha256: SHA-256 digest over the bytes of all rows as ``ROW_DTYPE`` in order of ``seq``.
        markets: All markets.
        resolutions: All resolutions.
        clock: The clock policy.
        constructed: Whether any row was generated.
        references: All series of reference prices; without any, the hash is that of older tapes.

    Returns:
        Hex SHA-256; the encoding, the batches and the partition of the Parquet files do not enter it.
    """
    told: dict[str, object] = {
        "clock": clock, "constructed": constructed, "markets": markets, "resolutions": resolutions,
    }  # fmt: skip
    if references:
        told["references"] = references
    facts = msgspec.json.encode(told, order="sorted")
    return hashlib.sha256(rows_sha256 + facts).hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write ``manifest.json`` into ``folder`` so that it is there completely or not at all."""
    target = folder / FILE_NAME
    draft = folder / f"{FILE_NAME}.partial"
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(manifest, order="deterministic"), indent=2) + b"\n")
    draft.replace(target)


def read_manifest(folder: Path) -> Manifest:
    """Read ``manifest.json`` of the tape in ``folder``.

    Raises:
        TapeError: No tape there, another format version, or a field that is missing or of a wrong type.
    """
    path = folder / FILE_NAME
    try:
        raw = path.read_bytes()
    except FileNotFoundError as err:
        raise TapeError(f"{folder}: not a tape, {FILE_NAME} is missing; make one with `polydesk tape import`") from err
    except OSError as err:
        raise TapeError(f"{path}: cannot be read ({err.strerror}); check the path and its permissions") from err
    try:
        version = msgspec.json.decode(raw, type=_Version).format
        if version != FORMAT:
            raise TapeError(
                f"{path}: field format is {version}, this program reads {FORMAT}; import the recording again"
            )
        return msgspec.json.decode(raw, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise TapeError(f"{path}: {err}; import the recording again") from err
