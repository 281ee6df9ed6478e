"""The kernel's state as bytes, for checkpoints: only what is not at its initial value, compressed."""

import zlib
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from polydesk.kernel.state import Books, Own, Wake, new_books, new_own, new_wake
from polydesk.kernel.venue_state import Venue
from polydesk.model.errors import JournalError

FORMAT = 4
_CHANGING = ("orders", "index", "known", "heap", "events", "count", "markets")


class _Sparse(msgspec.Struct, frozen=True, array_like=True):
    dtype: str
    where: bytes
    values: bytes


class _VenueDump(msgspec.Struct, frozen=True):
    format: int
    rows: dict[str, int]
    arrays: dict[str, _Sparse]


class _Dump(msgspec.Struct, frozen=True):
    format: int
    markets: int
    arrays: dict[str, _Sparse]


def dump(books: Books, own: Own, wake: Wake) -> bytes:
    """Return the complete state, exact: ``restore`` gives equal arrays.

    The fill buffer is not part of it; read it before.
    """
    markets = books.touch.shape[0]
    fresh = _fresh(markets)
    arrays = {}
    for name, array in _named(books, own, wake).items():
        flat = array.reshape(-1)
        arrays[name] = _sparse(flat, np.flatnonzero(flat != fresh[name].reshape(-1)))
    return zlib.compress(msgspec.msgpack.encode(_Dump(FORMAT, markets, arrays)), 1)


def restore(data: bytes) -> tuple[Books, Own, Wake]:
    """Return the state that ``dump`` wrote.

    Raises:
        JournalError: The bytes are damaged or of another format version.
    """
    try:
        found = msgspec.msgpack.decode(zlib.decompress(data), type=_Dump)
    except (zlib.error, msgspec.DecodeError) as err:
        raise JournalError(f"kernel checkpoint is damaged ({err}); resume from an older checkpoint") from err
    if found.format != FORMAT:
        raise JournalError(f"kernel checkpoint has format {found.format}, this program reads {FORMAT}; replay instead")
    books = new_books(found.markets, np.zeros(found.markets, np.int64))
    own, wake = new_own(found.markets), new_wake(found.markets)
    for name, array in _named(books, own, wake).items():
        sparse = found.arrays.get(name)
        if sparse is None or sparse.dtype != array.dtype.str:
            raise JournalError(f"kernel checkpoint has no usable array {name!r}; resume from an older checkpoint")
        _fill(array, sparse)
    return books, own, wake


def dump_venue(venue: Venue) -> bytes:
    """Return what changes of a venue, exact; fees, latencies and other assumptions are not part of it."""
    arrays = {}
    for name in _CHANGING:
        flat = getattr(venue, name).reshape(-1)
        arrays[name] = _sparse(flat, np.flatnonzero(flat))
    rows = {name: len(getattr(venue, name)) for name in _CHANGING}
    return zlib.compress(msgspec.msgpack.encode(_VenueDump(FORMAT, rows, arrays)), 1)


def restore_venue(data: bytes, venue: Venue) -> Venue:
    """Return a venue of the same assumptions in the state that ``dump_venue`` wrote.

    Raises:
        JournalError: The bytes are damaged or of another format version.
    """
    try:
        found = msgspec.msgpack.decode(zlib.decompress(data), type=_VenueDump)
    except (zlib.error, msgspec.DecodeError) as err:
        raise JournalError(f"venue checkpoint is damaged ({err}); resume from an older checkpoint") from err
    if found.format != FORMAT or set(found.arrays) != set(_CHANGING):
        raise JournalError(f"venue checkpoint has format {found.format}, this program reads {FORMAT}; replay instead")
    changed = {}
    for name in _CHANGING:
        array = np.zeros((found.rows[name], *getattr(venue, name).shape[1:]), np.int64)
        _fill(array, found.arrays[name])
        changed[name] = array
    return venue.replaced(**changed)


def _sparse(flat: NDArray[Any], where: NDArray[Any]) -> _Sparse:
    return _Sparse(flat.dtype.str, where.astype("<i8").tobytes(), flat[where].tobytes())


def _fill(array: NDArray[Any], sparse: _Sparse) -> None:
    array.reshape(-1)[np.frombuffer(sparse.where, "<i8")] = np.frombuffer(sparse.values, array.dtype)


def _fresh(markets: int) -> dict[str, NDArray[Any]]:
    return _named(new_books(markets, np.zeros(markets, np.int64)), new_own(markets), new_wake(markets))


def _named(books: Books, own: Own, wake: Wake) -> dict[str, NDArray[Any]]:
    parts = (("books", books), ("own", own), ("wake", wake))
    return {f"{part}.{name}": array for part, named in parts for name, array in named.named().items()}
