"""Reading a tape: an ordered stream of rows with flat memory."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from polydesk.model.errors import TapeError
from polydesk.tape.manifest import Manifest, PartFile, content_hash, read_manifest
from polydesk.tape.parts import GROUP_ROWS, read_part


class Tape:
    """A finished tape on disk; see ``open_tape``.

    Attributes:
        path: Its folder.
        manifest: What it says about itself.
    """

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest

    def batches(self, start: int = 0, stop: int | None = None, batch_rows: int = GROUP_ROWS) -> Iterator[np.ndarray]:
        """Read rows ``start`` to ``stop`` (half open) in order.

        Args:
            start: ``seq`` of the first row.
            stop: ``seq`` after the last row; the end of the tape when omitted.
            batch_rows: Most rows in an array; the last of each row group may be shorter.

        Yields:
            C-contiguous arrays of ``ROW_DTYPE``; memory use does not depend on the length of the tape.

        Raises:
            TapeError: A file is missing, truncated or damaged; the message names it.
        """
        stop = self.manifest.rows if stop is None else min(stop, self.manifest.rows)
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
        """Compute the content hash from the rows as they are on disk."""
        digest = hashlib.sha256()
        for rows in self.batches():
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
