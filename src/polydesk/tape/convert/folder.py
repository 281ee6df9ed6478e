"""The folder a conversion is written into: beside its place until it is complete, then there at once."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from polydesk.model.errors import TapeError


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Give a folder to write into and move it to ``out`` at the end; an error leaves nothing behind.

    Raises:
        TapeError: ``out`` exists, or the disk says no.
    """
    out = out.resolve()
    if out.exists():
        raise TapeError(f"{out}: exists; choose another --out or remove it, a conversion never overwrites")
    draft = out.parent / f".{out.name}.partial-{os.getpid()}"
    try:
        draft.mkdir(parents=True)
        yield draft
        draft.rename(out)
    except (OSError, pa.ArrowException) as err:
        raise TapeError(f"{out}: cannot be written ({err}); free some space or choose another --out") from err
    finally:
        shutil.rmtree(draft, ignore_errors=True)
