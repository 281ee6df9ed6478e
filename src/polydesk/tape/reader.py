"""Reading a tape: an ordered stream of rows with flat memory."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from polydesk.model.errors import TapeError
from polydesk.tape.manifest import Manifest, PartFile, content_hash, read_manifest
from polydesk.tape.parts import GROUP_ROWS, read_part


class Tape:
    """A finished tape on disk, or a stretch of its rows; see ``open_tape`` and ``between``.

    Attributes:
        path: Its folder.
        manifest: What it says about itself, the whole of it.
        span: ``seq`` of the first row to read and of the row to stop before.
    """

    def __init__(self, path: Path, manifest: Manifest, span: tuple[int, int] | None = None) -> None:
        self.path = path
        self.manifest = manifest
        self.span = (0, manifest.rows) if span is None else span

    def between(self, start: int, stop: int) -> "Tape":
        """Return the same tape with only the rows ``start`` to ``stop`` (half open) to read; ``seq`` stays as it is.

        Raises:
            TapeError: The rows are not on the tape.
        """
        if not 0 <= start <= stop <= self.manifest.rows:
            raise TapeError(f"{self.path}: rows {start} to {stop} are not on this tape of {self.manifest.rows} rows")
        return Tape(self.path, self.manifest, (start, stop))

    def whole(self) -> "Tape":
        """Return the tape with all its rows to read."""
        return Tape(self.path, self.manifest)

    def row_at(self, ts_ns: int) -> int:
        """Return the ``seq`` of the first row at or after ``ts_ns``; the number of rows when there is none."""
        for rows in self.whole().batches():
            if int(rows["ts_ns"][-1]) >= ts_ns:
                return int(rows["seq"][0]) + int(np.searchsorted(rows["ts_ns"], ts_ns, side="left"))
        return self.manifest.rows

    def batches(self, start: int = 0, stop: int | None = None, batch_rows: int = GROUP_ROWS) -> Iterator[np.ndarray]:
        """Read rows ``start`` to ``stop`` (half open) in order, as far as they lie in ``span``.

        Args:
            start: ``seq`` of the first row.
            stop: ``seq`` after the last row; the end of the span when omitted.
            batch_rows: Most rows in an array; the last of each row group may be shorter.

        Yields:
            C-contiguous arrays of ``ROW_DTYPE``; memory use does not depend on the length of the tape.

        Raises:
            TapeError: A file is missing, truncated or damaged; the message names it.
        """
        start = max(start, self.span[0])
        stop = self.span[1] if stop is None else min(stop, self.span[1])
        for part in self.manifest.files:
            if part.first_seq >= stop or part.first_seq + part.rows <= start:
                continue
            yield from self._part_batches(part, max(start, part.first_seq), stop, batch_rows)

    def _part_batches(self, part: PartFile, start: int, stop: int, batch_rows: int) -> Iterator[np.ndarray]:
        seq = start
        for rows in read_part(self.path / part.path, part.rows, start - part.first_seq):
            rows["seq"] = np.arange(seq, seq + len(rows))
            for low in range(0, min(len(rows), stop - seq), batch_rows):
                yield rows[low : min(low + batch_rows, stop - seq)]
            seq += len(rows)
            if seq >= stop:
                return

    def content_sha256(self) -> str:
        """Compute the content hash from all rows as they are on disk, whatever the span."""
        digest = hashlib.sha256()
        for rows in self.whole().batches():
            digest.update(rows.data)
        manifest = self.manifest
        return content_hash(
            digest.digest(),
            manifest.markets,
            manifest.resolutions,
            manifest.clock,
            constructed=manifest.constructed,
            references=manifest.references,
        )

    def check_hash(self) -> None:
        """Compare the rows and facts on disk with the hash in the manifest.

        Raises:
            TapeError: They differ, or a file cannot be read.
        """
        found = self.content_sha256()
        if found != self.manifest.sha256:
            raise TapeError(
                f"{self.path}: content hash is {found[:16]}..., field sha256 of the manifest says "
                f"{self.manifest.sha256[:16]}...; the tape was changed, import the recording again"
            )


def open_tape(path: Path | str) -> Tape:
    """Open the tape in folder ``path``.

    Raises:
        TapeError: Not a tape, another format version, or a file that is missing or of another size than recorded.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    for part in manifest.files:
        file = folder / part.path
        if not file.is_file():
            raise TapeError(f"{file}: this part of the tape is missing; import the recording again")
        if file.stat().st_size != part.bytes:
            raise TapeError(
                f"{file}: is {file.stat().st_size} bytes, the manifest says {part.bytes}; "
                "it was truncated or changed, import the recording again"
            )
    return Tape(folder, manifest)
