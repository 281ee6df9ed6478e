"""Writing a tape: rows stream to Parquet by day, the manifest comes last and the name when all is on disk."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from polydesk.model.errors import TapeError
from polydesk.model.grid import NS_PER_S
from polydesk.model.market import Market, Resolution
from polydesk.model.references import Reference
from polydesk.model.rows import ROW_DTYPE, RowKind
from polydesk.tape.manifest import FORMAT, Manifest, PartFile, Source, content_hash, write_manifest
from polydesk.tape.parts import GROUP_ROWS, new_part, to_table
from polydesk.tape.silence import Silences

_DAY_NS = 86_400 * NS_PER_S


class TapeWriter:
    """Writes one tape into a hidden folder beside ``out`` and moves it into place when it is finished.

    Use as a context manager: leaving it before ``finish`` removes everything written.
    """

    def __init__(self, out: Path, clock: str = "venue", *, constructed: bool = False) -> None:
        out = out.resolve()
        self._out = out
        self._clock = clock
        self.constructed = constructed
        self._draft = out.parent / f".{out.name}.partial-{os.getpid()}"
        self._digest = hashlib.sha256()
        self._silences = Silences()
        self._kinds = np.zeros(256, np.int64)
        self._held: list[np.ndarray] = []
        self._held_rows = 0
        self._day = -1
        self._part: pq.ParquetWriter | None = None
        self._files: list[PartFile] = []
        self._part_first = 0
        self.rows = 0
        self.first_ts_ns = 0
        self.last_ts_ns = 0

    def __enter__(self) -> "TapeWriter":
        if self._out.exists() and (not self._out.is_dir() or any(self._out.iterdir())):
            raise TapeError(f"{self._out}: exists and is not an empty folder; choose another --out or remove it")
        try:
            _remove_abandoned(self._out)
            self._draft.mkdir(parents=True)
        except OSError as err:
            raise TapeError(f"{self._draft}: cannot be written ({err.strerror}); choose another --out") from err
        except KeyboardInterrupt:
            # It may come just after the folder was made, when nobody leaves the block yet.
            shutil.rmtree(self._draft, ignore_errors=True)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._part is not None:
            # What is left open here is thrown away: an error while closing it must not hide why we are leaving.
            with suppress(OSError, pa.ArrowException):
                self._part.close()
            self._part = None
        shutil.rmtree(self._draft, ignore_errors=True)

    def append(self, rows: np.ndarray) -> None:
        """Add rows at the end; ``seq`` is assigned here.

        Raises:
            TapeError: Virtual time goes back, which is a mistake of the importer.
        """
        if not len(rows):
            return
        times = rows["ts_ns"]
        if (self.rows and times[0] < self.last_ts_ns) or np.any(times[1:] < times[:-1]):
            raise TapeError(f"{self._out}: field ts_ns goes back after row {self.rows}; order the rows first")
        rows = rows.astype(ROW_DTYPE, copy=True)
        rows["seq"] = np.arange(self.rows, self.rows + len(rows))
        if not self.rows:
            self.first_ts_ns = int(times[0])
        self.rows += len(rows)
        self.last_ts_ns = int(times[-1])
        self._digest.update(rows.data)
        self._kinds += np.bincount(rows["kind"], minlength=256)
        self._silences.watch(rows)
        days = rows["ts_ns"] // _DAY_NS
        with self._disk():
            for piece in np.split(rows, np.flatnonzero(np.diff(days)) + 1):
                self._append_to_day(piece, int(piece["ts_ns"][0] // _DAY_NS))

    def finish(
        self,
        markets: Sequence[Market],
        resolutions: Sequence[Resolution],
        sources: Sequence[Source],
        references: Sequence[Reference] = (),
        clock: str = "",
    ) -> Manifest:
        """Write the manifest and move the tape into place.

        Args:
            markets: All markets, in order of their index.
            resolutions: How they ended, as far as that is known.
            sources: The recordings it was made from.
            references: The series of reference prices, in order of their numbers in ``aux``.
            clock: The clock policy if it only became known while reading.

        Raises:
            TapeError: There are no rows.
        """
        if not self.rows:
            raise TapeError(f"{self._out}: a tape needs at least one row; check the recording")
        self._clock = clock or self._clock
        with self._disk():
            self._close_part()
        gaps = self._silences.finish(markets, self.last_ts_ns)
        counts = {kind.name.lower(): int(self._kinds[kind]) for kind in RowKind if self._kinds[kind]}
        manifest = Manifest(
            format=FORMAT,
            sha256=content_hash(
                self._digest.digest(),
                tuple(markets),
                tuple(resolutions),
                self._clock,
                constructed=self.constructed,
                references=tuple(references),
            ),
            rows=self.rows,
            first_ts_ns=self.first_ts_ns,
            last_ts_ns=self.last_ts_ns,
            clock=self._clock,
            constructed=self.constructed,
            sources=tuple(sources),
            markets=tuple(markets),
            resolutions=tuple(resolutions),
            gaps=gaps,
            counts=_total((counts, {"gaps": self._silences.total}, *(source.counts for source in sources))),
            defects=_total([source.defects for source in sources]),
            files=tuple(self._files),
            references=tuple(references),
        )
        with self._disk():
            write_manifest(self._draft, manifest)
            for folder in (*self._draft.iterdir(), self._draft):
                _to_disk(folder)
            self._draft.rename(self._out)
            _to_disk(self._out.parent)
        return manifest

    @contextmanager
    def _disk(self) -> Iterator[None]:
        """Name the tape when the disk says no."""
        try:
            yield
        except (OSError, pa.ArrowException) as err:
            raise TapeError(f"{self._out}: cannot be written ({err}); free some space or choose another --out") from err

    def _append_to_day(self, rows: np.ndarray, day: int) -> None:
        if day != self._day:
            self._close_part()
            self._open_part(day)
        self._held.append(rows)
        self._held_rows += len(rows)
        if self._held_rows >= GROUP_ROWS:
            self._write_groups(final=False)

    def _write_groups(self, *, final: bool) -> None:
        if self._part is None or not self._held:
            return
        rows = np.concatenate(self._held)
        whole = len(rows) if final else len(rows) - len(rows) % GROUP_ROWS
        for low in range(0, whole, GROUP_ROWS):
            self._part.write_table(to_table(rows[low : min(low + GROUP_ROWS, whole)]))
        self._held = [rows[whole:]] if whole < len(rows) else []
        self._held_rows = len(rows) - whole

    def _open_part(self, day: int) -> None:
        name = datetime.fromtimestamp(day * _DAY_NS // NS_PER_S, UTC).strftime("day=%Y-%m-%d")
        (self._draft / name).mkdir()
        self._day = day
        self._part_first = self._files[-1].first_seq + self._files[-1].rows if self._files else 0
        self._path = f"{name}/part-0000.parquet"
        self._part = new_part(self._draft / self._path)

    def _close_part(self) -> None:
        if self._part is None:
            return
        self._write_groups(final=True)
        self._part.close()
        self._part = None
        file = self._draft / self._path
        _to_disk(file)
        rows = pq.read_metadata(file).num_rows
        self._files.append(PartFile(self._path, self._part_first, rows, file.stat().st_size))


def _to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, would survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _total(parts: Sequence[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in parts:
        for name, count in part.items():
            total[name] = total.get(name, 0) + count
    return total


def _remove_abandoned(out: Path) -> None:
    """Remove what an import to the same place left when it was killed."""
    for draft in out.parent.glob(f".{out.name}.partial-*"):
        owner = draft.name.rpartition("-")[2]
        if owner.isdigit() and not _alive(int(owner)):
            shutil.rmtree(draft, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
