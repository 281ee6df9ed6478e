"""Named arrays that compiled code takes as one pointer.

numba hands a named tuple of arrays over by value, seven machine words per array: a call with the venue and the desk's
state copied several hundred words, took longer than the work, and was slow to compile. Here the receiver gets the
address of a table with each array's data pointer and the lengths that may differ; lengths that are always the same are
constants of the type. The table of an object never changes, which the compiled loads say, so that they are done once.
"""

import ctypes
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Self, dataclass_transform

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    NativeValue,
    infer_getattr,
    lower_getattr_generic,
    models,
    register_model,
    typeof_impl,
    unbox,
)
from numba.np.arrayobj import populate_array
from numpy.typing import NDArray

_WORD = ir.IntType(64)


def array(dtype: type[np.generic], *lengths: int | None) -> Any:
    """Declare an array of ``Arrays``: its element type and its lengths, ``None`` where they may differ."""
    return field(metadata={"dtype": np.dtype(dtype), "lengths": tuple(n if n is None else int(n) for n in lengths)})


class ArraysType(types.Type):
    """The compiled type of one kind of ``Arrays``.

    Args:
        name: Of the Python class.
        members: Name, element type and lengths of each array, in order.
    """

    def __init__(self, name: str, members: tuple[tuple[str, types.Type, tuple[int | None, ...]], ...]) -> None:
        self.members = {member: (dtype, lengths) for member, dtype, lengths in members}
        self.places: dict[str, int] = {}
        place = 1
        for member, _, lengths in members:
            self.places[member] = place
            place += 1 + lengths.count(None)
        shown = ", ".join(f"{member}: {dtype}{list(lengths)}" for member, dtype, lengths in members)
        super().__init__(name=f"{name}({shown})")
        self.tag = int.from_bytes(hashlib.sha256(self.name.encode()).digest()[:8], "little", signed=True)

    def array_type(self, member: str) -> types.Array:
        """Return the type of one array."""
        dtype, lengths = self.members[member]
        return types.Array(dtype, len(lengths), "C")


@dataclass_transform(frozen_default=True, eq_default=False, field_specifiers=(array,))
class Arrays:
    """Base of a class whose annotations are arrays; instances are fixed, what is in the arrays is not.

    Attributes:
        numba_type: Compiled type.
        address: Of the table, for compiled code.
    """

    numba_type: ClassVar[ArraysType]
    address: int

    def __init_subclass__(cls) -> None:
        dataclass(frozen=True, eq=False)(cls)
        members = tuple(
            (one.name, numba.from_dtype(one.metadata["dtype"]), one.metadata["lengths"])
            for one in fields(cls)  # type: ignore[arg-type]  # made one by the line above
        )
        cls.numba_type = ArraysType(cls.__name__, members)
        typeof_impl.register(cls)(_typeof)

    def __post_init__(self) -> None:
        table = [self.numba_type.tag]
        for one in fields(self):  # type: ignore[arg-type]
            value = getattr(self, one.name)
            _check(type(self).__name__, one.name, value, one.metadata["dtype"], one.metadata["lengths"])
            table.append(value.ctypes.data)
            table += [
                length for length, fixed in zip(value.shape, one.metadata["lengths"], strict=True) if fixed is None
            ]
        kept = (ctypes.c_int64 * len(table))(*table)
        object.__setattr__(self, "_table", kept)
        object.__setattr__(self, "address", ctypes.addressof(kept))

    @classmethod
    def zeros(cls, **lengths: int | tuple[int, ...]) -> Self:
        """Return one full of zeros.

        Args:
            lengths: Of each array that has any, those that may differ, in order.
        """
        made = {}
        for one in fields(cls):  # type: ignore[arg-type]
            free = lengths.get(one.name, ())
            open_lengths = iter((free,) if isinstance(free, int) else free)
            shape = [next(open_lengths) if fixed is None else fixed for fixed in one.metadata["lengths"]]
            made[one.name] = np.zeros(shape, one.metadata["dtype"])
        return cls(**made)

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return (getattr(self, name) for name in self.numba_type.members)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(self)  # a copy has a table of its own

    def replaced(self, **arrays: NDArray[Any]) -> Self:
        """Return the same with other arrays; whoever kept the old object must take the new one."""
        return replace(self, **arrays)  # type: ignore[type-var]

    def named(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by their names."""
        return dict(zip(self.numba_type.members, self, strict=True))


def _check(owner: str, name: str, value: NDArray[Any], dtype: np.dtype[Any], lengths: tuple[int | None, ...]) -> None:
    fits = len(value.shape) == len(lengths) and all(
        fixed in (None, length) for length, fixed in zip(value.shape, lengths, strict=True)
    )
    if value.dtype != dtype or not fits or not value.flags.carray:
        raise ValueError(
            f"{owner}.{name} is {value.dtype} {value.shape}; it must be {dtype} {lengths} contiguous and writeable"
        )


def _typeof(value: Arrays, _context: Any) -> ArraysType:
    return value.numba_type


register_model(ArraysType)(models.OpaqueModel)


@unbox(ArraysType)  # type: ignore[untyped-decorator]
def _unbox(kind: ArraysType, value: Any, c: Any) -> Any:
    number = c.pyapi.object_getattr_string(value, "address")
    failed = cgutils.is_null(c.builder, number)
    pointer = cgutils.alloca_once_value(c.builder, ir.Constant(cgutils.voidptr_t, None))
    with c.builder.if_then(c.builder.not_(failed)):
        table = c.pyapi.long_as_voidptr(number)
        c.pyapi.decref(number)
        tag = c.builder.load(c.builder.bitcast(table, _WORD.as_pointer()))
        is_this = c.builder.icmp_signed("==", tag, ir.Constant(_WORD, kind.tag))
        with c.builder.if_else(is_this) as (good, other):
            with good:
                c.builder.store(table, pointer)
            with other:
                c.pyapi.err_set_string("PyExc_TypeError", f"the arrays given are no {kind.name.split('(')[0]}")
    made = c.builder.load(pointer)
    return NativeValue(made, is_error=cgutils.is_null(c.builder, made))


@infer_getattr
class _Member(AttributeTemplate):  # type: ignore[misc]  # numba is not typed
    key = ArraysType

    def generic_resolve(self, owner: ArraysType, attr: str) -> types.Array | None:
        return owner.array_type(attr) if attr in owner.members else None


@lower_getattr_generic(ArraysType)  # type: ignore[untyped-decorator]
def _lower_member(context: Any, builder: Any, owner: ArraysType, value: Any, attr: str) -> Any:
    table = builder.bitcast(value, _WORD.as_pointer())
    place = owner.places[attr]

    def word(offset: int) -> Any:
        found = builder.load(builder.gep(table, [ir.Constant(_WORD, place + offset)]))
        found.set_metadata("invariant.load", builder.module.add_metadata([]))
        return found

    dtype, lengths = owner.members[attr]
    made_type = owner.array_type(attr)
    made = context.make_array(made_type)(context, builder)
    shape, offset = [], 1
    for length in lengths:
        if length is None:
            shape.append(word(offset))
            offset += 1
        else:
            shape.append(ir.Constant(_WORD, length))
    size = context.get_abi_sizeof(context.get_data_type(dtype))
    strides: list[Any] = []
    stride = ir.Constant(_WORD, size)
    for length in reversed(shape):
        strides.insert(0, stride)
        stride = builder.mul(stride, length)
    populate_array(
        made,
        data=builder.inttoptr(word(0), made.data.type),
        shape=shape,
        strides=strides,
        itemsize=ir.Constant(_WORD, size),
        meminfo=None,
    )
    return made._getvalue()
