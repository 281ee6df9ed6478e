"""Result files one can trust later: JSON with a checksum inside, CSV with a ``.sha256`` file beside it.

The checksum is the SHA-256 of the document's canonical text: UTF-8, sorted keys, compact separators, without the field
``checksum_sha256`` itself (``checksum_algo`` is part of it). The side-car is one line ``<hex>  <file name>``, as
``sha256sum -c`` reads it.
"""

import csv
import hashlib
import io
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from polydesk.model.errors import SessionError

ALGORITHM = "sha256"
CHECKSUM, CHECKSUM_ALGO = "checksum_sha256", "checksum_algo"
SIDE_CAR = ".sha256"


class ResultError(SessionError):
    """A result file that is missing, damaged, of an unknown version or not what its checksum says."""


class Verified(msgspec.Struct, frozen=True):
    """What checking a file found.

    Attributes:
        file: Its path as given.
        ok: Whether the content is what the checksum was made of.
        problem: Why not; empty when ok.
        expected: The checksum on record; empty when there is none.
        found: The checksum of the content; empty when it cannot be read.
    """

    file: str
    ok: bool
    problem: str
    expected: str = ""
    found: str = ""


def canonical(document: Mapping[str, Any]) -> bytes:
    """Return the text over which a document's checksum is taken."""
    kept = {key: value for key, value in document.items() if key != CHECKSUM}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def checksum(document: Mapping[str, Any]) -> str:
    """Return a document's checksum in hex."""
    return hashlib.sha256(canonical(document)).hexdigest()


def with_checksum(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with its checksum and the name of the algorithm."""
    named = {**document, CHECKSUM_ALGO: ALGORITHM}
    return {**named, CHECKSUM: checksum(named)}


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document, indented, so that it is there completely or not at all.

    Raises:
        ResultError: The folder cannot be written.
    """
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_text(path, text)


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]], *, side_car: bool = True) -> None:
    """Write a table and, unless told otherwise, its side-car; columns a row does not have stay empty.

    Raises:
        ResultError: The folder cannot be written.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, out.getvalue())
    if side_car:
        digest = hashlib.sha256(out.getvalue().encode()).hexdigest()
        write_text(path.with_name(path.name + SIDE_CAR), f"{digest}  {path.name}\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file so that it is there completely or not at all.

    Raises:
        ResultError: The folder cannot be written.
    """
    draft = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8", newline="")
        draft.replace(path)
    except OSError as err:
        raise ResultError(f"{path}: cannot be written ({err.strerror}); choose another folder or free space") from err


def ready_folder(folder: Path) -> Path:
    """Make a folder for results and return it, so that a long run does not fail at its very end.

    Raises:
        ResultError: It cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as err:
        raise ResultError(f"{folder}: results cannot be written there ({err.strerror}); choose another folder") from err


@contextmanager
def folder_for(folder: Path) -> Iterator[Path]:
    """Make a folder for results; when an error comes before anything is in it, it and what was made for it go again.

    Raises:
        ResultError: It cannot be made or written.
    """
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    with ExitStack() as undo:
        for place in reversed(made):
            undo.callback(remove_empty, place)
        yield ready_folder(folder)
        undo.pop_all()


def remove_empty(folder: Path) -> None:
    """Remove a folder unless something is in it."""
    with suppress(OSError):
        folder.rmdir()


def read_json(path: Path) -> dict[str, Any]:
    """Read a document.

    Raises:
        ResultError: No file, not JSON, or not an object.
    """
    try:
        found = json.loads(path.read_bytes())
    except OSError as err:
        raise ResultError(f"{path}: cannot be read ({err.strerror}); give the file of a result") from err
    except ValueError as err:
        raise ResultError(f"{path}: not JSON ({err}); give the file of a result") from err
    if not isinstance(found, dict):
        raise ResultError(f"{path}: holds a {type(found).__name__}, not a result; give the file of a result")
    return found


def check_sum(document: Mapping[str, Any], where: str) -> None:
    """Refuse a document whose content does not fit the checksum in it; one without a checksum passes.

    Raises:
        ResultError: It was changed; names ``where``.
    """
    told = document.get(CHECKSUM)
    if told and (document.get(CHECKSUM_ALGO) != ALGORITHM or told != checksum(document)):
        raise ResultError(f"{where}: field {CHECKSUM} does not fit the content: the file was changed; use the original")


def verify_file(path: Path) -> Verified:
    """Compare a JSON document with the checksum in it, or any other file with its side-car.

    Raises:
        ResultError: The file cannot be read.
    """
    if path.name.endswith(SIDE_CAR):
        path = path.with_name(path.name.removesuffix(SIDE_CAR))
    if path.suffix == ".json":
        return _verify_json(path)
    side_car = path.with_name(path.name + SIDE_CAR)
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if not side_car.exists():
            return Verified(str(path), ok=False, problem=f"there is no {side_car.name} beside it", found=found)
        told = side_car.read_text(encoding="utf-8").split(maxsplit=1)
    except OSError as err:
        raise ResultError(
            f"{err.filename}: cannot be read ({err.strerror}); a table needs its {SIDE_CAR} file"
        ) from err
    if len(told) != 2 or told[1].strip() != path.name:
        return Verified(str(path), ok=False, problem=f"{side_car.name} does not name {path.name}", found=found)
    return _compared(path, told[0], found)


def _verify_json(path: Path) -> Verified:
    document = read_json(path)
    told = document.get(CHECKSUM)
    if not isinstance(told, str):
        return Verified(str(path), ok=False, problem=f"there is no field {CHECKSUM}: it was written without a checksum")
    if document.get(CHECKSUM_ALGO) != ALGORITHM:
        problem = f"field {CHECKSUM_ALGO} is {document.get(CHECKSUM_ALGO)!r}, this program knows {ALGORITHM!r}"
        return Verified(str(path), ok=False, problem=problem, expected=told)
    return _compared(path, told, checksum(document))


def _compared(path: Path, told: str, found: str) -> Verified:
    same = told == found
    problem = "" if same else f"the content was changed: its checksum is {found[:12]}, on record is {told[:12]}"
    return Verified(str(path), ok=same, problem=problem, expected=told, found=found)
